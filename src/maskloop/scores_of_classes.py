"""How masks are scored, of foreground and of several classes: pixel by pixel, and by where their outlines lie."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from maskloop.files import read_mask
from maskloop.ops.class_scores import ClassCounts, ClassScores, foreground, score_classes
from maskloop.ops.metrics import pool
from maskloop.scores import align, align_lines

MOST_CLASSES = 256  # what a mask of 8 bits can hold
MEAN = "mean"  # over the classes
PIXELS = {"found": "found px", "true": "true px", "dice": "Dice", "iou": "IoU"}
DISTANCES = {"hd95": "HD95", "assd": "ASSD"}
MEANS = {"images": "images", "dice": "Dice", "iou": "IoU", **DISTANCES, "without_distance": "without distance"}
DIGITS = {"dice": 3, "iou": 3, "hd95": 2, "assd": 2}
Row = Mapping[str, float | None]  # scores by name; None where a distance is not defined


class ForegroundScoring:
    """How masks of foreground are scored."""

    def read(self, path: Path) -> np.ndarray:
        """Read a mask."""
        return read_mask(path)

    def compare(self, predicted: np.ndarray, truth: np.ndarray) -> ClassScores:
        """Compare the mask of one image with the true one; its class 1 is the foreground."""
        return score_classes(foreground(predicted), foreground(truth), classes=2)

    def table(self, images: Mapping[str, ClassScores]) -> str:
        """Lay out one row an image, and one for all pixels pooled."""
        shown = PIXELS | DISTANCES
        rows = {name: _scores(scores, 1) for name, scores in images.items()} | {"pooled": _pixels(_pooled(images), 1)}
        return align([["image", *shown.values()], *([name, *_cells(row, shown)] for name, row in rows.items())])

    def summary(self, images: Mapping[str, ClassScores]) -> str:
        """Say what all images came to together."""
        report = self.report(images)
        pooled, means = report["pooled"], report["mean_over_images"]
        dice, iou, hd95, assd = _cells(means, ("dice", "iou", "hd95", "assd"))
        return align_lines(
            {
                "images": str(len(images)),
                "foreground": f"{pooled['found']} px found, {pooled['true']} px true",
                "Dice, pooled": f"{pooled['dice']:.3f}  each pixel weighs the same",
                "Dice, mean over images": f"{dice}  each image weighs the same",
                "IoU, pooled": f"{pooled['iou']:.3f}",
                "IoU, mean over images": iou,
                "HD95, mean over images": f"{hd95}  pixels",
                "ASSD, mean over images": f"{assd}  pixels",
                "images without distance": str(means["without_distance"]),
            }
        )

    def report(self, images: Mapping[str, ClassScores]) -> dict[str, Any]:
        """Return the scores of each image, of all pixels pooled, and the mean over the images."""
        rows = {name: _scores(scores, 1) for name, scores in images.items()}
        return {
            "images": rows,
            "pooled": _pixels(_pooled(images), 1),
            "mean_over_images": _mean(list(rows.values())),
        }


class ClassScoring:
    """How masks of several classes are scored, each class for itself; a class is named by its number."""

    def read(self, path: Path) -> np.ndarray:
        """Read a mask."""
        return read_mask(path)

    def compare(self, predicted: np.ndarray, truth: np.ndarray) -> ClassScores:
        """Compare the classes of one image with the true ones."""
        return score_classes(predicted, truth, MOST_CLASSES)

    def table(self, images: Mapping[str, ClassScores]) -> str:
        """Lay out one row for each class that occurs in an image, and one for their mean."""
        shown = PIXELS | DISTANCES
        rows = [["image", "class", *shown.values()]]
        for image, scores in images.items():
            rows += [[image, name, *_cells(row, shown)] for name, row in _by_class(scores).items()]
        return align(rows)

    def summary(self, images: Mapping[str, ClassScores]) -> str:
        """Say what all images came to together, class by class."""
        report = self.report(images)
        tables = []
        for title, key, shown in (
            (f"{len(images)} images pooled: each pixel weighs the same", "pooled", PIXELS),
            ("mean over the images: each image weighs the same", "mean_over_images", MEANS),
        ):
            rows = [[name, *_cells(row, shown)] for name, row in report[key].items()]
            tables.append(f"{title}\n{align([['class', *shown.values()], *rows])}")
        return "\n\n".join(tables)

    def report(self, images: Mapping[str, ClassScores]) -> dict[str, Any]:
        """Return the scores of each class in each image, in all pixels pooled, and their means over the images."""
        by_image = {name: _by_class(scores) for name, scores in images.items()}
        pooled = _pooled(images)
        by_class = {str(number): _pixels(pooled, number) for number in _occurring(pooled)}
        return {
            "images": by_image,
            "pooled": {**by_class, MEAN: _pixel_means(pooled)},
            "mean_over_images": {
                name: _mean([rows[name] for rows in by_image.values() if name in rows]) for name in (*by_class, MEAN)
            },
        }


def _pooled(images: Mapping[str, ClassScores]) -> ClassCounts:
    return pool(scores.counts for scores in images.values())


def _occurring(counts: ClassCounts) -> list[int]:
    """Return the classes other than background that occur."""
    return [int(number) for number in np.flatnonzero(counts.occurs) if number > 0]


def _by_class(scores: ClassScores) -> dict[str, Row]:
    counts = scores.counts
    means = {key: _defined(counts.mean(getattr(scores, key))) for key in DISTANCES}
    return {
        **{str(number): _scores(scores, number) for number in _occurring(counts)},
        MEAN: {**_pixel_means(counts), **means},
    }


def _scores(scores: ClassScores, number: int) -> Row:
    distances = {key: _defined(getattr(scores, key)[number]) for key in DISTANCES}
    return {**_pixels(scores.counts, number), **distances}


def _pixels(counts: ClassCounts, number: int) -> Row:
    return {
        "found": int(counts.predicted[number]),
        "true": int(counts.truth[number]),
        "dice": float(counts.dice[number]),
        "iou": float(counts.iou[number]),
    }


def _pixel_means(counts: ClassCounts) -> Row:
    return {"dice": counts.mean(counts.dice), "iou": counts.mean(counts.iou)}


def _mean(rows: Sequence[Row]) -> Row:
    """Average over images; those where a distance is not defined are left out of its mean, and counted."""
    known = {key: [score for row in rows if (score := row[key]) is not None] for key in DIGITS}
    means = {key: fmean(scores) if scores else None for key, scores in known.items()}
    return {"images": len(rows), **means, "without_distance": len(rows) - len(known["hd95"])}


def _defined(score: float) -> float | None:
    return None if math.isnan(score) else float(score)


def _cells(row: Row, keys: Mapping[str, str] | Sequence[str]) -> list[str]:
    """Show scores: nothing where there can be none, and a dash where one is not defined."""
    return [_cell(row[key], DIGITS.get(key, 0)) if key in row else "" for key in keys]


def _cell(score: float | None, digits: int) -> str:
    return "-" if score is None else f"{score:.{digits}f}"
