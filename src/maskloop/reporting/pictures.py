"""Pictures of a judged image, as data that a page holds in itself."""

import base64
from typing import Any

import numpy as np

from maskloop.ops.overlay import displayed
from maskloop.reporting.judged_image import JudgedImage
from maskloop.reporting.kind import Kind

SIDE = 400  # pixels at most
BEHIND = 0.7  # of its brightness, behind mistakes
DIMMED = 0.35  # of its brightness, where nothing is known of an image


def draw_pictures(kind: Kind[Any], judged: JudgedImage) -> dict[str, str]:
    """Draw an image, its truth, what was found and the mistakes, as far as the truth is known.

    Returns
    -------
    dict of str to str
        Data URIs of PNG files, by title; no image where only labels are known.
    """
    box = np.s_[:, :] if judged.reviewed is None else _box_of(judged.reviewed)
    parts = kind.judged_part(judged.labels, judged.truth, judged.reviewed)
    labels, truth = (part[box] for part in parts)
    step = -(-max(labels.shape) // SIDE)
    labels, truth = labels[::step, ::step], truth[::step, ::step]
    shown = np.zeros((*labels.shape, 1)) if judged.image is None else _shrink(_shown(judged)[box], step)
    pictures = {} if judged.image is None else {"image": _as_bytes(shown)}
    pictures |= kind.draw(BEHIND * shown, labels, truth)
    return {title: _data_uri(pixels) for title, pixels in pictures.items()}


def _box_of(mask: np.ndarray) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _shown(judged: JudgedImage) -> np.ndarray:
    """Return the image from 0 to 1, in colour or with one channel, and darker where it is not reviewed."""
    assert judged.image is not None
    shown = displayed(judged.image)
    return shown if judged.reviewed is None else np.where(judged.reviewed[..., None], shown, DIMMED * shown)


def _shrink(image: np.ndarray, step: int) -> np.ndarray:
    """Return the means of squares, those at the far edges of what is left."""
    sums = image
    for axis in (0, 1):
        starts = np.arange(0, image.shape[axis], step)
        sizes = np.diff([*starts, image.shape[axis]]).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        sums = np.add.reduceat(sums, starts, axis=axis) / sizes
    return sums


def _as_bytes(shown: np.ndarray) -> np.ndarray:
    """Return pixels as a PNG file takes them: without an axis where there is one channel."""
    pixels = np.round(255 * shown).astype(np.uint8)
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels


def _data_uri(pixels: np.ndarray) -> str:
    import imageio.v3 as iio

    return f"data:image/png;base64,{base64.b64encode(iio.imwrite('<bytes>', pixels, extension='.png')).decode()}"
