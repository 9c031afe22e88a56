"""Maps to instance labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from maskloop.config import LabelsConfig
from maskloop.ops.instances import find_basins, maps_to_labels
from maskloop.ops.metrics import count
from maskloop.ops.targets import labels_to_targets

ANY_SEED = st.integers(0, 10**6)
SPLITTING = st.floats(0, 1)


def random_maps(seed, shape=(24, 30)):
    """Maps as a network might predict: smooth, from speckle to large blots."""
    rng = np.random.default_rng(seed)
    blur = rng.uniform(0, 3)
    maps = ndimage.gaussian_filter(rng.random((*shape, 2)), (blur, blur, 0))
    return ((maps - maps.min()) / np.ptp(maps)).astype(np.float32)


def same_regions(labels, others):
    pairs = np.unique(np.stack([labels.ravel(), others.ravel()]), axis=1)
    return pairs.shape[1] == len(np.unique(labels)) == len(np.unique(others))


def assert_found_again(labels, config):
    found = maps_to_labels(labels_to_targets(labels), config)
    assert (count(found, labels).ap == 1).all(), "an object is lost, or its IoU is below 0.9"
    assert found.max() == len(np.unique(labels)) - 1


@given(st.integers(4, 12), st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=6, max_size=6))
def test_discs_apart_come_back_from_their_targets(radius, shifts):
    step = 2 * radius + 8
    y, x = np.mgrid[:100, :120]
    labels = np.zeros((100, 120), np.int32)
    for i, (dy, dx) in enumerate(shifts):
        centre = (i // 3 + 0.5) * step + dy, (i % 3 + 0.5) * step + dx
        labels[np.hypot(y - centre[0], x - centre[1]) <= radius] = i + 1
    assert_found_again(labels, LabelsConfig())


@pytest.mark.parametrize("radius", [6, 10, 20])
@pytest.mark.parametrize("angle", [0, 0.4, np.pi / 4])
def test_discs_that_touch_come_back_from_their_targets(radius, angle, discs):
    apart = 1.8 * radius * np.array([np.sin(angle), np.cos(angle)])
    assert_found_again(discs((120, 120), [(40, 40), np.add(40, apart)], radius), LabelsConfig())


@given(ANY_SEED, SPLITTING, st.sampled_from([0.125, 0.25, 0.5, 0.75, 0.875]))
def test_without_a_smallest_size_each_pixel_of_the_foreground_is_labelled(seed, splitting, threshold):
    maps = random_maps(seed)
    maps[5, 5, 0] = threshold
    labels = maps_to_labels(maps, LabelsConfig(foreground=threshold, splitting=splitting, min_size=0))
    np.testing.assert_array_equal(labels > 0, maps[..., 0] >= threshold)


@given(ANY_SEED, SPLITTING)
def test_objects_are_connected_and_numbered_in_row_order_without_gaps(seed, splitting):
    labels = maps_to_labels(random_maps(seed), LabelsConfig(splitting=splitting, min_size=0))
    assert labels.dtype == np.int32
    present, first = np.unique(labels, return_index=True)
    np.testing.assert_array_equal(present[present > 0], np.arange(1, labels.max() + 1))
    assert (np.diff(first[present > 0]) > 0).all()
    for number in range(1, labels.max() + 1):
        assert ndimage.label(labels == number, np.ones((3, 3)))[1] == 1


@given(ANY_SEED)
def test_no_splitting_never_splits_what_is_connected(seed):
    maps = random_maps(seed)
    parts, _ = ndimage.label(maps[..., 0] >= 0.5, np.ones((3, 3)))
    assert same_regions(maps_to_labels(maps, LabelsConfig(splitting=0, min_size=0)), parts)


def test_no_splitting_does_not_split_at_the_deepest_possible_waist():
    maps = np.ones((40, 60, 2), np.float32)
    maps[:, 20:40, 1] = 0
    assert maps_to_labels(maps, LabelsConfig(splitting=0)).max() == 1
    assert maps_to_labels(maps, LabelsConfig(splitting=0.5)).max() == 2


@given(ANY_SEED, SPLITTING, SPLITTING)
def test_more_splitting_never_gives_fewer_objects(seed, first, second):
    maps = random_maps(seed)
    few, many = (maps_to_labels(maps, LabelsConfig(splitting=s, min_size=0)).max() for s in sorted((first, second)))
    assert few <= many


def ridge(nodes, heights):
    """Maps of one long object whose distance runs through the heights at the nodes, the same in each row."""
    distance = np.tile(np.interp(np.arange(nodes[-1] + 1), nodes, heights), (8, 1))
    return np.stack([np.ones_like(distance), distance], axis=-1)


def split_at(depth):
    return LabelsConfig(splitting=1 - depth**0.5, min_size=0)


@pytest.mark.parametrize(("depth", "objects"), [(0.03, 3), (0.25, 2), (0.6, 1)])
def test_summits_are_kept_apart_where_the_pass_between_them_is_deep_enough(depth, objects):
    # Summits 1, 0.9 and 0.8 with passes at 0.75 and 0.3: the second is 0.15 deep, the third 0.5.
    maps = ridge([0, 40, 80, 120, 160], [1, 0.75, 0.9, 0.3, 0.8])
    assert maps_to_labels(maps, split_at(depth)).max() == objects


def test_a_low_summit_joins_the_neighbour_that_it_reaches_over_the_higher_pass():
    # The middle one, 0.5, is less than 0.25 above either pass, at 0.3 and 0.45: it belongs to the second neighbour.
    labels = maps_to_labels(ridge([0, 60, 80, 90, 160], [1, 0.3, 0.5, 0.45, 0.9]), split_at(0.25))
    assert labels[4, [0, 80, 160]].tolist() == [1, 2, 2]


def test_the_highest_pass_between_two_summits_counts():
    deep = ridge([0, 40, 80], [0.9, 0.2, 1])
    shallow = ridge([0, 40, 80], [0.9, 0.85, 1])
    maps = np.concatenate([deep, deep, shallow])  # in whole, two ridges side by side
    assert maps_to_labels(maps, split_at(0.3)).max() == 1
    assert maps_to_labels(deep, split_at(0.3)).max() == 2


@given(ANY_SEED, st.integers(0, 60))
def test_only_objects_smaller_than_the_smallest_are_left_out(seed, size):
    maps = random_maps(seed)
    everything = maps_to_labels(maps, LabelsConfig(min_size=0))
    large = np.flatnonzero(np.bincount(everything.ravel()) >= size)
    kept = np.where(np.isin(everything, large), everything, 0)
    assert same_regions(maps_to_labels(maps, LabelsConfig(min_size=size)), kept)


@given(ANY_SEED, st.floats(0, 1))
def test_only_objects_that_nowhere_reach_the_certainty_are_left_out(seed, certainty):
    maps = random_maps(seed)
    everything = maps_to_labels(maps, LabelsConfig(min_size=0))
    certain = np.unique(everything[maps[..., 0] >= certainty])
    kept = np.where(np.isin(everything, certain), everything, 0)
    config = LabelsConfig(min_size=0).model_copy(update={"certainty": certainty})
    assert same_regions(maps_to_labels(maps, config), kept)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (1, 40), (3, 2000)])
@pytest.mark.parametrize("value", [0, 1])
def test_maps_of_any_shape_become_labels(shape, value):
    labels = maps_to_labels(np.full((*shape, 2), value, np.float32), LabelsConfig(min_size=0))
    assert labels.shape == shape
    assert labels.dtype == np.int32
    assert (labels == value).all()


def test_objects_whose_summit_lies_outside_of_the_foreground_are_not_lost():
    maps = np.zeros((20, 20, 2), np.float32)
    maps[5:15, 5:10, 0] = 1
    maps[..., 1] = np.linspace(0, 1, 20)
    assert maps_to_labels(maps, LabelsConfig()).max() == 1


@given(ANY_SEED, st.floats(0.1, 0.9), st.integers(0, 3))
def test_each_basin_hangs_together_around_its_summit_and_all_fill_the_foreground(seed, foreground, digits):
    maps = random_maps(seed).round(digits)  # with plateaus
    found = find_basins(maps, foreground)
    np.testing.assert_array_equal(found.numbers > 0, maps[..., 0] >= foreground)
    assert len(found.summits) == found.numbers.max() + 1
    distance = ndimage.gaussian_filter(maps[..., 1], 1.0)
    for number in range(1, len(found.summits)):
        own = found.numbers == number
        assert ndimage.label(own, np.ones((3, 3)))[1] == 1
        assert distance[own].max() == np.float32(found.summits[number])


def test_tiny_objects_that_touch_are_told_apart_where_they_were_enlarged_for_the_network():
    y, x = np.mgrid[:20, :24]
    distance = np.maximum(*(1 - np.hypot(y - 10, x - at) / 4.5 for at in (9, 14.5))).clip(0)
    maps = np.stack([distance > 0, distance], axis=-1).astype(np.float32)
    config = LabelsConfig(splitting=0.4, min_size=4)
    assert [maps_to_labels(maps, config, rescaled).max() for rescaled in (1.0, 2.5)] == [1, 2]
