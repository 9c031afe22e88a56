"""Predicted objects in place of others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from maskloop.errors import InputError
from maskloop.ops.objects import box_of
from maskloop.ops.replace import replace

SEED = st.integers(0, 10**6)
BOX = slice(5, 35), slice(8, 44)


@given(SEED, st.sampled_from([0, 2**30]))
def test_replacing_keeps_what_is_reviewed_and_what_reaches_out(applied, blobs, seed, offset):
    labels = blobs(seed)
    labels[labels > 0] += offset
    predicted = blobs(seed + 1)[BOX]
    keep = ndimage.gaussian_filter(np.random.default_rng(seed).random(predicted.shape), 4) > 0.52
    before = labels.copy()
    after = applied(labels, replace(labels, BOX, predicted, keep, offset + 100))
    np.testing.assert_array_equal(labels, before)
    np.testing.assert_array_equal(after[BOX][keep], labels[BOX][keep])
    outside = np.ones(labels.shape, bool)
    outside[BOX] = False
    stays = np.isin(labels, np.append(labels[outside], labels[BOX][keep])) & (labels > 0)
    np.testing.assert_array_equal(after[stays], labels[stays])
    for number in np.unique(after[after >= offset + 100]):
        assert len(np.unique(predicted[after[BOX] == number])) == 1


@given(SEED)
def test_what_is_found_again_keeps_its_number(blobs, seed):
    labels = blobs(seed)
    whole = slice(0, 40), slice(0, 50)
    shuffled = np.append(0, np.random.default_rng(seed).permutation(labels.max()) + 1)[labels]
    edit = replace(labels, whole, shuffled, np.zeros(labels.shape, bool), 100)
    np.testing.assert_array_equal(edit.labels, labels)


def test_new_objects_are_numbered_without_gaps(discs):
    labels = discs((30, 60), [(15, 10)], 6)
    predicted = discs((30, 60), [(15, 10), (15, 30), (15, 48)], 6) * 7
    whole = slice(0, 30), slice(0, 60)
    edit = replace(labels, whole, predicted, np.zeros(labels.shape, bool), 9)
    assert np.unique(edit.labels).tolist() == [0, 1, 9, 10]


@pytest.mark.parametrize(("apart", "found"), [(2, False), (5, False), (9, True), (20, True)])
def test_predicted_objects_that_mostly_lie_on_kept_ones_are_left_out(discs, apart, found):
    labels = discs((30, 60), [(15, 15)], 8)
    predicted = discs((30, 60), [(15, 15 + apart)], 8)
    whole = slice(0, 30), slice(0, 60)
    edit = replace(labels, whole, predicted, labels > 0, 2)
    np.testing.assert_array_equal(edit.labels == 1, labels == 1)
    assert (edit.labels == 2).any() == found


def test_an_object_with_a_far_piece_outside_of_the_box_stays(applied):
    labels = np.zeros((30, 30), np.int32)
    labels[10:14, 10:14] = labels[0, 0] = 3
    box = slice(8, 20), slice(8, 20)
    nothing = np.zeros((12, 12), np.int32)
    np.testing.assert_array_equal(applied(labels, replace(labels, box, nothing, nothing > 0, 4)), labels)
    assert not replace(
        labels, box_of(labels, 3), labels[box_of(labels, 3)] * 0, labels[box_of(labels, 3)] < 0, 4
    ).labels.any()


def test_shapes_that_do_not_agree_are_named():
    with pytest.raises(InputError, match="must agree"):
        replace(np.ones((9, 9), np.int32), (slice(0, 4), slice(0, 4)), np.ones((4, 5)), np.ones((4, 4), bool), 2)
