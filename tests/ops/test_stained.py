"""Stained tissue is known by its colours and its bright ground."""

import numpy as np
import pytest

from maskloop.ops.stained import is_stained


def tissue(shape=(64, 64), ground=(220, 200, 225), nuclei=(90, 30, 130)):
    plane = np.full((*shape, 3), ground, np.uint8)
    plane[10:20, 10:20] = nuclei
    return plane[np.newaxis]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_tissue_is_known_whatever_its_grey_values(dtype):
    scale = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[dtype]
    assert is_stained((tissue() * float(scale)).astype(dtype))


def test_how_opaque_it_is_does_not_matter():
    for opacity in (0, 255):
        assert is_stained(np.concatenate([tissue(), np.full((1, 64, 64, 1), opacity, np.uint8)], axis=-1))


@pytest.mark.parametrize(
    "planes",
    [
        tissue().mean(axis=-1, keepdims=True),
        np.repeat(tissue().mean(axis=-1, keepdims=True), 3, axis=-1),
        255 - tissue(),
        tissue(ground=(0, 0, 0), nuclei=(0, 200, 30)),
        tissue(ground=(0, 110, 0), nuclei=(0, 200, 0)),
        tissue()[..., :2],
        np.zeros((1, 8, 8, 3), np.uint8),
        np.full((1, 8, 8, 3), np.nan, np.float32),
        np.zeros((1, 0, 0, 3), np.uint8),
    ],
    ids=[
        "grey",
        "grey in three channels",
        "inverted",
        "fluorescence",
        "one colour",
        "two channels",
        "black",
        "no number",
        "nothing",
    ],
)
def test_all_else_is_not(planes):
    assert not is_stained(planes)


def test_a_large_image_is_looked_at_in_places():
    assert is_stained(np.broadcast_to(np.uint8([220, 180, 225]), (1, 40_000, 50_000, 3)))
