"""Thresholds chosen by measurement, on images that the network was not fitted to."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product

import numpy as np

from maskloop.config import LabelsConfig
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.metrics import count, pool

FOREGROUNDS = (0.3, 0.4, 0.5, 0.6, 0.7)
SPLITTINGS = (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)
MIN_SIZES = (8, 16, 24, 40)


def tune_labels(
    maps: Sequence[np.ndarray],
    truths: Sequence[np.ndarray],
    masks: Sequence[np.ndarray | None] | None = None,
    first: LabelsConfig | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[LabelsConfig, float, float]:
    """Choose how maps become labels by the AP pooled over all objects, averaged over IoU 0.5 to 0.9.

    Parameters
    ----------
    maps : sequence of ndarray of shape (Y, X, 2), float
        At the scale of the network.
    truths : sequence of ndarray of shape (Y, X), int
    masks : sequence of ndarray of shape (Y, X), bool, or None, optional
        Where the truth is known; everywhere where they are left out.
    first : LabelsConfig, optional
        What is tried before anything else, and stays unless something is better.
    should_stop : callable, optional
        Asked after each image; the best so far is taken, at the least the first.

    Returns
    -------
    config : LabelsConfig
    ap50, mean_ap : float
        What it reaches.
    """
    images = list(zip(maps, truths, masks or [None] * len(maps), strict=True))
    best = first or LabelsConfig()
    first_score = _score(images, best)
    assert first_score is not None
    ap50, mean_ap = first_score

    def try_out(changes: Iterable[dict[str, float]]) -> None:
        nonlocal best, ap50, mean_ap
        for changed in changes:
            config = best.model_copy(update=changed)
            found = _score(images, config, should_stop)
            if found is None:
                return
            if found[1] > mean_ap:
                best, (ap50, mean_ap) = config, found

    try_out({"foreground": f, "splitting": s} for f, s in product(FOREGROUNDS, SPLITTINGS))
    try_out({"min_size": size} for size in MIN_SIZES)
    return best, ap50, mean_ap


def tune_foreground(
    maps: Sequence[np.ndarray], truths: Sequence[np.ndarray], masks: Sequence[np.ndarray | None], first: LabelsConfig
) -> LabelsConfig:
    """Choose the threshold of the foreground by the Dice pooled over all pixels; parameters as in `tune_labels`."""
    known = [slice(None) if mask is None else mask for mask in masks]
    found = np.concatenate([one[..., 0][where].ravel() for one, where in zip(maps, known, strict=True)])
    true = np.concatenate([one[where].ravel() > 0 for one, where in zip(truths, known, strict=True)])

    def dice(threshold: float) -> float:
        predicted = found >= threshold
        total = int(np.count_nonzero(predicted)) + int(np.count_nonzero(true))
        return 2 * int(np.count_nonzero(predicted & true)) / max(total, 1)

    return first.model_copy(update={"foreground": max((first.foreground, *FOREGROUNDS), key=dice)})


def _score(
    images: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray | None]],
    config: LabelsConfig,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[float, float] | None:
    """Return AP at IoU 0.5 and its mean, or None if there is no time for it."""
    counts = []
    for maps, truth, mask in images:
        if should_stop():
            return None
        counts.append(count(maps_to_labels(maps, config), truth, mask))
    ap = pool(counts).ap
    return float(ap[0]), float(ap.mean())
