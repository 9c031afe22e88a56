"""Mask files become labels, or are refused with a reason."""

import csv
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import ndimage

from maskloop.ops.axes import to_planes
from maskloop.project.masks import RefusedError, read_masks

RANDOM = np.random.default_rng(0)
SHAPE = (64, 80)
DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data are not on this machine")


@pytest.fixture(scope="module")
def labels(discs):
    """Four objects with gaps in their numbers, two of which touch."""
    numbers = np.array([0, 1, 2, 5, 9])
    return numbers[discs(SHAPE, [(15, 15), (15, 34), (45, 20), (45, 60)], 10)]


@pytest.fixture
def read(tmp_path):
    """Write an array as a mask and read it as that of an image."""

    def read(mask, name="mask.tif", image=None, axes=None, **options):
        image = np.zeros(SHAPE, np.uint8) if image is None else image
        path = tmp_path / name
        if "tif" in name:
            # Without this, three planes would be written as colours.
            options = {"photometric": "minisblack", **options}
        tifffile.imwrite(path, mask, **options) if "tif" in name else iio.imwrite(path, mask, **options)
        found, notes = read_masks([path], to_planes(image, axes))
        assert found.dtype == np.int32
        assert all(note.path == path for note in notes)
        return found, [note.reason for note in notes]

    return read


def paint(labels, colours):
    """Give labels colours, by number."""
    painted = np.zeros((*labels.shape, len(colours[0])), np.uint8)
    for number, colour in colours.items():
        painted[labels == number] = colour
    return painted


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("mask.tif", dtype) for dtype in (np.uint8, np.uint16, np.int32, np.int64, np.float32)]
    + [("mask.png", np.uint8), ("mask.png", np.uint16), ("mask.bmp", np.uint8)],
)
def test_labels_keep_their_numbers(read, labels, name, dtype):
    found, notes = read(labels.astype(dtype), name)
    np.testing.assert_array_equal(found, labels)
    assert notes == []


def test_labels_saved_as_grey_colours_keep_their_numbers(read, labels):
    found, _ = read(np.repeat(labels[..., None], 3, axis=-1).astype(np.uint8), "mask.png")
    np.testing.assert_array_equal(found, labels)


@pytest.mark.parametrize("number", [1, 7, 255])
@pytest.mark.parametrize("name", ["mask.tif", "mask.png", "mask.bmp"])
def test_the_parts_of_a_binary_mask_are_objects_and_touching_ones_are_one(read, labels, number, name):
    found, notes = read(((labels > 0) * number).astype(np.uint8), name)
    assert found.max() == 3
    np.testing.assert_array_equal(found > 0, labels > 0)
    assert len(np.unique(found[np.isin(labels, (1, 2))])) == 1
    assert notes == ["A binary mask: objects that touch have become one."]


def test_masks_of_one_bit_are_binary(read, labels, tmp_path):
    assert read(labels > 0)[0].max() == 3
    Image.fromarray(labels > 0).save(tmp_path / "bits.png")
    assert read_masks([tmp_path / "bits.png"], to_planes(np.zeros(SHAPE)))[0].max() == 3


@pytest.mark.parametrize("quality", [100, 75, 50])
@pytest.mark.parametrize("colour", [False, True])
def test_binary_masks_saved_as_jpeg_lose_their_noise(read, labels, quality, colour):
    mask = ((labels > 0) * 255).astype(np.uint8)
    mask = np.repeat(mask[..., None], 3, axis=-1) if colour else mask
    found, notes = read(mask, "mask.JPG", extension=".jpg", quality=quality)
    assert found.max() == 3
    assert np.mean((found > 0) != (labels > 0)) < 0.002
    assert "JPEG" in notes[0]


def test_a_black_jpeg_has_no_objects(read):
    found, notes = read(np.zeros(SHAPE, np.uint8), "mask.jpg")
    assert not found.any()
    assert notes == ["There is nothing but background in the mask."]


COLOURS = {0: (0, 0, 0), 1: (200, 0, 0), 2: (0, 200, 0), 5: (0, 0, 9), 9: (9, 9, 9)}


@pytest.mark.parametrize("background", [(0, 0, 0), (0, 0, 0, 0), (50, 60, 70, 0), (255, 255, 255)])
def test_each_colour_is_an_object(read, labels, background):
    opaque = (255,) * (len(background) - 3)
    painted = paint(labels, {n: (*c, *opaque) for n, c in COLOURS.items()} | {0: background})
    found, notes = read(painted, "mask.png")
    assert len(np.unique(found)) == 5
    pairs = np.unique(np.stack([found.ravel(), labels.ravel()]), axis=1)
    assert pairs.shape[1] == 5
    assert list(pairs[:, 0]) == [0, 0]
    assert any("(255, 255, 255) is taken for background" in note for note in notes) == (sum(background) == 765)


