"""A small picture of an image with the outlines of its objects, coloured by whether they are right."""

import numpy as np
from qtpy.QtGui import QImage, QPixmap

from maskloop.ops.judged import box_amid_objects
from maskloop.ops.overlay import draw_mistakes


def picture(image: np.ndarray, labels: np.ndarray, truth: np.ndarray, side: int) -> QPixmap:
    """Draw an image, the outlines of its labels, and those of true objects that no label matches.

    Parameters
    ----------
    image : ndarray of shape (Y, X, C), float
        Around 0 to 1; the mean of its channels is shown.
    labels, truth : ndarray of shape (Y, X), int
    side : int
        In pixels, of the square amid the true objects that is shown, one pixel each.

    Returns
    -------
    QPixmap
    """
    pixels = draw_mistakes(image, labels, truth)
    shown = np.ascontiguousarray(pixels[box_amid_objects(truth, None, side)])
    height, width, _ = shown.shape
    return QPixmap.fromImage(QImage(shown.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy())
