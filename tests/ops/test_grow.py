"""A new object from one click."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from maskloop.errors import InputError
from maskloop.ops.grow import grow
from maskloop.ops.targets import labels_to_targets


def maps_of(truth, strength=1.0):
    """What a network might predict: blurred targets, as faint as wanted."""
    maps = ndimage.gaussian_filter(labels_to_targets(truth), (1, 1, 0))
    return (maps * strength).astype(np.float16)


def iou(mask, truth):
    return np.count_nonzero(mask & truth) / np.count_nonzero(mask | truth)


def grown(labels, maps, seed, number=9):
    before = labels.copy()
    edit = grow(labels, maps, seed, number)
    np.testing.assert_array_equal(labels, before)
    assert edit.labels.dtype == np.int64
    after = labels.copy()
    after[edit.box] = edit.labels
    np.testing.assert_array_equal(after[labels > 0], labels[labels > 0])
    return after == number


@given(st.sampled_from([4, 6, 12, 30]), st.sampled_from([0.15, 0.4, 1.0]), st.integers(-2, 2), st.integers(-2, 2))
def test_a_faint_disc_is_found_from_a_click_near_its_middle(discs, radius, strength, dy, dx):
    truth = discs((90, 100), [(45, 50)], radius)
    mask = grown(np.zeros(truth.shape, np.int32), maps_of(truth, strength), (45 + dy, 50 + dx))
    assert iou(mask, truth > 0) > 0.75


@pytest.mark.parametrize("centre", [(0, 0), (45, 0), (89, 99), (3, 50)])
def test_objects_at_the_border_of_the_plane_are_found(discs, centre):
    truth = discs((90, 100), [centre], 12)
    assert iou(grown(np.zeros(truth.shape, np.int32), maps_of(truth, 0.3), centre), truth > 0) > 0.8


@pytest.mark.parametrize("clicked", [1, 2])
def test_one_click_gives_one_of_two_that_touch(discs, clicked):
    truth = discs((60, 80), [(30, 28), (30, 48)], 11)
    mask = grown(np.zeros(truth.shape, np.int32), maps_of(truth, 0.4), (30, 28 if clicked == 1 else 48))
    assert iou(mask, truth == clicked) > 0.8


def test_an_object_beside_another_stops_there(discs):
    truth = discs((60, 80), [(30, 28), (30, 48)], 11)
    mask = grown(np.where(truth == 1, 1, 0).astype(np.int32), maps_of(truth, 0.4), (30, 50))
    assert iou(mask, truth == 2) > 0.8


def test_holes_are_filled(discs):
    truth = discs((60, 60), [(30, 30)], 14)
    maps = maps_of(truth)
    maps[28:31, 33:36] = 0
    mask = grown(np.zeros(truth.shape, np.int32), maps, (30, 26))
    np.testing.assert_array_equal(mask, ndimage.binary_fill_holes(mask))


def test_clicks_that_can_not_be_meant_say_why(discs):
    labels = discs((40, 40), [(20, 20)], 8) * 7
    maps = maps_of(labels)
    with pytest.raises(InputError, match="already object 7 here"):
        grow(labels, maps, (20, 20), 9)
    for outside in ((-1, 3), (3, 40)):
        with pytest.raises(InputError, match="outside of the plane"):
            grow(labels, maps, outside, 9)


@pytest.mark.parametrize("level", [0, 0.01, 0.4, 1])
def test_where_the_maps_show_no_edge_nothing_grows(level):
    maps = np.full((60, 2000, 2), level, np.float16)
    with pytest.raises(InputError, match="brush"):
        grow(np.zeros((60, 2000), np.int32), maps, (30, 1000), 9)
    with pytest.raises(InputError, match="brush"):
        grow(np.zeros((30, 40), np.int32), maps[:30, :40], (10, 10), 9)


def test_one_click_gives_one_of_two_tiny_ones_that_were_told_apart_where_they_were_enlarged_for_the_network():
    y, x = np.mgrid[:20, :24]
    distance = np.maximum(*(1 - np.hypot(y - 10, x - at) / 4.5 for at in (9, 12))).clip(0)
    maps = np.stack([distance > 0, distance], axis=-1).astype(np.float32)
    sizes = []
    for rescaled in (1.0, 2.5):
        edit = grow(np.zeros((20, 24), np.int32), maps, (10, 9), 3, rescaled)
        sizes.append(np.count_nonzero(edit.labels == 3))
    assert sizes[1] < 0.7 * sizes[0]