@pytest.mark.parametrize(
    "colours", [((0, 0, 0), (180, 40, 40)), ((0, 0, 0, 0), (0, 0, 0, 255)), ((68, 1, 84), (253, 231, 36))]
)
def test_one_colour_is_a_binary_mask(read, labels, colours):
    found, notes = read(paint((labels > 0).astype(int), dict(enumerate(colours))), "mask.png")
    assert found.max() == 3
    np.testing.assert_array_equal(found > 0, labels > 0)
    assert "A binary mask: objects that touch have become one." in notes


def test_a_palette_is_read_as_its_colours(labels, tmp_path):
    image = Image.fromarray(labels.astype(np.uint8), mode="P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, *range(100, 130)])
    image.save(tmp_path / "mask.png")
    assert len(np.unique(read_masks([tmp_path / "mask.png"], to_planes(np.zeros(SHAPE)))[0])) == 5


@needs_data
def test_livers_are_one_object_or_a_few():
    for mask in sorted((DATA / "liver_ct/masks").iterdir())[:5]:
        truth = iio.imread(mask)[..., 0] == 180
        found, notes = read_masks([mask], to_planes(np.zeros((512, 512))))
        np.testing.assert_array_equal(found > 0, truth)
        assert found.max() == ndimage.label(truth, np.ones((3, 3)))[1]
        assert len(notes) == 1


@needs_data
def test_all_labels_of_dsb_are_labels_and_no_image_is(tmp_path):
    with (DATA / "dsb2018/index.csv").open() as file:
        rows = list(csv.DictReader(file))[::20]
    for row in rows:
        shape = (int(row["height"]), int(row["width"]))
        found, _ = read_masks([DATA / f"dsb2018/labels/{row['id']}.png"], to_planes(np.zeros(shape)))
        assert np.count_nonzero(np.unique(found)) == int(row["objects"]) or int(row["objects"]) == 1
        with pytest.raises(RefusedError, match="as photographs"):
            read_masks([DATA / f"dsb2018/images/{row['id']}.png"], to_planes(np.zeros(shape)))
        iio.imwrite(tmp_path / "image.jpg", iio.imread(DATA / f"dsb2018/images/{row['id']}.png"))
        with pytest.raises(RefusedError, match="JPEG"):
            read_masks([tmp_path / "image.jpg"], to_planes(np.zeros(shape)))


def blurred(size, radius, blur):
    """Return a probability map of a disc, in 8 bits."""
    y, x = np.mgrid[:size, :size] - size // 2
    return (255 / (1 + np.exp((np.hypot(y, x) - radius) / blur))).astype(np.uint8)


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (RANDOM.random(SHAPE), "It holds fractions"),
        (np.full(SHAPE, np.nan), "no numbers"),
        (np.full(SHAPE, -1.0), "from -1.0 to -1.0; wanted is 0 to"),
        (np.full(SHAPE, -1, np.int16), "from -1 to -1; wanted is 0 to"),
        (np.full(SHAPE, 2**31, np.uint32), "to 2147483648; wanted is 0 to 2,147,483,647"),
        (np.full(SHAPE, 1j), "It holds complex128"),
        (RANDOM.integers(0, 255, SHAPE, np.uint8), "as photographs"),
        (RANDOM.integers(0, 65_535, SHAPE, np.uint16), "as photographs"),
        (RANDOM.integers(0, 255, (*SHAPE, 3), np.uint8), "as photographs"),
        (RANDOM.integers(0, 255, (24, 30), np.uint8), "as photographs"),
        (RANDOM.integers(1, 3, SHAPE, np.uint8), "1 and 2, and no 0"),
        (RANDOM.integers(0, 3, SHAPE, np.uint8), "2 different values in .* parts, as .* classes do"),
        (blurred(64, 20, 2)[:, :60], "The mask is 64 x 60 pixels; wanted is 64 x 80"),
        (np.zeros((2, *SHAPE), np.uint8), "The mask is 2 x 64 x 80 pixels; wanted is 64 x 80"),
        (np.zeros((*SHAPE, 3), np.float32), "3 channels of float32"),
    ],
)
def test_what_is_no_mask_is_refused(read, mask, reason):
    options = {"photometric": "rgb"} if mask.shape[-1] == 3 else {}
    image = np.zeros((24, 30)) if mask.shape == (24, 30) else None
    with pytest.raises(RefusedError, match=reason):
        read(mask, image=image, **options)


@pytest.mark.parametrize(("radius", "blur"), [(60, 2), (60, 10), (200, 60)])
def test_probability_maps_of_any_sharpness_are_refused(read, radius, blur):
    mask = blurred(2 * radius + 80, radius, blur)
    for name in ("map.png", "map.jpg"):
        with pytest.raises(RefusedError, match=r"as photographs|not just black and white"):
            read(mask, name, image=np.zeros(mask.shape))


