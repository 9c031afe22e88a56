"""Objects cut along a line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskloop.errors import InputError
from maskloop.ops.drawn_line import objects_on
from maskloop.ops.split import CRUMB, split

SEED = st.integers(0, 10**6)


@given(SEED)
def test_a_split_only_renumbers_pixels_of_objects_under_the_line(applied, blobs, pieces, seed):
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
def test_a_disc_is_cut_in_two_along_any_line_through_it(applied, discs, angle, aside):
    labels = discs((41, 41), [(20, 20)], 12)
    way, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
    middle = np.array([20, 20]) + aside * across
    after = applied(labels, split(labels, np.array([middle - 16 * way, middle + 16 * way]), 2))
    side = np.einsum("iyx,i->yx", np.mgrid[:41, :41] - middle[:, None, None], across)
    assert set(np.unique(after)) == {0, 1, 2}
    for half in ((side > 2) & (labels == 1), (side < -2) & (labels == 1)):
        assert len(np.unique(after[half])) == 1


@pytest.mark.parametrize("short", [1, 2, 4])
def test_a_line_that_stops_short_of_the_outline_is_made_longer(applied, discs, short):
    labels = discs((41, 41), [(20, 20)], 12)
    after = applied(labels, split(labels, np.array([[8 + short, 20], [32 - short, 20]]), 2))
    assert np.abs(np.diff(np.bincount(after.ravel())[1:])) < 40


def test_a_longer_line_does_not_reach_into_other_objects(applied, discs):
    labels = discs((41, 70), [(20, 20), (20, 46)], 12)
    after = applied(labels, split(labels, np.array([[20, 10], [20, 30]]), 3))
    np.testing.assert_array_equal(after == 2, labels == 2)


def test_one_line_cuts_several_objects(applied, discs):
    labels = discs((30, 100), [(15, 15), (15, 45), (15, 75)], 10)
    after = applied(labels, split(labels, np.array([[15, 0], [15, 99]]), 4))
    assert np.unique(after).tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_objects_in_pieces_are_not_cut_by_a_line_between_the_pieces(applied):
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


def test_a_line_that_bends_in_the_object_and_leaves_it_again_cuts_a_piece_out(applied, discs):
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
