"""The sections of a report on judged images, of whatever kind of task."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

from maskloop.reporting.html import paragraph, row_of_pictures, section, side_by_side, table
from maskloop.reporting.judged_image import JudgedImage, best_median_worst
from maskloop.reporting.kind import Findings, Kind
from maskloop.reporting.pictures import draw_pictures

FEW_IMAGES = 10  # of which the intervals are only a hint


def show_scores(findings: Findings, images: int, choice: str) -> str:
    """Show the scores, with what they were measured on."""
    return section("Scores", paragraph(choice), findings.scores(), paragraph(_explain_intervals(images), "note"))


def _explain_intervals(images: int) -> str:
    if images < 2:
        return "No interval can be given: one image does not say how others would score."
    few = " Of so few images they are a hint at most." if images < FEW_IMAGES else ""
    return (
        "Intervals: percentiles of 1,000 scores of as many images, drawn anew from these with replacement "
        f"(Efron and Tibshirani 1993).{few}"
    )


def show_curves(findings: Findings, tuned: float | None = None) -> str:
    """Show how scores depend on thresholds; empty where there are none."""
    parts = findings.curves(tuned)
    return section("How strict one is", side_by_side(*parts)) if parts else ""


def show_failures(findings: Findings) -> str:
    """Show what goes wrong."""
    return section("Where it fails", *findings.failures())


def show_examples(kind: Kind[Any], images: Sequence[JudgedImage]) -> str:
    """Show the best, the median and the worst image."""
    figures = [
        row_of_pictures(f"{rank}: {judged.name}. {judged.verdict.caption}", draw_pictures(kind, judged))
        for rank, judged in best_median_worst(images).items()
    ]
    return section("Examples", kind.legend(), *figures)


def show_images(kind: Kind[Any], images: Sequence[JudgedImage]) -> str:
    """Show the scores of each image, the worst first."""
    ranked = sorted(images, key=lambda judged: judged.verdict.quality)
    rows = [
        ["" if number else judged.name, *row]
        for judged in ranked
        for number, row in enumerate(kind.rows(judged.verdict))
    ]
    return section("Image by image", table(("Image, the worst first", *kind.columns), rows, "images"))


def sign() -> str:
    """Say what made the report, and when."""
    return f"Made by maskloop {version('maskloop')} on {datetime.now():%d %b %Y, %H:%M}."
