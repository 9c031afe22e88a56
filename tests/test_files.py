"""Images and labels in files: good ones, bad ones, and disks that are full."""

import os
import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from PIL import Image

from maskloop.errors import InputError
from maskloop.files import image_name, list_images, read_image, read_labels, write_labels

NOISE = np.random.default_rng(0).integers(0, 255, (64, 48), np.uint8)


@pytest.mark.parametrize("suffix", [".tif", ".TIFF", ".png", ".bmp"])
@pytest.mark.parametrize("colours", [(), (3,)])
def test_images_are_read_as_they_were_written(tmp_path, suffix, colours):
    image = np.random.default_rng(0).integers(0, 255, (30, 40, *colours), np.uint8)
    path = tmp_path / f"image{suffix}"
    tifffile.imwrite(path, image) if "tif" in suffix.lower() else iio.imwrite(path, image)
    read, axes = read_image(path)
    np.testing.assert_array_equal(read, image)
    assert axes in (None, "YXC" if colours else "YX")


def test_png_keeps_16_bits(tmp_path):
    image = NOISE.astype(np.uint16) * 257
    iio.imwrite(tmp_path / "image.png", image)
    np.testing.assert_array_equal(read_image(tmp_path / "image.png")[0], image)


@pytest.mark.parametrize(("axes", "shape"), [("TYX", (5, 8, 9)), ("ZCYX", (3, 2, 8, 9)), ("TZCYX", (2, 3, 2, 8, 9))])
def test_axes_that_a_file_names_are_read(tmp_path, axes, shape):
    tifffile.imwrite(tmp_path / "image.tif", np.zeros(shape, np.uint8), ome=True, metadata={"axes": axes})
    assert read_image(tmp_path / "image.tif")[1] == axes


@pytest.mark.parametrize("share", [0, 0.01, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("suffix", [".png", ".tif", " packed.tif", ".jpg", ".bmp"])
def test_a_truncated_image_is_refused(tmp_path, suffix, share):
    path = tmp_path / f"image{suffix}"
    if "tif" in suffix:
        tifffile.imwrite(path, NOISE, compression="zlib" if "packed" in suffix else None)
    else:
        iio.imwrite(path, NOISE)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputError, match="damaged or not the image that its name says"):
        read_image(path)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_text_named_like_an_image_is_refused(tmp_path, suffix):
    (tmp_path / f"image{suffix}").write_text("This is no image.\n" * 100)
    with pytest.raises(InputError, match="damaged or not the image"):
        read_image(tmp_path / f"image{suffix}")


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits"])
def test_tiff_is_read_however_it_is_compressed(tmp_path, compression):
    Image.fromarray(NOISE).save(tmp_path / "image.tif", compression=compression)
    np.testing.assert_array_equal(read_image(tmp_path / "image.tif")[0], NOISE)


def test_a_black_and_white_tiff_of_fax_machines_is_read(tmp_path):
    Image.fromarray(NOISE > 99).save(tmp_path / "mask.tif", compression="group4")
    np.testing.assert_array_equal(read_image(tmp_path / "mask.tif")[0] > 0, NOISE > 99)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".NII.GZ"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_a_volume_is_read_as_a_stack_of_its_slices(tmp_path, suffix, dtype):
    import nibabel

    stack = np.random.default_rng(0).integers(0, 200, (5, 30, 40)).astype(dtype)  # slices, down, to the right
    nibabel.Nifti1Image(stack.T, np.eye(4)).to_filename(tmp_path / f"ct.volume{suffix.lower()}")
    path = (tmp_path / f"ct.volume{suffix.lower()}").rename(tmp_path / f"ct.volume{suffix}")
    image, axes = read_image(path)
    np.testing.assert_array_equal(image, stack)
    assert axes == "ZYX"
    assert image.dtype == (np.float32 if dtype == np.float64 else dtype)
    assert list_images(tmp_path) == [path]
    assert image_name(path) == "ct.volume"


def test_large_numbers_of_labels_in_a_volume_stay_apart(tmp_path):
    import nibabel

    labels = 2.0**24 + np.arange(60).reshape(3, 4, 5)  # as floats, of which the short ones merge these
    nibabel.Nifti1Image(labels.T, np.eye(4)).to_filename(tmp_path / "labels.nii")
    np.testing.assert_array_equal(read_labels(tmp_path / "labels.nii"), labels)


def test_a_damaged_volume_is_refused(tmp_path):
    (tmp_path / "ct.nii.gz").write_bytes(b"no volume" * 100)
    with pytest.raises(InputError, match=r"ct\.nii\.gz is damaged"):
        read_image(tmp_path / "ct.nii.gz")


def test_what_is_no_image_is_refused_by_its_name(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(InputError, match="wanted is TIFF, PNG, JPEG, BMP or NIfTI"):
        read_image(tmp_path / "notes.txt")


@pytest.mark.parametrize("name", ["nothing.png", "folder.png"])
def test_a_missing_file_is_refused(tmp_path, name):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="no file"):
        read_image(tmp_path / name)


def test_images_of_a_folder_are_listed_by_name(tmp_path):
    for name in ("b.PNG", "a.tif", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in list_images(tmp_path)] == ["a.tif", "b.PNG"]


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("floats.tif", NOISE.astype(np.float32)),
        ("colours.png", np.repeat(NOISE[..., None], 3, axis=-1)),
        ("colours.tif", np.repeat(NOISE[..., None], 3, axis=-1)),
        ("transparent.png", np.repeat(NOISE[..., None], 4, axis=-1)),
        ("negative.tif", -NOISE.astype(np.int16)),
        ("too large.tif", NOISE.astype(np.uint32) + 2**31),
        ("binary.tif", NOISE > 100),
        ("row.tif", NOISE[0]),
    ],
)
def test_what_are_no_labels_is_refused(tmp_path, name, image):
    path = tmp_path / name
    tifffile.imwrite(path, image) if "tif" in name else iio.imwrite(path, image)
    with pytest.raises(InputError, match=f"{name}.*wanted"):
        read_labels(path)


