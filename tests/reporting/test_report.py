"""Reports: one file that holds all it shows, on images that a model has not learned from, or a sentence why not."""

import base64
import errno
import re
import shutil
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from maskloop import api, cli
from maskloop.config import TrainConfig, name_classes
from maskloop.errors import Cancelled, InputError, ModelError
from maskloop.ops.metrics import pool
from maskloop.ops.overlay import RIGHT
from maskloop.project.history import Epoch, write_history
from maskloop.project.model_folder import Training, read_card, save_card
from maskloop.project.project import Project
from maskloop.reporting.class_kind import ClassKind
from maskloop.reporting.foreground_kind import ForegroundKind
from maskloop.reporting.judged_image import best_median_worst, judge_image
from maskloop.reporting.object_kind import ObjectKind
from maskloop.reporting.object_scores_of_all import score_objects_of_all
from maskloop.reporting.pictures import draw_pictures

SAMPLES = Path(__file__).parents[2] / "sample_data"
SIDE = 160  # pixels, of the crops that are judged
NAMES = ("crowded_nuclei", "large_nuclei", "small_nuclei")
ODD = "<script>a & b</script>"


def crop(name, kind):
    return iio.imread(SAMPLES / kind / f"{name}.png")[-SIDE:, :SIDE]


@pytest.fixture
def images(tmp_path):
    """A folder of three real images with their labels."""
    for kind in ("images", "labels"):
        (tmp_path / "data" / kind).mkdir(parents=True)
        for name in NAMES:
            iio.imwrite(tmp_path / "data" / kind / f"{name}.png", crop(name, kind))
    return tmp_path / "data"


@pytest.fixture
def model(tiny_model, tmp_path):
    """A model with a recipe, a history and odd names, trained on the folder; two of its images were held out."""
    folder = shutil.copytree(tiny_model, tmp_path / "tiny")
    recipe = TrainConfig(base="parent", epochs=2, learning_rate=0.0123)
    training = Training(
        base="parent",
        data="data",
        images=7,
        held_out=(NAMES[0], NAMES[2], ODD),
        epochs=2,
        minutes=1.5,
        seed=42,
        versions={"keras": "9.8.7"},
        recipe=recipe,
    )
    save_card(read_card(folder).model_copy(update={"training": training, "description": ODD}), folder)
    losses = {1: 0.5, 2: float("inf")}  # of the second it is not known
    history = [Epoch(n, 0.4, 0.8, 0.7, loss, 0.8, 0.7, float("nan"), 1e-3, 9) for n, loss in losses.items()]
    write_history(folder / "history.csv", history)
    return folder


def change_training(folder, **choices):
    card = read_card(folder)
    save_card(card.model_copy(update={"training": card.training.model_copy(update=choices)}), folder)


