"""Copies of images as if they had been taken in worse ways."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from maskloop.data.examples import Example, rescale
from robustness import Change, compressed, of_grey, shaded

# From and to. What is drawn is that of camera pixels: noise and blur are enlarged with the image when it is.
PHOTONS = 15, 60  # at the brightest
BLUR = 1, 2.5  # pixels
GAIN = 1.2, 2
SHRUNK = 0.3, 0.6


def in_low_light(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    photons = rng.uniform(*PHOTONS)
    return rng.poisson(photons * image) / photons


def out_of_focus(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sigma = rng.uniform(*BLUR)
    return ndimage.gaussian_filter(image, (sigma, sigma, 0))


def overexposed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return image * rng.uniform(*GAIN)


def shrunk(example: Example, rng: np.random.Generator) -> Example:
    return rescale(example, rng.uniform(*SHRUNK))


# In turn; what costs most comes twice.
WAYS: tuple[Change, ...] = (
    of_grey(in_low_light),
    shrunk,
    of_grey(out_of_focus),
    of_grey(overexposed),
    of_grey(in_low_light),
    shrunk,
    of_grey(shaded),
    of_grey(compressed),
)


def worsened(examples: list[Example]) -> list[Example]:
    """Return a worse copy of each image."""
    rng = np.random.default_rng(0)
    copies = (WAYS[i % len(WAYS)](example, rng) for i, example in enumerate(examples))
    return [replace(copy, name=f"{copy.name} worsened") for copy in copies]
