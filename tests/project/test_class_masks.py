"""Masks of classes, by number and by colour."""

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from maskloop.config import ClassConfig, name_classes
from maskloop.errors import Cancelled, InputError
from maskloop.ops.axes import to_planes
from maskloop.project.class_masks import propose_colours, read_class_mask
from maskloop.project.masks import RefusedError

LIVER, TUMOUR = ClassConfig(name="liver", colour="#b42828"), ClassConfig(name="tumour", colour="#00ff00")
BOTH = (LIVER, TUMOUR)
NUMBERS = np.array([[0, 1, 1, 2], [0, 0, 2, 2], [0, 0, 0, 0]], np.uint8)
COLOURS = np.array([(0, 0, 0), (180, 40, 40), (0, 255, 0)], np.uint8)[NUMBERS]
PLANES = to_planes(np.zeros((3, 4)))


def read(path, pixels, classes=BOTH, planes=PLANES, **options):
    (tifffile if path.suffix == ".tif" else iio).imwrite(path, pixels, **options)
    return read_class_mask([path], planes, classes)


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("numbers.png", NUMBERS),
        ("numbers.tif", NUMBERS.astype(np.int16)),
        ("floats.tif", NUMBERS.astype(np.float32)),
        ("colours.png", COLOURS),
        ("opaque.png", np.dstack([COLOURS, np.full((3, 4), 255, np.uint8)])),
        ("greys.png", np.repeat(NUMBERS[..., None], 3, axis=-1)),
        (
            "cut out.png",
            np.dstack([np.where(NUMBERS[..., None] == 0, 255, COLOURS), 255 * (NUMBERS > 0)]).astype(np.uint8),
        ),
    ],
)
def test_numbers_and_colours_become_classes(tmp_path, name, pixels):
    labels = read(tmp_path / name, pixels)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, NUMBERS)


def test_a_palette_gives_the_colours_that_it_shows(tmp_path):
    from PIL import Image

    picture = Image.fromarray(np.array([[7, 3, 3, 9], [7, 7, 9, 9], [7, 7, 7, 7]], np.uint8), "P")
    palette = np.zeros((256, 3), np.uint8)
    palette[3], palette[9] = (180, 40, 40), (0, 255, 0)
    picture.putpalette(palette.ravel().tolist())
    picture.save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read_class_mask([tmp_path / "palette.png"], PLANES, BOTH), NUMBERS)


@pytest.mark.parametrize("white", [1, 255])
def test_a_binary_mask_is_a_single_class(tmp_path, white):
    labels = read(tmp_path / "a.png", np.where(NUMBERS > 0, white, 0).astype(np.uint8), (LIVER,))
    np.testing.assert_array_equal(labels, NUMBERS > 0)


def test_black_on_nothing_and_1_bit_are_a_single_class(tmp_path):
    cut_out = np.dstack([np.zeros((3, 4, 3)), 255 * (NUMBERS > 0)]).astype(np.uint8)
    np.testing.assert_array_equal(read(tmp_path / "a.png", cut_out, (LIVER,)), NUMBERS > 0)
    np.testing.assert_array_equal(read(tmp_path / "a.tif", NUMBERS > 0, (LIVER,)), NUMBERS > 0)
    with pytest.raises(RefusedError, match="0, 255; wanted is 0 for background, 1 for liver, 2 for tumour"):
        read(tmp_path / "b.png", cut_out)


def test_a_stack_is_read_plane_by_plane(tmp_path):
    stack = np.stack([NUMBERS, NUMBERS[::-1]])
    planes = to_planes(np.zeros((2, 3, 4)), "ZYX")
    np.testing.assert_array_equal(read(tmp_path / "a.tif", stack, planes=planes, photometric="minisblack"), stack)


@pytest.mark.parametrize(
    ("name", "pixels", "sentence"),
    [
        ("more.png", NUMBERS + np.uint8(1), "holds 1, 2, 3; wanted is 0 for background, 1 for liver, 2 for tumour"),
        ("white.png", np.uint8(255) * (NUMBERS > 0), "0, 255; wanted is 0 for background, 1 for liver"),
        ("many.png", np.arange(12, dtype=np.uint8).reshape(3, 4), "and 6 others; wanted"),
        ("halves.tif", NUMBERS / np.float32(4), "fractions"),
        (
            "other.png",
            COLOURS // 2,
            "colours #007f00, #5a1414, of no class; wanted is black .*, #b42828 for liver, .*liver=#007f00,tumour",
        ),
        ("nan.tif", np.where(NUMBERS > 0, np.nan, 0).astype(np.float32), "fractions"),
        ("1 bit.tif", NUMBERS > 0, r"black from white only \(1 bit\), and there are 2 classes"),
        ("size.png", NUMBERS[:2], "2 x 4 pixels; wanted is 3 x 4"),
        ("noise.jpg", COLOURS, "JPEG.*PNG or TIFF"),
    ],
)
def test_what_is_no_mask_of_these_classes_is_refused(tmp_path, name, pixels, sentence):
    with pytest.raises(RefusedError, match=sentence):
        read(tmp_path / name, pixels)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_colours_of_other_than_8_bits_are_refused(tmp_path, dtype):
    with pytest.raises(RefusedError, match=f"colours of {np.dtype(dtype)}; wanted are those of 8 bits"):
        read(tmp_path / "a.tif", COLOURS.astype(dtype), photometric="rgb")


