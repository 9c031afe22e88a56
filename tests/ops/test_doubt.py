"""Which objects to look at first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from maskloop.config import LabelsConfig
from maskloop.ops.doubt import EXPLANATION, rank_doubts
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.targets import labels_to_targets

CONFIG = LabelsConfig(foreground=0.5, splitting=0.55, min_size=40)
CENTRES = [(30, 30 + 50 * i) for i in range(6)]


@pytest.fixture
def six(discs):
    """Six clear discs, and their maps."""
    labels = discs((60, 310), CENTRES, 12)
    return labels, ndimage.gaussian_filter(labels_to_targets(labels), (1, 1, 0))


def around(centre, reach=18):
    return tuple(slice(max(c - reach, 0), c + reach) for c in centre)


def test_a_faint_object_comes_first(six):
    labels, maps = six
    maps[around(CENTRES[3])] *= 0.6
    first = rank_doubts(labels, maps, CONFIG)[0]
    assert first.number == 4
    assert labels[first.position] == 4
    assert first.reason in {"faint", "no clear core"}
    assert first.score > 0.1


def test_a_vague_outline_comes_first(six):
    _, maps = six
    rows, columns = around(CENTRES[1])
    from_middle = np.hypot(*np.ogrid[-18:18, -18:18])
    maps[rows, columns, 0] = np.interp(from_middle, [9, 10, 14, 15], [1, 0.6, 0.5, 0])
    first = rank_doubts(maps_to_labels(maps, CONFIG), maps, CONFIG)[0]
    assert np.hypot(*np.subtract(first.position, CENTRES[1])) < 3
    assert first.reason == "vague outline"


def two_summits(maps, at, valley):
    """Give the disc a second summit: a valley of that distance down its middle."""
    rows, columns = around(at)
    x = np.abs(np.arange(columns.start, columns.stop) - at[1])
    maps[rows, columns, 1] = np.where(maps[rows, columns, 0] > 0.5, np.interp(x, [0, 6, 12], [valley, 0.9, 0]), 0)


@pytest.mark.parametrize(("valley", "objects", "reason"), [(0.75, 6, "may be two objects"), (0.5, 7, "may be one")])
def test_objects_just_merged_and_just_split_come_first(six, valley, objects, reason):
    _, maps = six
    two_summits(maps, CENTRES[2], valley)
    labels = maps_to_labels(maps, CONFIG)
    assert labels.max() == objects
    first = rank_doubts(labels, maps, CONFIG)[0]
    assert abs(first.position[1] - CENTRES[2][1]) < 13
    assert first.reason.startswith(reason)


def test_a_place_left_out_is_found_unless_somebody_removed_the_object(six):
    labels, maps = six
    labels = np.where(labels == 5, 0, labels)
    assert all(doubt.number for doubt in rank_doubts(labels, maps, CONFIG))
    maps[around(CENTRES[4])] *= 0.45
    first = rank_doubts(labels, maps, CONFIG)[0]
    assert (first.number, first.reason) == (0, "The model almost saw an object here")
    assert np.hypot(*np.subtract(first.position, CENTRES[4])) < 13
    assert rank_doubts(labels, maps, CONFIG, rescaled=0.2) != rank_doubts(labels, maps, CONFIG)


def test_what_is_left_out_for_want_of_certainty_is_found(six):
    _, maps = six
    maps[around(CENTRES[4])][..., 0] *= 0.9
    strict = CONFIG.model_copy(update={"certainty": 0.95})
    labels = maps_to_labels(maps, strict)
    assert labels.max() == 5
    first = rank_doubts(labels, maps, strict)[0]
    assert first.number == 0
    assert np.hypot(*np.subtract(first.position, CENTRES[4])) < 13
    assert all(doubt.number for doubt in rank_doubts(labels, maps, CONFIG)), "somebody took it away"


@given(st.integers(0, 10**6), st.sampled_from([0, 2**30]), st.sampled_from([np.float16, np.float32]))
def test_each_object_is_ranked_once_and_lies_in_its_box(seed, offset, dtype):
    rng = np.random.default_rng(seed)
    maps = ndimage.gaussian_filter(rng.random((40, 50, 2)), (2, 2, 0))
    maps = ((maps - maps.min()) / np.ptp(maps)).astype(dtype)
    labels = maps_to_labels(maps, CONFIG)
    labels[labels > 0] += offset
    ranked = rank_doubts(labels, maps, CONFIG)
    assert sorted(doubt.number for doubt in ranked if doubt.number) == np.unique(labels[labels > 0]).tolist()
    assert [doubt.score for doubt in ranked] == sorted((doubt.score for doubt in ranked), reverse=True)
    for doubt in ranked:
        assert 0 <= doubt.score <= 1
        assert labels[doubt.position] == doubt.number
        assert all(side.start <= at < side.stop for side, at in zip(doubt.box, doubt.position, strict=True))
        assert (labels[doubt.box] == doubt.number).any()


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (1, 1), (30, 40)])
def test_planes_without_objects(shape):
    assert rank_doubts(np.zeros(shape, np.int32), np.zeros((*shape, 2), np.float16), CONFIG) == []


def test_painted_objects_that_the_model_does_not_see_are_ranked_too(discs):
    labels = discs((40, 40), [(20, 20)], 8)
    (only,) = rank_doubts(labels, np.zeros((40, 40, 2), np.float16), CONFIG)
    assert only.number == 1
    assert labels[only.position] == 1


def test_the_ranking_is_explained_in_one_sentence():
    assert EXPLANATION.endswith(".")
    assert EXPLANATION.count(".") == 1
