"""What images of a foreground came to together: how much of it is found, and what is missed and invented."""

from collections.abc import Sequence

import numpy as np

from maskloop.ops.metrics import pool
from maskloop.reporting.class_findings import HEADER, PART_FOUND, PIXELS_NOTE
from maskloop.reporting.class_scores_of_all import score_classes_of_all
from maskloop.reporting.class_verdict import MEASURES, ClassVerdict
from maskloop.reporting.html import drawing, how_many, paragraph, side_by_side, table
from maskloop.reporting.plots import plot_foregrounds
from maskloop.reporting.sizes import show_sizes


class ForegroundFindings:
    """What the verdicts on at least one image come to together.

    Parameters
    ----------
    verdicts : sequence of ClassVerdict
        Of one class.
    """

    def __init__(self, verdicts: Sequence[ClassVerdict]) -> None:
        self._verdicts = verdicts
        self._scores = score_classes_of_all(verdicts)
        (_, self._invented), (self._missed, self._found) = np.sum([v.confusions for v in verdicts], axis=0).tolist()

    def summarise(self, name: str) -> str:
        """Say how many pixels are found, and the Dice."""
        return (
            f"{name} finds {self._found:,} of {how_many(self._found + self._missed, 'pixel')} of the foreground in "
            f"{how_many(len(self._verdicts), 'image')}, and {self._invented:,} that are none: Dice is "
            f"{self._scores.dice}."
        )

    def scores(self) -> str:
        """Show each score, pooled and over the images."""
        rows = [[measure, *self._scores.row(measure, 0)] for measure in MEASURES]
        return table(HEADER, rows, "scores") + paragraph(PIXELS_NOTE, "note")

    def curves(self, tuned: float | None) -> list[str]:
        """Draw Dice over the threshold, where there were maps."""
        if tuned is None:
            return []
        columns = zip(*(verdict.by_foreground for verdict in self._verdicts), strict=True)
        svg = plot_foregrounds({"Dice": [float(pool(column).dice[1]) for column in columns]}, tuned)
        return [drawing(svg, f"Dice over the foreground threshold; {tuned:.2g} was tuned for the model.")]

    def failures(self) -> list[str]:
        """Show what is missed and what is invented, and parts of which size are found."""
        rows = [
            ["missed", f"{self._missed:,}", f"{_share(self._missed, self._found)} of the true ones"],
            ["invented", f"{self._invented:,}", f"{_share(self._invented, self._found)} of the found ones"],
        ]
        about = "Missed: foreground that is not found. Invented: background that is taken for foreground."
        mistakes = table(("Mistakes", "pixels", "share"), rows) + paragraph(about, "note")
        bars = show_sizes(
            [part for verdict in self._verdicts for part in verdict.parts], "parts", PART_FOUND.capitalize()
        )
        return [side_by_side(bars, f"<div>{mistakes}</div>") if bars else mistakes]


def _share(wrong: int, right: int) -> str:
    return f"{100 * wrong / (wrong + right):.1f} %" if wrong + right else "-"
