"""Reports on a foreground: its pixels found, missed and invented, and how they depend on the threshold."""

import re
import shutil

import imageio.v3 as iio
import numpy as np
import pytest
from typer.testing import CliRunner

from maskloop import api, cli
from maskloop.config import TaskConfig
from maskloop.ops.metrics import pool
from maskloop.project.project import Project
from maskloop.reporting.foreground_kind import ForegroundKind


@pytest.fixture(scope="module")
def page(read_page, of_foreground, class_data, tmp_path_factory):
    """The report on a model that learned the foreground of whole images."""
    return read_page(api.report(of_foreground[0], class_data, tmp_path_factory.mktemp("report") / "r.html"))


def report_on_labels(read_page, folder, found, true):
    for name, mask in (("found", found), ("true", true)):
        iio.imwrite(folder / f"{name}.png", np.array(mask, np.uint8))
    paths = [str(folder / name) for name in ("found.png", "true.png", "r.html")]
    result = CliRunner().invoke(cli.app, ["evaluate", *paths[:2], "--task", "foreground", "--report", paths[2]])
    assert result.exit_code == 0, result.output
    return read_page(folder / "r.html")


def test_it_holds_what_is_to_be_known_and_needs_nothing_else(page, of_foreground):
    page.require_nothing_else()
    assert page.titles()[:4] == ["Scores", "How strict one is", "Where it fails", "Examples"]
    assert all(page.text.count(name) == 3 for name in of_foreground[1].training.held_out)  # split, picture, table
    assert len([tag for tag, _ in page.tags if tag == "svg"]) == 3  # over the threshold, by size, over the epochs
    assert "Parts of which at least half is found, by size" in page.text
    assert not re.search(r"AP 0.5|object|splitting|\bnan\b", page.text.replace("smallest object", ""))


def test_its_recipe_says_what_was_chosen_and_how_images_are_brought_to_size(page):
    assert "images are brought to 32 x 32 pixels" in page.text
    for words in (
        "whole images yes",
        "steps each image once an epoch",
        "optimiser adamw",
        "schedule plateau, plateau 5, patience without end",
        "validation 2,",
        "tensorboard no",
        "input channels 1, filters 4 8, activation relu, normalisation batch, up-sampling transposed",
    ):
        assert words in page.text
    assert ["Task", "foreground"] in page.rows()


def test_its_scores_are_those_of_the_labels_that_the_model_gives(page, of_foreground, class_data):
    judged = [
        api.evaluate(
            api.segment(iio.imread(class_data / "images" / f"{name}.png"), of_foreground[0]) > 0,
            iio.imread(class_data / "masks" / f"{name}.png") > 0,
            "foreground",
        )["image"]
        for name in of_foreground[1].training.held_out
    ]
    pooled = pool(one.counts for one in judged)
    rows = {row[0]: row[1:] for row in page.rows()}
    assert rows["Dice"][0] == f"{pooled.dice[1]:.3f}"
    assert rows["IoU"][2] == f"{np.mean([one.counts.iou[1] for one in judged]):.3f}"
    assert rows["HD95"][:2] == ["", ""]
    assert rows["HD95"][2] == f"{np.mean([one.hd95[1] for one in judged]):.2f}"
    missed, true = pooled.truth[1] - pooled.overlap[1], pooled.truth[1]
    assert rows["missed"] == [f"{missed:,}", f"{100 * missed / true:.1f} % of the true ones"]


def test_the_labels_at_each_threshold_are_counted(of_foreground, class_data):
    from maskloop.data.examples import read_examples
    from maskloop.reporting.judge_model import judge_model

    [folder, card] = of_foreground
    examples = read_examples(class_data, card.training.held_out, card.network.task)
    for judged in judge_model(api.load_model(folder), examples):
        found = [counts.predicted[1] for counts in judged.verdict.by_foreground]
        assert len(found) == len(ForegroundKind.foregrounds)
        assert found == sorted(found, reverse=True)
        assert found[0] > found[-1]


def test_right_wrong_and_missed_pixels_have_colours_of_their_own():
    drawn = ForegroundKind().draw(np.zeros((1, 4, 1)), np.array([[0, 9, 9, 0]]), np.array([[0, 3, 0, 3]]))
    colours = {tuple(colour) for colour in drawn["mistakes"][0].tolist()}
    assert len(colours) == 4
    assert (drawn["truth"] > 0).any(axis=-1).tolist() == [[False, True, False, True]]
    assert (drawn["prediction"] > 0).any(axis=-1).tolist() == [[False, True, True, False]]


def test_only_what_is_reviewed_counts():
    labels, truth = np.random.default_rng(0).integers(0, 3, (2, 12, 16))
    known = np.zeros((12, 16), bool)
    known[:, :9] = True
    kind = ForegroundKind()
    part = kind.judge(labels[:, :9], truth[:, :9], None, [truth[:, :9]])
    whole = kind.judge(labels, truth, known, [truth])
    assert kind.rows(whole) == kind.rows(part) != kind.rows(kind.judge(labels, truth))
    assert whole.confusions.tolist() == part.confusions.tolist()
    assert whole.parts[0].found.tolist() == part.parts[0].found.tolist()
    assert whole.by_foreground[0].truth.tolist() == part.by_foreground[0].truth.tolist()


@pytest.mark.parametrize(
    ("found", "row"),
    [
        ([[0, 0, 0]], ["0", "0", "1.000", "1.000", "0.00", "0.00"]),  # none, and none was found
        ([[0, 255, 0]], ["1", "0", "0.000", "0.000", "-", "-"]),
    ],
)
def test_an_image_without_foreground_is_scored(read_page, tmp_path, found, row):
    page = report_on_labels(read_page, tmp_path, found, [[0, 0, 0]])
    assert page.titles() == ["Scores", "Where it fails", "Examples", "Image by image"]
    assert ["found", *row] in page.rows()
    assert {cells[0]: cells[1:] for cells in page.rows()}["missed"] == ["0", "- of the true ones"]
    assert not re.search(r"\bnan\b", page.text, re.IGNORECASE)
    assert "The only image: found" in page.text
    assert "No interval can be given" in page.text


def test_in_a_project_what_is_held_out_is_judged(read_page, of_foreground, class_data, tmp_path):
    with Project.create(tmp_path / "livers", TaskConfig(kind="foreground")) as project:
        for number in (0, 1):
            image, mask = (iio.imread(class_data / kind / f"{number} & co.png") for kind in ("images", "masks"))
            image, mask = (np.tile(pixels, (2, 4)) for pixels in (image, mask))
            reviewed = np.broadcast_to(np.arange(256) < 200, mask.shape)
            project.add(image, (mask > 0).astype(int), name=f"<{number}>", reviewed=reviewed)
    shutil.copytree(of_foreground[0], tmp_path / "livers" / "models" / "tiny")
    page = read_page(api.report("tiny", tmp_path / "livers"))
    assert "held out of the project livers" in page.text
    assert {"<0>", "<1>"} & set(re.findall(r"<\d>", page.text))
    assert all(picture.shape[:2] != (128, 256) for picture in page.pictures())  # a region of each is held out
