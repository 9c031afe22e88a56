"""One image with its truth and what was found in it, weighed in all ways that a report shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskloop.reporting.kind import Kind, Verdict


@dataclass(frozen=True)
class JudgedImage:
    """What was found in an image, and how good it is.

    Attributes
    ----------
    name : str
    image : ndarray of shape (Y, X, C), or None
        None where only labels are known.
    truth, labels : ndarray of shape (Y, X), int
    reviewed : ndarray of shape (Y, X), bool, or None
        Where the truth is known; None where it is everywhere.
    verdict : Verdict
        Of the task's kind.
    """

    name: str
    image: np.ndarray | None
    truth: np.ndarray
    labels: np.ndarray
    reviewed: np.ndarray | None
    verdict: Verdict


def judge_image(
    kind: Kind[Any],
    name: str,
    image: np.ndarray | None,
    truth: np.ndarray,
    labels: np.ndarray,
    reviewed: np.ndarray | None = None,
    at_foregrounds: Iterable[np.ndarray] = (),
) -> JudgedImage:
    """Compare what was found with the truth, as `Kind.judge` does, which says what is raised."""
    verdict = kind.judge(labels, truth, reviewed, at_foregrounds)
    return JudgedImage(name, image, truth, labels, reviewed, verdict)


def best_median_worst(images: Sequence[JudgedImage]) -> dict[str, JudgedImage]:
    """Choose three images by their quality, the best first; fewer of fewer images."""
    ranked = sorted(images, key=lambda judged: -judged.verdict.quality)
    if len(ranked) < 3:
        return dict(zip(("Best", "Worst") if len(ranked) == 2 else ("The only image",), ranked, strict=False))
    return {"Best": ranked[0], "Median": ranked[len(ranked) // 2], "Worst": ranked[-1]}
