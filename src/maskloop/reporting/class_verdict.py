"""How good what was found in one image is, class by class; a foreground is one class."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maskloop.ops.by_size import TrueObjects
from maskloop.ops.class_scores import ClassCounts, ClassScores
from maskloop.scores_of_classes import DISTANCES, PIXELS

COLUMNS = (*PIXELS.values(), *DISTANCES.values())
MEASURES = {"Dice": 3, "IoU": 3, "HD95": 2, "ASSD": 2}  # with their digits


@dataclass(frozen=True)
class ClassVerdict:
    """How good the classes of one image are.

    Attributes
    ----------
    scores : ClassScores
    confusions : ndarray of shape (K, K), int
        Pixels of each true class that were found as each class.
    parts : tuple of TrueObjects
        Of each class but the background.
    by_foreground : tuple of ClassCounts
        At each foreground threshold of `FOREGROUNDS`; empty where there are no maps, or no thresholds.
    """

    scores: ClassScores
    confusions: np.ndarray
    parts: tuple[TrueObjects, ...]
    by_foreground: tuple[ClassCounts, ...] = ()

    @property
    def counts(self) -> ClassCounts:
        """Pixels of each class."""
        return self.scores.counts

    @cached_property
    def values(self) -> np.ndarray:
        """Each of `MEASURES`: first its mean, then of each class; NaN where not defined; of shape (4, K)."""
        counts = self.counts
        return by_class(counts, (counts.dice, counts.iou, self.scores.hd95, self.scores.assd))

    @property
    def quality(self) -> float:
        """Mean Dice of the classes that occur, without the background."""
        return float(self.values[0, 0])

    @property
    def caption(self) -> str:
        """Mean scores."""
        return f"{', '.join(f'{name} {text}' for name, text in zip(MEASURES, self.cells(0), strict=True))}."

    def pixels(self, number: int) -> list[str]:
        """Show how many pixels of a class were found, and how many there are."""
        return [str(of_class[number]) for of_class in (self.counts.predicted, self.counts.truth)]

    def cells(self, number: int) -> list[str]:
        """Show each of `MEASURES` of a class, or of 0 its mean."""
        return show(self.values[:, number])


def by_class(counts: ClassCounts, scores: Iterable[np.ndarray]) -> np.ndarray:
    """Arrange scores of shape (K,): the mean where background was, then of each class; NaN where none occurs.

    Examples
    --------
    >>> counts = ClassCounts(np.array([2, 3, 0]), np.array([3, 4, 0]), np.array([4, 3, 0]))
    >>> by_class(counts, [counts.iou])
    array([[0.75, 0.75,  nan]])
    """
    return np.array([[counts.mean(of), *np.where(counts.occurs, of, np.nan)[1:]] for of in scores])


def show(values: np.ndarray) -> list[str]:
    """Show values of shape (4,), of each of `MEASURES`; a dash for what is not defined."""
    return ["-" if np.isnan(v) else f"{v:.{digits}f}" for v, digits in zip(values, MEASURES.values(), strict=True)]
