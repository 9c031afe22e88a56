"""The terminal: real commands, what they print, write and refuse, and how they end."""

import json
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from scipy import ndimage
from typer.testing import CliRunner

from maskloop import api, cli, cli_train
from maskloop.config import LabelsConfig, NetworkConfig, SegmentConfig, TaskConfig, TrainConfig, name_classes
from maskloop.errors import InputError
from maskloop.files import read_labels
from maskloop.jobs.turn import turn
from maskloop.options import read_settings
from maskloop.project.model_folder import read_card
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.recipes import RECIPES, parse_recipe, read_recipe
from maskloop.samples import ROUND, STAINED


def run(*arguments):
    return CliRunner().invoke(cli.app, [str(a) for a in arguments])


def refusal(result, code=1):
    """The one line on stderr with which a command ended."""
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("maskloop: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def noise(*shape):
    return np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)


@pytest.fixture(autouse=True)
def own_queue(tmp_path_factory, monkeypatch):
    """Trainings of other tests have another queue."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("queue")))


@pytest.fixture
def images(tmp_path):
    """A folder with two images that can be segmented."""
    folder = tmp_path / "images"
    folder.mkdir()
    iio.imwrite(folder / "a.png", noise(40, 50))
    tifffile.imwrite(folder / "stack.tif", noise(5, 40, 50))
    return folder


@pytest.fixture
def damaged(images):
    """The same folder with a truncated image and a text in it."""
    whole = (images / "a.png").read_bytes()
    (images / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (images / "words.png").write_text("not an image")
    return images


def test_segment_writes_the_labels_that_python_returns(images, tiny_model, tmp_path):
    result = run("segment", images, "--out", tmp_path / "deep" / "out", "--model", tiny_model, "--diameter", 20)
    assert result.exit_code == 0
    model = api.load_model(tiny_model)
    for name, image in (("a", iio.imread(images / "a.png")), ("stack", tifffile.imread(images / "stack.tif"))):
        path = tmp_path / "deep" / "out" / f"{name}_labels.tif"
        written, expected = tifffile.imread(path), api.segment(image, model, diameter=20)
        assert written.dtype == np.uint16
        np.testing.assert_array_equal(written, expected)
        objects = int(expected.reshape(-1, 40 * 50).max(axis=1).sum())
        assert f"{path}: {objects} object" in result.stdout


def test_each_image_gets_the_bundled_model_that_suits_it_unless_one_is_named(tmp_path):
    samples = [STAINED, ROUND]
    paths = [sample.image for sample in samples]
    for options, models in (((), ["nuclei-colour", "nuclei"]), (("--model", "nuclei"), ["nuclei"] * 2)):
        result = run("segment", *paths, "--out", tmp_path, *options)
        assert result.exit_code == 0
        for sample, model, line in zip(samples, models, result.stdout.splitlines(), strict=True):
            expected = api.segment(iio.imread(sample.image), model)
            found = f"{sample.key}_labels.tif: {expected.max()} objects by {model}"
            assert line.split(";")[0].endswith(found)  # what follows says that the image was enlarged
            np.testing.assert_array_equal(tifffile.imread(tmp_path / f"{sample.key}_labels.tif"), expected)


def test_a_project_of_stained_tissue_goes_on_from_the_model_for_it(tmp_path):
    with Project.create(tmp_path / "project") as project:
        for name in ("a", "b"):
            labels = read_labels(STAINED.truth)[: 100 if name == "a" else 120]
            image = iio.imread(STAINED.image)[: len(labels)]
            project.add(image, labels, name=name, reviewed=np.ones(labels.shape, np.uint8))
    result = run("train", project.folder, "--epochs", 1)
    assert result.exit_code == 0, result.output
    [(folder, card)] = Registry(project.folder).models
    assert (folder.name, card.training.base, card.network.channels) == ("nuclei-colour-2", "nuclei-colour", 3)


def test_of_a_project_of_classes_the_bundled_models_know_nothing(tmp_path):
    task = TaskConfig(kind="classes", classes=name_classes("ab"))
    masks = (np.indices((64, 64)) // 32).sum(axis=0)
    with Project.create(tmp_path / "project", task) as project:
        for name in ("a", "b"):
            image = np.random.default_rng(ord(name)).integers(0, 255, (64, 64), np.uint8)
            project.add(image, masks, name=name, reviewed=np.ones((64, 64), np.uint8))
    result = run("train", project.folder, "--classes", "a,b", "--epochs", 1)
    assert result.exit_code == 0, result.output


def test_it_is_said_when_an_image_was_rescaled(images, tiny_model, tmp_path):
    result = run("segment", images / "a.png", "--out", tmp_path, "--model", tiny_model, "--diameter", 10)
    assert "; the image was enlarged to 200 % for the model" in result.stdout


def test_the_model_is_loaded_once_for_all_images(images, tiny_model, tmp_path, monkeypatch):
    loaded, load = [], api.load_model
    monkeypatch.setattr(api, "load_model", lambda name: loaded.append(name) or load(name))
    assert run("segment", images, images / "a.png", "--out", tmp_path, "--model", tiny_model).exit_code == 0
    assert loaded == [str(tiny_model)]


def test_a_bad_image_does_not_keep_the_others_from_being_done(damaged, tiny_model, tmp_path):
    result = run("segment", damaged, tmp_path / "missing.png", "--out", tmp_path / "out", "--model", tiny_model)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    for line, name in zip(lines, ("truncated.png", "words.png", "missing.png"), strict=False):
        assert line.startswith("maskloop: ")
        assert name in line
    assert lines[3:] == ["maskloop: 2 of 5 images were segmented."]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a_labels.tif", "stack_labels.tif"]


def test_an_image_without_objects_is_written_and_explained(images, make_model, tmp_path):
    model = make_model(tmp_path / "strict", labels=LabelsConfig(foreground=0.95))
    result = run("segment", images / "a.png", "--out", tmp_path, "--model", model)
    assert "a.png: Nothing found: the highest probability" in refusal(result, code=0)
    assert not tifffile.imread(tmp_path / "a_labels.tif").any()


def test_a_constant_image_is_called_constant(make_model, tmp_path):
    model = make_model(tmp_path / "strict", labels=LabelsConfig(foreground=0.95))
    iio.imwrite(tmp_path / "flat.png", np.full((40, 40), 7, np.uint8))
    assert "same grey value" in run("segment", tmp_path / "flat.png", "--out", tmp_path, "--model", model).stderr


@pytest.mark.parametrize("name", ["missing.png", "truncated.png", "words.png"])
def test_a_single_bad_image_is_one_sentence(damaged, tiny_model, tmp_path, name):
    assert name in refusal(run("segment", damaged / name, "--out", tmp_path, "--model", tiny_model))
    assert not list(tmp_path.glob("*.tif"))


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--diameter", "zero"], 2, "--diameter zero"),
        (["--diameter", "1"], 2, "--diameter 1"),
        (["--diameter", "nan"], 2, "--diameter nan"),
        (["--channel", "-1"], 2, "--channel -1"),
        (["--channel", "7"], 1, "Channel 7"),
        (["--model", "nothing"], 1, "'nothing'"),
    ],
)
def test_options_that_cannot_be_used_are_named(images, tiny_model, tmp_path, options, code, words):
    result = run("segment", images / "a.png", "--out", tmp_path, "--model", tiny_model, *options)
    assert words in refusal(result, code)


def test_two_images_of_one_name_are_refused_before_anything_is_done(images, tmp_path):
    iio.imwrite(images / "stack.png", noise(9, 9))
    sentence = refusal(run("segment", images, "--out", tmp_path / "out"))
    assert str(images / "stack.png") in sentence
    assert str(images / "stack.tif") in sentence
    assert not (tmp_path / "out").exists()


def test_an_image_is_never_overwritten_by_labels(images):
    before = noise(9, 9)
    tifffile.imwrite(images / "a_labels.tif", before)
    assert "a_labels.tif" in refusal(run("segment", images, "--out", images))
    np.testing.assert_array_equal(tifffile.imread(images / "a_labels.tif"), before)


def test_folders_that_are_not_what_they_should_be(images, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty" in refusal(run("segment", tmp_path / "empty", "--out", tmp_path))
    assert "a.png is a file" in refusal(run("segment", images, "--out", images / "a.png"))
    assert "a.png is a file" in refusal(run("demo", "--headless", "--out", images / "a.png"))


def test_an_interrupted_segmentation_ends_with_130(images, tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(api, "segment_planes", lambda *_: signal.raise_signal(signal.SIGINT))
    assert refusal(run("segment", images, "--out", tmp_path, "--model", tiny_model), 130) == "maskloop: stopped.\n"


@pytest.fixture
def training_data(tmp_path, discs):
    """Three images with their labels, in the layout that `train` reads."""
    labels = discs((64, 64), [(16, 16), (20, 45), (48, 30)], 8)
    for name in ("images", "labels"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for i in range(3):
        pixels = (np.roll(noise(64, 64), i, axis=0) // 8 + 150 * (labels > 0)).astype(np.uint8)
        iio.imwrite(tmp_path / "data" / "images" / f"{i}.png", pixels)
        iio.imwrite(tmp_path / "data" / "labels" / f"{i}.png", labels.astype(np.uint16))
    return tmp_path / "data"


def test_a_trained_model_segments(training_data, tiny_model, tmp_path):
    out, tiny = tmp_path / "trained", tmp_path / "tiny.yaml"
    tiny.write_text("{steps: 1, batch: 2, crop: 32, minutes: 9}")
    options = ("--recipe", tiny, "--base", tiny_model, "--epochs", 2, "--seed", 3)
    result = run("train", training_data, "--out", out, *options)
    assert result.exit_code == 0
    assert f"{out}: Trained on 2 images of data." in result.stdout
    training = read_card(out).training
    assert (training.epochs, training.seed, training.base) == (2, 3, tiny_model.name)
    assert run("segment", training_data / "images", "--out", tmp_path / "o", "--model", out).exit_code == 0
    assert "holds a model already" in refusal(run("train", training_data, "--out", out, "--base", tiny_model))


def test_training_shows_its_epochs_and_keeps_the_best_when_interrupted(tiny_model, tmp_path, monkeypatch):
    shown = []

    def train(data, out, config, on_epoch, on_remark, should_stop):
        from maskloop.project.history import Epoch

        assert (config.minutes, config.epochs) == (1.5, None)
        assert not should_stop()
        on_epoch(Epoch(4, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.001, 9), 0.25)
        signal.raise_signal(signal.SIGINT)
        assert should_stop()
        return read_card(tiny_model)

    monkeypatch.setattr(api, "train", train)
    monkeypatch.setattr(
        cli_train, "_scores_of_epoch", lambda e, show=cli_train._scores_of_epoch: shown.append(show(e)) or ""
    )
    result = run("train", tmp_path, "--out", tmp_path / "m", "--minutes", 1.5)
    assert result.exit_code == 130
    assert "stopped; " in result.stderr.splitlines()[-1]
    assert shown == ["epoch 4: loss 0.400, Dice 0.500, IoU 0.600 on validation images"]


def test_training_interrupted_too_early_says_so(tmp_path, monkeypatch):
    def train(*_, **__):
        signal.raise_signal(signal.SIGINT)
        raise InputError("There is nothing to keep.")

    monkeypatch.setattr(api, "train", train)
    result = run("train", tmp_path, "--out", tmp_path / "m")
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "maskloop: There is nothing to keep."


def test_a_training_waits_for_another_one(tmp_path, monkeypatch):
    waits, order = threading.Event(), []

    def train(*_, **__):
        order.append("second")
        raise InputError("It is its turn.")

    monkeypatch.setattr(api, "train", train)
    warned = cli_train.warn
    monkeypatch.setattr(cli_train, "warn", lambda sentence: (warned(sentence), waits.set()))

    def first():
        with turn(lambda: None, lambda: False):
            begun.set()
            assert waits.wait(60)
            order.append("first")

    begun, thread = threading.Event(), threading.Thread(target=first)
    thread.start()
    assert begun.wait(60)
    result = run("train", tmp_path, "--out", tmp_path / "m")
    thread.join()
    assert order == ["first", "second"]
    assert result.stderr.splitlines() == [
        "maskloop: another training runs on this computer; this one begins when that has ended.",
        "maskloop: It is its turn.",
    ]


def test_a_training_that_waits_can_be_interrupted(tmp_path, monkeypatch):
    Project.create(tmp_path / "p").close()
    monkeypatch.setattr(api, "train", lambda *_, **__: pytest.fail("it was not its turn"))
    monkeypatch.setattr(cli_train, "warn", lambda _: signal.raise_signal(signal.SIGINT))
    with turn(lambda: None, lambda: False):
        result = run("train", tmp_path / "p")
    assert result.exit_code == 130
    assert not any((tmp_path / "p" / "models").glob("*"))
    assert result.stderr.splitlines()[-1] == "maskloop: stopped before its turn came."


def test_what_is_wrong_with_a_command_is_said_before_it_waits(training_data, tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(cli_train, "warn", lambda sentence: pytest.fail(f"it said {sentence}"))
    with turn(lambda: None, lambda: False):
        assert "no folder" in refusal(run("train", tmp_path / "nowhere", "--out", tmp_path / "m"))
        assert "--out is missing" in refusal(run("train", training_data), code=2)
        assert "holds a model already" in refusal(run("train", training_data, "--out", tiny_model))
        assert "'nuclej'" in refusal(run("train", training_data, "--out", tmp_path / "m", "--base", "nuclej"))


def test_training_that_cannot_start_says_why(training_data, tiny_model, tmp_path):
    out = ("--out", tmp_path / "m", "--base", tiny_model)
    assert "not both" in refusal(run("train", training_data, *out, "--epochs", 1, "--minutes", 1), 2)
    assert "--epochs 0" in refusal(run("train", training_data, *out, "--epochs", 0), 2)
    (tmp_path / "empty").mkdir()
    assert "No images were found" in refusal(run("train", tmp_path / "empty", *out))
    assert "is a file" in refusal(run("train", training_data, "--out", training_data / "images" / "0.png"))
    assert "'nothing'" in refusal(run("train", training_data, "--out", tmp_path / "m", "--base", "nothing"))
    iio.imwrite(training_data / "labels" / "1.png", np.ones((64, 63), np.uint16))
    assert "1.png" in refusal(run("train", training_data, *out))


def test_a_model_needs_a_place_where_the_data_are_no_project(training_data, tmp_path):
    assert "--out is missing" in refusal(run("train", training_data), code=2)
    assert "no folder" in refusal(run("train", tmp_path / "nowhere"))


@pytest.fixture
def by_hand(tmp_path):
    """Predictions and truth of two images: 16 of 16 and 12 of 16 pixels and a false object; a missed object."""
    truth, found = np.zeros((2, 12, 12), np.uint16), np.zeros((2, 12, 12), np.uint16)
    truth[0, :4, :4], truth[0, 6:10, :4], truth[1, :4, :4] = 1, 2, 7
    found[0, :4, :4], found[0, 6:10, :3], found[0, :2, 8:10] = 3, 9, 5
    for name in ("found", "truth"):
        (tmp_path / name).mkdir()
    for i in range(2):
        tifffile.imwrite(tmp_path / "found" / f"x{i}_labels.tif", found[i])
        iio.imwrite(tmp_path / "truth" / f"x{i}.png", truth[i])
    return tmp_path / "found", tmp_path / "truth"


def test_evaluate_agrees_with_the_case_worked_out_by_hand(by_hand, tmp_path):
    result = run("evaluate", *by_hand, "--json", tmp_path / "scores.json")
    assert result.exit_code == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    one, pooled = scores["images"]["x0"], scores["pooled"]
    assert list(one["ap"]) == ["0.50", "0.55", "0.60", "0.65", "0.70", "0.75", "0.80", "0.85", "0.90"]
    assert list(one["ap"].values()) == pytest.approx([2 / 3] * 6 + [1 / 4] * 3)
    assert (one["found"], one["true"]) == (3, 2)
    assert one["f1"] == pytest.approx(4 / 5)
    assert one["pq"] == pytest.approx(2 * 1.75 / 5)
    assert one["dice"] == pytest.approx(2 * 28 / (32 + 32))
    assert one["iou"] == pytest.approx(28 / 36)
    assert list(pooled["ap"].values()) == pytest.approx([2 / 4] * 6 + [1 / 5] * 3)
    assert pooled["mean_ap"] == pytest.approx(0.4)
    assert scores["mean_over_images"]["mean_ap"] == pytest.approx((4.75 / 9 + 0) / 2)
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[1] == ["x0", "3", "2", "0.875", "0.778", "0.667", "0.528", "0.800", "0.700"]
    assert rows[3] == ["pooled", "3", "3", "0.700", "0.538", "0.500", "0.400", "0.667", "0.583"]
    pooled_first = [row for row in rows if row[:2] == ["mean", "AP,"]]
    assert [row[2:5] for row in pooled_first] == [["pooled", "0.400", "each"], ["mean", "over", "images"]]
    assert "0.264" in pooled_first[1]


@pytest.fixture
def masks(tmp_path):
    """Three predictions and their truths, which `write` puts into two folders."""

    def write(found, truth):
        for name, folder in (("found", found), ("truth", truth)):
            (tmp_path / name).mkdir()
            for image, rows in folder.items():
                iio.imwrite(tmp_path / name / f"{image}.png", np.array(rows, np.uint8))
        return tmp_path / "found", tmp_path / "truth"

    return write


def lines_of(result):
    return [line.split() for line in result.stdout.splitlines()]


def test_foreground_agrees_with_the_case_worked_out_by_hand(masks, tmp_path):
    # a: 3 found, 2 true, 2 in both, the third a step away; b: all missed; c: nothing there, nothing found.
    folders = masks(
        {"a": [[1, 1, 1, 0, 0]], "b": [[0, 0]], "c": [[0, 0]]},
        {"a": [[255, 255, 0, 0, 0]], "b": [[255, 0]], "c": [[0, 0]]},
    )
    result = run("evaluate", *folders, "--task", "foreground", "--json", tmp_path / "scores.json")
    assert (result.exit_code, result.stderr) == (0, "")
    scores = json.loads((tmp_path / "scores.json").read_text())
    hd95, assd = 0.9, 1 / 5  # distances of 0, 0 and 1, and back of 0 and 0
    a = {"found": 3, "true": 2, "dice": 4 / 5, "iou": 2 / 3, "hd95": hd95, "assd": assd}
    assert scores["images"]["a"] == pytest.approx(a)
    assert scores["images"]["b"] == {"found": 0, "true": 1, "dice": 0, "iou": 0, "hd95": None, "assd": None}
    assert scores["images"]["c"] == {"found": 0, "true": 0, "dice": 1, "iou": 1, "hd95": 0, "assd": 0}
    assert scores["pooled"] == {"found": 3, "true": 3, "dice": 4 / 6, "iou": 2 / 4}
    means = {"dice": (4 / 5 + 0 + 1) / 3, "iou": (2 / 3 + 0 + 1) / 3, "hd95": hd95 / 2, "assd": assd / 2}
    assert scores["mean_over_images"] == pytest.approx({"images": 3, **means, "without_distance": 1})
    rows = lines_of(result)
    assert rows[1:5] == [
        ["a", "3", "2", "0.800", "0.667", "0.90", "0.20"],
        ["b", "0", "1", "0.000", "0.000", "-", "-"],
        ["c", "0", "0", "1.000", "1.000", "0.00", "0.00"],
        ["pooled", "3", "3", "0.667", "0.500"],
    ]
    assert [row[-2] for row in rows if row[:1] in (["HD95,"], ["ASSD,"])] == ["0.45", "0.10"]
    assert rows[-1] == ["images", "without", "distance", "1"]


def test_classes_agree_with_the_case_worked_out_by_hand(masks, tmp_path):
    # a: of 1, 2 found, 3 true, 2 in both; 2 as it is. b: of 1, 1 of 1 found; 7 missed. c: background alone.
    folders = masks(
        {"a": [[1, 1, 0, 0, 2]], "b": [[1, 0, 0]], "c": [[0]]}, {"a": [[1, 1, 1, 0, 2]], "b": [[1, 0, 7]], "c": [[0]]}
    )
    result = run("evaluate", *folders, "--task", "classes", "--json", tmp_path / "scores.json")
    assert (result.exit_code, result.stderr) == (0, "")
    scores = json.loads((tmp_path / "scores.json").read_text())
    a, b, c = (scores["images"][name] for name in "abc")
    assert list(a) == ["1", "2", "mean"]
    assert a["1"] == pytest.approx({"found": 2, "true": 3, "dice": 4 / 5, "iou": 2 / 3, "hd95": 0.9, "assd": 1 / 5})
    assert a["mean"] == pytest.approx({"dice": 0.9, "iou": 5 / 6, "hd95": 0.45, "assd": 0.1})
    assert b["7"] == {"found": 0, "true": 1, "dice": 0, "iou": 0, "hd95": None, "assd": None}
    assert b["mean"] == {"dice": 0.5, "iou": 0.5, "hd95": 0, "assd": 0}
    assert c == {"mean": {"dice": 1, "iou": 1, "hd95": 0, "assd": 0}}
    pooled, means = scores["pooled"], scores["mean_over_images"]
    assert list(pooled) == list(means) == ["1", "2", "7", "mean"]
    assert pooled["1"] == {"found": 3, "true": 4, "dice": 6 / 7, "iou": 3 / 4}
    assert pooled["mean"] == pytest.approx({"dice": (6 / 7 + 1 + 0) / 3, "iou": (3 / 4 + 1 + 0) / 3})
    assert means["1"] == pytest.approx(
        {"images": 2, "dice": 0.9, "iou": 5 / 6, "hd95": 0.45, "assd": 0.1, "without_distance": 0}
    )
    assert means["7"] == {"images": 1, "dice": 0, "iou": 0, "hd95": None, "assd": None, "without_distance": 1}
    assert means["mean"]["dice"] == pytest.approx((0.9 + 0.5 + 1) / 3)
    rows = lines_of(result)
    assert rows[1] == ["a", "1", "2", "3", "0.800", "0.667", "0.90", "0.20"]
    assert rows[3] == ["a", "mean", "0.900", "0.833", "0.45", "0.10"]
    assert ["1", "3", "4", "0.857", "0.750"] in rows
    assert ["7", "1", "0.000", "0.000", "-", "-", "1"] in rows


def test_black_and_white_files_are_masks_and_probabilities_are_not(tmp_path):
    tifffile.imwrite(tmp_path / "truth.tif", np.eye(4, dtype=bool))
    for task in ("foreground", "classes"):
        result = run("evaluate", tmp_path / "truth.tif", tmp_path / "truth.tif", "--task", task)
        assert "1.000" in result.stdout
        for probabilities in (np.eye(4, dtype=np.float32) * 0.9, np.tile(np.float32([0.2, 0.7]), (4, 2))):
            tifffile.imwrite(tmp_path / "found.tif", probabilities)
            result = run("evaluate", tmp_path / "found.tif", tmp_path / "truth.tif", "--task", task)
            assert "Threshold probabilities first" in refusal(result)
    iio.imwrite(tmp_path / "found.png", np.arange(16, dtype=np.uint8).reshape(4, 4) * 17)  # of 8 bits
    result = run("evaluate", tmp_path / "found.png", tmp_path / "truth.tif", "--task", "foreground")
    assert "15 different values" in refusal(result)


def test_an_unknown_task_is_refused(by_hand):
    result = run("evaluate", *by_hand, "--task", "cells")
    assert result.exit_code == 2
    for task in ("objects", "foreground", "classes"):
        assert task in result.stderr


def test_two_files_are_evaluated_too(by_hand):
    found, truth = by_hand
    result = run("evaluate", found / "x0_labels.tif", truth / "x0.png")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "x0_labels  " in result.stdout


def test_there_is_no_table_of_many_images(by_hand, tmp_path):
    found, truth = by_hand
    for i in range(2, 21):
        tifffile.imwrite(found / f"x{i}.tif", np.eye(5, dtype=np.uint8))
        tifffile.imwrite(truth / f"x{i}.tif", np.eye(5, dtype=np.uint8))
    result = run("evaluate", found, truth)
    assert "x1" not in result.stdout
    assert "22 found, 22 true" in result.stdout
    result = run("evaluate", truth, truth, "--task", "classes")
    assert "x1" not in result.stdout
    assert ["7", "16", "16", "1.000", "1.000"] in lines_of(result)


def test_truth_without_prediction_is_refused(by_hand):
    found, truth = by_hand
    (found / "x1_labels.tif").unlink()
    assert "have no prediction" in refusal(run("evaluate", found, truth))


def test_models_are_compared_on_the_channel_that_is_named(tiny_model, make_model, discs, tmp_path):
    other = make_model(tmp_path / "other", labels=LabelsConfig(foreground=0.05))
    labels = discs((96, 96), [(20, 20), (20, 70), (70, 20), (70, 70)], 12)
    image = np.stack([np.zeros_like(labels), 9 * labels], axis=-1).astype(np.uint16)
    with Project.create(tmp_path / "cells") as project:
        project.add(image, labels, name="a", axes="YXC", reviewed=np.ones(labels.shape, np.uint8))
    command = ["compare", tiny_model, other, "--on", project.folder]
    assert "'a' has 2 channels: say which one" in refusal(run(*command))
    assert "'a' has no channel 7" in refusal(run(*command, "--channel", 7))
    tables = [api.compare(tiny_model, other, project.folder, channel=channel).table() for channel in (0, 1)]
    assert tables[0] != tables[1]
    for channel, table in enumerate(tables):
        assert run(*command, "--channel", channel).stdout.startswith(table)


def test_what_cannot_be_compared_is_refused(by_hand, tmp_path):
    found, truth = by_hand
    assert "nowhere" in refusal(run("evaluate", found, tmp_path / "nowhere"))
    assert "a file and a folder" in refusal(run("evaluate", found, truth / "x0.png"))
    assert "float32" in refusal(_with(found / "x0_labels.tif", np.ones((12, 12), np.float32), by_hand))
    assert "(12, 11)" in refusal(_with(found / "x0_labels.tif", np.ones((12, 11), np.uint8), by_hand))
    (truth / "x1.png").unlink()
    assert "x1_labels.tif" in refusal(run("evaluate", found, truth))


def _with(path, labels, folders):
    tifffile.imwrite(path, labels)
    return run("evaluate", *folders)


def test_recipes_are_listed_shown_and_written(tmp_path):
    assert [line.partition(":")[0] for line in run("recipe").stdout.splitlines()] == list(RECIPES)
    shown, out = run("recipe", "dsb-elu"), tmp_path / "mine.yaml"
    assert parse_recipe(shown.stdout) == RECIPES["dsb-elu"]
    assert f"--recipe {out}" in run("recipe", "dsb-elu", "--out", out).stdout
    assert run("recipe", out).stdout == shown.stdout
    assert "is there already" in refusal(run("recipe", "liver-ct", "--out", out))
    assert read_recipe(out) == RECIPES["dsb-elu"]
    assert "Is 'dsb-elu' meant?" in refusal(run("recipe", "dsb-elo"))
    assert "--out goes with a recipe" in refusal(run("recipe", "--out", out), 2)


def test_models_are_listed_with_what_matters():
    result = run("models")
    card = read_card(Path(cli.__file__).parent / "bundled" / "nuclei")
    for words in ("nuclei: ", card.description, f"{card.diameter:.0f} pixels", f"{card.training.scores['ap50']:.3f}"):
        assert words in result.stdout


def test_help_says_what_the_settings_say():
    words = " ".join(run("segment", "--help").stdout.replace("│", " ").split())
    assert SegmentConfig.help("diameter") in words
    assert TrainConfig.help("seed") in " ".join(run("train", "--help").stdout.replace("│", " ").split())


def python(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def test_nothing_heavy_is_imported_where_no_network_runs(by_hand):
    script = f"""
