"""Confusions of classes against scikit-image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import contingency_table

from maskloop.errors import InputError
from maskloop.ops.confusion import count_confusions


@given(st.integers(0, 10**6), st.integers(2, 5), st.booleans())
def test_they_are_those_of_scikit_image(seed, classes, in_part):
    rng = np.random.default_rng(seed)
    predicted, truth = rng.integers(0, classes, (2, 9, 10)).astype(np.uint8)
    known = rng.random((9, 10)) < 0.7 if in_part else np.ones((9, 10), bool)
    known[0, :classes] = True
    predicted[0, :classes] = truth[0, :classes] = range(classes)  # its matrix leaves out classes at the end
    found = count_confusions(predicted, truth, classes, known if in_part else None)
    np.testing.assert_array_equal(found, contingency_table(truth[known], predicted[known]).toarray())


def test_a_class_that_is_nowhere_has_its_row_and_column():
    found = count_confusions(np.array([[False, True]]), np.array([[True, True]]), 3)
    assert found.tolist() == [[0, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_different_shapes_are_refused():
    with pytest.raises(InputError, match="must agree"):
        count_confusions(np.zeros((2, 3), int), np.zeros((3, 2), int), 2)
