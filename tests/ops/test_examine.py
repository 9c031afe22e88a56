"""What is measured of images and labels: how far off labels lie, and what was overexposed."""

import numpy as np
import pytest
from scipy import ndimage

from maskloop.ops.examine import between_share, clipped_share, displacement, draw_outlines, thumbnail

SHAPE = (128, 160)
RADIUS = 9


@pytest.mark.parametrize("shift", [(0, 0), (5, 0), (-9, 12)])
def test_labels_are_found_to_be_off_by_what_they_were_moved(discs, shift):
    labels = discs(SHAPE, [(30, 40), (70, 90), (60, 30), (100, 120)], RADIUS)
    image = np.where(labels > 0, 30.0, 90.0) + np.random.default_rng(0).normal(0, 5, SHAPE)
    found = displacement(image, np.roll(labels, shift, (0, 1)))
    np.testing.assert_allclose(found, [-s for s in shift], atol=1)


@pytest.mark.parametrize("grain", [1, 5])
def test_noise_says_nothing_of_where_labels_belong(discs, grain):
    labels = discs(SHAPE, [(30, 40), (70, 90)], RADIUS)
    for seed in range(10):
        noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 1, SHAPE), grain)
        assert displacement(noise, labels) == (0, 0)


def test_where_there_are_no_labels_none_are_off():
    assert displacement(np.random.default_rng(0).normal(0, 1, SHAPE), np.zeros(SHAPE, int)) == (0, 0)


def test_a_pile_at_the_highest_value_is_clipped_and_a_tail_is_not():
    bright = np.random.default_rng(0).normal(150, 40, SHAPE)
    assert clipped_share(np.clip(bright * 1.5, 0, 255).astype(np.uint8)) == pytest.approx(
        np.mean(bright >= 170), abs=0.01
    )
    assert clipped_share(np.clip(bright / 2, 0, 255).astype(np.uint8)) < 0.001
    assert clipped_share(np.clip(bright, 0, 180)) == np.mean(bright >= 180)


def test_of_few_grey_values_none_is_a_pile():
    assert clipped_share(np.arange(30, dtype=np.uint8).repeat(9)) == 0
    assert clipped_share(np.full(SHAPE, 7)) == 0


def test_thumbnails_of_one_scene_correlate_and_others_do_not(discs):
    first, other = (discs(SHAPE, centres, 25) > 0 for centres in ([(30, 40), (90, 120)], [(90, 40), (30, 110)]))
    noise = np.random.default_rng(0).normal(0, 0.1, SHAPE)
    assert thumbnail(first) @ thumbnail(3 * first + noise) > 0.99
    assert thumbnail(first) @ thumbnail(other) < 0.5
    assert not thumbnail(np.ones(SHAPE)).any()


@pytest.mark.parametrize("factor", [0.5, 1.5, 2])
def test_numbers_in_between_are_those_of_interpolation(discs, factor):
    labels = discs(SHAPE, [(30, 40), (42, 52), (70, 90), (60, 30), (100, 120)], RADIUS)
    assert between_share(labels) < 0.02
    assert between_share(ndimage.zoom(labels, factor, order=0)) < 0.02
    assert between_share(np.rint(ndimage.zoom(labels.astype(float), factor, order=1)).astype(int)) > 0.05
    assert between_share(np.zeros(SHAPE, int)) == 0


def test_a_picture_is_the_middle_with_yellow_outlines(discs):
    labels = discs(SHAPE, [(64, 80)], RADIUS)
    picture = draw_outlines(np.where(labels > 0, 7.0, np.nan)[..., None], labels, 40)
    assert picture.shape == (40, 40, 3)
    assert tuple(picture[20, 20]) == (255, 255, 255)
    assert tuple(picture[0, 0]) == (0, 0, 0)
    assert 40 < np.count_nonzero((picture == (240, 228, 66)).all(axis=-1)) < 80
    assert draw_outlines(np.ones((*SHAPE, 3)), labels, 999).shape == (*SHAPE, 3)
