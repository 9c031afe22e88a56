"""Fields without objects, cut out of images that have some elsewhere."""

import numpy as np
from scipy import ndimage

from maskloop.data.examples import Example

HALO = 16  # pixels around an object that its light reaches
SMALLEST = 48  # pixels, a side


def empty_field(example: Example) -> Example | None:
    """Cut out the largest square that is free of objects and of their light; None if there is only a small one."""
    free = ~ndimage.binary_dilation(example.labels > 0, np.ones((3, 3)), iterations=HALO)
    reach = ndimage.distance_transform_cdt(np.pad(free, 1))[1:-1, 1:-1]  # along the axes and diagonals alike
    y, x = np.unravel_index(reach.argmax(), reach.shape)
    half = int(reach[y, x]) - 1
    if 2 * half + 1 < SMALLEST:
        return None
    image = example.image[y - half : y + half + 1, x - half : x + half + 1].copy()
    return Example(f"{example.name} empty", image, np.zeros(image.shape[:2], np.int32))
