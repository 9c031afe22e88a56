"""Variations of a crop, as they are drawn."""

import numpy as np
import pytest

from maskloop.config import AugmentConfig
from maskloop.data.augment import SAME_GREYS, draw, vary_greys


@pytest.mark.parametrize("name", ["shading", "shot_noise", "saturation", "colour"])
def test_light_noise_and_exposure_change_nothing_else_that_is_drawn(name):
    drawn = []
    for config in (AugmentConfig(), AugmentConfig(**{name: 0.5})):
        rng = np.random.default_rng(3)
        drawn.append([(*draw(config, rng), rng.integers(1000)) for _ in range(8)])
    for (matrix, greys, number), (other, others, another) in zip(*drawn, strict=True):
        np.testing.assert_array_equal(matrix, other)
        np.testing.assert_array_equal(greys[:6], others[:6])
        assert number == another
    assert any((one[1] != other[1]).any() for one, other in zip(*drawn, strict=True))


def test_what_was_drawn_before_there_was_light_noise_and_exposure_is_drawn_still():
    rng, before = np.random.default_rng(3), np.random.default_rng(3)
    draw(AugmentConfig(), rng)
    before.uniform(size=1), before.integers(4), before.choice([-1, 1]), before.uniform(size=1)  # the matrix
    before.uniform(size=4), before.integers(2), before.uniform(size=1), before.integers(2), before.uniform(size=1)
    assert rng.bit_generator.state == before.bit_generator.state


def test_crops_that_are_not_varied_are_turned_at_most():
    rng = np.random.default_rng(3)
    drawn = [draw(AugmentConfig(unvaried=0.5, shading=0.5, saturation=0.5), rng) for _ in range(200)]
    as_it_was = [np.array_equal(greys, SAME_GREYS) for _, greys in drawn]
    same_size = [np.isclose(abs(np.linalg.det(matrix)), 1) for matrix, _ in drawn]
    assert as_it_was == same_size
    assert 70 < sum(as_it_was) < 130
    assert len({matrix[0, 0] for matrix, _ in drawn}) == 200


def test_colours_are_mixed_and_grey_stays_grey():
    rng = np.random.default_rng(3)
    only_colours = [*SAME_GREYS[:-1], 0.7]
    colour, grey = rng.random((8, 8, 3)).astype(np.float32), np.repeat(rng.random((8, 8, 1)), 3, 2).astype(np.float32)
    mixed = np.array(vary_greys(colour, np.float32(only_colours), np.int32([1, 2])))
    assert np.abs(mixed - colour).max() > 0.05
    assert mixed.min() >= colour.min()
    assert mixed.max() <= colour.max()
    np.testing.assert_allclose(vary_greys(grey, np.float32(only_colours), np.int32([1, 2])), grey, atol=1e-5)
    np.testing.assert_allclose(vary_greys(colour, np.float32(SAME_GREYS), np.int32([1, 2])), colour, atol=1e-5)
