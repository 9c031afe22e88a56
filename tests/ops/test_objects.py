"""Where the objects are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskloop.errors import InputError
from maskloop.ops.objects import box_of, centres, number_densely, object_sizes, widen

HUGE = 2**31 - 1


def random_labels(seed, shape=(12, 15), highest=9):
    rng = np.random.default_rng(seed)
    return (rng.integers(0, highest + 1, shape) * (rng.random(shape) < 0.6)).astype(np.int32)


@given(st.integers(0, 10**6))
def test_the_box_holds_the_object_and_is_as_small_as_can_be(seed):
    labels = random_labels(seed)
    for number in np.unique(labels[labels > 0]):
        own = labels == number
        inside = own[box_of(labels, number)]
        assert inside.sum() == own.sum()
        assert all(side.any() for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


@pytest.mark.parametrize("number", [0, 8])
def test_an_object_that_is_not_there_is_named(number):
    with pytest.raises(InputError, match=f"no object {number}"):
        box_of(np.zeros((4, 4), np.int32), number)


def test_a_box_does_not_grow_beyond_the_plane():
    assert widen((slice(0, 2), slice(3, 4)), 5, (4, 20)) == (slice(0, 4), slice(0, 9))


@given(st.integers(0, 10**6), st.sampled_from([0, 1000, HUGE - 9]))
def test_sizes_add_up_however_large_the_numbers(seed, offset):
    labels = random_labels(seed)
    labels[labels > 0] += offset
    numbers, sizes = object_sizes(labels)
    assert numbers.tolist() == np.unique(labels[labels > 0]).tolist()
    assert sizes.tolist() == [np.count_nonzero(labels == number) for number in numbers]
    assert numbers.dtype == np.int32


@given(st.integers(0, 10**6), st.sampled_from([0, HUGE - 9]))
def test_the_middle_of_each_object_is_its_own_and_they_come_in_row_order(seed, offset):
    labels = random_labels(seed)
    labels[labels > 0] += offset
    found = centres(labels)
    assert sorted(found) == np.unique(labels[labels > 0]).tolist()
    assert all(labels[place] == number for number, place in found.items())
    assert list(found.values()) == sorted(found.values())


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (3, 3)])
def test_planes_without_objects(shape):
    labels = np.zeros(shape, np.int32)
    assert centres(labels) == {}
    assert [len(part) for part in object_sizes(labels)] == [0, 0]


def test_dense_numbers_lead_back():
    labels = np.array([[HUGE, 0, 5], [5, HUGE, 7]], np.int32)
    numbers, dense = number_densely(labels)
    assert dense.max() == 3
    np.testing.assert_array_equal(numbers[dense], labels)


def test_numbers_beyond_32_bits_are_kept():
    labels = np.array([[2**33 + 1, 1, 1]])
    assert object_sizes(labels)[0].tolist() == [1, 2**33 + 1]
    assert set(centres(labels)) == {1, 2**33 + 1}
