"""What images of objects came to together: how many are found, of what size, and what mistakes are made."""

from collections.abc import Sequence

from maskloop.ops.metrics import pool
from maskloop.ops.mistakes import add_up
from maskloop.reporting.html import drawing, how_many, paragraph, side_by_side, table
from maskloop.reporting.object_scores_of_all import score_objects_of_all
from maskloop.reporting.object_verdict import MISTAKES, ObjectVerdict
from maskloop.reporting.plots import plot_ap, plot_foregrounds
from maskloop.reporting.sizes import show_sizes

MISTAKES_NOTE = (
    "Missed: a true object that nothing matches. Invented: a found one that matches nothing. Merged: a found one that "
    "holds several true ones. Split: a true one that holds several found ones."
)


class ObjectFindings:
    """What the verdicts on at least one image come to together.

    Parameters
    ----------
    verdicts : sequence of ObjectVerdict
    """

    def __init__(self, verdicts: Sequence[ObjectVerdict]) -> None:
        self._verdicts = verdicts
        self._scores = score_objects_of_all([verdict.counts for verdict in verdicts])

    def summarise(self, name: str) -> str:
        """Say how many objects are found, and the AP."""
        pooled, interval = self._scores.pooled, self._scores.interval("AP at IoU 0.5")
        within = f" (95 % interval {interval})" if interval else ""
        found, images = pooled.true_positives[0], how_many(len(self._verdicts), "image")
        return (
            f"{name} finds {found} of {how_many(pooled.truth, 'object')} in {images}, "
            f"and {pooled.predicted - found} that are none: AP at IoU 0.5 is {pooled.ap[0]:.3f}{within}."
        )

    def scores(self) -> str:
        """Show the scores of all objects pooled."""
        return table(("Score", "all objects pooled", "95 % interval"), self._scores.rows, "scores")

    def curves(self, tuned: float | None) -> list[str]:
        """Draw AP over the IoU and, where there were maps, scores over the foreground threshold."""
        scores = self._scores
        band = "" if scores.ap_interval is None else ", with 95 % intervals"
        parts = [drawing(plot_ap(scores.pooled.ap, scores.ap_interval), f"AP over the IoU{band}.")]
        if tuned is not None:
            counts = [pool(column) for column in zip(*(one.by_foreground for one in self._verdicts), strict=True)]
            each = {"Dice": [c.dice for c in counts], "AP 0.5": [float(c.ap[0]) for c in counts]}
            svg = plot_foregrounds(each, tuned)
            parts.append(drawing(svg, f"Scores over the foreground threshold; {tuned:.2g} was tuned for the model."))
        return parts

    def failures(self) -> list[str]:
        """Show which objects are found by their size, and what kind of mistakes are made."""
        mistakes = add_up(verdict.mistakes for verdict in self._verdicts)
        kinds = table(("Mistakes", "objects"), [(kind, str(getattr(mistakes, kind))) for kind in MISTAKES])
        about = paragraph(MISTAKES_NOTE, "note")
        bars = show_sizes([verdict.objects for verdict in self._verdicts], "objects", "Found at IoU 0.5")
        if not bars:
            return [paragraph("There is no true object in these images."), kinds, about]
        return [side_by_side(bars, f"<div>{kinds}{about}</div>")]
