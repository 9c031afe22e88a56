"""The plain functions: whatever they are given, labels or a sentence."""

import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from maskloop import evaluate, load_model, segment
from maskloop.errors import Cancelled, InputError, MaskloopError, ModelError
from maskloop.files import write_labels
from maskloop.samples import STAINED


@pytest.fixture(scope="module")
def model(tiny_model):
    return load_model(tiny_model)


def noise(*shape):
    return np.random.default_rng(0).random(shape)


def test_the_model_is_the_one_that_suits_the_image():
    tissue = iio.imread(STAINED.image)
    for image, name in ((tissue, "nuclei-colour"), (tissue[..., 1], "nuclei")):
        np.testing.assert_array_equal(segment(image), segment(image, name))
    assert (segment(tissue) != segment(tissue, "nuclei")).any()


@pytest.mark.parametrize(
    ("image", "shape"),
    [
        (noise(1, 1), (1, 1)),
        (noise(3, 2000), (3, 2000)),
        (noise(2000, 3), (2000, 3)),
        (np.full((30, 40), np.nan), (30, 40)),
        (np.where(noise(30, 40) < 0.1, np.inf, noise(30, 40)), (30, 40)),
        (np.full((30, 40), 7, np.uint8), (30, 40)),
        ((noise(30, 40) * 255).astype(np.uint16) + 32768, (30, 40)),
        ((noise(30, 40) * 255).astype(">u2"), (30, 40)),
        (noise(30, 40).astype(np.float16), (30, 40)),
        (noise(30, 40, 3), (30, 40)),
        ((noise(30, 40, 4) * 255).astype(np.uint8), (30, 40)),
        (noise(2, 30, 40), (2, 30, 40)),
        (noise(2, 1, 2, 30, 40), (2, 1, 2, 30, 40)),
        (np.asfortranarray(noise(30, 40))[::-2], (15, 40)),
    ],
)
def test_an_image_of_any_kind_gives_labels_of_its_shape(model, image, shape):
    before = image.copy()
    labels = segment(image, model)
    assert labels.shape == shape
    assert labels.dtype == np.int32
    assert labels.min() >= 0
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("value", [0, 7, np.nan, np.inf])
def test_all_pixels_alike_are_segmented_as_black(model, value):
    np.testing.assert_array_equal(segment(np.full((40, 40), value), model), segment(np.zeros((40, 40)), model))


def test_an_offset_of_32768_changes_no_label(model):
    image = (noise(60, 60) * 200).astype(np.uint16)
    labels = segment(image, model)
    assert labels.any()
    np.testing.assert_array_equal(segment(image + np.uint16(32768), model), labels)


@pytest.mark.parametrize(
    ("image", "choices", "sentence"),
    [
        (np.zeros((0, 5)), {}, "empty"),
        (np.zeros((5, 0, 3)), {}, "empty"),
        (np.ones((30, 40), bool), {}, "a mask, not an image"),
        (np.ones((30, 40), complex), {}, "complex numbers"),
        (np.array([["a", "b"]]), {}, "not numbers"),
        (np.array([[None, {}]]), {}, "not numbers"),
        (np.ones(30), {}, "1 axes"),
        (np.ones((30, 40)), {"axes": "ZYX"}, "do not describe"),
        (np.ones((30, 40, 2)), {"axes": "YXC"}, "say which channel"),
        (np.ones((30, 40, 3)), {"channel": 3}, "Channel 3 .* has 3"),
        (np.ones((30, 40, 3)), {"channel": -1}, "channel"),
        (np.ones((30, 40)), {"diameter": -3}, "diameter"),
        (np.ones((30, 40)), {"diameter": float("nan")}, "diameter"),
    ],
)
def test_what_cannot_be_segmented_is_refused_with_a_sentence(model, image, choices, sentence):
    with pytest.raises(InputError, match=sentence):
        segment(image, model, **choices)


def test_a_model_that_is_not_there_is_refused():
    with pytest.raises(ModelError, match="no model 'nothing of that name'"):
        segment(np.ones((30, 40)), "nothing of that name")