def test_a_steady_gradient_is_refused_and_a_sheet_of_cells_is_not(read):
    y, x = np.mgrid[:700, :700] - 350
    cone = (255 * np.clip(1 - np.hypot(y, x) / 340, 0, 1)).astype(np.uint8)
    with pytest.raises(RefusedError, match="as photographs"):
        read(cone, image=np.zeros(cone.shape))
    sheet = np.kron(np.arange(1, 101).reshape(10, 10), np.ones((8, 8))).astype(np.uint8)
    found, notes = read(sheet, image=np.zeros(sheet.shape))
    np.testing.assert_array_equal(found, sheet)
    assert notes == ["No pixel is background (0)."]


@pytest.mark.parametrize("mask", [RANDOM.integers(0, 255, SHAPE, np.uint8), paint(np.ones(SHAPE), COLOURS)])
def test_jpeg_that_is_not_black_and_white_is_refused(read, mask):
    with pytest.raises(RefusedError, match=r"wanted is .*PNG or TIFF"):
        read(mask, "mask.jpg")


def test_a_damaged_mask_is_refused(tmp_path):
    path = tmp_path / "mask.png"
    path.write_bytes(b"no image")
    with pytest.raises(RefusedError, match="damaged") as refused:
        read_masks([path], to_planes(np.zeros(SHAPE)))
    assert refused.value.finding.path == path


def test_odd_masks_are_noted(read, labels):
    exchanged = ((labels == 0) * 255).astype(np.uint8)
    assert "exchanged" in read(exchanged)[1][0]
    torn = labels.astype(np.uint8)
    torn[:, 12:14] = 0
    assert "in several parts" in read(torn)[1][0]


@pytest.mark.parametrize(
    ("shape", "axes", "wanted"), [((5, *SHAPE), "ZYX", (5, *SHAPE)), ((3, *SHAPE, 2), "TYXC", (3, *SHAPE))]
)
def test_stacks_are_read_plane_by_plane(read, labels, shape, axes, wanted):
    image = np.zeros(shape, np.uint8)
    stack = np.broadcast_to(labels, wanted).astype(np.uint8)
    found, notes = read(stack, image=image, axes=axes)
    np.testing.assert_array_equal(found, stack)
    assert notes == []
    binary, _ = read((stack > 0).astype(np.uint8), "binary.tif", image=image, axes=axes)
    assert len(np.unique(binary[0])) == 4
    assert binary.max() == 3 * wanted[0]
    with pytest.raises(RefusedError, match="wanted is"):
        read(labels.astype(np.uint8), image=image, axes=axes)


def test_axes_in_another_order_come_back_in_theirs(read, labels):
    stack = np.stack([labels, np.flipud(labels)], axis=-1).astype(np.uint8)
    found, _ = read(stack, image=np.zeros(stack.shape, np.uint8), axes="YXZ")
    np.testing.assert_array_equal(found, stack)


@pytest.fixture
def write_objects(tmp_path):
    """Write binary masks and read them as objects of one image."""

    def write_objects(masks):
        for name, mask in masks.items():
            iio.imwrite(tmp_path / f"{name}.png", (mask * 255).astype(np.uint8))
        paths = [tmp_path / f"{name}.png" for name in masks]
        return read_masks(paths, to_planes(np.zeros(SHAPE)), one_object_each=True)

    return write_objects


def test_files_of_one_object_are_numbered_by_their_names(write_objects, labels):
    found, notes = write_objects({"c": labels == 9, "a": labels == 2, "b": np.isin(labels, (1, 5))})
    np.testing.assert_array_equal(found, np.array([0, 2, 1, 0, 0, 2, 0, 0, 0, 3])[labels])
    assert notes == []


def test_where_objects_overlap_the_first_stays(write_objects, labels):
    both = ndimage.binary_dilation(labels == 1, iterations=2)
    found, notes = write_objects({"1": labels == 2, "2": both, "3": labels * 0, "4": labels == 2, "5": labels == 9})
    assert list(np.unique(found)) == [0, 1, 2, 3]
    np.testing.assert_array_equal(found == 1, labels == 2)
    said = {note.path.name: note.reason for note in notes}
    assert said["3.png"] == "The mask is empty; it adds nothing."
    assert said["4.png"] == "Other masks cover it; it adds nothing."
    overlap = np.count_nonzero(both & (labels == 2)) + np.count_nonzero(labels == 2)
    assert f"overlap in {overlap} pixels" in notes[-1].reason


def test_one_file_of_one_object_may_be_in_parts(write_objects, labels):
    assert write_objects({"1": labels > 0})[0].max() == 1


def test_several_objects_in_one_of_many_files_are_refused(write_objects, labels):
    with pytest.raises(RefusedError, match="one object a file"):
        write_objects({"1": labels == 1, "2": (labels == 2) + 0.5 * (labels == 5)})
