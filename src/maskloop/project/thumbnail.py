"""A small picture of an entry, in its folder: the image, and what was labelled in it when it was added."""

from pathlib import Path

import numpy as np

from maskloop.ops.axes import Planes
from maskloop.ops.normalise import normalise
from maskloop.ops.overlay import displayed
from maskloop.project.layout import THUMBNAIL_FILE

SIDE = 96  # pixels
OUTLINE = (255, 210, 60)


def write_thumbnail(folder: Path, planes: Planes, labels: np.ndarray) -> None:
    """Write the picture of the middle plane, with the outlines of its objects.

    Parameters
    ----------
    folder : Path
        Of the entry.
    planes : Planes
    labels : ndarray of shape (P, Y, X), int
    """
    import imageio.v3 as iio
    from skimage.segmentation import find_boundaries

    middle = len(planes.pixels) // 2
    step = max(1, -(-max(planes.pixels.shape[1:3]) // SIDE))
    plane = planes.pixels[middle, ::step, ::step]
    if planes.axes.endswith("C"):
        small = displayed(plane)
    else:
        small = normalise(plane[..., :3] if plane.shape[-1] >= 3 else plane[..., :1]).clip(0, 1)
    picture = np.broadcast_to(np.round(255 * small), (*small.shape[:2], 3)).astype(np.uint8)
    picture[find_boundaries(labels[middle, ::step, ::step], mode="inner")] = OUTLINE
    iio.imwrite(folder / THUMBNAIL_FILE, picture)
