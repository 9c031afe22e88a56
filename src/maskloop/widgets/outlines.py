"""A small picture of an image with the outlines of its objects, coloured by whether they are right."""

import numpy as np
from qtpy.QtGui import QImage, QPixmap

from maskloop.ops.metrics import pairwise_iou

RIGHT, WRONG, MISSED = (86, 180, 233), (213, 94, 0), (240, 228, 66)  # told apart by all eyes (Okabe and Ito 2008)
LEGEND = "blue: right, orange: wrong, yellow: missed"


def picture(image: np.ndarray, labels: np.ndarray, truth: np.ndarray, side: int) -> QPixmap:
    """Draw an image, the outlines of its labels, and those of true objects that no label matches.

    Parameters
    ----------
    image : ndarray of shape (Y, X, C), float
        Around 0 to 1; the mean of its channels is shown.
    labels, truth : ndarray of shape (Y, X), int
    side : int
        In pixels, of the square in the middle that is shown, one pixel each.

    Returns
    -------
    QPixmap
    """
    pixels = np.repeat((255 * image.mean(axis=-1).clip(0, 1)).astype(np.uint8)[..., None], 3, axis=-1)
    right, found = _matching(labels, truth)
    pixels[_outlines(np.where(np.isin(truth, found), 0, truth))] = MISSED
    pixels[_outlines(np.where(np.isin(labels, right), 0, labels))] = WRONG
    pixels[_outlines(np.where(np.isin(labels, right), labels, 0))] = RIGHT
    top, left = (max((n - side) // 2, 0) for n in labels.shape)
    shown = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    height, width, _ = shown.shape
    return QPixmap.fromImage(QImage(shown.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy())


def _matching(labels: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels that match a true object at an IoU above 0.5, and the true objects that they match."""
    matched = (pairwise_iou(labels, truth) > 0.5).tocoo()
    numbers, true_numbers = (np.unique(a[a > 0]) for a in (labels, truth))
    return numbers[matched.row], true_numbers[matched.col]


def _outlines(labels: np.ndarray) -> np.ndarray:
    """Return the pixels of objects that have another object or the background above, below, left or right."""
    padded = np.pad(labels, 1, mode="edge")
    around = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    return (labels > 0) & np.any([labels != other for other in around], axis=0)
