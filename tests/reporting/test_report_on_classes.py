"""Reports on classes: each by its name and in its colour, absent or not, and which are taken for which."""

import re

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from maskloop import api, cli
from maskloop.config import name_classes
from maskloop.errors import InputError
from maskloop.ops.metrics import pool
from maskloop.project.project import Project
from maskloop.reporting.class_kind import ClassKind
from maskloop.reporting.judged_image import best_median_worst, judge_image

BLACK, INSIDE, RIM = (0, 0, 0), (0x11, 0x22, 0x33), (0xAA, 0xBB, 0xCC)
A, B = "a & b", "c"


@pytest.fixture(scope="module")
def page(read_page, of_classes, class_data, tmp_path_factory):
    """The report on a model that learned two classes."""
    return read_page(api.report(of_classes[0], class_data, tmp_path_factory.mktemp("report") / "r.html"))


def report_on_labels(read_page, folder, pairs):
    """Report on masks (found, true), by name."""
    for side, kind in enumerate(("found", "true")):
        (folder / kind).mkdir()
        for name, masks in pairs.items():
            iio.imwrite(folder / kind / f"{name}.png", np.array(masks[side], np.uint8))
    file = folder / "r.html"
    result = CliRunner().invoke(
        cli.app, ["evaluate", str(folder / "found"), str(folder / "true"), "--task", "classes", "--report", str(file)]
    )
    assert result.exit_code == 0, result.output
    return read_page(file)


def test_it_names_every_class_and_image_and_needs_nothing_else(page, of_classes):
    page.require_nothing_else()
    names = [row[0] for row in page.rows()]
    for name in of_classes[1].training.held_out:
        assert names.count(name.replace("&", "&amp;")) == 1
        assert name in page.text
    classes = of_classes[1].network.task.classes
    for of in classes:
        assert f"Dice of {of.name}" in page.text
        assert f"found as {of.name}" in page.text
        assert f"background: {of.colour}" in page.source
    assert "<b>" not in page.source
    assert f"classes (inside, {classes[1].name})" in page.text


def test_there_are_no_thresholds_of_classes(page):
    assert page.titles() == [
        "Scores",
        "Where it fails",
        "Examples",
        "Training",
        "Data and split",
        "Recipe",
        "Image by image",
    ]
    assert not re.search("AP 0.5|object|splitting", page.text)
    assert "Dice and IoU are means over the classes" in page.text


def test_truth_and_prediction_are_in_the_colours_of_the_classes(page, class_data, of_classes):
    pictures = page.pictures()
    assert len(pictures) == 8  # best and worst: image, truth, prediction, mistakes
    for picture in (pictures[1], pictures[2]):
        assert {tuple(colour) for colour in picture.reshape(-1, 3)} == {BLACK, INSIDE, RIM}
    truths = [iio.imread(class_data / "masks" / f"{name}.png") for name in of_classes[1].training.held_out]
    shown = np.array([BLACK, INSIDE, RIM])[truths]
    assert any((pictures[1] == one).all() for one in shown)


def test_only_wrong_pixels_are_marked_as_mistakes():
    labels, truth = np.array([[0, 1, 2, 2]]), np.array([[0, 2, 2, 0]])
    drawn = ClassKind(name_classes(["x", "y"])).draw(np.zeros((1, 4, 1)), labels, truth)
    assert (drawn["mistakes"] > 0).any(axis=-1).tolist() == [[False, True, False, True]]


def test_its_scores_are_those_of_the_labels_that_the_model_gives(page, of_classes, class_data):
    judged = [
        api.evaluate(
            api.segment(iio.imread(class_data / "images" / f"{name}.png"), of_classes[0]),
            iio.imread(class_data / "masks" / f"{name}.png"),
            "classes",
        )["image"]
        for name in of_classes[1].training.held_out
    ]
    pooled = pool(one.counts for one in judged)
    rows = {row[0]: row[1:] for row in page.rows()}
    assert rows["Dice of inside"][0] == f"{pooled.dice[1]:.3f}"
    assert rows["Dice of inside"][2] == f"{np.mean([one.counts.dice[1] for one in judged]):.3f}"
    assert rows["IoU, mean over the classes"][0] == f"{pooled.iou[1:3].mean():.3f}"
    assert rows["ASSD of inside"][2] == f"{np.mean([one.assd[1] for one in judged]):.2f}"
    low, high = map(float, rows["Dice of inside"][1].split(" to "))
    assert low <= float(rows["Dice of inside"][0]) <= high


