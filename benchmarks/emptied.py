"""Fields without objects, made of images that have some."""

import numpy as np
from scipy import ndimage

from maskloop.data.examples import Example

HALO = 8  # pixels around an object that its light reaches


def emptied(example: Example, rng: np.random.Generator) -> Example | None:
    """Paint over the objects, and what is near them, with pixels of the background; None if there is hardly any."""
    near = ndimage.binary_dilation(example.labels > 0, iterations=HALO)
    places = np.argwhere(~near)
    if len(places) < near.size / 20:
        return None
    image = example.image.copy()
    y, x = places[rng.integers(len(places), size=np.count_nonzero(near))].T
    image[near] = example.image[y, x]
    return Example(f"{example.name} emptied", image, np.zeros_like(example.labels))
