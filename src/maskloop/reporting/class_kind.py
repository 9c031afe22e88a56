"""How classes are reported on: pixel by pixel, each class in its colour."""

from collections.abc import Iterable, Sequence

import numpy as np

from maskloop.config import ClassConfig
from maskloop.ops.by_size import find_true_parts
from maskloop.ops.class_scores import score_classes
from maskloop.ops.confusion import count_confusions
from maskloop.ops.judged import known_part
from maskloop.ops.overlay import tint_mistakes
from maskloop.reporting.class_findings import ClassFindings
from maskloop.reporting.class_verdict import COLUMNS, ClassVerdict
from maskloop.reporting.html import key

BLACK = (0, 0, 0)


class ClassKind:
    """A label is the number of a class.

    Parameters
    ----------
    classes : sequence of ClassConfig
        Of the labels 1, 2, ...
    """

    parts = "Parts"
    curves_note = "Dice and IoU are means over the classes, without the background."
    settings: frozenset[str] = frozenset()
    columns = ("class", *COLUMNS)
    foregrounds: tuple[float, ...] = ()
    judged_part = staticmethod(known_part)

    def __init__(self, classes: Sequence[ClassConfig]) -> None:
        self._names = ("background", *(of.name for of in classes))
        self._key = {of.name: of.colour for of in classes}
        self._colours = np.array([BLACK, *(tuple(bytes.fromhex(of.colour[1:])) for of in classes)], np.uint8)

    def judge(
        self,
        labels: np.ndarray,
        truth: np.ndarray,
        reviewed: np.ndarray | None = None,
        at_foregrounds: Iterable[np.ndarray] = (),  # noqa: ARG002
    ) -> ClassVerdict:
        """Compare the class of each pixel."""
        judged = labels, truth, len(self._names), reviewed
        scores, confusions = score_classes(*judged), count_confusions(*judged)
        found, true = known_part(labels, truth, reviewed)
        parts = tuple(find_true_parts(found == number, true == number) for number in range(1, len(self._names)))
        return ClassVerdict(scores, confusions, parts)

    def find(self, verdicts: Sequence[ClassVerdict]) -> ClassFindings:
        """Pool all pixels, class by class."""
        return ClassFindings(verdicts, self._names)

    def rows(self, verdict: ClassVerdict) -> list[list[str]]:
        """Return the means, and a row for each class."""
        each = ([name, *verdict.pixels(i), *verdict.cells(i)] for i, name in enumerate(self._names) if i)
        return [["mean", "", "", *verdict.cells(0)], *each]

    def draw(self, image: np.ndarray, labels: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
        """Draw classes in their colours, and what is wrong."""
        wrong, nothing = labels != truth, np.zeros(labels.shape, bool)
        return {
            "truth": self._colours[truth],
            "prediction": self._colours[labels],
            "mistakes": tint_mistakes(image, nothing, wrong, nothing),
        }

    def legend(self) -> str:
        """Name the classes with their colours."""
        return key("By mean Dice. Mistakes: wrong pixels are orange. Truth and prediction:", self._key)
