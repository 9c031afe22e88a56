"""How well predicted labels agree with the truth, object by object and pixel by pixel."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from maskloop.errors import InputError
from maskloop.ops.class_scores import ClassCounts
from maskloop.ops.judged import judged_part, require_one_shape
from maskloop.ops.overlaps import find_overlaps

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(9))  # 0.5, 0.55, ..., 0.9


@dataclass(frozen=True)
class Counts:
    """What one image, or many together, came to.

    Attributes
    ----------
    true_positives : ndarray of shape (9,), int
        Predicted objects matched to a true one, at each IoU of `THRESHOLDS`.
    matched_iou : float
        Sum of the IoU of the objects matched at 0.5.
    predicted, truth : int
        Number of objects.
    overlap, predicted_pixels, truth_pixels : int
        Foreground pixels in both, in the prediction, in the truth.
    """

    true_positives: np.ndarray
    matched_iou: float
    predicted: int
    truth: int
    overlap: int
    predicted_pixels: int
    truth_pixels: int

    @property
    def ap(self) -> np.ndarray:
        """TP / (TP + FP + FN) at each threshold, as in Schmidt et al. 2018; 1 where there are no objects at all."""
        union = self.predicted + self.truth - self.true_positives
        return np.where(union > 0, self.true_positives / np.maximum(union, 1), 1.0)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN) at IoU 0.5."""
        return _ratio(2 * int(self.true_positives[0]), self.predicted + self.truth)

    @property
    def pq(self) -> float:
        """Panoptic quality (Kirillov et al. 2019): the mean IoU of matched objects times F1."""
        return _ratio(2 * self.matched_iou, self.predicted + self.truth)

    @property
    def dice(self) -> float:
        """2 |P and T| / (|P| + |T|) of the foreground; 1 where both are empty."""
        return _ratio(2 * self.overlap, self.predicted_pixels + self.truth_pixels)

    @property
    def iou(self) -> float:
        """|P and T| / |P or T| of the foreground; 1 where both are empty."""
        return _ratio(self.overlap, self.predicted_pixels + self.truth_pixels - self.overlap)


C = TypeVar("C", Counts, ClassCounts)


def count(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> Counts:
    """Match predicted to true objects, one to one, so that most of them reach each IoU.

    Parameters
    ----------
    predicted, truth : ndarray of one shape, int
        0 is background.
    mask : ndarray of the same shape, bool, optional
        Where the truth is known; everywhere where it is left out. See `maskloop.ops.judged.judged_part`.

    Returns
    -------
    Counts

    Raises
    ------
    InputError
        If the shapes differ, or there are no pixels.

    Examples
    --------
    >>> truth = np.array([[1, 1, 1, 1, 0, 2, 2]])
    >>> count(np.array([[5, 5, 5, 0, 0, 0, 7]]), truth).ap[[0, 5, 6]].round(2)
    array([1.  , 0.33, 0.  ])
    """
    require_one_shape(predicted, truth)
    if predicted.size == 0:
        raise InputError(f"The labels of shape {predicted.shape} are empty; wanted is at least one pixel.")
    known = np.ones(truth.shape, bool) if mask is None else mask
    foreground = (predicted > 0) & known, (truth > 0) & known
    predicted, truth = judged_part(predicted, truth, mask)
    iou = pairwise_iou(predicted, truth)
    matches = [match(iou, t) for t in THRESHOLDS]
    return Counts(
        true_positives=np.array([len(rows) for rows, _ in matches]),
        matched_iou=float(sum(iou[pair] for pair in zip(*matches[0], strict=True))),
        predicted=iou.shape[0],
        truth=iou.shape[1],
        overlap=int(np.count_nonzero(foreground[0] & foreground[1])),
        predicted_pixels=int(np.count_nonzero(foreground[0])),
        truth_pixels=int(np.count_nonzero(foreground[1])),
    )


def pool(counts: Iterable[C]) -> C:
    """Add up the counts of several images, so that each object, or each pixel, weighs the same.

    Parameters
    ----------
    counts : iterable of Counts, or of ClassCounts of the same classes

    Returns
    -------
    Counts or ClassCounts

    Raises
    ------
    InputError
        If there are none.
    """
    counts = list(counts)
    if not counts:
        raise InputError("There is nothing to evaluate.")
    kind = type(counts[0])
    return kind(**{field.name: sum(getattr(c, field.name) for c in counts) for field in fields(kind)})


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def pairwise_iou(predicted: np.ndarray, truth: np.ndarray) -> sparse.csr_array:
    """IoU of each predicted object (rows) with each true one (columns); only those that overlap are stored."""
    found = find_overlaps(predicted, truth)
    iou = found.pixels / (found.sizes[found.rows] + found.true_sizes[found.columns] - found.pixels)
    return sparse.csr_array((iou, (found.rows, found.columns)), shape=(len(found.sizes), len(found.true_sizes)))


def match(iou: sparse.csr_array, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Match predicted to true objects one to one, as many as possible; return the rows and columns of the pairs.

    From IoU 0.5 on an object has one candidate, or two of exactly 0.5, so that any largest matching will do.
    """
    reached = sparse.csr_matrix(iou >= threshold)
    columns = maximum_bipartite_matching(reached, perm_type="column")
    matched = np.flatnonzero(columns >= 0)
    return matched, columns[matched]
