"""Which objects of two segmentations share pixels."""

from dataclasses import dataclass

import numpy as np

from maskloop.ops.objects import number_densely


@dataclass(frozen=True)
class Overlaps:
    """The objects of a prediction and of the truth, counted from 0 by ascending label, and what they share.

    Attributes
    ----------
    sizes, true_sizes : ndarray of shape (P,) and (T,), int
        Pixels of each object.
    rows, columns : ndarray of shape (N,), int
        The predicted and the true object of each pair that overlaps.
    pixels : ndarray of shape (N,), int
        How many they share.
    """

    sizes: np.ndarray
    true_sizes: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    pixels: np.ndarray


def find_overlaps(predicted: np.ndarray, truth: np.ndarray) -> Overlaps:
    """Find all pairs of a predicted and a true object that share pixels.

    Parameters
    ----------
    predicted, truth : ndarray of one shape, int
        0 is background, and so is what is below.

    Returns
    -------
    Overlaps

    Examples
    --------
    >>> found = find_overlaps(np.array([0, 4, 4, 4, 9]), np.array([0, 0, 2, 2, 0]))
    >>> found.sizes, found.true_sizes, found.rows, found.columns, found.pixels
    (array([3, 1]), array([2]), array([0]), array([0]), array([2]))
    """
    (predicted, sizes, places), (truth, true_sizes, true_places) = (_counted(labels) for labels in (predicted, truth))
    shared = (predicted > 0) & (truth > 0)
    both = predicted[shared] * len(true_places) + truth[shared]
    pairs, pixels = np.unique(both, return_counts=True)
    rows, columns = np.divmod(pairs, len(true_places))
    return Overlaps(sizes, true_sizes, places[rows], true_places[columns], pixels)


def _counted(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels with numbers that are small enough for a table, the sizes of the objects, and such a table."""
    _, dense = number_densely(np.maximum(labels, 0))
    dense = dense.astype(np.int64, copy=False)  # the table takes no uint64
    sizes = np.bincount(dense.ravel(), minlength=1)
    sizes[0] = 0
    return dense, sizes[sizes > 0], np.cumsum(sizes > 0) - 1
