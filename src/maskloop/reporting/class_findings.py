"""What images of classes came to together: each class for itself, and which are taken for which."""

from collections.abc import Sequence

import numpy as np

from maskloop.reporting.class_scores_of_all import score_classes_of_all
from maskloop.reporting.class_verdict import MEASURES, ClassVerdict
from maskloop.reporting.html import how_many, paragraph, scrolling, side_by_side, table
from maskloop.reporting.sizes import show_sizes

HEADER = ("Score", "all pixels pooled", "95 % interval", "mean over images", "95 % interval")
PART_FOUND = "parts of which at least half is found"
PIXELS_NOTE = "HD95 and ASSD are distances between outlines in pixels."


class ClassFindings:
    """What the verdicts on at least one image come to together.

    Parameters
    ----------
    verdicts : sequence of ClassVerdict
    names : sequence of str
        Of the classes, the background first.
    """

    def __init__(self, verdicts: Sequence[ClassVerdict], names: Sequence[str]) -> None:
        self._verdicts, self._names = verdicts, names
        self._scores = score_classes_of_all(verdicts)

    def summarise(self, name: str) -> str:
        """Say the mean Dice, and which classes have the highest and the lowest."""
        images = how_many(len(self._verdicts), "image")
        occurring = np.flatnonzero(self._scores.counts.occurs[1:]) + 1
        if not len(occurring):
            return f"{name} finds none of the classes in {images}, and there is none."
        dice = self._scores.counts.dice
        best, worst = (occurring[pick(dice[occurring])] for pick in (np.argmax, np.argmin))
        said = f"{name} has a mean Dice of {self._scores.dice} over the classes in {images}"
        if best == worst:
            return f"{said}."
        highest, lowest = (f"that of {self._names[number]}, {dice[number]:.3f}" for number in (best, worst))
        return f"{said}; the highest is {highest}, and the lowest {lowest}."

    def scores(self) -> str:
        """Show each score of each class."""
        of_what = [f" of {name}" if number else ", mean over the classes" for number, name in enumerate(self._names)]
        rows = [
            [f"{measure}{of}", *self._scores.row(measure, number)]
            for measure in MEASURES
            for number, of in enumerate(of_what)
        ]
        note = paragraph(
            f"The mean over images is that of the images in which a class is, or is found. {PIXELS_NOTE}", "note"
        )
        return table(HEADER, rows, "scores") + note

    def curves(self, tuned: float | None) -> list[str]:  # noqa: ARG002
        """Draw nothing, for no class has a threshold."""
        return []

    def failures(self) -> list[str]:
        """Show which classes are taken for which, and parts of which size are found."""
        confusions = np.sum([verdict.confusions for verdict in self._verdicts], axis=0)
        rows = [[name, *_shares(row)] for name, row in zip(self._names, confusions, strict=True)]
        about = "Each row is a true class: its pixels, and which share of them is found as which class."
        header = ("True class", "pixels", *(f"found as {name}" for name in self._names))
        parts = zip(self._names[1:], zip(*(verdict.parts for verdict in self._verdicts), strict=True), strict=True)
        bars = "".join(show_sizes(of_class, "parts", f"{name}: {PART_FOUND}") for name, of_class in parts)
        confused = [scrolling(table(header, rows, "confusions")), paragraph(about, "note")]
        return [*confused, side_by_side(bars)] if bars else confused


def _shares(pixels: np.ndarray) -> list[str]:
    """Return the sum of pixels, and the share of each; a dash where there are none."""
    total = int(pixels.sum())
    return [f"{total:,}", *(f"{100 * of_class / total:.1f} %" if total else "-" for of_class in pixels.tolist())]
