"""Repairs at one object or a few."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import ndimage

from maskloop.errors import InputError
from maskloop.ops.objects import box_of
from maskloop.ops.repair import CRUMB, delete, fill_holes, merge, objects_on, replace, smooth, split

TOUCHING = np.ones((3, 3))
SEED = st.integers(0, 10**6)


def applied(labels, edit):
    assert edit.labels.dtype == np.int32
    changed = labels.astype(np.int32)
    assert changed[edit.box].shape == edit.labels.shape
    changed[edit.box] = edit.labels
    return changed


def blobs(seed, shape=(40, 50), count=8):
    """Touching objects of any shape, one number each, some in several pieces."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.random((count + 1, *shape)), (0, 3, 3))
    noise[0] += 0.03
    return noise.argmax(axis=0).astype(np.int32)


def pieces(mask):
    return ndimage.label(mask, TOUCHING)[1]


# Split


@given(SEED)
def test_a_split_only_renumbers_pixels_of_objects_under_the_line(seed):
    labels = blobs(seed)
    before = labels.copy()
    path = np.random.default_rng(seed).uniform(-5, 55, (3, 2))
    try:
        after = applied(labels, split(labels, path, 100))
    except InputError:
        return
    np.testing.assert_array_equal(labels, before)
    np.testing.assert_array_equal(after > 0, labels > 0)
    assert set(labels[after != labels]) <= set(objects_on(labels, path))
    new = np.unique(after[after >= 100])
    np.testing.assert_array_equal(new, 100 + np.arange(len(new)))
    assert len(new) > 0
    for number in new:
        old = np.unique(labels[after == number])
        assert len(old) == 1
        assert pieces(after == number) == 1
        assert CRUMB <= np.count_nonzero(after == number) <= np.count_nonzero(labels == old[0]) / 2


@given(st.floats(0, np.pi), st.floats(-4, 4))
def test_a_disc_is_cut_in_two_along_any_line_through_it(discs, angle, aside):
    labels = discs((41, 41), [(20, 20)], 12)
    way, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
    middle = np.array([20, 20]) + aside * across
    after = applied(labels, split(labels, np.array([middle - 16 * way, middle + 16 * way]), 2))
    side = np.einsum("iyx,i->yx", np.mgrid[:41, :41] - middle[:, None, None], across)
    assert set(np.unique(after)) == {0, 1, 2}
    for half in ((side > 2) & (labels == 1), (side < -2) & (labels == 1)):
        assert len(np.unique(after[half])) == 1


@pytest.mark.parametrize("short", [1, 2, 4])
def test_a_line_that_stops_short_of_the_outline_is_made_longer(discs, short):
    labels = discs((41, 41), [(20, 20)], 12)
    after = applied(labels, split(labels, np.array([[8 + short, 20], [32 - short, 20]]), 2))
    assert np.abs(np.diff(np.bincount(after.ravel())[1:])) < 40


def test_a_longer_line_does_not_reach_into_other_objects(discs):
    labels = discs((41, 70), [(20, 20), (20, 46)], 12)
    after = applied(labels, split(labels, np.array([[20, 10], [20, 30]]), 3))
    np.testing.assert_array_equal(after == 2, labels == 2)


def test_one_line_cuts_several_objects(discs):
    labels = discs((30, 100), [(15, 15), (15, 45), (15, 75)], 10)
    after = applied(labels, split(labels, np.array([[15, 0], [15, 99]]), 4))
    assert np.unique(after).tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_objects_in_pieces_are_not_cut_by_a_line_between_the_pieces():
    labels = np.zeros((10, 30), np.int32)
    labels[:, :10] = labels[:, 20:] = 1
    with pytest.raises(InputError, match="on no object"):
        split(labels, np.array([[0, 15], [9, 15]]), 2)
    after = applied(labels, split(labels, np.array([[0, 4], [9, 4]]), 2))
    assert (after[:, 20:] == 1).all()


def test_a_crumb_stays_with_its_neighbour():
    labels = np.ones((20, 20), np.int32)
    with pytest.raises(InputError, match="does not cut object 1"):
        split(labels, np.array([[0, 2], [2, 0]]), 2)


def test_a_line_that_bends_in_the_object_and_leaves_it_again_cuts_a_piece_out(discs):
    labels = discs((41, 41), [(20, 20)], 15)
    after = applied(labels, split(labels, np.array([[0, 15], [20, 15], [20, 25], [0, 25]]), 2))
    assert after[10, 20] == 2
    assert after[10, 10] == after[30, 20] == 1


@pytest.mark.parametrize("path", [np.zeros((1, 2)), np.zeros((0, 2)), np.array([[0, 0], [np.nan, 1]])])
def test_a_line_needs_two_points(path):
    with pytest.raises(InputError, match="at least two"):
        split(np.ones((5, 5), np.int32), path, 2)


@pytest.mark.parametrize("path", [[[2, 2], [2, 2]], [[90, 90], [95, 99]], [[-9, -9], [-3, 99]]])
def test_lines_of_no_length_or_outside_say_so(path):
    with pytest.raises(InputError, match="draw it"):
        split(np.ones((5, 5), np.int32), np.array(path, float), 2)


# Merge


@given(SEED)
def test_objects_under_a_line_come_in_its_order(seed):
    labels = blobs(seed)
    path = np.random.default_rng(seed).uniform(0, 40, (2, 2))
    assert objects_on(labels, path)[::-1] == objects_on(labels, path[::-1]) or len(objects_on(labels, path)) > 1
    assert set(objects_on(labels, path)) <= set(np.unique(labels[labels > 0]).tolist())


@given(SEED)
def test_merged_objects_have_one_number_and_others_keep_their_pixels(seed):
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
def test_narrow_gaps_are_closed(gap, joined):
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
def test_a_deleted_object_is_gone_and_nothing_else(seed):
    labels = blobs(seed)
    number = labels.max()
    np.testing.assert_array_equal(applied(labels, delete(labels, number)), np.where(labels == number, 0, labels))
    assert (labels == number).any()


def test_holes_are_filled_but_for_the_objects_in_them(discs):
    labels = discs((40, 40), [(20, 20)], 15)
    labels[15:25, 15:25] = 0
    labels[18:20, 18:20] = 4
    after = applied(labels, fill_holes(labels, 1))
    np.testing.assert_array_equal(after == 4, labels == 4)
    np.testing.assert_array_equal(after > 0, discs((40, 40), [(20, 20)], 15) > 0)


@given(SEED)
def test_smoothing_leaves_others_alone_and_the_object_whole(seed):
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
def test_smoothing_hardly_changes_what_is_smooth(discs, radius):
    labels = discs((50, 50), [(25, 25)], radius)
    once = applied(labels, smooth(labels, 1))
    twice = applied(once, smooth(once, 1))
    assert np.count_nonzero(once != labels) <= 0.06 * np.count_nonzero(labels)
    assert np.count_nonzero(twice != once) <= 0.04 * np.count_nonzero(labels)


def test_smoothing_takes_spikes_and_notches_away(discs):
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


# Replace

BOX = slice(5, 35), slice(8, 44)


@given(SEED, st.sampled_from([0, 2**30]))
def test_replacing_keeps_what_is_reviewed_and_what_reaches_out(seed, offset):
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
def test_what_is_found_again_keeps_its_number(seed):
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


def test_an_object_with_a_far_piece_outside_of_the_box_stays():
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