def test_it_shows_by_size_which_parts_of_a_class_are_found(read_page, tmp_path):
    found, true = np.zeros((2, 9, 9), int)
    true[:2, :2], true[4:, 4:], found[4:, 4:] = 1, 1, 2  # of class 2 there is nothing
    page = report_on_labels(read_page, tmp_path, {A: (found, true)})
    assert re.findall(r"[^>]+: parts of which at least half is found", page.source) == [
        "1: parts of which at least half is found"
    ]
    assert re.findall(r">(\d of 1)<", page.source) == ["0 of 1", "0 of 1"]


def test_it_says_which_class_is_taken_for_which(read_page, tmp_path):
    # Of four pixels of class 1 one is found as 2 and one as background; of background all are right.
    page = report_on_labels(read_page, tmp_path, {A: ([[1, 1, 2, 0, 0, 0]], [[1, 1, 1, 1, 0, 0]])})
    rows = {row[0]: row[1:] for row in page.rows() if row[1].replace(",", "").isdigit() and "%" in "".join(row)}
    assert rows["1"] == ["4", "25.0 %", "50.0 %", "25.0 %"]
    assert rows["background"] == ["2", "100.0 %", "0.0 %", "0.0 %"]
    assert ["2", "0", "-", "-", "-"] in page.rows()  # there is no true one


def test_a_class_that_is_not_in_an_image_has_no_scores_there(read_page, tmp_path):
    with_both, without = [[1, 1, 7, 0]], [[1, 1, 0, 0]]
    page = report_on_labels(read_page, tmp_path, {A: (with_both, with_both), B: (without, without)})
    assert not re.search(r"\bnan\b", page.text, re.IGNORECASE)
    rows = page.rows()
    [of_b] = [number for number, row in enumerate(rows) if row[0] == B]
    assert rows[of_b : of_b + 3] == [
        [B, "mean", "", "", "1.000", "1.000", "0.00", "0.00"],
        ["", "1", "2", "2", "1.000", "1.000", "0.00", "0.00"],
        ["", "7", "0", "0", "-", "-", "-", "-"],
    ]
    scores = {row[0]: row[1:] for row in rows}
    assert scores["Dice of 1"] == ["1.000", "1.000 to 1.000"] * 2
    assert scores["Dice of 7"] == ["1.000", "", "1.000", ""]  # one image says nothing of others
    assert A in page.text


def test_a_class_that_is_only_invented_has_no_distance(read_page, tmp_path):
    page = report_on_labels(read_page, tmp_path, {A: ([[1, 2]], [[1, 0]])})
    assert ["", "2", "1", "0", "0.000", "0.000", "-", "-"] in page.rows()
    assert {row[0]: row[1:] for row in page.rows()}["HD95 of 2"] == ["", "", "-", ""]


def test_of_one_image_there_is_no_interval_and_no_median(read_page, tmp_path):
    page = report_on_labels(read_page, tmp_path, {A: ([[1, 2]], [[1, 1]])})
    assert "No interval can be given" in page.text
    assert f"The only image: {A}" in page.text
    assert "95 % interval " not in page.text


def test_masks_of_background_alone_are_reported_on_too(read_page, tmp_path):
    page = report_on_labels(read_page, tmp_path, {A: ([[0, 0]], [[0, 0]])})
    assert "none of the classes in 1 image" in page.text


def test_stacks_are_refused_in_one_sentence(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.ones((5, 20, 20), np.uint8))
    arguments = ["evaluate", *2 * [str(tmp_path / "a.tif")], "--task", "classes", "--report", str(tmp_path / "r.html")]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 1
    assert "a: It is a stack of shape (5, 20, 20)" in result.output
    assert not (tmp_path / "r.html").exists()


def test_images_are_ranked_by_their_mean_dice():
    kind, truth = ClassKind(name_classes(["x", "y"])), np.array([[1, 1, 2, 2]])
    found = {"b": [1, 1, 2, 0], "a": [1, 1, 2, 2], "c": [1, 0, 0, 0]}
    images = [judge_image(kind, name, None, truth, np.array([labels])) for name, labels in found.items()]
    assert [judged.name for judged in best_median_worst(images).values()] == ["a", "b", "c"]
    assert images[0].verdict.quality == (1 + 2 / 3) / 2


def test_a_project_of_another_task_is_refused(of_classes, tmp_path):
    Project.create(tmp_path / "cells").close()
    with pytest.raises(InputError, match=r"makes classes \(inside, .* the project cells mean objects: choose"):
        api.report(of_classes[0], tmp_path / "cells", tmp_path / "r.html")