@pytest.fixture
def project(tmp_path):
    """A project of two real images, one reviewed as a whole and one in its left half."""
    with Project.create(tmp_path / "cells") as project:
        for name, columns in ((NAMES[0], SIDE), (ODD, SIDE // 2)):
            source = NAMES[0] if name == NAMES[0] else NAMES[2]
            reviewed = np.arange(SIDE) < np.full((SIDE, 1), columns)
            project.add(crop(source, "images"), crop(source, "labels"), name=name, reviewed=reviewed)
    return tmp_path / "cells"


def test_it_holds_all_that_is_to_be_known_and_needs_nothing_else(read_page, model, images):
    change_training(model, revisions={"entry-1": 3})
    file = api.report(model, images)
    assert file == model / "report.html"
    page = read_page(file)
    assert page.titles() == [
        "Scores",
        "How strict one is",
        "Where it fails",
        "Examples",
        "Training",
        "Data and split",
        "Recipe",
        "Image by image",
    ]
    for words in ("7 images", "entry-1 at 3", "42", "keras 9.8.7", "parent", "1.5 minutes", "learning rate 0.0123"):
        assert words in page.text
    assert f"3 images: {NAMES[0]}, {NAMES[2]}, {ODD}" in page.text
    assert "The best epoch, 1, was kept" in page.text
    assert len([tag for tag, _ in page.tags if tag == "svg"]) == 4


def test_nothing_in_it_comes_from_elsewhere(read_page, model, images):
    read_page(api.report(model, images)).require_nothing_else()


def test_what_its_drawings_refer_to_is_there(read_page, model, images):
    page = read_page(api.report(model, images))
    named = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    meant = {a["xlink:href"][1:] for _, a in page.tags if "xlink:href" in a}
    assert meant | set(re.findall(r"url\(#(\w+)\)", page.source)) <= named


def test_names_and_texts_are_shown_as_they_are_and_never_taken_for_html(read_page, model, images):
    change_training(model, data=ODD)
    for kind in ("images", "labels"):
        (images / kind / f"{NAMES[0]}.png").rename(images / kind / "a <b>&amp; b.png")
    page = read_page(api.report(model, images))
    assert page.text.count(ODD) == 3  # the description, the data and a name that was held out
    assert NAMES[2] in page.text
    assert api.report(model, images, images / "other.html").is_file()
    save_card(read_card(model).model_copy(update={"training": Training()}), model)
    assert "a <b>&amp; b" in read_page(api.report(model, images)).text


def judged_names(page):
    return sorted(row[0] for row in page.rows() if row and row[0] in NAMES)


def test_of_the_folder_that_was_trained_on_what_was_held_out_is_judged(read_page, model, images):
    page = read_page(api.report(model, images))
    assert judged_names(page) == sorted([NAMES[0], NAMES[2]])
    assert "images of data that were held out when the model was trained" in page.text


@pytest.mark.parametrize(
    "choices", [{"held_out": ("other",)}, {"data": "another folder"}, {"revisions": {"entry-1": 3}}], ids=str
)
def test_of_what_else_was_trained_on_no_name_counts_as_held_out_and_all_is_judged(read_page, model, images, choices):
    change_training(model, **choices)
    page = read_page(api.report(model, images))
    assert judged_names(page) == sorted(NAMES)
    assert "all images of data, of which none is known to be held out: the scores flatter the model" in page.text


def test_of_images_of_which_a_project_held_out_a_region_the_rest_was_learned_from(
    read_page, project, images, tiny_model, tmp_path
):
    config = TrainConfig(base=str(tiny_model), epochs=1, steps=1, batch=1, crop=32)
    card = api.train(project, tmp_path / "new", config)
    assert NAMES[0] in card.training.held_out
    page = read_page(api.report(tmp_path / "new", images.rename(tmp_path / "elsewhere")))
    assert judged_names(page) == sorted(NAMES)
    assert "all images of elsewhere, of which none is known to be held out" in page.text


def test_its_scores_are_those_of_the_labels_that_the_model_gives(read_page, model, images):
    page = read_page(api.report(model, images))
    loaded = api.load_model(model)
    paths = [images / kind / f"{name}.png" for name in (NAMES[0], NAMES[2]) for kind in ("images", "labels")]
    read = [iio.imread(path) for path in paths]
    judged = [
        api.evaluate(api.segment(a, loaded), b.astype(np.int32))["image"]
        for a, b in zip(read[::2], read[1::2], strict=True)
    ]
    pooled = pool(judged)
    assert pooled.predicted > 0
    scores = {row[0]: row[1] for row in page.rows() if len(row) == 3}
    assert scores["Dice of the foreground"] == f"{pooled.dice:.3f}"
    assert scores["AP at IoU 0.5"] == f"{pooled.ap[0]:.3f}"
    shown = {row[0]: row[1:3] for row in page.rows() if row and row[0] in NAMES}
    assert shown[NAMES[0]] == [str(judged[0].predicted), str(judged[0].truth)]


def test_of_one_image_there_is_no_interval_and_no_median(read_page, model, images):
    for kind in ("images", "labels"):
        (images / kind / f"{NAMES[2]}.png").unlink()
    page = read_page(api.report(model, images))
    assert "No interval can be given" in page.text
    assert "The only image: crowded_nuclei" in page.text
    assert {row[2] for row in page.rows() if len(row) == 3} == {"95 % interval", ""}


def test_pictures_are_small_and_of_the_parts_that_are_known(read_page, project, tiny_model):
    shutil.copytree(tiny_model, project / "models" / "tiny")
    page = read_page(api.report(project / "models" / "tiny"))
    pictures = page.pictures()
    assert len(pictures) == 8  # best and worst: image, truth, prediction, mistakes
    assert all(max(picture.shape) <= 400 for picture in pictures)
    assert all(picture.shape[:2] != (SIDE, SIDE) for picture in pictures)  # a region of each is held out
    assert len(page.source) < 1_000_000


def test_in_a_project_what_is_held_out_is_judged_by_name_or_by_folder(read_page, project, tiny_model):
    shutil.copytree(tiny_model, project / "models" / "tiny")
    file = api.report("tiny", project)
    assert file == project / "models" / "tiny" / "report.html"
    page = read_page(file)
    assert "held out of the project cells" in page.text
    assert "Training" not in page.titles()  # nobody wrote its history down
    assert ODD in page.text


def test_a_bundled_model_is_judged_too_but_its_folder_stays_as_it_is(read_page, images, tmp_path):
    with pytest.raises(InputError, match="nuclei ships with maskloop"):
        api.report("nuclei", images)
    with pytest.raises(InputError, match="nuclei lies in no project"):
        api.report("nuclei", out=tmp_path / "r.html")
    page = read_page(api.report("nuclei", images, tmp_path / "r.html"))
    assert page.text.count("nuclei finds") == 1


def test_what_is_missing_is_said(model, images, tmp_path):
    with pytest.raises(ModelError, match="no model 'nothing'"):
        api.report("nothing", images)
    with pytest.raises(InputError, match="lies in no project"):
        api.report(model)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="No images were found"):
        api.report(model, tmp_path / "empty")
    for place in (tmp_path, tmp_path / "nowhere" / "r.html"):
        with pytest.raises(InputError, match="wanted is a file"):
            api.report(model, images, place)
    (model / "history.csv").write_bytes(b"\xff")
    with pytest.raises(ModelError, match=r"history\.csv is damaged"):
        api.report(model, images)


def test_of_no_image_there_is_no_report(model, images):
    for file in (images / "images").iterdir():
        file.unlink()
    with pytest.raises(InputError, match="No images were found"):
        api.report(model, images)
    assert not (model / "report.html").exists()


def test_a_project_of_which_nothing_is_reviewed_says_so(tiny_model, tmp_path):
    Project.create(tmp_path / "new").close()
    with pytest.raises(InputError, match="is reviewed yet"):
        api.report(tiny_model, tmp_path / "new", tmp_path / "r.html")


def test_where_the_disk_is_full_an_older_report_stays(model, images, monkeypatch):
    (model / "report.html").write_text("older")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        api.report(model, images)
    assert (model / "report.html").read_text() == "older"
    assert sorted(path.name for path in model.iterdir() if path.name.startswith(".")) == []


def test_one_that_is_stopped_writes_nothing_and_how_far_it_is_is_told(model, images):
    shares = []
    api.report(model, images, on_image=shares.append)
    assert shares == [0.5, 1]
    (model / "report.html").unlink()
    with pytest.raises(Cancelled):
        api.report(model, images, should_stop=lambda: True)
    assert not (model / "report.html").exists()


def test_one_that_is_stopped_when_all_is_judged_writes_nothing_either(model, images):
    shares = []
    with pytest.raises(Cancelled):
        api.report(model, images, on_image=shares.append, should_stop=lambda: 1 in shares)
    assert sorted(path.name for path in model.iterdir() if "report" in path.name) == []


def test_a_channel_is_the_one_that_was_learned_from_unless_another_is_given(read_page, tiny_model, tmp_path):
    with Project.create(tmp_path / "channels") as project:
        channels = np.stack([np.zeros((SIDE, SIDE), np.uint8), crop(NAMES[0], "images")])
        labels = crop(NAMES[0], "labels")
        project.add(channels, labels, name="a", axes="CYX", reviewed=np.ones(labels.shape, bool))
    model = shutil.copytree(tiny_model, tmp_path / "channels" / "models" / "tiny")
    with pytest.raises(InputError, match="say which one"):
        api.report(model)
    black = read_page(api.report(model, channel=0)).pictures()[0]
    recipe = TrainConfig(channel=1)
    save_card(read_card(model).model_copy(update={"training": Training(recipe=recipe)}), model)
    assert read_page(api.report(model)).pictures()[0].std() > black.std() == 0
    assert read_page(api.report(model, channel=0)).pictures()[0].std() == 0


def test_of_the_images_of_a_folder_one_channel_is_taken_too(read_page, tiny_model, tmp_path):
    for kind in ("images", "labels"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    channels = np.stack([np.zeros((SIDE, SIDE), np.uint8), crop(NAMES[0], "images")])
    tifffile.imwrite(tmp_path / "data" / "images" / "a.tif", channels, ome=True, metadata={"axes": "CYX"})
    iio.imwrite(tmp_path / "data" / "labels" / "a.png", crop(NAMES[0], "labels"))
    model = shutil.copytree(tiny_model, tmp_path / "tiny")
    assert read_page(api.report(model, tmp_path / "data", channel=0)).pictures()[0].std() == 0
    save_card(read_card(model).model_copy(update={"training": Training(recipe=TrainConfig(channel=1))}), model)
    assert read_page(api.report(model, tmp_path / "data")).pictures()[0].std() > 0


def test_a_training_writes_its_recipe_down_without_a_path(read_page, images, tiny_model, tmp_path):
    config = TrainConfig(base=str(tiny_model), epochs=1, steps=1, batch=1, crop=32)
    card = api.train(images, tmp_path / "new", config)
    assert card.training.recipe == config.model_copy(update={"base": tiny_model.name, "network": card.network})
    assert read_card(tmp_path / "new") == card
    assert "crop 32" in read_page(api.report(tmp_path / "new", images)).text


def judged(name, share):
    """An image of one object of 100 pixels, of which a share is found."""
    truth = np.zeros((20, 20), np.int32)
    truth[:10, :10] = 1
    labels = truth.copy()
    labels.reshape(-1)[np.flatnonzero(truth)[round(100 * share) :]] = 0
    return judge_image(ObjectKind(), name, None, truth, labels)


@pytest.mark.parametrize("kind", [ObjectKind(), ForegroundKind(), ClassKind(name_classes("ab"))])
@pytest.mark.parametrize("mask", [None, np.ones((4, 5), bool)])
def test_labels_of_another_shape_than_the_truth_are_refused(kind, mask):
    with pytest.raises(InputError, match=r"\(4, 6\).*\(4, 5\)"):
        kind.judge(np.ones((4, 6), int), np.ones((4, 5), int), mask)


def test_the_best_the_median_and_the_worst_are_chosen_by_mean_ap():
    images = [judged(name, share) for name, share in (("c", 0.6), ("a", 1), ("e", 0), ("b", 0.9), ("d", 0.5))]
    chosen = {rank: one.name for rank, one in best_median_worst(images).items()}
    assert chosen == {"Best": "a", "Median": "c", "Worst": "e"}
    assert [one.name for one in best_median_worst(images[:2]).values()] == ["a", "c"]
    assert list(best_median_worst(images[:1])) == ["The only image"]


def test_mistakes_that_are_drawn_are_those_that_were_counted_though_fewer_pixels_are_shown():
    truth, labels = np.zeros((2, 1200, 60), np.int32)
    truth[99:106], labels[100:105] = 1, 1  # every third row is shown: three of the one, and one of the other
    one = judge_image(ObjectKind(), "a", None, truth, labels)
    assert one.verdict.counts.ap[0] == 1
    drawn = draw_pictures(ObjectKind(), one)["mistakes"]
    pixels = iio.imread(base64.b64decode(drawn.partition(",")[2]))
    assert len(pixels) == 400
    assert {tuple(colour) for colour in pixels.reshape(-1, 3).tolist()} == {(0, 0, 0), RIGHT}


def test_intervals_are_those_of_pooled_scores():
    alike = score_objects_of_all(4 * [judged("a", 0.8).verdict.counts])
    assert {name: interval for name, _, interval in alike.rows}["PQ (panoptic quality)"] == "0.800 to 0.800"
    assert alike.ap_interval.tolist() == 2 * [7 * [1.0] + 2 * [0.0]]
    mixed = score_objects_of_all([judged(name, share).verdict.counts for name, share in (("a", 1), ("b", 0))])
    assert mixed.intervals["AP at IoU 0.5"] == (0, 1)
    assert mixed.rows[0] == ("AP at IoU 0.5", "0.500", "0.000 to 1.000")


def run(*arguments):
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def test_a_command_writes_it_and_says_where(read_page, model, images, project, tmp_path):
    result = run("report", model, "--on", images)
    assert (result.exit_code, result.stdout) == (0, f"{model / 'report.html'}\n"), result.output
    read_page(model / "report.html")
    (project / "models").mkdir()
    shutil.copytree(model, project / "models" / "tiny")
    result = run("report", "tiny", "--on", project, "--out", tmp_path / "r.html")
    assert result.stdout == f"{tmp_path / 'r.html'}\n"
    assert "held out of the project cells" in read_page(tmp_path / "r.html").text
    refused = run("report", model)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("maskloop: tiny lies in no project")
    assert refused.stderr.count("\n") == 1


def test_labels_are_reported_on_without_a_model(read_page, images, tmp_path):
    file = tmp_path / "r.html"
    (tmp_path / "found").mkdir()
    for name in NAMES:
        iio.imwrite(tmp_path / "found" / f"{name}.png", np.roll(crop(name, "labels"), 2, axis=0))
    result = run("evaluate", tmp_path / "found", images / "labels", "--report", file)
    assert result.exit_code == 0, result.output
    page = read_page(file)
    assert page.titles() == ["Scores", "How strict one is", "Where it fails", "Examples", "Image by image"]
    assert "Compared with the true labels labels." in page.text
    assert len(page.pictures()) == 9  # without the images, which nobody gave
    counts = api.evaluate(tmp_path / "found", images / "labels")
    assert {row[0]: row[1] for row in page.rows()}["AP at IoU 0.5"] == f"{pool(counts.values()).ap[0]:.3f}"


def test_labels_without_any_object_are_reported_on_too(read_page, tmp_path):
    iio.imwrite(tmp_path / "a.png", np.zeros((30, 40), np.uint8))
    assert run("evaluate", tmp_path / "a.png", tmp_path / "a.png", "--report", tmp_path / "r.html").exit_code == 0
    assert "There is no true object" in read_page(tmp_path / "r.html").text
