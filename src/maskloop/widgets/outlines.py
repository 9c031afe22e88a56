"""A small picture of an image with the outlines of its objects, coloured by whether they are right."""

import numpy as np
from qtpy.QtGui import QImage, QPixmap

from maskloop.ops.judged import box_amid_objects
from maskloop.ops.overlay import draw_mistakes, tint_mistakes
from maskloop.project.preview import Preview


def picture(preview: Preview, labels: np.ndarray, side: int) -> QPixmap:
    """Draw a held-out crop with labels and what they miss: outlines of objects, or tinted pixels.

    Parameters
    ----------
    preview : Preview
    labels : ndarray of shape (Y, X), int
        Those before or after.
    side : int
        In pixels, of the square amid what is true that is shown, one pixel each.

    Returns
    -------
    QPixmap
    """
    image, truth = preview.image, preview.truth
    if preview.of_objects:
        pixels = draw_mistakes(image, labels, truth)
    else:
        found, same = labels > 0, labels == truth
        pixels = tint_mistakes(image, right=found & same, wrong=found & ~same, missed=~found & ~same)
    shown = np.ascontiguousarray(pixels[box_amid_objects(truth, None, side)])
    height, width, _ = shown.shape
    return QPixmap.fromImage(QImage(shown.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy())
