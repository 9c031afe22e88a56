"""How labels of objects are scored: matched one to one, and their foreground pixel by pixel."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from maskloop.errors import InputError
from maskloop.files import read_labels
from maskloop.ops.metrics import THRESHOLDS, Counts, count, pool
from maskloop.scores import align, align_lines

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


class ObjectScoring:
    """How labels of objects are scored."""

    def read(self, path: Path) -> np.ndarray:
        """Read instance labels."""
        return read_labels(path)

    def compare(self, predicted: np.ndarray, truth: np.ndarray) -> Counts:
        """Match the objects of one image with the true ones."""
        if predicted.dtype.kind not in "ui" or truth.dtype.kind not in "ui":
            raise InputError(f"Labels are whole numbers; given are {predicted.dtype} and {truth.dtype}.")
        return count(predicted, truth)

    def table(self, images: Mapping[str, Counts]) -> str:
        """Lay out one row an image, and one for all objects pooled."""
        rows = [["image", *COLUMNS]]
        rows += [[name, *(show(c) for show in COLUMNS.values())] for name, c in images.items()]
        rows.append(["pooled", *(show(pool(images.values())) for show in COLUMNS.values())])
        return align(rows)

    def summary(self, images: Mapping[str, Counts]) -> str:
        """Say what all images came to together."""
        pooled = pool(images.values())
        return align_lines(
            {
                "images": str(len(images)),
                "objects": f"{pooled.predicted} found, {pooled.truth} true",
                "IoU threshold": "  ".join(f"{t:5.2f}" for t in THRESHOLDS),
                "AP, pooled": "  ".join(f"{ap:5.3f}" for ap in pooled.ap),
                "mean AP, pooled": f"{pooled.ap.mean():.3f}  each object weighs the same",
                "mean AP, mean over images": f"{_mean_ap_over_images(images):.3f}  each image weighs the same",
                "F1 at IoU 0.5, pooled": f"{pooled.f1:.3f}",
                "PQ, pooled": f"{pooled.pq:.3f}",
                "Dice of the foreground": f"{pooled.dice:.3f}",
                "IoU of the foreground": f"{pooled.iou:.3f}",
            }
        )

    def report(self, images: Mapping[str, Counts]) -> dict[str, Any]:
        """Return the scores of each image, of all objects pooled, and the mean over the images."""
        return {
            "images": {name: _scores(c) for name, c in images.items()},
            "pooled": _scores(pool(images.values())),
            "mean_over_images": {"mean_ap": _mean_ap_over_images(images)},
        }


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


def _mean_ap_over_images(images: Mapping[str, Counts]) -> float:
    return float(np.mean([c.ap.mean() for c in images.values()]))
