"""One image with its truth and what was found in it, weighed in all ways that a report shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from maskloop.ops.by_size import TrueObjects, find_true_objects
from maskloop.ops.metrics import Counts, count
from maskloop.ops.mistakes import Mistakes, count_mistakes

FOREGROUNDS = tuple(round(0.1 * i, 1) for i in range(1, 10))


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
    counts : Counts
    mistakes : Mistakes
    objects : TrueObjects
    by_foreground : tuple of Counts
        At each foreground threshold of `FOREGROUNDS`; empty where there are no maps.
    """

    name: str
    image: np.ndarray | None
    truth: np.ndarray
    labels: np.ndarray
    reviewed: np.ndarray | None
    counts: Counts
    mistakes: Mistakes
    objects: TrueObjects
    by_foreground: tuple[Counts, ...] = ()


def judge_image(
    name: str,
    image: np.ndarray | None,
    truth: np.ndarray,
    labels: np.ndarray,
    reviewed: np.ndarray | None = None,
    at_foregrounds: Iterable[np.ndarray] = (),
) -> JudgedImage:
    """Compare what was found with the truth; `at_foregrounds` are the labels at each of `FOREGROUNDS`.

    Raises
    ------
    InputError
        If the shapes differ, or there are no pixels.
    """
    return JudgedImage(
        name,
        image,
        truth,
        labels,
        reviewed,
        count(labels, truth, reviewed),
        count_mistakes(labels, truth, reviewed),
        find_true_objects(labels, truth, reviewed),
        tuple(count(other, truth, reviewed) for other in at_foregrounds),
    )


def best_median_worst(images: Sequence[JudgedImage]) -> dict[str, JudgedImage]:
    """Choose three images by their mean AP, the best first; fewer of fewer images."""
    ranked = sorted(images, key=lambda judged: -judged.counts.ap.mean())
    if len(ranked) < 3:
        return dict(zip(("Best", "Worst") if len(ranked) == 2 else ("The only image",), ranked, strict=False))
    return {"Best": ranked[0], "Median": ranked[len(ranked) // 2], "Worst": ranked[-1]}
