"""Repairs at one object or a few."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import ndimage

from maskloop.errors import InputError
from maskloop.ops.repair import delete, fill_holes, merge, smooth

SEED = st.integers(0, 10**6)

# Merge


@given(SEED)
def test_merged_objects_have_one_number_and_others_keep_their_pixels(applied, blobs, seed):
    labels = blobs(seed)
    present = np.unique(labels[labels > 0])
    assume(len(present) > 2)
    chosen = present[:3]
    before = labels.copy()
    after = applied(labels, merge(labels, chosen))
    np.testing.assert_array_equal(labels, before)
    sizes = [np.count_nonzero(labels == number) for number in chosen]
    survivor = chosen[np.argmax(sizes)]
    assert (after[np.isin(labels, chosen)] == survivor).all()
    others = (labels > 0) & ~np.isin(labels, chosen)
    np.testing.assert_array_equal(after[others], labels[others])
    filled = (after != 0) & (labels == 0)
    assert (after[filled] == survivor).all()
    assert (ndimage.distance_transform_edt(~np.isin(labels, chosen))[filled] <= 4).all()


@pytest.mark.parametrize(("gap", "joined"), [(0, 1), (1, 1), (3, 1), (4, 1), (7, 2)])
def test_narrow_gaps_are_closed(applied, pieces, gap, joined):
    labels = np.zeros((12, 40), np.int32)
    labels[2:10, 2:10], labels[2:10, 10 + gap : 20 + gap] = 1, 2
    after = applied(labels, merge(labels, [1, 2]))
    assert np.unique(after).tolist() == [0, 2]
    assert pieces(after == 2) == joined
    assert (after[:2] == 0).all()


@pytest.mark.parametrize("numbers", [[], [1], [1, 1], [0, 1]])
def test_merging_wants_two_objects(numbers):
    with pytest.raises(InputError, match="two or more different objects"):
        merge(np.ones((3, 3), np.int32), numbers)


# Delete, fill, smooth


@given(SEED)
def test_a_deleted_object_is_gone_and_nothing_else(applied, blobs, seed):
    labels = blobs(seed)
    number = labels.max()
    np.testing.assert_array_equal(applied(labels, delete(labels, number)), np.where(labels == number, 0, labels))
    assert (labels == number).any()


def test_holes_are_filled_but_for_the_objects_in_them(applied, discs):
    labels = discs((40, 40), [(20, 20)], 15)
    labels[15:25, 15:25] = 0
    labels[18:20, 18:20] = 4
    after = applied(labels, fill_holes(labels, 1))
    np.testing.assert_array_equal(after == 4, labels == 4)
    np.testing.assert_array_equal(after > 0, discs((40, 40), [(20, 20)], 15) > 0)


@given(SEED)
def test_smoothing_leaves_others_alone_and_the_object_whole(applied, blobs, pieces, seed):
    labels = blobs(seed)
    before = labels.copy()
    for number in np.unique(labels[labels > 0]):
        after = applied(labels, smooth(labels, number))
        others = (labels > 0) & (labels != number)
        np.testing.assert_array_equal(after[others], labels[others])
        assert set(np.unique(after)) <= set(np.unique(labels)) | {0}
        assert 1 <= pieces(after == number) <= pieces(labels == number)
    np.testing.assert_array_equal(labels, before)


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 15])
def test_smoothing_hardly_changes_what_is_smooth(applied, discs, radius):
    labels = discs((50, 50), [(25, 25)], radius)
    once = applied(labels, smooth(labels, 1))
    twice = applied(once, smooth(once, 1))
    assert np.count_nonzero(once != labels) <= 0.06 * np.count_nonzero(labels)
    assert np.count_nonzero(twice != once) <= 0.04 * np.count_nonzero(labels)


def test_smoothing_takes_spikes_and_notches_away(applied, discs):
    disc = discs((50, 50), [(25, 25)], 15)
    rough = disc.copy()
    rough[2:10, 25], rough[40:46, 24:26] = 1, 0
    rough[35:41, 25] = 0
    after = applied(rough, smooth(rough, 1))
    assert not after[:9].any()
    assert after[25:39, 25].all()
    assert np.count_nonzero(after != disc) < np.count_nonzero(rough != disc)


@pytest.mark.parametrize("repair", [delete, fill_holes, smooth])
def test_repairs_of_an_object_that_is_not_there_say_so(repair):
    with pytest.raises(InputError, match="no object 5"):
        repair(np.ones((4, 4), np.int32), 5)
