"""Scores of objects pooled over all objects, with intervals that say how far they might be off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from maskloop.ops.bootstrap import bootstrap_interval
from maskloop.ops.metrics import Counts, pool

OF_OBJECTS: dict[str, Callable[[Counts], float]] = {
    "AP at IoU 0.5": lambda c: float(c.ap[0]),
    "mean AP, IoU 0.5 to 0.9": lambda c: float(c.ap.mean()),
    "F1 at IoU 0.5": lambda c: c.f1,
    "PQ (panoptic quality)": lambda c: c.pq,
}
OF_PIXELS: dict[str, Callable[[Counts], float]] = {
    "Dice of the foreground": lambda c: c.dice,
    "IoU of the foreground": lambda c: c.iou,
}
SCORES = OF_OBJECTS | OF_PIXELS


@dataclass(frozen=True)
class ObjectScoresOfAll:
    """What all images came to together.

    Attributes
    ----------
    pooled : Counts
    intervals : dict of str to (float, float), or None
        Of `SCORES`, by name; None of a single image.
    ap_interval : ndarray of shape (2, 9), or None
        Of the AP at each IoU.
    """

    pooled: Counts
    intervals: dict[str, tuple[float, float]] | None
    ap_interval: np.ndarray | None

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Name, value and interval of each score."""
        return [(name, f"{score(self.pooled):.3f}", self.interval(name)) for name, score in SCORES.items()]

    def interval(self, name: str) -> str:
        """Return the interval of a score; empty where there is none."""
        if self.intervals is None:
            return ""
        low, high = self.intervals[name]
        return f"{low:.3f} to {high:.3f}"


def score_objects_of_all(counts: Sequence[Counts]) -> ObjectScoresOfAll:
    """Pool the counts of at least one image each, and draw the images anew for the intervals."""

    def values(drawn: Sequence[Counts]) -> np.ndarray:
        pooled = pool(drawn)
        return np.array([*(score(pooled) for score in SCORES.values()), *pooled.ap])

    found = bootstrap_interval(counts, values)
    if found is None:
        return ObjectScoresOfAll(pool(counts), None, None)
    ends = zip(SCORES, found.T.tolist(), strict=False)  # what is left over is the AP
    return ObjectScoresOfAll(pool(counts), {name: (low, high) for name, (low, high) in ends}, found[:, len(SCORES) :])
