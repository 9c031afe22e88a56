"""What a model came to on some images, for each kind of task: what is said of it, and by what models are compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from maskloop.config import TaskConfig
from maskloop.ops.class_scores import ClassCounts, count_classes
from maskloop.ops.metrics import Counts, count, pool
from maskloop.ops.mistakes import Mistakes, add_up, count_mistakes

Judged = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Predicted and true labels (Y, X), and a mask of where the truth is known, or None for everywhere."""


class Judgement(Protocol):
    """What a model came to on some images.

    Attributes
    ----------
    unit, known_unit : str
        Names of the two scores.
    """

    unit: str
    known_unit: str

    @property
    def quality(self) -> float:
        """The score by which models are compared, 0 to 1."""

    @property
    def known(self) -> float:
        """The score by which it is noticed that a model has forgotten something, 0 to 1."""

    @property
    def objects(self) -> int | None:
        """How many true objects speak for it; None where pixels do."""

    def cells(self) -> dict[str, str]:
        """Name all that is to be said of it."""


@dataclass(frozen=True)
class ObjectJudgement:
    """What a model came to, object by object, pooled over all of them."""

    counts: Counts
    mistakes: Mistakes
    unit = "mean AP"
    known_unit = "AP at IoU 0.5"

    @property
    def quality(self) -> float:
        """Mean AP over IoU 0.5 to 0.9."""
        return float(self.counts.ap.mean())

    @property
    def known(self) -> float:
        """AP at IoU 0.5."""
        return float(self.counts.ap[0])

    @property
    def objects(self) -> int:
        """How many true objects there are."""
        return self.counts.truth

    def cells(self) -> dict[str, str]:
        """Name counts, scores and mistakes."""
        counts, mistakes = self.counts, self.mistakes
        scores = {"AP 0.5": self.known, "mean AP": self.quality, "Dice": counts.dice}
        return (
            {"found": str(counts.predicted), "true": str(counts.truth)}
            | {name: f"{score:.3f}" for name, score in scores.items()}
            | {kind: str(getattr(mistakes, kind)) for kind in ("missed", "invented", "merged", "split")}
        )


@dataclass(frozen=True)
class ClassJudgement:
    """What a model came to, pixel by pixel, pooled over all of them; `names` are those of the classes 1, 2, ..."""

    counts: ClassCounts
    names: Sequence[str]
    unit = known_unit = "Dice"
    objects = None

    @property
    def quality(self) -> float:
        """Mean Dice of the classes that occur, without the background."""
        return self.counts.mean(self.counts.dice)

    @property
    def known(self) -> float:
        """The same."""
        return self.quality

    def cells(self) -> dict[str, str]:
        """Name Dice and IoU, and where there are several classes those of each."""
        cells = {"Dice": f"{self.quality:.3f}", "IoU": f"{self.counts.mean(self.counts.iou):.3f}"}
        if len(self.names) > 1:
            for number, name in enumerate(self.names, start=1):
                dice = f"{self.counts.dice[number]:.3f}" if self.counts.occurs[number] else "-"
                cells[f"Dice of {name}"] = dice
        return cells


def judge_labels(images: Iterable[Judged], task: TaskConfig) -> ObjectJudgement | ClassJudgement:
    """Compare predicted with true labels.

    Parameters
    ----------
    images : iterable of Judged
        At least one.
    task : TaskConfig
        What the labels mean.

    Returns
    -------
    ObjectJudgement or ClassJudgement

    Raises
    ------
    InputError
        If there are no images, or shapes differ.
    """
    if task.kind == "objects":
        counts, mistakes = [], []
        for image in images:
            counts.append(count(*image))
            mistakes.append(count_mistakes(*image))
        return ObjectJudgement(pool(counts), add_up(mistakes))
    names = task.heads[1:] if task.kind == "classes" else ("foreground",)
    classes = len(names) + 1
    each = (_class_counts(*image, classes) for image in images)
    return ClassJudgement(pool(each), names)


def _class_counts(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None, classes: int) -> ClassCounts:
    if classes == 2:  # of a foreground every number means the same
        predicted, truth = (np.minimum(labels, 1) for labels in (predicted, truth))
    return count_classes(predicted, truth, classes, mask)
