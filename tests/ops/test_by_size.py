"""Which objects are found, by their size: cases one can see, and what must hold of any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskloop.errors import InputError
from maskloop.ops.by_size import find_true_objects, find_true_parts, sort_by_size
from maskloop.ops.metrics import count


@pytest.fixture
def truth(discs):
    labels = discs((80, 120), [(20, 20), (20, 60)], 12)
    labels[60:64, 60:64], labels[60:64, 80:90] = 8, 5
    return labels


def test_each_object_has_its_diameter_and_whether_it_is_found_by_ascending_label(truth):
    found = find_true_objects(np.where(truth == 5, 0, truth), truth)
    disc = 2 * np.sqrt((truth == 1).sum() / np.pi)
    assert found.diameters == pytest.approx([disc, disc, 2 * np.sqrt(40 / np.pi), 2 * np.sqrt(16 / np.pi)])
    assert found.found.tolist() == [True, True, False, True]


@given(st.integers(0, 2**32 - 1))
def test_as_many_are_found_as_are_counted(seed):
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, 4, (2, 4, 6)).repeat(2, axis=2)
    mask = rng.random((4, 12)) < 0.9
    for known in (None, mask):
        found, counts = find_true_objects(predicted, truth, known), count(predicted, truth, known)
        assert found.found.sum() == counts.true_positives[0]
        assert len(found.found) == len(found.diameters) == counts.truth


def test_of_two_that_are_half_of_one_each_one_is_found():
    found = find_true_objects(np.array([[5, 5, 5, 5]]), np.array([[1, 1, 2, 2]])).found
    assert sorted(found.tolist()) == [False, True]


def test_what_reaches_out_of_what_is_known_is_left_out(truth):
    mask = np.ones(truth.shape, bool)
    mask[:, 80:] = False
    assert len(find_true_objects(truth, truth, mask).found) == 3


def test_a_part_is_found_where_half_of_it_is(truth):
    true, predicted = truth > 0, truth > 0
    rows, columns = np.nonzero(truth == 8)
    predicted[rows[:9], columns[:9]] = False  # of 16
    parts = find_true_parts(predicted, true)
    assert parts.found[parts.diameters > 5].all()
    assert parts.found[parts.diameters < 5].tolist() == [False]
    predicted[rows[0], columns[0]] = True
    assert find_true_parts(predicted, true).found.all()


def test_nothing_has_no_parts():
    parts = find_true_parts(np.ones((3, 4), bool), np.zeros((3, 4), bool))
    assert len(parts.diameters) == len(parts.found) == 0


def test_other_shapes_are_refused(truth):
    with pytest.raises(InputError, match=r"\(80, 120\).*\(80, 119\)"):
        find_true_objects(truth, truth[:, 1:])


def test_no_objects_are_no_classes():
    assert sort_by_size(np.array([]), np.array([], bool)) == []


def test_classes_hold_equally_many_where_no_two_are_of_one_size():
    classes = sort_by_size(np.arange(100.0), np.arange(100) % 2 == 0)
    assert [(c.smallest, c.largest, c.objects, c.found) for c in classes] == [
        (20.0 * i, 20.0 * i + 19, 20, 10) for i in range(5)
    ]


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=60), st.integers(1, 7))
def test_each_object_is_in_one_class_and_the_classes_are_in_order(objects, wanted):
    diameters, found = (np.array(values) for values in zip(*objects, strict=True))
    classes = sort_by_size(diameters.astype(float), found, wanted)
    assert 1 <= len(classes) <= wanted
    assert sum(c.objects for c in classes) == len(objects)
    assert sum(c.found for c in classes) == found.sum()
    for c in classes:
        inside = (diameters >= c.smallest) & (diameters <= c.largest)
        assert (inside.sum(), found[inside].sum()) == (c.objects, c.found)
