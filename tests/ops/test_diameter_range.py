"""Which sizes count as usual."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskloop.ops.diameter_range import diameter_range

IMAGES = st.lists(st.lists(st.floats(2, 500), min_size=1, max_size=30).map(np.array), min_size=1, max_size=40)


@given(IMAGES, st.floats(1, 4))
def test_the_median_of_all_objects_is_usual(diameters, reach):
    low, high = diameter_range(diameters, reach)
    assert low <= np.median(np.concatenate(diameters)) <= high


@given(IMAGES, st.floats(1, 4))
def test_of_few_images_nothing_is_usual_that_crops_are_not_varied_to(diameters, reach):
    few = diameters[:19]
    low, high = diameter_range(few, reach)
    middle = np.median(np.concatenate(few))
    assert low >= middle / reach * (1 - 1e-9)
    assert high <= middle * reach * (1 + 1e-9)


def test_a_crowd_in_one_image_outweighs_the_others():
    crowd, others = np.full(500, 10.0), [np.full(5, 25.0)] * 9
    assert diameter_range([crowd, *others], 1.5) == (10, 15)
