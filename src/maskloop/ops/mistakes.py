"""What kind of mistakes a prediction makes: objects missed, invented, merged and split."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np

from maskloop.ops.judged import judged_part, require_one_shape
from maskloop.ops.overlaps import find_overlaps


@dataclass(frozen=True)
class Mistakes:
    """How often each kind of mistake was made.

    Attributes
    ----------
    missed : int
        True objects that no prediction matches at an IoU of 0.5, and that are neither merged nor split.
    invented : int
        Predicted objects that match no true one, and that neither merge any nor are parts of a split one.
    merged : int
        Predicted objects that hold more than half of each of several true ones.
    split : int
        True objects that hold more than half of each of several predicted ones.
    """

    missed: int = 0
    invented: int = 0
    merged: int = 0
    split: int = 0


def count_mistakes(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> Mistakes:
    """Count the mistakes of a prediction.

    Parameters
    ----------
    predicted, truth : ndarray of one shape, int
        0 is background.
    mask : ndarray of the same shape, bool, optional
        Where the truth is known; everywhere where it is left out. See `maskloop.ops.judged.judged_part`.

    Returns
    -------
    Mistakes

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> truth = np.array([[1, 1, 2, 2, 0, 3, 3, 3, 3, 0, 4, 0]])
    >>> count_mistakes(np.array([[9, 9, 9, 9, 0, 5, 5, 6, 6, 0, 0, 7]]), truth)
    Mistakes(missed=1, invented=1, merged=1, split=1)
    """
    require_one_shape(predicted, truth)
    predicted, truth = judged_part(predicted, truth, mask)
    shared = find_overlaps(predicted, truth)
    rows, columns, pixels = shared.rows, shared.columns, shared.pixels
    sizes, true_sizes = shared.sizes, shared.true_sizes

    in_prediction, in_truth = 2 * pixels > true_sizes[columns], 2 * pixels > sizes[rows]
    merging = np.bincount(rows[in_prediction], minlength=len(sizes)) > 1
    in_parts = np.bincount(columns[in_truth], minlength=len(true_sizes)) > 1
    matched = 3 * pixels >= sizes[rows] + true_sizes[columns]  # an IoU of 0.5

    explained, true_explained = merging.copy(), in_parts.copy()
    explained[rows[matched | (in_truth & in_parts[columns])]] = True
    true_explained[columns[matched | (in_prediction & merging[rows])]] = True
    return Mistakes(
        missed=int(np.count_nonzero(~true_explained)),
        invented=int(np.count_nonzero(~explained)),
        merged=int(np.count_nonzero(merging)),
        split=int(np.count_nonzero(in_parts)),
    )


def add_up(mistakes: Iterable[Mistakes]) -> Mistakes:
    """Add up the mistakes of several images.

    Examples
    --------
    >>> add_up([Mistakes(missed=1, split=2), Mistakes(missed=3)])
    Mistakes(missed=4, invented=0, merged=0, split=2)
    """
    return Mistakes(*np.sum([astuple(m) for m in mistakes] or [astuple(Mistakes())], axis=0).tolist())
