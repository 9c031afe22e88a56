"""Images with their labels, read from a folder and checked."""

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from maskloop.data.examples import read_examples
from maskloop.errors import InputError

IMAGE = np.random.default_rng(0).integers(0, 255, (30, 40), np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Two images with labels."""
    for name in ("a", "b"):
        for kind in ("images", "labels"):
            (tmp_path / kind).mkdir(exist_ok=True)
            iio.imwrite(tmp_path / kind / f"{name}.png", IMAGE)
    return tmp_path


def test_images_are_read_with_the_labels_of_their_name(folder):
    (folder / "labels" / "a.png").unlink()
    tifffile.imwrite(folder / "labels" / "a.tif", IMAGE.astype(np.uint16) + 1)
    first, second = read_examples(folder)
    assert (first.name, second.name) == ("a", "b")
    np.testing.assert_array_equal(first.image[..., 0], IMAGE)
    np.testing.assert_array_equal(first.labels, IMAGE.astype(int) + 1)
    np.testing.assert_array_equal(second.labels, IMAGE)


def test_colour_and_masks_are_taken_too(folder):
    (folder / "labels").rename(folder / "masks")
    iio.imwrite(folder / "images" / "a.png", np.repeat(IMAGE[..., None], 3, axis=-1))
    assert read_examples(folder)[0].image.shape == (30, 40, 3)


def test_only_what_is_asked_for_is_read(folder):
    (folder / "images" / "b.png").write_text("damaged")
    assert [example.name for example in read_examples(folder, ["a"])] == ["a"]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "images").rename(f / "pictures"), "no folder 'images'"),
        (lambda f: (f / "labels").rename(f / "truth"), "no folder 'labels'"),
        (lambda f: (f / "labels" / "b.png").unlink(), r"1 images have no labels.*b\.png"),
        (lambda f: [p.unlink() for p in (f / "images").iterdir()], "no images in"),
        (lambda f: (f / "images" / "b.png").write_text("text"), r"b\.png is damaged"),
        (lambda f: (f / "labels" / "b.png").write_bytes(b""), r"b\.png is damaged"),
        (lambda f: iio.imwrite(f / "labels" / "b.png", IMAGE.T), "40 x 30 pixels and their image is 30 x 40"),
        (lambda f: iio.imwrite(f / "labels" / "b.png", np.stack(3 * [IMAGE], -1)), "one channel"),
        (lambda f: tifffile.imwrite(f / "images" / "c.tif", np.stack(5 * [IMAGE])), "have no labels"),
    ],
)
def test_a_folder_that_cannot_be_learned_from_is_refused(folder, spoil, sentence):
    spoil(folder)
    with pytest.raises(InputError, match=sentence):
        read_examples(folder)


def test_a_stack_is_refused(folder):
    (folder / "images" / "b.png").unlink()
    tifffile.imwrite(folder / "images" / "b.tif", np.stack(5 * [IMAGE]))
    with pytest.raises(InputError, match="stack of 5 planes"):
        read_examples(folder)


def test_two_images_of_one_name_are_refused(folder):
    tifffile.imwrite(folder / "images" / "a.tif", IMAGE)
    with pytest.raises(InputError, match="a"):
        read_examples(folder)