def test_several_masks_for_an_image_are_refused(tmp_path):
    with pytest.raises(RefusedError, match="2 masks for one image"):
        read_class_mask([tmp_path / "a.png", tmp_path / "b.png"], PLANES, BOTH)


def test_each_class_has_a_colour_of_its_own():
    assert len({of.colour for of in name_classes("abcdefg")}) == 7


def propose(tmp_path, *masks):
    paths = [tmp_path / f"{number}.png" for number in range(len(masks))]
    for path, mask in zip(paths, masks, strict=True):
        iio.imwrite(path, mask)
    return propose_colours(paths)


def test_classes_are_proposed_in_the_colours_of_all_masks(tmp_path):
    liver_only = np.where((NUMBERS == 1)[..., None], COLOURS, 0).astype(np.uint8)
    assert propose(tmp_path, liver_only) == ("#b42828",)
    assert propose(tmp_path, liver_only, COLOURS) == ("#00ff00", "#b42828")
    transparent = np.dstack([COLOURS, np.where(NUMBERS == 1, 0, 255)]).astype(np.uint8)
    assert propose(tmp_path, transparent) == ("#00ff00",)


def test_classes_are_proposed_for_numbers_in_usual_colours(tmp_path):
    usual = tuple(of.colour for of in name_classes("ab"))
    assert propose(tmp_path, NUMBERS, np.zeros_like(NUMBERS)) == usual
    assert propose(tmp_path, np.repeat(NUMBERS[..., None], 3, axis=-1)) == usual
    assert propose(tmp_path, np.uint8(255) * (NUMBERS > 0)) == usual[:1]
    assert propose(tmp_path, np.zeros_like(NUMBERS)) == ()


def test_greys_are_colours_where_others_are_colours(tmp_path):
    white_only = np.uint8(255) * (COLOURS[..., :1] == 180).repeat(3, axis=-1)
    both = np.where((NUMBERS == 1)[..., None], 255, COLOURS).astype(np.uint8)
    assert propose(tmp_path, white_only, both) == ("#00ff00", "#ffffff")
    classes = (TUMOUR, ClassConfig(name="vessel", colour="#ffffff"))
    np.testing.assert_array_equal(read(tmp_path / "a.png", both, classes), np.array([0, 2, 1])[NUMBERS])
    np.testing.assert_array_equal(read(tmp_path / "b.png", white_only, classes), 2 * (NUMBERS == 1))


def test_any_grey_is_a_colour_beside_others_in_whatever_order(tmp_path):
    grey_only = np.where((NUMBERS == 1)[..., None].repeat(3, axis=-1), 128, 0).astype(np.uint8)
    for masks in ((grey_only, COLOURS), (COLOURS, grey_only)):
        assert propose(tmp_path, *masks) == ("#00ff00", "#808080", "#b42828")


def test_numbers_beside_colours_are_refused(tmp_path):
    with pytest.raises(RefusedError, match=r"0\.png.*holds numbers, and other masks hold colours"):
        propose(tmp_path, NUMBERS, COLOURS)


def test_no_classes_are_proposed_for_masks_that_hold_too_many_colours_together(tmp_path):
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="The masks hold 90 colours together; wanted are at most 64") as refused:
        propose(tmp_path, *rng.integers(1, 256, (3, 30, 1, 3), np.uint8))
    assert not isinstance(refused.value, RefusedError)


def test_reading_masks_can_be_stopped(tmp_path):
    with pytest.raises(Cancelled):
        propose_colours([tmp_path / "never read.png"], lambda: True)


def test_of_a_mask_that_is_white_all_over_one_class_is_proposed(tmp_path):
    assert len(propose(tmp_path, np.full((4, 4), 255, np.uint8))) == 1


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (np.array([[0, 85, 170, 255]], np.uint8), "the number 255; wanted is 1 to 64 for the classes"),
        (np.array([[-1, 0, 1]], np.int16), "the number -1; wanted is 1 to 64"),
        (np.array([[3, 255]], np.uint8), "the number 255; wanted is 1 to 64"),
        (np.array([[0.0, np.inf]], np.float32), "fractions"),
        (np.zeros((9, 9, 2), np.uint8), "2 channels; wanted is one, or colours"),
    ],
)
def test_no_classes_are_proposed_for_what_is_no_mask_of_them(tmp_path, pixels, sentence):
    options = {"metadata": {"axes": "YXC"}} if pixels.ndim == 3 else {}
    tifffile.imwrite(tmp_path / "a.tif", pixels, **options)
    with pytest.raises(RefusedError, match=sentence):
        propose_colours([tmp_path / "a.tif"])


def test_a_mask_that_is_transparent_all_over_is_taken_as_it_is(tmp_path):
    np.testing.assert_array_equal(read(tmp_path / "a.png", np.dstack([COLOURS, np.zeros((3, 4), np.uint8)])), NUMBERS)


def test_no_classes_are_proposed_for_photographs(tmp_path):
    rng = np.random.default_rng(0)
    for shape in ((32, 32), (32, 32, 3)):
        with pytest.raises(RefusedError, match="more than 64 colours or numbers, as photographs do"):
            propose(tmp_path, rng.integers(0, 256, shape, np.uint8))
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(RefusedError, match="JPEG"):
        propose_colours([tmp_path / "photo.jpg"])