@pytest.mark.parametrize(
    ("highest", "dtype"), [(0, np.uint16), (65_535, np.uint16), (65_536, np.uint32), (2**31 - 1, np.uint32)]
)
def test_labels_come_back_in_the_smallest_type_that_holds_them(tmp_path, highest, dtype):
    labels = np.zeros((30, 40), np.int32)
    labels[3:9, 4:8] = highest
    write_labels(tmp_path / "labels.tif", labels)
    assert tifffile.imread(tmp_path / "labels.tif").dtype == dtype
    read = read_labels(tmp_path / "labels.tif")
    assert read.dtype == np.int32
    np.testing.assert_array_equal(read, labels)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (40, 3), (5, 30, 40), (3, 30, 40), (4, 30, 40), (9, 30, 3)])
def test_labels_of_any_shape_come_back_and_are_never_colours(tmp_path, shape):
    labels = np.random.default_rng(0).integers(0, 9, shape).astype(np.int32)
    write_labels(tmp_path / "labels.tif", labels)
    np.testing.assert_array_equal(read_labels(tmp_path / "labels.tif"), labels)
    with tifffile.TiffFile(tmp_path / "labels.tif") as file:
        assert file.pages[0].photometric.name == "MINISBLACK"


# In a process of its own, since pytest's report may go to a file that is longer already.
ON_A_FULL_DISK = """
import os, resource, sys
from pathlib import Path
import numpy as np
import tifffile
from maskloop.errors import explain
from maskloop.files import write_atomically, write_labels

path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    if sys.argv[2] == "labels":
        write_labels(path, np.random.default_rng(0).integers(0, 9999, (200, 200)))
    else:
        write_atomically(path, os.urandom(5000))
except OSError as error:
    print(explain(error))
"""


@pytest.mark.skipif(os.name != "posix", reason="only Unix can limit the size of a file")
@pytest.mark.parametrize("kind", ["labels", "bytes"])
def test_a_full_disk_leaves_the_old_file_whole_and_nothing_beside_it(tmp_path, kind):
    path = tmp_path / "labels.tif"
    write_labels(path, np.ones((5, 5), np.int32))
    before = path.read_bytes()
    command = [sys.executable, "-c", ON_A_FULL_DISK, str(path), kind]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "file" in said
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_target_that_is_a_folder_is_left_alone(tmp_path):
    (tmp_path / "labels.tif").mkdir()
    with pytest.raises(OSError, match=r"labels\.tif"):
        write_labels(tmp_path / "labels.tif", np.ones((5, 5), np.int32))
    assert [path.name for path in tmp_path.iterdir()] == ["labels.tif"]
