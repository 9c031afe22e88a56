"""How objects are reported on: each matched with the truth, or a mistake of some sort."""

from collections.abc import Iterable, Sequence

import numpy as np

from maskloop.config import LabelsConfig
from maskloop.ops.by_size import find_true_objects
from maskloop.ops.judged import judged_part
from maskloop.ops.metrics import count
from maskloop.ops.mistakes import count_mistakes
from maskloop.ops.overlay import LEGEND, draw_pairs, pair_up
from maskloop.reporting.html import paragraph
from maskloop.reporting.kind import FOREGROUNDS
from maskloop.reporting.object_findings import ObjectFindings
from maskloop.reporting.object_verdict import ObjectVerdict
from maskloop.scores_of_objects import COLUMNS

THINNEST = 200  # share of the side, outlines that are still seen where four pictures share a line
# Told apart by all eyes (Okabe and Ito 2008).
COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167))
BLACK, NO_MATCH = (0, 0, 0), (187, 187, 187)


class ObjectKind:
    """Each object has a number of its own."""

    parts = "Objects"
    curves_note = "Dice and IoU are those of the foreground, thresholded at 0.5; AP is that of a few crops."
    settings = frozenset(LabelsConfig.model_fields)
    columns = tuple(COLUMNS)
    foregrounds = FOREGROUNDS

    def judge(
        self,
        labels: np.ndarray,
        truth: np.ndarray,
        reviewed: np.ndarray | None = None,
        at_foregrounds: Iterable[np.ndarray] = (),
    ) -> ObjectVerdict:
        """Match objects with the true ones."""
        return ObjectVerdict(
            count(labels, truth, reviewed),
            count_mistakes(labels, truth, reviewed),
            find_true_objects(labels, truth, reviewed),
            tuple(count(other, truth, reviewed) for other in at_foregrounds),
        )

    def find(self, verdicts: Sequence[ObjectVerdict]) -> ObjectFindings:
        """Pool all objects."""
        return ObjectFindings(verdicts)

    def rows(self, verdict: ObjectVerdict) -> list[list[str]]:
        """Return one row of scores."""
        return [[show(verdict.counts) for show in COLUMNS.values()]]

    def judged_part(
        self, labels: np.ndarray, truth: np.ndarray, reviewed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Leave out what cannot be compared, and number the rest as `pair_up` does."""
        return pair_up(*judged_part(labels, truth, reviewed))

    def draw(self, image: np.ndarray, labels: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
        """Draw objects that match in one colour, and the outlines of all."""
        return {
            "truth": _colour(np.abs(truth)),
            "prediction": _colour(labels),
            "mistakes": draw_pairs(image, labels, truth, -(-max(labels.shape) // THINNEST)),
        }

    def legend(self) -> str:
        """Say what colours and outlines mean."""
        return paragraph(
            "By mean AP. In truth and prediction, objects that match have one colour, and those that match nothing are "
            f"grey. Outlines: {LEGEND}.",
            "note legend",
        )


def _colour(labels: np.ndarray) -> np.ndarray:
    colours = np.array([*COLOURS, BLACK, NO_MATCH], np.uint8)
    return colours[np.where(labels > 0, labels % len(COLOURS), np.where(labels == 0, -2, -1))]
