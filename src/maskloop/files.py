"""Images and labels in files: found by format, read with their axes, written whole or not at all."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from maskloop.errors import InputError

TIFF_SUFFIXES = frozenset({".tif", ".tiff"})
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp"})
VOLUME_SUFFIXES = (".nii", ".nii.gz")
LARGEST_EXACT = 2**24  # up to here, float32 holds all whole numbers
FORMATS = "TIFF, PNG, JPEG, BMP or NIfTI"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file by a temporary one beside it and a rename, so that a reader never sees half of it."""
    with replacing(path) as temporary, temporary.open("xb") as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Offer a path beside `path` to write to; it takes the place of `path` if nothing went wrong."""
    temporary = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Wait until what was made or renamed in a folder outlasts a power cut, where the system can promise it."""
    with contextlib.suppress(OSError):  # Windows opens no folders, and some file systems sync none
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_image(path: Path) -> bool:
    """Whether a file's name says that it is an image of a format that can be read."""
    return path.suffix.lower() in TIFF_SUFFIXES | PICTURE_SUFFIXES or is_volume(path)


def is_volume(path: Path) -> bool:
    """Whether a file's name says that it is NIfTI, as tomographs write it."""
    return path.name.lower().endswith(VOLUME_SUFFIXES)


def image_name(path: Path) -> str:
    """Return the name of an image file without what says its format.

    Examples
    --------
    >>> image_name(Path("a.b.tif")), image_name(Path("c.nii.gz"))
    ('a.b', 'c')
    """
    return path.with_suffix("").stem if path.name.lower().endswith(".nii.gz") else path.stem


def list_images(folder: Path) -> list[Path]:
    """List the image files of a folder by name, hidden ones left out."""
    return sorted(p for p in folder.iterdir() if is_image(p) and not p.name.startswith("."))


def read_image(path: Path) -> tuple[np.ndarray, str | None]:
    """Read an image and the axes that its file names.

    Parameters
    ----------
    path : Path
        TIFF, PNG, JPEG or BMP, or a volume as NIfTI.

    Returns
    -------
    image : ndarray
    axes : str or None
        One letter an axis, C for channels and colours; None where the file does not say.

    Raises
    ------
    InputError
        If there is no such file, or it is not an image that can be read.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    if not is_image(path):
        raise InputError(f"{path} is not an image that can be read; wanted is {FORMATS}.")
    try:
        if path.suffix.lower() in TIFF_SUFFIXES:
            return _read_tiff(path)
        if is_volume(path):
            return _read_nifti(path)
        import imageio.v3 as iio

        image = np.asarray(iio.imread(path, plugin="pillow"))
        if image.ndim == 3 and image.shape[-1] == 2:  # grey and alpha
            image = image[..., 0]
        return image, {2: "YX", 3: "YXC"}.get(image.ndim)
    except MemoryError:
        raise InputError(f"{path} does not fit into memory.") from None
    except Exception as error:  # the readers raise whatever a damaged file leads them to
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is damaged or not the image that its name says: {reason}") from error


def _read_tiff(path: Path) -> tuple[np.ndarray, str | None]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        image = series.asarray()
        # tifffile writes S for colours and Q or I for what it knows nothing of.
        axes = series.axes.replace("S", "C") if "C" not in series.axes else series.axes
    known = len(axes) == image.ndim and len(set(axes)) == len(axes) and {"Y", "X"} <= set(axes)
    return image, axes if known else None


def _read_nifti(path: Path) -> tuple[np.ndarray, str | None]:
    """Read a volume slice by slice: of NIfTI the first axis goes to the right, the third through the slices."""
    import nibabel

    volume = nibabel.load(path)
    assert isinstance(volume, nibabel.spatialimages.SpatialImage)
    stored = np.asarray(volume.dataobj)
    # Half as large, where that merges no numbers of labels.
    fits = stored.dtype == np.float64 and not stored.max(initial=0) > LARGEST_EXACT
    image = stored.astype(np.float32) if fits else stored
    return np.ascontiguousarray(image.T), {2: "YX", 3: "ZYX", 4: "TZYX"}.get(image.ndim)


def write_image(path: Path, image: np.ndarray, axes: str) -> None:
    """Write an image as a compressed TIFF that is read back as it is.

    Parameters
    ----------
    path : Path
    image : ndarray
    axes : str
        One letter an axis; a last axis C is colour.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; an older file of that name is still whole then.
    """
    import tifffile

    colour = axes.endswith("C") and image.shape[-1] in (3, 4) and image.dtype in (np.uint8, np.uint16)
    # Without a photometric interpretation, three or four planes would be written as colours.
    kind = "rgb" if colour else "minisblack"
    names = axes[:-1] + "S" if colour else axes
    with replacing(path) as temporary:
        tifffile.imwrite(temporary, image, photometric=kind, compression="zlib", metadata={"axes": names})


def read_labels(path: Path) -> np.ndarray:
    """Read instance labels.

    Parameters
    ----------
    path : Path
        An integer image of one channel, 0 for background.

    Returns
    -------
    ndarray, int32

    Raises
    ------
    InputError
        If the file cannot be read, or holds anything but labels.
    """
    return _read_whole_numbers(path, "ui", "are instance labels: whole numbers in one channel, 0 for background")


def read_mask(path: Path) -> np.ndarray:
    """Read a mask of foreground or of classes.

    Parameters
    ----------
    path : Path
        An integer or black and white image of one channel, 0 for background.

    Returns
    -------
    ndarray, int32

    Raises
    ------
    InputError
        If the file cannot be read, or holds anything but a mask.
    """
    wanted = "is the class of each pixel as a whole number in one channel, 0 for background"
    return _read_whole_numbers(path, "uib", f"{wanted}. Threshold probabilities first, or take the most probable class")


def _read_whole_numbers(path: Path, kinds: str, wanted: str) -> np.ndarray:
    numbers, axes = read_image(path)
    if is_volume(path) and (numbers == np.rint(numbers)).all():  # which often holds whole numbers as floats
        numbers = numbers.astype(np.int64)
    colour = "C" in axes if axes else numbers.ndim == 3 and numbers.shape[-1] in (3, 4)
    if numbers.dtype.kind not in kinds or numbers.ndim < 2 or numbers.size == 0 or colour:
        raise InputError(f"{path} holds {numbers.dtype} of shape {numbers.shape}; wanted {wanted}.")
    if numbers.min() < 0 or numbers.max() > np.iinfo(np.int32).max:
        raise InputError(f"{path} holds labels from {numbers.min()} to {numbers.max()}; wanted is 0 and above.")
    return numbers.astype(np.int32)


def write_labels(path: Path, labels: np.ndarray) -> None:
    """Write labels as a compressed TIFF: uint16, or uint32 past 65,535.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; an older file of that name is still whole then.
    """
    import tifffile

    dtype = np.uint16 if labels.max(initial=0) <= np.iinfo(np.uint16).max else np.uint32
    with replacing(path) as temporary:
        # Without this, three or four planes or columns would be written as colours.
        tifffile.imwrite(temporary, labels.astype(dtype), photometric="minisblack", compression="zlib")
