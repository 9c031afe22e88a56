"""Curves and bars, drawn by matplotlib as pieces of SVG that a page holds in itself."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from maskloop.ops.by_size import SizeClass
from maskloop.ops.metrics import THRESHOLDS
from maskloop.project.history import Epoch
from maskloop.reporting.kind import FOREGROUNDS

# Told apart by all eyes (Okabe and Ito 2008).
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#777777"
NARROW, WIDE = (4.6, 3.0), (9.4, 3.0)  # inches
STYLE: Any = {
    "svg.fonttype": "none",  # text that can be searched and copied
    "svg.hashsalt": "maskloop",  # the same drawing each time
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
}
ABOVE: Any = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 4}
MARKED: Any = {"color": GREY, "linestyle": "--", "linewidth": 1}


def plot_ap(ap: np.ndarray, interval: np.ndarray | None) -> str:
    """Draw AP over the IoU from which on an object counts as found.

    Parameters
    ----------
    ap : ndarray of shape (9,)
        At `maskloop.ops.metrics.THRESHOLDS`.
    interval : ndarray of shape (2, 9), or None

    Returns
    -------
    str
        SVG.
    """
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(NARROW, 1)
        if interval is not None:
            axes.fill_between(THRESHOLDS, *interval, color=BLUE, alpha=0.2, linewidth=0)
        axes.plot(THRESHOLDS, ap, color=BLUE, marker="o", markersize=4)
        axes.set(xlabel="IoU from which on an object counts as found", ylabel="AP", ylim=(0, 1.02))
        return _svg(figure, "AP over the IoU")


def plot_foregrounds(scores: Mapping[str, Sequence[float]], tuned: float) -> str:
    """Draw up to two scores, by name, at the foreground thresholds of `FOREGROUNDS`, the tuned one marked."""
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(NARROW, 1)
        for (name, values), colour, marker in zip(scores.items(), (GREEN, PURPLE), ("o", "s"), strict=False):
            axes.plot(FOREGROUNDS, values, color=colour, marker=marker, markersize=4, label=name)
        axes.axvline(tuned, **MARKED, label="as tuned")
        axes.set(xlabel="Foreground threshold", xticks=FOREGROUNDS, ylabel="score", ylim=(0, 1.02))
        axes.legend(**ABOVE)
        return _svg(figure, f"{' and '.join(scores)} over the foreground threshold")


def plot_sizes(classes: Sequence[SizeClass], what: str) -> str:
    """Draw the share of true objects, or of what else, that are found, in classes of size, each with its number."""
    with mpl.rc_context(STYLE):
        figure, (axes,) = _figure(NARROW, 1)
        bars = axes.bar(range(len(classes)), [c.found / c.objects for c in classes], color=BLUE, width=0.7)
        axes.bar_label(bars, [f"{c.found} of {c.objects}" for c in classes], fontsize=8, padding=2)
        axes.set_xticks(range(len(classes)), [_range(c) for c in classes])
        axes.set(xlabel=f"Diameter of the true {what}, pixels", ylabel="share found", ylim=(0, 1.12))
        axes.grid(visible=False, axis="x")
        return _svg(figure, f"Share of true {what} found, by size")


def plot_training(history: Sequence[Epoch], best: Epoch | None) -> str:
    """Draw losses and scores over the epochs, the best one marked; what is no number is left out."""
    losses = {"training": ("loss", ORANGE), "validation": ("val_loss", BLUE)}
    scores = {"Dice": ("val_dice", GREEN), "IoU": ("val_iou", BLUE), "AP 0.5": ("val_ap50", PURPLE)}
    with mpl.rc_context(STYLE):
        figure, both = _figure(WIDE, 2)
        for axes, curves, title in zip(both, (losses, scores), ("loss", "score on validation images"), strict=True):
            for label, (field, colour) in curves.items():
                _plot_field(axes, history, field, colour, label)
            if best is not None:
                axes.axvline(best.epoch, **MARKED, label="best epoch")
            axes.set(xlabel="Epoch", ylabel=title)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.legend(**ABOVE)
        both[1].set_ylim(0, 1.02)
        return _svg(figure, "Losses and scores over the epochs")


def _plot_field(axes: Axes, history: Sequence[Epoch], field: str, colour: str, label: str) -> None:
    known = [epoch for epoch in history if math.isfinite(getattr(epoch, field))]
    if known:
        values = [getattr(epoch, field) for epoch in known]
        axes.plot([epoch.epoch for epoch in known], values, color=colour, marker="o", markersize=3, label=label)


def _range(of_size: SizeClass) -> str:
    smallest, largest = f"{of_size.smallest:.0f}", f"{of_size.largest:.0f}"
    return smallest if smallest == largest else f"{smallest} to {largest}"


def _figure(size: tuple[float, float], plots: int) -> tuple[Figure, list[Axes]]:
    # Without pyplot, which would keep the figure and look for a screen.
    figure = Figure(figsize=size, layout="constrained")
    return figure, list(figure.subplots(1, plots, squeeze=False)[0])


def _svg(figure: Figure, title: str) -> str:
    text = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # of metadata, which name addresses on the network
    figure.savefig(text, format="svg", transparent=True, metadata=nothing)
    drawing = text.getvalue()
    return drawing[drawing.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
