"""Pictures of a judged image, as data that a page holds in itself."""

import base64

import numpy as np

from maskloop.ops.judged import judged_part
from maskloop.ops.normalise import normalise
from maskloop.ops.overlay import draw_mistakes, matching_objects
from maskloop.reporting.judged_image import JudgedImage

SIDE = 400  # pixels at most
THINNEST = 200  # share of the side, outlines that are still seen where four pictures share a line
BEHIND = 0.7  # of its brightness, behind outlines
DIMMED = 0.35  # of its brightness, where nothing is known of an image
# Told apart by all eyes (Okabe and Ito 2008).
COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
BLACK, NO_MATCH = (0, 0, 0), (187, 187, 187)


def draw_pictures(judged: JudgedImage) -> dict[str, str]:
    """Draw an image, its truth, what was found and the mistakes, as far as the truth is known.

    Returns
    -------
    dict of str to str
        Data URIs of PNG files, by title; no image where only labels are known.
    """
    box = np.s_[:, :] if judged.reviewed is None else _box_of(judged.reviewed)
    labels, truth = (part[box] for part in judged_part(judged.labels, judged.truth, judged.reviewed))
    step = -(-max(labels.shape) // SIDE)
    labels, truth = labels[::step, ::step], truth[::step, ::step]
    grey = np.zeros((*labels.shape, 1)) if judged.image is None else _shrink(_grey(judged)[box], step)
    pictures = {} if judged.image is None else {"image": _as_bytes(grey[..., 0])}
    pictures["truth"] = _colour(truth)
    pictures["prediction"] = _colour(_number_alike(labels, truth))
    pictures["mistakes"] = draw_mistakes(BEHIND * grey, labels, truth, -(-max(labels.shape) // THINNEST))
    return {title: _data_uri(pixels) for title, pixels in pictures.items()}


def _box_of(mask: np.ndarray) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _grey(judged: JudgedImage) -> np.ndarray:
    """Return the image as grey values around 0 to 1, of shape (Y, X, 1)."""
    assert judged.image is not None
    grey = normalise(judged.image).clip(0, 1).mean(axis=-1, keepdims=True)
    return grey if judged.reviewed is None else np.where(judged.reviewed[..., None], grey, DIMMED * grey)


def _shrink(image: np.ndarray, step: int) -> np.ndarray:
    """Return the means of squares, those at the far edges of what is left."""
    sums = image
    for axis in (0, 1):
        starts = np.arange(0, image.shape[axis], step)
        sizes = np.diff([*starts, image.shape[axis]]).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        sums = np.add.reduceat(sums, starts, axis=axis) / sizes
    return sums


def _number_alike(labels: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give objects the numbers of the true ones that they match, so that both get one colour, and -1 to others."""
    numbered = np.where(labels > 0, -1, 0)
    for number, true_number in zip(*matching_objects(labels, truth), strict=True):
        numbered[labels == number] = true_number
    return numbered


def _colour(labels: np.ndarray) -> np.ndarray:
    colours = np.array([*COLOURS, BLACK, NO_MATCH], np.uint8)
    return colours[np.where(labels > 0, labels % len(COLOURS), np.where(labels == 0, -2, -1))]


def _as_bytes(grey: np.ndarray) -> np.ndarray:
    return np.round(255 * grey).astype(np.uint8)


def _data_uri(pixels: np.ndarray) -> str:
    import imageio.v3 as iio

    return f"data:image/png;base64,{base64.b64encode(iio.imwrite('<bytes>', pixels, extension='.png')).decode()}"
