"""An image with the outlines of its objects, or with its pixels, coloured by whether they are right."""

import numpy as np

from maskloop.ops.metrics import match, pairwise_iou
from maskloop.ops.normalise import normalise
from maskloop.ops.objects import number_densely

RIGHT, WRONG, MISSED = (86, 180, 233), (213, 94, 0), (240, 228, 66)  # told apart by all eyes (Okabe and Ito 2008)
LEGEND = "blue: right, orange: wrong, yellow: missed"
TINT = 0.75  # of a pixel's colour


def draw_mistakes(image: np.ndarray, labels: np.ndarray, truth: np.ndarray, width: int = 1) -> np.ndarray:
    """Draw an image, the outlines of its labels, and those of true objects that no label matches.

    Parameters
    ----------
    image : ndarray of shape (Y, X, C), float
        Around 0 to 1; shown as `shown_channels` has it.
    labels, truth : ndarray of shape (Y, X), int
    width : int
        Of the outlines, in pixels, inwards.

    Returns
    -------
    ndarray of shape (Y, X, 3), uint8
    """
    return draw_pairs(image, *pair_up(labels, truth), width)


def draw_pairs(image: np.ndarray, labels: np.ndarray, truth: np.ndarray, width: int = 1) -> np.ndarray:
    """Draw as `draw_mistakes` does what `pair_up` has numbered, or a part of it.

    Parameters
    ----------
    image : ndarray of shape (Y, X, C), float
    labels, truth : ndarray of shape (Y, X), int
        Positive where they match, negative where they do not.
    width : int

    Returns
    -------
    ndarray of shape (Y, X, 3), uint8
    """
    pixels = _as_rgb(image)
    pixels[_outlines(-truth, width)] = MISSED
    pixels[_outlines(-labels, width)] = WRONG
    pixels[_outlines(labels, width)] = RIGHT
    return pixels


def tint_mistakes(image: np.ndarray, right: np.ndarray, wrong: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """Draw an image, with pixels tinted in the colours of `draw_mistakes`.

    Parameters
    ----------
    image : ndarray of shape (Y, X, C), float
        Around 0 to 1; shown as `shown_channels` has it.
    right, wrong, missed : ndarray of shape (Y, X), bool

    Returns
    -------
    ndarray of shape (Y, X, 3), uint8
    """
    pixels = _as_rgb(image)
    for where, colour in ((right, RIGHT), (wrong, WRONG), (missed, MISSED)):
        pixels[where] = (1 - TINT) * pixels[where] + TINT * np.array(colour)
    return pixels


def matching_objects(labels: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels that match a true object at an IoU of at least 0.5, and the true objects that they match.

    Examples
    --------
    >>> matching_objects(np.array([[3, 3, 3, 0, 5]]), np.array([[7, 7, 7, 7, 0]]))
    (array([3]), array([7]))
    """
    rows, columns = match(pairwise_iou(labels, truth), 0.5)
    numbers, true_numbers = (np.unique(a[a > 0]) for a in (labels, truth))
    return numbers[rows], true_numbers[columns]


def pair_up(labels: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give labels the numbers of the true objects that they match, and negate the numbers of all that match nothing.

    What matches is still known then where only some of the pixels are shown.

    Parameters
    ----------
    labels, truth : ndarray of shape (Y, X), int

    Returns
    -------
    labels, truth : ndarray of shape (Y, X), int64

    Examples
    --------
    >>> pair_up(np.array([[3, 3, 3, 0, 5]]), np.array([[7, 7, 7, 7, 0]]))
    (array([[ 7,  7,  7,  0, -5]]), array([[7, 7, 7, 7, 0]]))
    """
    right, found = matching_objects(labels, truth)
    return _renumber(labels, right, found), _renumber(truth, found, found)


def displayed(image: np.ndarray) -> np.ndarray:
    """Bring an image to what is displayed of it; red, green and blue together, or all colours would shift.

    Parameters
    ----------
    image : ndarray of shape (Y, X, C)
        Any real dtype.

    Returns
    -------
    ndarray of shape (Y, X, 3) or (Y, X, 1), float32
        0 to 1.
    """
    if image.shape[-1] not in (3, 4):
        return shown_channels(normalise(image).clip(0, 1))
    colours = shown_channels(image)
    return normalise(colours.reshape(len(colours), -1, 1)).reshape(colours.shape).clip(0, 1)


def shown_channels(image: np.ndarray) -> np.ndarray:
    """Return red, green and blue as they are, without how opaque they are; other channels as their mean.

    Parameters
    ----------
    image : ndarray of shape (Y, X, C)

    Returns
    -------
    ndarray of shape (Y, X, 3) or (Y, X, 1)

    Examples
    --------
    >>> [shown_channels(np.zeros((4, 5, channels))).shape for channels in (4, 3, 2)]
    [(4, 5, 3), (4, 5, 3), (4, 5, 1)]
    """
    return image[..., :3] if image.shape[-1] in (3, 4) else image.mean(axis=-1, keepdims=True)


def _renumber(labels: np.ndarray, right: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Give objects that are right other numbers, and negate those of the others."""
    known, dense = number_densely(labels)
    new = -known.astype(np.int64)
    new[np.searchsorted(known, right)] = numbers
    return new[dense]


def _as_rgb(image: np.ndarray) -> np.ndarray:
    shown = (255 * shown_channels(image).clip(0, 1)).astype(np.uint8)
    return np.array(np.broadcast_to(shown, (*image.shape[:2], 3)))


def _outlines(labels: np.ndarray, width: int) -> np.ndarray:
    """Return the pixels of objects that have another object or the background so near: above, below, left or right."""
    padded = np.pad(labels, width, mode="edge")
    height, length = labels.shape
    outline = np.zeros(labels.shape, bool)
    for shift in range(1, width + 1):
        for down, right in ((shift, 0), (-shift, 0), (0, shift), (0, -shift)):
            rows, columns = slice(width + down, width + down + height), slice(width + right, width + right + length)
            outline |= padded[rows, columns] != labels
    return (labels > 0) & outline
