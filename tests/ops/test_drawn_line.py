"""What lies under a line."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maskloop.ops.drawn_line import objects_on

SEED = st.integers(0, 10**6)


@given(SEED, st.integers(0, 39))
def test_objects_under_a_line_come_in_its_order(blobs, seed, row):
    labels = blobs(seed)
    path = np.array([[row, 0], [row, 49]])
    for line, way in ((labels[row], path), (labels[row, ::-1], path[::-1])):
        assert objects_on(labels, way) == tuple(dict.fromkeys(line[line > 0].tolist()))


@given(SEED)
def test_no_object_slips_through_between_the_points(blobs, seed):
    labels = blobs(seed)
    first, last = path = np.random.default_rng(seed).uniform(0, 39, (2, 2))
    y, x = np.round(first + np.linspace(0, 1, 40)[:, None] * (last - first)).astype(int).T
    assert set(labels[y, x].tolist()) - {0} <= set(objects_on(labels, path))
