"""What may be wrong with an image and its labels, measured."""

import numpy as np
from scipy import ndimage

from maskloop.ops.judged import box_amid_objects

SEARCHED = 32  # pixels; labels that lie further off are not told from labels of another image
CLEARLY = 1.25  # times as well must labels fit elsewhere
STANDS_OUT = 7.5  # times the median distance from the median at all shifts; the best of noise reaches 7
SMOOTHED = 1.5  # pixels, since outlines drawn by hand are never exact
TOP = 0.02  # share of the range of grey values in which a pile at the highest one stands out
PILE = 3.0  # times as many pixels as there are in the rest of the top
SIDE = 16  # pixels of a thumbnail
YELLOW = (240, 228, 66)


def displacement(grey: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """Return how far labels would have to be moved to lie on the edges of their image.

    The edges of both are correlated at all shifts of up to `SEARCHED` pixels.

    Parameters
    ----------
    grey : ndarray of shape (Y, X), float
    labels : ndarray of shape (Y, X), int

    Returns
    -------
    tuple of int
        Down and to the right, in pixels; (0, 0) unless they fit clearly better elsewhere, and at one place only.
    """
    outline = outlines(labels)
    if not outline.any():
        return 0, 0
    edges = ndimage.gaussian_gradient_magnitude(grey.astype(np.float64), SMOOTHED)
    edges = np.minimum(edges, np.percentile(edges, 99))  # a speck of dust is no reason
    reach = [min(SEARCHED, side // 4) for side in grey.shape]
    fits = _correlation(edges, ndimage.gaussian_filter(outline.astype(np.float64), SMOOTHED), reach)
    best = np.unravel_index(np.argmax(fits), fits.shape)
    here = fits[reach[0], reach[1]]
    usual = np.median(fits)
    if fits[best] <= CLEARLY * max(here, 0.0) or fits[best] - usual <= STANDS_OUT * np.median(np.abs(fits - usual)):
        return 0, 0
    return int(best[0]) - reach[0], int(best[1]) - reach[1]


def outlines(labels: np.ndarray) -> np.ndarray:
    """Mark the pixels of labels of shape (Y, X) that differ from the one above or to the left."""
    marked = np.zeros(labels.shape, bool)
    marked[1:] |= labels[1:] != labels[:-1]
    marked[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    return marked


def between_share(labels: np.ndarray) -> float:
    """Return the share of the pixels of objects that have lower and higher numbers around them.

    Interpolation puts a rim of numbers in between around each object. Of true labels these are the few pixels in
    which an object touches both the background and an object of a higher number, or two objects.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int

    Returns
    -------
    float

    Examples
    --------
    >>> between_share(np.array([[0, 2, 2, 2, 0]])), between_share(np.array([[0, 1, 2, 1, 0]]))
    (0.0, 0.6666666666666666)
    """
    inside = labels > 0
    lower = ndimage.minimum_filter(labels, 3) < labels
    higher = ndimage.maximum_filter(labels, 3) > labels
    return float(np.count_nonzero(lower & higher & inside) / max(int(np.count_nonzero(inside)), 1))


def _correlation(image: np.ndarray, moved: np.ndarray, reach: list[int]) -> np.ndarray:
    """Correlate two images at all shifts of one of them within reach."""
    size = [n + r for n, r in zip(image.shape, reach, strict=True)]
    spectrum = np.fft.rfft2(image - image.mean(), size) * np.conj(np.fft.rfft2(moved - moved.mean(), size))
    everywhere = np.fft.irfft2(spectrum, size)
    rows, columns = (np.arange(-r, r + 1) % n for r, n in zip(reach, size, strict=True))
    return everywhere[np.ix_(rows, columns)]


def clipped_share(grey: np.ndarray) -> float:
    """Return the share of the pixels that pile up at the highest value, as where a camera was overexposed.

    Parameters
    ----------
    grey : ndarray, any real dtype

    Returns
    -------
    float
        0 where the highest value is no pile, and where there are too few grey values to tell.
    """
    low, high = float(grey.min()), float(grey.max())
    if (grey.dtype.kind in "ui" and TOP * (high - low) < 1) or low == high:
        return 0.0
    top = np.count_nonzero(grey >= high - TOP * (high - low))
    at_highest = np.count_nonzero(grey == grey.max())
    return at_highest / grey.size if at_highest > PILE * (top - at_highest) else 0.0


def thumbnail(grey: np.ndarray) -> np.ndarray:
    """Return a small picture to compare images by: float32 of length `SIDE` ** 2, mean 0 and length 1.

    The correlation of two images is the dot product of their thumbnails; that of a constant image is all 0.
    """
    small = ndimage.zoom(
        ndimage.uniform_filter(grey.astype(np.float32), [max(n // SIDE, 1) for n in grey.shape]),
        [SIDE / n for n in grey.shape],
        order=1,
        grid_mode=True,
        mode="nearest",
    ).ravel()
    small -= small.mean()
    length = float(np.linalg.norm(small))
    return small / length if length > 0 else small


def draw_outlines(pixels: np.ndarray, labels: np.ndarray, side: int) -> np.ndarray:
    """Draw an image in grey where most objects are, or else its middle, and their outlines in yellow.

    Parameters
    ----------
    pixels : ndarray of shape (Y, X, C)
    labels : ndarray of shape (Y, X), int
    side : int
        Of the picture in pixels, at most.

    Returns
    -------
    ndarray of shape (Y, X, 3), uint8
    """
    top, left = (max((n - side) // 2, 0) for n in labels.shape)
    box = box_amid_objects(labels, None, side) if labels.any() else np.s_[top : top + side, left : left + side]
    grey, labels = np.nan_to_num(pixels[..., :3].mean(axis=-1))[box], labels[box]
    low, high = np.percentile(grey, (1, 99.5))
    shown = (255 * ((grey - low) / max(high - low, 1e-9)).clip(0, 1)).astype(np.uint8)
    picture = np.repeat(shown[..., None], 3, axis=-1)
    picture[outlines(labels)] = YELLOW
    return picture