def test_a_stack_gives_what_its_planes_give_wherever_its_axes_are(model):
    stack = noise(3, 30, 40, 2)
    labels = segment(stack, model, axes="TYXC", channel=1)
    for i in range(3):
        np.testing.assert_array_equal(labels[i], segment(stack[i, ..., 1], model))
    turned = segment(stack.transpose(3, 2, 0, 1), model, axes="CXTY", channel=1)
    np.testing.assert_array_equal(turned, labels.transpose(2, 0, 1))


def test_progress_goes_from_0_to_1(model):
    shares = []
    segment(noise(3, 30, 40), model, diameter=20, on_tile=shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)


def test_it_stops_when_asked_to(model):
    with pytest.raises(Cancelled):
        segment(noise(30, 40), model, should_stop=lambda: True)


def test_importing_brings_in_nothing_heavy():
    code = (
        "import sys, maskloop.api, maskloop.files; print(*{'tensorflow', 'keras', 'napari', 'qtpy'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def square(label=1):
    labels = np.zeros((20, 20), np.int32)
    labels[5:15, 5:15] = label
    return labels


@pytest.fixture
def folders(tmp_path):
    """Two predictions and their truths."""
    for folder, name in [("p", "a_labels.tif"), ("p", "b.tif"), ("t", "a.tif"), ("t", "b.tif")]:
        (tmp_path / folder).mkdir(exist_ok=True)
        write_labels(tmp_path / folder / name, square())
    return tmp_path / "p", tmp_path / "t"


def test_arrays_files_and_folders_are_compared(folders):
    predicted, truth = folders
    assert evaluate(square(), square(3))["image"].f1 == 1
    assert evaluate(predicted / "a_labels.tif", str(truth / "b.tif"))["a_labels"].dice == 1
    assert sorted(evaluate(predicted, truth)) == ["a", "b"]


def test_masks_and_classes_are_compared_too(folders):
    mask = square() > 0
    assert evaluate(mask, square(255), "foreground")["image"].counts.dice.tolist() == [1, 1]
    assert evaluate(square(3), square(3), "classes")["image"].counts.truth[3] == 100
    assert evaluate(*folders, "foreground")["b"].hd95[1] == 0
    assert evaluate(*folders, task="classes")["a"].assd[1] == 0


@pytest.mark.parametrize(
    ("predicted", "task", "words"),
    [
        (square(300), "classes", "0 to 255"),
        (square() * 0.5, "classes", "Threshold"),
        (square() * 0.5, "foreground", "Threshold"),
        (square() + 1, "foreground", "one other"),
        (square(), "cells", "no task 'cells'; wanted is one of objects, foreground, classes"),
    ],
)
def test_what_is_no_mask_or_no_task_is_refused(predicted, task, words):
    with pytest.raises(InputError, match=words):
        evaluate(predicted, square(), task)


def test_a_prediction_without_truth_is_refused(folders):
    (folders[1] / "b.tif").unlink()
    with pytest.raises(InputError, match=r"b\.tif has no truth"):
        evaluate(*folders)


def test_a_truth_without_prediction_is_refused(folders):
    # Left out, the scores would flatter.
    (folders[0] / "b.tif").unlink()
    with pytest.raises(InputError, match=r"b"):
        evaluate(*folders)


def test_two_predictions_of_one_image_are_refused(folders):
    write_labels(folders[0] / "a.tif", square())
    with pytest.raises(InputError, match="a"):
        evaluate(*folders)


@pytest.mark.parametrize(
    "arguments",
    [
        (square(), np.zeros((20, 21), np.int32)),
        (square(), "truth.tif"),
        ("not there", "not there either"),
        (square() * 0.5, square()),
        (square(), square() > 0),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments):
    with pytest.raises(InputError):
        evaluate(*arguments)


def test_a_file_and_a_folder_cannot_be_compared(folders):
    with pytest.raises(InputError, match="two of a kind"):
        evaluate(folders[0], folders[1] / "a.tif")


def test_a_file_that_does_not_fit_its_truth_is_named(folders):
    tifffile.imwrite(folders[0] / "b.tif", np.zeros((5, 5), np.uint8))
    with pytest.raises(InputError, match=r"^b: .*\(5, 5\).*\(20, 20\)"):
        evaluate(*folders)


def test_every_refusal_can_be_caught_as_one():
    assert issubclass(InputError, MaskloopError)
    assert issubclass(ModelError, MaskloopError)