import sys
from maskloop.cli import app
heavy = lambda: {{"tensorflow", "keras", "napari"}} & set(sys.modules)
print(heavy(), "skimage" in sys.modules)
for command in (["models"], ["evaluate", {str(by_hand[0])!r}, {str(by_hand[1])!r}]):
    app(command, standalone_mode=False)
    print(heavy())
"""
    result = python("-c", script)
    assert result.stderr == ""
    assert [line for line in result.stdout.splitlines() if line.startswith("set()")] == [
        "set() False",
        "set()",
        "set()",
    ]


def test_the_engine_starts_without_noise_and_an_error_is_one_line(damaged, tiny_model, tmp_path):
    command = ("-m", "maskloop", "segment", "--model", tiny_model, "--out", tmp_path / "out")
    result = python(*command, damaged / "truncated.png")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    good = python(*command, damaged / "a.png")
    assert (good.returncode, good.stderr) == (0, "")


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert python("-m", "maskloop", "--version").stdout == f"maskloop {version('maskloop')}\n"


def test_a_reader_that_has_seen_enough_is_no_error():
    command = subprocess.Popen(
        [sys.executable, "-m", "maskloop", "models"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait(60) == 1


def test_what_masks_mean_is_said_with_names_and_colours(tmp_path):
    for kind in ("images", "masks"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    masks = np.zeros((64, 64, 3), np.uint8)
    masks[8:24, 8:56], masks[40:56, 8:56] = (180, 40, 40), (0, 255, 0)
    for name, image in (("a", noise(64, 64)), ("b", noise(64, 64)[::-1])):
        iio.imwrite(tmp_path / "data" / "images" / f"{name}.png", image)
        iio.imwrite(tmp_path / "data" / "masks" / f"{name}.png", masks)
    tiny = tmp_path / "tiny.yaml"
    tiny.write_text("epochs: 1\nsteps: 1\ncrop: 32\nbatch: 2\nnetwork: {filters: [4, 8]}\n")
    out = tmp_path / "model"
    named = "--classes", "liver=#B42828, tumour=#00ff00"
    assert run("train", tmp_path / "data", "--recipe", tiny, *named, "--out", out).exit_code == 0
    task = read_card(out).network.task
    assert [(of.name, of.colour) for of in task.classes] == [("liver", "#b42828"), ("tumour", "#00ff00")]
    assert run("check", tmp_path / "data", *named).exit_code == 0
    refused = refusal(run("train", tmp_path / "data", "--recipe", tiny, "--classes", "liver", "--out", out / "no"))
    assert "#00ff00, #b42828, of no class" in refused
    refused = refusal(run("train", tmp_path / "data", *named, "--base", "nuclei", "--out", out / "no"))
    assert "The model 'nuclei' makes objects, and these labels mean classes (liver, tumour)" in refused
    assert "two classes have one name" in refusal(run("check", tmp_path / "data", "--classes", "a,a"), 2)
    assert "wanted is none, for foreground" in refusal(run("check", tmp_path, "--task", "foreground", *named), 2)


def test_data_are_checked_for_the_recipe_that_is_to_be_trained(tmp_path):
    for kind in ("images", "labels"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    labels = np.zeros((64, 64), np.uint8)
    labels[4:34, 4:34], labels[40:60, 30:60] = 1, 2
    for name, image in (("a", noise(64, 64)), ("b", noise(64, 64)[::-1])):
        iio.imwrite(tmp_path / "data" / "images" / f"{name}.png", image)
        iio.imwrite(tmp_path / "data" / "labels" / f"{name}.png", labels)
    small = tmp_path / "small.yaml"
    small.write_text("crop: 32\n")
    assert "and a crop to learn from has 32" in run("check", tmp_path / "data", "--recipe", small).output
    assert "and a crop to learn from has" not in run("check", tmp_path / "data").output


def test_of_classes_the_parts_are_counted(images, make_model, tmp_path):
    task = TaskConfig(kind="classes", classes=name_classes("ab"))
    model = make_model(tmp_path / "organs", NetworkConfig(filters=(4, 8), task=task))
    result = run("segment", images / "a.png", "--out", tmp_path, "--model", model)
    labels = read_labels(tmp_path / "a_labels.tif")
    parts = sum(ndimage.label(labels == number, np.ones((3, 3)))[1] for number in (1, 2))
    assert result.stdout == f"{tmp_path / 'a_labels.tif'}: {parts} part{'s' * (parts != 1)} by organs\n"


def test_saying_what_is_meant_anyway_changes_nothing():
    assert read_settings(None, "objects", None) == read_settings(None, None, None)
    assert read_settings(None, "foreground", None).base == "none"
    assert read_settings(None, "foreground", None, base="mine").base == "mine"


def test_from_scratch_the_usual_recipe_is_taken():
    assert read_settings(None, None, None, base="none") == RECIPES["maskloop"]
    foreground = read_settings(None, "foreground", None)
    assert foreground.crop == RECIPES["maskloop"].crop
    assert foreground.network.task.kind == "foreground"
    assert read_settings("dsb-elu", None, None, base="none").crop == RECIPES["dsb-elu"].crop
