"""Objects drawn as a line around them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.draw import polygon2mask

from maskloop.errors import InputError
from maskloop.ops.outline import outline, pixels_inside

SEED = st.integers(0, 10**6)
UNUSED = 100


def circle(centre, radius, turns=1.0):
    """Points of a line close around a disc, from its top on."""
    angles = np.linspace(0, 2 * np.pi * turns, int(400 * turns))
    return np.array(centre) + (radius + 0.02) * np.stack([-np.cos(angles), np.sin(angles)], axis=1)


def loop(seed):
    """A line around some place in or at a plane of 40 x 50, which does not cross itself."""
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, 15))
    way = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return random.uniform((0, 0), (40, 50)) + random.uniform(2, 18, (15, 1)) * way


def mask_of(path, shape):
    mask = np.zeros(shape, bool)
    mask[pixels_inside(path, shape)] = True
    return mask


# What is inside


@given(SEED)
def test_inside_of_a_line_that_does_not_cross_itself_is_what_the_polygon_holds(seed):
    path = loop(seed)
    around = 30
    large = polygon2mask((40 + 2 * around, 50 + 2 * around), path + around)
    np.testing.assert_array_equal(mask_of(path, (40, 50)), large[around:-around, around:-around])


@given(SEED, st.integers(0, 14))
def test_it_matters_neither_where_a_line_begins_nor_which_way_it_goes(seed, start):
    path = loop(seed)
    mask = mask_of(path, (40, 50))
    np.testing.assert_array_equal(mask, mask_of(np.roll(path, start, axis=0), (40, 50)))
    np.testing.assert_array_equal(mask, mask_of(path[::-1], (40, 50)))


@pytest.mark.parametrize("turns", [1.1, 1.3, 1.5, 2, 2.4])
def test_a_hand_that_draws_on_beyond_where_it_began_does_no_harm(discs, turns):
    wanted = discs((41, 41), [(20, 20)], 12) > 0
    np.testing.assert_array_equal(mask_of(circle((20, 20), 12, turns), (41, 41)), wanted)


def test_pixels_far_out_and_whole_planes():
    around = np.array([[-1e6, -1e6], [-1e6, 1e6], [1e6, 1e6], [1e6, -1e6]])
    assert mask_of(around, (7, 9)).all()
    left = np.array([[-1e6, -1e6], [-1e6, 2.5], [1e6, 2.5], [1e6, -1e6]])
    np.testing.assert_array_equal(mask_of(left, (7, 9)), np.arange(9) < np.full((7, 1), 3))


# The object


@given(SEED, SEED)
def test_an_outline_takes_the_place_of_what_lies_mostly_inside(applied, seed, other):
    random = np.random.default_rng(other)
    labels = random.permutation(20)[blocks(random)].astype(np.int32)
    before = labels.copy()
    path = loop(seed)
    inside = mask_of(path, labels.shape)
    if not inside.any():
        return
    after = applied(labels, outline(labels, path, UNUSED))
    np.testing.assert_array_equal(labels, before)
    wanted, mostly = labels.copy(), {}
    for number in np.unique(labels[labels > 0]):
        own = labels == number
        if 2 * np.count_nonzero(own & inside) > np.count_nonzero(own):
            wanted[own] = 0
            mostly[number] = np.count_nonzero(own)
    [given] = set(after[inside])
    assert mostly.get(given, 0) == max(mostly.values(), default=0)
    assert given in mostly or (given == UNUSED and not mostly)
    wanted[inside] = given
    np.testing.assert_array_equal(after, wanted)


def blocks(random):
    """Objects of any size in rows and columns, up to 20 numbers."""
    rows, columns = (np.sort(random.integers(0, length, count)) for length, count in ((40, 3), (50, 4)))
    return 5 * np.searchsorted(rows, np.arange(40))[:, None] + np.searchsorted(columns, np.arange(50))


def test_a_missed_object_gets_the_unused_number(applied, discs):
    labels = discs((60, 60), [(15, 15)], 9)
    after = applied(labels, outline(labels, circle((40, 40), 9), 7))
    np.testing.assert_array_equal(after == 1, labels == 1)
    np.testing.assert_array_equal(after == 7, discs((60, 60), [(40, 40)], 9) == 1)


def test_fragments_become_one_with_the_number_of_the_largest(applied, discs):
    wanted = discs((60, 60), [(30, 30)], 15)
    labels = wanted * np.array([5, 3, 8])[np.digitize(np.arange(60), [20, 37])]
    after = applied(labels, outline(labels, circle((30, 30), 15), 9))
    np.testing.assert_array_equal(after, 3 * wanted)


def test_an_object_is_pulled_out_of_a_clump_that_keeps_its_number(applied, discs):
    labels = (discs((40, 80), [(20, 20), (20, 36), (20, 52)], 10) > 0).astype(np.int32)
    after = applied(labels, outline(labels, circle((20, 20), 10), 2))
    assert np.array_equal(after == 2, discs((40, 80), [(20, 20)], 10) > 0)
    assert np.array_equal(after == 1, (labels == 1) & (after != 2))


def test_a_wrong_outline_is_replaced_also_far_outside_of_the_line(applied, discs):
    labels = discs((60, 300), [(30, 30)], 12)
    labels[30, 30:290] = 1  # thin, so most of the object lies inside
    after = applied(labels, outline(labels, circle((30, 30), 12), 2))
    np.testing.assert_array_equal(after, discs((60, 300), [(30, 30)], 12))


def test_half_an_object_inside_is_not_mostly(applied):
    labels = np.ones((10, 10), np.int32)
    after = applied(labels, outline(labels, np.array([[-1, -1], [-1, 4.5], [11, 4.5], [11, -1]]), 2))
    np.testing.assert_array_equal(after, np.where(np.arange(10) < 5, 2, 1) * labels)
    after = applied(labels, outline(labels, np.array([[-1, -1], [-1, 5.5], [11, 5.5], [11, -1]]), 2))
    np.testing.assert_array_equal(after, np.where(np.arange(10) < 6, 1, 0) * labels)


def test_a_crumb_near_by_goes_with_its_object(applied, discs):
    labels = discs((60, 60), [(30, 30)], 8)
    labels[30, 45] = 1
    after = applied(labels, outline(labels, circle((30, 30), 8), 2))
    np.testing.assert_array_equal(after, discs((60, 60), [(30, 30)], 8))


class Watched(np.ndarray):
    """Remembers the largest part that was asked for."""

    largest = 0

    def __getitem__(self, index):
        found = np.asarray(super().__getitem__(index))
        Watched.largest = max(Watched.largest, found.size)
        return found


def test_only_what_is_near_is_read(discs):
    labels = np.ones((2000, 2000), np.int32)  # an object as large as the plane
    labels[:60, :60] += discs((60, 60), [(30, 30)], 15)
    Watched.largest = 0
    edit = outline(labels.view(Watched), circle((30, 30), 20), 3)
    assert edit.labels.size <= Watched.largest < 200**2
    assert np.unique(edit.labels).tolist() == [1, 2]


@pytest.mark.parametrize(
    "path",
    [
        np.zeros((0, 2)),
        np.zeros((1, 2)),
        np.zeros((9, 2)),
        np.array([[0, 0], [4, 4], [0, 0]]),
        np.array([[0, 0], [4, 4], [0, np.nan]]),
        np.array([[0, 0], [4, 4], [0, np.inf]]),
    ],
)
def test_a_line_needs_three_points(path):
    with pytest.raises(InputError, match=f"has {len(path)} points; wanted are at least three"):
        outline(np.ones((5, 5), np.int32), path, 2)


@pytest.mark.parametrize(
    "path", [[[1, 1], [2, 2], [3, 3]], [[9, 9], [9, 20], [20, 9]], [[1.2, 1.2], [1.2, 1.8], [1.8, 1.5]]]
)
def test_a_line_around_nothing_says_so(path):
    with pytest.raises(InputError, match=r"encloses no pixel.*around an object"):
        outline(np.ones((5, 5), np.int32), np.array(path, float), 2)
