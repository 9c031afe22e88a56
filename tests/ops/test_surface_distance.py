"""Distances between outlines: by hand, against every pair of pixels, and against scikit-image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from skimage.metrics import hausdorff_distance

from maskloop.errors import InputError
from maskloop.ops.surface_distance import surface, surface_distance


def square(top, left, side, shape=(12, 12)):
    mask = np.zeros(shape, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def brute_force(predicted, truth, spacing):
    """Both measures from the distance of every pixel of one surface to every one of the other."""

    def pixels_at_a_face(mask):
        padded = np.pad(mask, 1)
        bare = [~np.roll(padded, step, axis) for axis in range(mask.ndim) for step in (-1, 1)]
        return np.argwhere(padded & np.any(bare, axis=0)) * spacing

    pairs = cdist(pixels_at_a_face(predicted), pixels_at_a_face(truth))
    there, back = pairs.min(axis=1), pairs.min(axis=0)
    return max(np.percentile(there, 95), np.percentile(back, 95)), np.concatenate([there, back]).mean()


def test_a_shifted_square_worked_out_by_hand():
    # Two outlines of 8 pixels, one a step to the right. Of each, the side that the other lacks (3 pixels) is 1 away,
    # and its pixel next to the other's hole, of which all neighbours are at the outline, is 1 away as well.
    measured = surface_distance(square(2, 3, 3), square(2, 2, 3))
    assert measured.hd95 == 1
    assert measured.assd == (4 + 4) / (8 + 8)


def test_the_larger_of_two_percentiles_is_taken_and_not_that_of_both_together():
    truth = np.zeros((1, 102), bool)
    truth[0, 0] = True
    predicted = np.ones_like(truth)
    predicted[0, 0] = False
    # 101 pixels, 1 to 101 away: the 95th percentile is the 96th; the way back is 1. Of all 102 it would be 95.95.
    for pair in ((predicted, truth), (truth, predicted)):
        assert surface_distance(*pair).hd95 == pytest.approx(96)
    assert surface_distance(predicted, truth).assd == pytest.approx((101 * 102 / 2 + 1) / 102)


def test_a_stray_pixel_decides_the_hausdorff_distance_but_not_hd95():
    truth = square(5, 5, 20, (60, 60))
    predicted = truth.copy()
    predicted[55, 55] = True
    assert hausdorff_distance(predicted, truth) > 40
    assert surface_distance(predicted, truth).hd95 == 0


@pytest.mark.parametrize("shape", [(9, 11), (5, 6, 7)])
@given(st.integers(0, 10**6), st.floats(0.02, 0.98))
def test_it_is_what_every_pair_of_pixels_says(shape, seed, share):
    rng = np.random.default_rng(seed)
    spacing = rng.uniform(0.2, 5, len(shape))
    predicted, truth = rng.random((2, *shape)) < share
    predicted.flat[0] = truth.flat[-1] = True
    measured = surface_distance(predicted, truth, spacing)
    assert (measured.hd95, measured.assd) == pytest.approx(brute_force(predicted, truth, spacing))


@pytest.mark.parametrize("seed", range(20))
def test_at_the_hundredth_percentile_it_is_the_hausdorff_distance_of_scikit_image(monkeypatch, seed):
    monkeypatch.setattr("maskloop.ops.surface_distance.PERCENTILE", 100)
    rng = np.random.default_rng(seed)
    predicted, truth = rng.random((2, 6, 9, 9)) < rng.uniform(0.01, 0.9)
    expected = hausdorff_distance(surface(predicted), surface(truth))
    assert surface_distance(predicted, truth).hd95 == pytest.approx(expected)


@given(st.integers(0, 10**6))
def test_the_order_of_the_two_does_not_matter_and_each_is_at_no_distance_from_itself(seed):
    predicted, truth = np.random.default_rng(seed).random((2, 8, 9)) < 0.3
    predicted[0, 0] = truth[0, 1] = True
    assert surface_distance(predicted, truth) == surface_distance(truth, predicted)
    assert surface_distance(truth, truth).hd95 == surface_distance(truth, truth).assd == 0


def test_the_edge_of_the_array_is_surface():
    np.testing.assert_array_equal(surface(np.ones((4, 5), bool)), np.pad(np.zeros((2, 3), bool), 1, constant_values=1))


def test_spacing_is_that_of_each_axis():
    below, beside = square(3, 2, 1), square(2, 3, 1)
    assert surface_distance(square(2, 2, 1), below, (5, 0.5)).hd95 == 5
    assert surface_distance(square(2, 2, 1), beside, (5, 0.5)).hd95 == 0.5


def test_two_empty_masks_are_at_no_distance_and_one_is_at_none_that_is_defined():
    empty, there = np.zeros((4, 4), bool), square(1, 1, 2, (4, 4))
    assert surface_distance(empty, empty).hd95 == surface_distance(empty, empty).assd == 0
    for pair in ((empty, there), (there, empty)):
        assert np.isnan([surface_distance(*pair).hd95, surface_distance(*pair).assd]).all()


@pytest.mark.parametrize(
    ("predicted", "spacing", "words"),
    [
        (square(1, 1, 2, (9, 9)), None, "must agree"),
        (square(1, 1, 2).astype(np.float32), None, "float32.*Threshold"),
        (square(1, 1, 2), (1, 1, 1), "2 positive numbers"),
        (square(1, 1, 2), (1, 0), "2 positive numbers"),
    ],
)
def test_what_cannot_be_measured_is_refused(predicted, spacing, words):
    with pytest.raises(InputError, match=words):
        surface_distance(predicted, square(1, 1, 2), spacing)
