"""Scores of classes over several images, with intervals that say how far they might be off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskloop.ops.bootstrap import bootstrap_interval
from maskloop.ops.class_scores import ClassCounts
from maskloop.ops.metrics import pool
from maskloop.reporting.class_verdict import MEASURES, ClassVerdict, by_class

POOLED = 2  # of the measures: Dice and IoU; there are no distances between pooled pixels


@dataclass(frozen=True)
class ClassScoresOfAll:
    """What all images came to together; each array begins with means over the classes, in place of background.

    Attributes
    ----------
    counts : ClassCounts
        Pooled.
    values : ndarray of shape (6, K)
        Pooled Dice and IoU, and the means over images of each of `MEASURES`; NaN where not defined.
    intervals : ndarray of shape (2, 6, K)
        Their ends; NaN where fewer than two images have a say.
    """

    counts: ClassCounts
    values: np.ndarray
    intervals: np.ndarray

    def row(self, measure: str, number: int) -> list[str]:
        """Show a measure of a class, or of 0 its mean: pooled, its interval, the mean over images, its interval."""
        which = list(MEASURES).index(measure)
        pooled = self._cells(which, number, measure) if which < POOLED else ["", ""]
        return [*pooled, *self._cells(POOLED + which, number, measure)]

    @property
    def dice(self) -> str:
        """The pooled Dice, or its mean over the classes, with its interval."""
        value, interval = self._cells(0, 0, "Dice")
        return f"{value} (95 % interval {interval})" if interval else value

    def _cells(self, which: int, number: int, measure: str) -> list[str]:
        value, (low, high), digits = self.values[which, number], self.intervals[:, which, number], MEASURES[measure]
        interval = "" if np.isnan(low) else f"{low:.{digits}f} to {high:.{digits}f}"
        return ["-" if np.isnan(value) else f"{value:.{digits}f}", interval]


def score_classes_of_all(verdicts: Sequence[ClassVerdict]) -> ClassScoresOfAll:
    """Pool the pixels of at least one image, average its scores, and draw the images anew for the intervals."""
    values = _values(verdicts)
    ends = bootstrap_interval(verdicts, lambda drawn: _values(drawn).ravel())
    intervals = np.full((2, *values.shape), np.nan) if ends is None else ends.reshape(2, *values.shape)
    known = np.count_nonzero(~np.isnan([verdict.values for verdict in verdicts]), axis=0)
    alone = np.concatenate([known[:POOLED], known]) < 2
    counts = pool(verdict.counts for verdict in verdicts)
    return ClassScoresOfAll(counts, values, np.where(alone, np.nan, intervals))


def _values(verdicts: Sequence[ClassVerdict]) -> np.ndarray:
    pooled = pool(verdict.counts for verdict in verdicts)
    each = np.array([verdict.values for verdict in verdicts])
    return np.concatenate([by_class(pooled, (pooled.dice, pooled.iou)), _mean_of_known(each)])


def _mean_of_known(each: np.ndarray) -> np.ndarray:
    known = ~np.isnan(each)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, each, 0).sum(axis=0) / np.maximum(count, 1), np.nan)
