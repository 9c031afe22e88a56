"""The sections of a report on judged images."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

import numpy as np

from maskloop.ops.by_size import sort_by_size
from maskloop.ops.metrics import pool
from maskloop.ops.mistakes import add_up
from maskloop.ops.overlay import LEGEND
from maskloop.reporting.html import drawing, paragraph, row_of_pictures, section, side_by_side, table
from maskloop.reporting.judged_image import JudgedImage, best_median_worst
from maskloop.reporting.pictures import draw_pictures
from maskloop.reporting.plots import plot_ap, plot_foregrounds, plot_sizes
from maskloop.reporting.scores import Scores
from maskloop.scores_of_objects import COLUMNS

FEW_IMAGES = 10  # of which the intervals are only a hint
MISTAKES = ("missed", "invented", "merged", "split")


def summarise(name: str, scores: Scores, images: int) -> str:
    """Say in a sentence how good it is."""
    pooled, interval = scores.pooled, scores.interval("AP at IoU 0.5")
    within = f" (95 % interval {interval})" if interval else ""
    return (
        f"{name} finds {pooled.true_positives[0]} of {_count(pooled.truth, 'object')} in {_count(images, 'image')}, "
        f"and {pooled.predicted - pooled.true_positives[0]} that are none: AP at IoU 0.5 is {pooled.ap[0]:.3f}{within}."
    )


def show_scores(scores: Scores, images: int, choice: str) -> str:
    """Show the scores in a table, with what they were measured on."""
    rows = table(("Score", "all objects pooled", "95 % interval"), scores.rows, "scores")
    return section("Scores", paragraph(choice), rows, paragraph(_explain_intervals(images), "note"))


def _explain_intervals(images: int) -> str:
    if images < 2:
        return "No interval can be given: one image does not say how others would score."
    few = " Of so few images they are a hint at most." if images < FEW_IMAGES else ""
    return (
        "Intervals: percentiles of 1,000 scores of as many images, drawn anew from these with replacement "
        f"(Efron and Tibshirani 1993).{few}"
    )


def show_curves(scores: Scores, images: Sequence[JudgedImage], tuned: float | None = None) -> str:
    """Show AP over the IoU and, where there were maps, scores over the foreground threshold."""
    band = "" if scores.ap_interval is None else ", with 95 % intervals"
    parts = [drawing(plot_ap(scores.pooled.ap, scores.ap_interval), f"AP over the IoU{band}.")]
    if tuned is not None:
        columns = zip(*(judged.by_foreground for judged in images), strict=True)
        svg = plot_foregrounds([pool(column) for column in columns], tuned)
        parts.append(drawing(svg, f"Scores over the foreground threshold; {tuned:.2g} was tuned for the model."))
    return section("How strict one is", side_by_side(*parts))


def show_failures(images: Sequence[JudgedImage]) -> str:
    """Show which objects are found by their size, and what kind of mistakes are made."""
    diameters, found = (
        np.concatenate([getattr(judged.objects, name) for judged in images]) for name in ("diameters", "found")
    )
    mistakes = add_up(judged.mistakes for judged in images)
    kinds = table(("Mistakes", "objects"), [(kind, str(getattr(mistakes, kind))) for kind in MISTAKES])
    about = paragraph(
        "Missed: a true object that nothing matches. Invented: a found one that matches nothing. Merged: a found one "
        "that holds several true ones. Split: a true one that holds several found ones.",
        "note",
    )
    classes = sort_by_size(diameters, found)
    if not classes:
        return section("Where it fails", paragraph("There is no true object in these images."), kinds, about)
    bars = drawing(plot_sizes(classes), "Found at IoU 0.5, by size; each bar stands for about equally many objects.")
    return section("Where it fails", side_by_side(bars, f"<div>{kinds}{about}</div>"))


def show_examples(images: Sequence[JudgedImage]) -> str:
    """Show the best, the median and the worst image."""
    figures = [
        row_of_pictures(_caption(rank, judged), draw_pictures(judged))
        for rank, judged in best_median_worst(images).items()
    ]
    legend = (
        f"By mean AP. In truth and prediction, objects that match have one colour, and those that match nothing are "
        f"grey. Outlines: {LEGEND}."
    )
    return section("Examples", paragraph(legend, "note legend"), *figures)


def show_images(images: Sequence[JudgedImage]) -> str:
    """Show the scores of each image, the worst first."""
    ranked = sorted(images, key=lambda judged: judged.counts.ap.mean())
    rows = [[judged.name, *(show(judged.counts) for show in COLUMNS.values())] for judged in ranked]
    return section("Image by image", table(("Image, the worst first", *COLUMNS), rows, "images"))


def sign() -> str:
    """Say what made the report, and when."""
    return f"Made by maskloop {version('maskloop')} on {datetime.now():%d %b %Y, %H:%M}."


def _caption(rank: str, judged: JudgedImage) -> str:
    counts, mistakes = judged.counts, judged.mistakes
    made = [f"{getattr(mistakes, kind)} {kind}" for kind in MISTAKES if getattr(mistakes, kind)]
    return (
        f"{rank}: {judged.name}. {_count(counts.truth, 'object')}, {counts.predicted} found; "
        f"AP 0.5 {counts.ap[0]:.3f}, mean AP {counts.ap.mean():.3f}, Dice {counts.dice:.3f}; "
        f"{', '.join(made) or 'no mistakes'}."
    )


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
