"""Labels to what the network fits."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from maskloop.ops.targets import NEAR, labels_to_targets, labels_to_weights, object_diameters


def random_labels(seed):
    rng = np.random.default_rng(seed)
    return rng.choice([0, 1, 2, 3, 7], rng.integers(1, 14, 2)).astype(np.int32)


@given(st.integers(0, 10**6))
def test_the_foreground_is_the_labels_and_their_filled_holes(seed):
    labels = random_labels(seed)
    foreground = labels_to_targets(labels)[..., 0]
    assert set(np.unique(foreground)) <= {0, 1}
    assert (foreground[labels > 0] == 1).all()
    assert (foreground[~ndimage.binary_fill_holes(labels > 0)] == 0).all()


@given(st.integers(0, 10**6))
def test_the_distance_is_1_at_each_core_and_0_outside(seed):
    labels = random_labels(seed)
    foreground, distance = np.moveaxis(labels_to_targets(labels), -1, 0)
    np.testing.assert_array_equal(distance > 0, foreground == 1)
    for label in set(labels.ravel()) - {0}:
        filled = ndimage.binary_fill_holes(labels == label) & np.isin(labels, (0, label))
        assert distance[filled].max() == 1


def test_the_distance_is_worked_out_by_hand():
    # Two squares of 5 x 5 that touch: rings at depth 1, 2, 3 of 3, and low where they meet.
    labels = np.pad(np.repeat([[1, 2]], 5, axis=1).repeat(5, axis=0), 1)
    row = np.array([0, 1, 2, 3, 2, 1, 1, 2, 3, 2, 1, 0]) / 3
    np.testing.assert_allclose(labels_to_targets(labels)[3, :, 1], row, rtol=1e-6)


@pytest.mark.parametrize("radius", [3, 10, 25])
def test_the_core_of_a_disc_is_its_centre_whatever_its_size(radius, discs):
    distance = labels_to_targets(discs((60, 60), [(30, 30)], radius))[..., 1]
    assert np.unravel_index(distance.argmax(), distance.shape) == (30, 30)
    assert distance[30, 30 + radius] < 1 / radius


def test_a_hole_is_filled_but_not_with_another_object():
    labels = np.ones((7, 7), np.int32)
    labels[2, 2] = 0
    labels[4, 4] = 2
    targets = labels_to_targets(labels)
    assert (targets[..., 0] == 1).all()
    assert targets[4, 4, 1] == 1
    assert targets[4, 3, 1] < 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000)])
def test_nothing_to_learn_gives_zeros(shape):
    assert not labels_to_targets(np.zeros(shape, np.int32)).any()
    assert len(object_diameters(np.zeros(shape, np.int32))) == 0


def test_diameters_are_those_of_discs_and_skip_missing_numbers(discs):
    labels = discs((60, 120), [(30, 30), (30, 90)], 20) * 4
    np.testing.assert_allclose(object_diameters(labels), [40, 40], rtol=0.02)


def test_the_distance_counts_more_where_two_objects_are_near_and_known():
    labels = np.zeros((12, 40), np.uint8)
    for left, number in ((2, 1), (12, 255), (28, 7)):  # the first two touch, the third is 6 pixels off
        labels[2:10, left : left + 10] = number
    near = np.zeros(labels.shape, bool)
    near[:, 10:14] = True
    weights = labels_to_weights(labels, None)
    assert (weights[..., 0] == 1).all()
    np.testing.assert_array_equal(weights[..., 1], np.where(near, NEAR, 1))

    reviewed = np.ones(labels.shape, bool)
    reviewed[:, 14:] = False  # the second object is not known as a whole
    np.testing.assert_array_equal(labels_to_weights(labels, reviewed)[..., 1], reviewed & (labels != 255))


def test_beside_what_is_unknown_the_distance_counts_as_elsewhere():
    labels = np.repeat([[0, 0, 1, 1, 2, 2, 0, 0]], 9, axis=0)
    reviewed = np.ones(labels.shape, bool)
    reviewed[:, 7] = False
    np.testing.assert_array_equal(labels_to_weights(labels, reviewed)[4, :, 1], [1, 1, NEAR, NEAR, NEAR, NEAR, 1, 0])
    reviewed[:, 6:] = False
    np.testing.assert_array_equal(labels_to_weights(labels, reviewed)[4, :, 1], [1, 1, NEAR, NEAR, NEAR, 1, 0, 0])


@pytest.mark.parametrize("function", [labels_to_targets, object_diameters])
def test_large_numbers_of_labels_cost_no_memory(function):
    # Labels may be any int32: memory by the largest number would be 17 GB for 2**31 - 1.
    labels = np.zeros((20, 20), np.int32)
    labels[5:15, 5:15] = 3_000_000
    tracemalloc.start()
    try:
        function(labels)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
