"""Images with their masks, read from a folder and checked."""

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from maskloop.config import TaskConfig, name_classes
from maskloop.data.examples import read_examples
from maskloop.errors import InputError

IMAGE = np.random.default_rng(0).integers(0, 255, (30, 40), np.uint8)
LABELS = np.zeros((30, 40), np.uint8)
LABELS[2:9, 3:9], LABELS[15:25, 20:30] = 4, 7


@pytest.fixture
def folder(tmp_path):
    """Two images with labels."""
    for name in ("a", "b"):
        for kind, pixels in (("images", IMAGE if name == "a" else IMAGE[::-1]), ("labels", LABELS)):
            (tmp_path / kind).mkdir(exist_ok=True)
            iio.imwrite(tmp_path / kind / f"{name}.png", pixels)
    return tmp_path


def test_a_channel_is_taken_of_each_image(folder):
    channels = np.stack([IMAGE, IMAGE // 2], axis=-1)
    for name in "ab":
        (folder / "images" / f"{name}.png").unlink()
        tifffile.imwrite(folder / "images" / f"{name}.tif", channels + (name == "b"), metadata={"axes": "YXC"})
    np.testing.assert_array_equal(read_examples(folder, channel=1)[0].image[..., 0], IMAGE // 2)
    with pytest.raises(InputError, match=r"a\.tif.*Channel 2 was asked for, but the image has 2"):
        read_examples(folder, channel=2)


def test_images_are_read_with_the_labels_of_their_name(folder):
    (folder / "labels" / "a.png").unlink()
    tifffile.imwrite(folder / "labels" / "a.tif", LABELS.astype(np.uint16) + 1)
    first, second = read_examples(folder)
    assert (first.name, second.name) == ("a", "b")
    np.testing.assert_array_equal(first.image[..., 0], IMAGE)
    np.testing.assert_array_equal(first.labels, LABELS.astype(int) + 1)
    np.testing.assert_array_equal(second.labels, LABELS)


def test_colour_and_other_names_of_folders_are_taken_too(folder):
    (folder / "labels").rename(folder / "ground truth")
    iio.imwrite(folder / "images" / "a.png", np.repeat(IMAGE[..., None], 3, axis=-1))
    assert read_examples(folder)[0].image.shape == (30, 40, 3)


def test_a_mask_for_each_object_is_taken_too(tmp_path):
    for kind, pixels in (("images/x", IMAGE), ("masks/1", LABELS == 4), ("masks/2", LABELS == 7)):
        path = tmp_path / "x" / f"{kind}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        iio.imwrite(path, pixels.astype(np.uint8) * (1 if kind == "images/x" else 255))
    [example] = read_examples(tmp_path)
    np.testing.assert_array_equal(example.labels > 0, LABELS > 0)
    assert example.labels.max() == 2


def test_only_what_is_asked_for_is_read(folder):
    (folder / "images" / "b.png").write_text("damaged")
    assert [example.name for example in read_examples(folder, ["a"])] == ["a"]


def test_masks_mean_what_the_task_says(folder):
    numbers = np.where(LABELS == 7, 2, LABELS // 4)
    for name in "ab":
        iio.imwrite(folder / "labels" / f"{name}.png", numbers)
    classes = TaskConfig(kind="classes", classes=name_classes(["liver", "tumour"]))
    np.testing.assert_array_equal(read_examples(folder, task=classes)[0].labels, numbers)
    foreground = TaskConfig(kind="foreground")
    np.testing.assert_array_equal(read_examples(folder, task=foreground)[0].labels, LABELS > 0)


def test_a_stack_gives_an_example_for_each_plane(folder):
    for kind, pixels in (("images", IMAGE), ("labels", LABELS)):
        (folder / kind / "b.png").unlink()
        stack = np.stack([np.roll(pixels, i, axis=0) for i in range(5)])
        tifffile.imwrite(folder / kind / "b.tif", stack, photometric="minisblack", metadata={"axes": "ZYX"})
    examples = read_examples(folder)
    assert [e.name for e in examples] == ["a", *(f"b, plane {i}" for i in range(5))]
    np.testing.assert_array_equal(examples[3].image[..., 0], np.roll(IMAGE, 2, axis=0))
    np.testing.assert_array_equal(examples[3].labels, np.roll(LABELS, 2, axis=0))


def review(folder, name, pixels):
    """Write which pixels of an image are reviewed, as an export does."""
    (folder / "reviewed").mkdir(exist_ok=True)
    iio.imwrite(folder / "reviewed" / f"{name}.png", np.asarray(pixels, np.uint8))


def test_what_a_folder_says_of_what_is_reviewed_is_read_and_the_rest_left_out(folder):
    corner = np.zeros(LABELS.shape, bool)
    corner[:12, :15] = True
    review(folder, "a", 255 * corner)
    first, second = read_examples(folder)
    np.testing.assert_array_equal(first.reviewed, corner)
    assert first.reviewed.dtype == bool
    assert second.reviewed is None
    review(folder, "b", 0 * corner)
    assert [example.name for example in read_examples(folder)] == ["a"]
    review(folder, "a", 0 * corner)
    with pytest.raises(InputError, match=r"Nothing in .* is reviewed"):
        read_examples(folder)


def test_of_a_stack_the_reviewed_planes_are_read(folder):
    for kind, pixels in (("images", IMAGE), ("labels", LABELS), ("reviewed", np.ones_like(LABELS))):
        (folder / kind / "b.png").unlink(missing_ok=True)
        (folder / kind).mkdir(exist_ok=True)
        stack = np.stack([np.roll(pixels, i, axis=0) * (kind != "reviewed" or i in (1, 3)) for i in range(5)])
        tifffile.imwrite(folder / kind / "b.tif", stack, photometric="minisblack", metadata={"axes": "ZYX"})
    assert [e.name for e in read_examples(folder)] == ["a", "b, plane 1", "b, plane 3"]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "labels").rename(f / "pictures"), "2 of 2 images.* have no mask"),
        (lambda f: (f / "labels" / "b.png").unlink(), r"1 of 2 images.* have no mask.*b\.png"),
        (lambda f: [p.unlink() for p in (f / "images").iterdir()], "No images were found"),
        (lambda f: (f / "images" / "b.png").write_text("text"), r"b\.png.*damaged"),
        (lambda f: (f / "labels" / "b.png").write_bytes(b""), r"b\.png.*damaged"),
        (lambda f: iio.imwrite(f / "labels" / "b.png", LABELS.T), r"b\.png.*40 x 30 pixels; wanted is 30 x 40"),
        (lambda f: iio.imwrite(f / "labels" / "b.png", IMAGE), r"b\.png.*different values"),
        (lambda f: tifffile.imwrite(f / "images" / "c.tif", np.stack(5 * [IMAGE])), "1 of 3 images.* have no mask"),
        (lambda f: tifffile.imwrite(f / "images" / "b.tif", IMAGE.T), r"b\.tif: b\.png has the same name"),
        (lambda f: tifffile.imwrite(f / "labels" / "b.tif", LABELS), r"b\.tif: b\.png has the mask b\.png already"),
        (lambda f: iio.imwrite(f / "labels" / "c.png", LABELS), r"c\.png: It is a mask, and no image has its name"),
        (lambda f: iio.imwrite(f / "images" / "b.png", IMAGE), r"b\.png: Its pixels are the same as those of .*a\.png"),
        (lambda f: review(f, "b", LABELS[:9]), r"b\.png: The mask is 9 x 40 pixels; wanted is 30 x 40"),
        (lambda f: review(f, "b", LABELS), r"reviewed.b\.png: It holds several numbers or colours; wanted is 0, and 1"),
        (lambda f: review(f, "c", LABELS), r"reviewed.c\.png: It is a mask of what is reviewed, and no image"),
    ],
)
def test_a_folder_that_cannot_be_learned_from_is_refused(folder, spoil, sentence):
    spoil(folder)
    with pytest.raises(InputError, match=sentence):
        read_examples(folder)
