"""A mask file to whole numbers: read from any format, colours numbered, and JPEG made black and white again."""

from pathlib import Path

import numpy as np

from maskloop.errors import InputError
from maskloop.files import read_image
from maskloop.ops.axes import Planes, guess_axes, to_planes

JPEG_SUFFIXES = (".jpg", ".jpeg")
# Of a binary mask of nuclei (DSB 2018) saved as JPEG of quality 50, 3 % of the pixels are further than an eighth from
# black and white, at most 0.17 for each white one; no photograph of 666 saved so is taken for a mask.
MOST_BETWEEN, MOST_BETWEEN_FOR_WHITE = 0.05, 0.25  # share of the pixels of a JPEG mask, and for each white one
WEAKEST = 64  # contrast of a JPEG mask
COLOUR_NOISE = 8  # differences between the channels of a grey JPEG


def read_numbers(path: Path, planes: Planes) -> tuple[np.ndarray, list[str]]:
    """Read a mask as whole numbers.

    Parameters
    ----------
    path : Path
    planes : Planes
        The image.

    Returns
    -------
    numbers : ndarray of shape (P, Y, X), int
        As in the file; colours are numbered, and the background is 0.
    notes : list of str
        What is to be said of it.

    Raises
    ------
    InputError
        If the file cannot be read, is of another size than the image, or holds neither whole numbers nor colours.
    """
    mask, axes = read_image(path)
    notes: list[str] = []
    is_jpeg = path.suffix.lower() in JPEG_SUFFIXES
    if mask.dtype.kind == "b":
        mask = mask.astype(np.uint8)
    # The right shape comes first: tifffile takes stacks of three or four planes for colours.
    if mask.shape != planes.labels_shape and "C" in (axes := axes or guess_axes(mask.shape)):
        if axes[-1] != "C":
            raise InputError(f"It has {mask.shape[axes.index('C')]} channels one after the other; wanted is one.")
        mask, notes = _number_colours(mask, is_jpeg)
    if mask.shape != planes.labels_shape:
        wanted = _size(planes.labels_shape)
        raise InputError(f"The mask is {_size(mask.shape)} pixels; wanted is {wanted}, the size of its image.")
    mask = _whole_numbers(mask)
    if is_jpeg:
        mask = _without_noise(mask)
        notes = ["A mask saved as JPEG: the brighter half of its grey values is taken for white."]
    return to_planes(mask, planes.axes.replace("C", "")).pixels[..., 0], notes


def _whole_numbers(mask: np.ndarray) -> np.ndarray:
    if mask.dtype.kind not in "uif":
        raise InputError(f"It holds {mask.dtype}; wanted is one whole number a pixel, 0 for background.")
    if not np.isfinite(mask).all():
        raise InputError("It holds values that are no numbers (NaN or infinite); wanted is 0 for background.")
    if mask.dtype.kind == "f" and (mask != np.rint(mask)).any():
        raise InputError("It holds fractions, as probabilities and images do; wanted is one whole number a pixel.")
    if mask.min() < 0 or mask.max() > np.iinfo(np.int32).max:
        raise InputError(f"It goes from {mask.min()} to {mask.max()}; wanted is 0 to 2,147,483,647.")
    return mask.astype(np.int32) if mask.dtype.kind == "f" else mask


def _number_colours(pixels: np.ndarray, is_jpeg: bool) -> tuple[np.ndarray, list[str]]:
    """Give each colour of a mask a number, the background 0; greys stay the numbers that they are."""
    if pixels.shape[-1] not in (1, 3, 4) or pixels.dtype.kind not in "ui":
        raise InputError(f"It has {pixels.shape[-1]} channels of {pixels.dtype}; wanted is one, or colours.")
    colours = pixels[..., :3].astype(np.int64)
    if pixels.shape[-1] == 4 and (opaque := pixels[..., 3] > 0).any():
        colours *= opaque[..., None]
        if not colours.any() and not opaque.all():  # black on nothing
            return opaque.astype(np.uint8), []
    spread = int((colours.max(axis=-1) - colours.min(axis=-1)).max(initial=0))
    if spread <= (COLOUR_NOISE if is_jpeg else 0):
        return colours[..., 0], []
    if is_jpeg:
        raise InputError("JPEG blurs the colours of a mask; wanted is PNG or TIFF.")
    codes, numbers, counts = np.unique(
        colours @ np.array([1 << 32, 1 << 16, 1]), return_inverse=True, return_counts=True
    )
    numbers = numbers.reshape(pixels.shape[:-1])
    if codes[0] == 0:  # black
        return numbers, []
    background = int(counts.argmax())
    red, green, blue = (int(codes[background]) >> shift & 0xFFFF for shift in (32, 16, 0))
    note = f"Nothing is black: the most common colour ({red}, {green}, {blue}) is taken for background."
    return np.where(numbers == background, 0, numbers + 1), [note]


def _without_noise(grey: np.ndarray) -> np.ndarray:
    low, high = int(grey.min()), int(grey.max())
    if low == high:
        return np.full(grey.shape, high > 127, np.uint8)
    margin = (high - low) / 8
    white = float(np.mean(grey >= high - margin))
    between = 1 - white - float(np.mean(grey <= low + margin))
    if high - low < WEAKEST or between > min(MOST_BETWEEN, MOST_BETWEEN_FOR_WHITE * white):
        raise InputError("It is not just black and white, and JPEG changes numbers; wanted is a mask as PNG or TIFF.")
    return (grey > (low + high) / 2).astype(np.uint8)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
