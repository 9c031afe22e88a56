"""How a foreground is reported on: which of its pixels are found, missed and invented."""

from collections.abc import Iterable, Sequence

import numpy as np

from maskloop.ops.by_size import find_true_parts
from maskloop.ops.class_scores import count_classes, score_classes
from maskloop.ops.confusion import count_confusions
from maskloop.ops.judged import known_part
from maskloop.ops.overlay import LEGEND, RIGHT, tint_mistakes
from maskloop.reporting.class_verdict import COLUMNS, ClassVerdict
from maskloop.reporting.foreground_findings import ForegroundFindings
from maskloop.reporting.html import paragraph
from maskloop.reporting.kind import FOREGROUNDS


class ForegroundKind:
    """A pixel is of the foreground, whatever its number, or it is not."""

    parts = "Parts"
    curves_note = "Dice and IoU are those of the foreground, thresholded at 0.5."
    settings = frozenset({"foreground", "min_size", "certainty"})
    columns = COLUMNS
    foregrounds = FOREGROUNDS
    judged_part = staticmethod(known_part)

    def judge(
        self,
        labels: np.ndarray,
        truth: np.ndarray,
        reviewed: np.ndarray | None = None,
        at_foregrounds: Iterable[np.ndarray] = (),
    ) -> ClassVerdict:
        """Compare the foreground pixel by pixel."""
        judged = labels > 0, truth > 0, 2, reviewed
        scores, confusions = score_classes(*judged), count_confusions(*judged)
        parts = find_true_parts(*known_part(labels > 0, truth > 0, reviewed))
        by_foreground = tuple(count_classes(other > 0, truth > 0, 2, reviewed) for other in at_foregrounds)
        return ClassVerdict(scores, confusions, (parts,), by_foreground)

    def find(self, verdicts: Sequence[ClassVerdict]) -> ForegroundFindings:
        """Pool all pixels."""
        return ForegroundFindings(verdicts)

    def rows(self, verdict: ClassVerdict) -> list[list[str]]:
        """Return one row of scores."""
        # The mean is that of a single class; where there is none and none was found, it is 1.
        return [[*verdict.pixels(1), *verdict.cells(0)]]

    def draw(self, image: np.ndarray, labels: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
        """Draw the foreground, and which of its pixels are found, missed and invented."""
        found, true = labels > 0, truth > 0
        colours = np.array([(0, 0, 0), RIGHT], np.uint8)
        return {
            "truth": colours[true.astype(np.intp)],
            "prediction": colours[found.astype(np.intp)],
            "mistakes": tint_mistakes(image, found & true, found & ~true, true & ~found),
        }

    def legend(self) -> str:
        """Say what the colours mean."""
        return paragraph(f"By Dice. Mistakes: {LEGEND}.", "note legend")
