"""What the tests of repairs share."""

import numpy as np
import pytest
from scipy import ndimage


def applied(labels, edit):
    """The labels of the whole plane after an edit."""
    assert edit.labels.dtype == np.int64
    changed = labels.astype(np.int32)
    assert changed[edit.box].shape == edit.labels.shape
    changed[edit.box] = edit.labels
    return changed


@pytest.fixture(scope="session", name="applied")
def _applied():
    """The function `applied`."""
    return applied


def blobs(seed, shape=(40, 50), count=8):
    """Touching objects of any shape, one number each, some in several pieces."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.random((count + 1, *shape)), (0, 3, 3))
    noise[0] += 0.03
    return noise.argmax(axis=0).astype(np.int32)


@pytest.fixture(scope="session", name="blobs")
def _blobs():
    """The function `blobs`."""
    return blobs


def pieces(mask):
    """The number of connected pieces of a mask."""
    return ndimage.label(mask, np.ones((3, 3)))[1]


@pytest.fixture(scope="session", name="pieces")
def _pieces():
    """The function `pieces`."""
    return pieces
