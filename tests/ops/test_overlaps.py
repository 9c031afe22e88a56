"""Which objects of two segmentations share pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import contingency_table

from maskloop.ops.overlaps import find_overlaps

DTYPES = st.sampled_from([np.int8, np.int32, np.uint16, np.uint64])
NUMBERS = st.sampled_from([0, 0, 1, 2, 5, 100])
PAIRS = DTYPES.flatmap(lambda dtype: st.tuples(*[arrays(dtype, (6, 7), elements=NUMBERS)] * 2))


@given(PAIRS)
def test_it_agrees_with_the_contingency_table(pair):
    found = find_overlaps(*pair)
    (numbers, sizes), (true_numbers, true_sizes) = (np.unique(a[a > 0], return_counts=True) for a in pair)
    np.testing.assert_array_equal(found.sizes, sizes)
    np.testing.assert_array_equal(found.true_sizes, true_sizes)
    table = np.zeros((len(sizes), len(true_sizes)), int)
    table[found.rows, found.columns] = found.pixels
    oracle = contingency_table(*(a.astype(np.int64) for a in pair)).toarray()
    np.testing.assert_array_equal(table, oracle[np.ix_(numbers, true_numbers)] if numbers.size else table)


@pytest.mark.parametrize("numbers", [[-3, 2**40, 2**40, 7], [-3, 2, 2, 1]])
def test_numbers_that_no_table_holds_and_numbers_below_0_do_no_harm(numbers):
    labels = np.array([numbers])
    found = find_overlaps(labels, labels)
    assert sorted(found.sizes) == sorted(found.pixels) == [1, 2]
