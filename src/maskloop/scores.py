"""What images came to against their truth, by name for JSON and as tables for the eye."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maskloop.files import write_atomically
from maskloop.ops.metrics import THRESHOLDS, Counts, pool

COLUMNS: dict[str, Callable[[Counts], str]] = {
    "found": lambda c: str(c.predicted),
    "true": lambda c: str(c.truth),
    "Dice": lambda c: f"{c.dice:.3f}",
    "IoU": lambda c: f"{c.iou:.3f}",
    "AP 0.5": lambda c: f"{c.ap[0]:.3f}",
    "mean AP": lambda c: f"{c.ap.mean():.3f}",
    "F1": lambda c: f"{c.f1:.3f}",
    "PQ": lambda c: f"{c.pq:.3f}",
}


def write_report(path: Path, counts: dict[str, Counts]) -> None:
    """Write the scores of each image, of all objects pooled, and the mean over the images, as JSON.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    report = {
        "images": {name: _scores(c) for name, c in counts.items()},
        "pooled": _scores(pool(counts.values())),
        "mean_over_images": {"mean_ap": _mean_ap_over_images(counts)},
    }
    write_atomically(path, json.dumps(report, indent=1).encode() + b"\n")


def table(counts: dict[str, Counts]) -> str:
    """Lay out one row an image, and one for all objects pooled."""
    rows = [["image", *COLUMNS]]
    rows += [[name, *(show(c) for show in COLUMNS.values())] for name, c in counts.items()]
    rows.append(["pooled", *(show(pool(counts.values())) for show in COLUMNS.values())])
    return align(rows)


def align(rows: Sequence[Sequence[str]]) -> str:
    """Lay out cells in columns, the first to the left and the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )


def summary(counts: dict[str, Counts]) -> str:
    """Say what all images came to together."""
    pooled = pool(counts.values())
    lines = {
        "images": str(len(counts)),
        "objects": f"{pooled.predicted} found, {pooled.truth} true",
        "IoU threshold": "  ".join(f"{t:5.2f}" for t in THRESHOLDS),
        "AP, pooled": "  ".join(f"{ap:5.3f}" for ap in pooled.ap),
        "mean AP, pooled": f"{pooled.ap.mean():.3f}  each object weighs the same",
        "mean AP, mean over images": f"{_mean_ap_over_images(counts):.3f}  each image weighs the same",
        "F1 at IoU 0.5, pooled": f"{pooled.f1:.3f}",
        "PQ, pooled": f"{pooled.pq:.3f}",
        "Dice of the foreground": f"{pooled.dice:.3f}",
        "IoU of the foreground": f"{pooled.iou:.3f}",
    }
    width = max(map(len, lines))
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines.items())


def _scores(counts: Counts) -> dict[str, Any]:
    return {
        "found": counts.predicted,
        "true": counts.truth,
        "ap": {f"{t:.2f}": float(ap) for t, ap in zip(THRESHOLDS, counts.ap, strict=True)},
        "mean_ap": float(counts.ap.mean()),
        "f1": counts.f1,
        "pq": counts.pq,
        "dice": counts.dice,
        "iou": counts.iou,
    }


def _mean_ap_over_images(counts: dict[str, Counts]) -> float:
    return float(np.mean([c.ap.mean() for c in counts.values()]))
