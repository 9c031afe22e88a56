"""Thresholds chosen by measurement, on images that the network was not fitted to."""

from collections.abc import Sequence
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
    rescaled: float = 1.0,
) -> tuple[LabelsConfig, float, float]:
    """Choose how maps become labels by the AP pooled over all objects, averaged over IoU 0.5 to 0.9.

    Parameters
    ----------
    maps : sequence of ndarray of shape (Y, X, 2), float
    truths : sequence of ndarray of shape (Y, X), int
    masks : sequence of ndarray of shape (Y, X), bool, or None, optional
        Where the truth is known; everywhere where they are left out.
    rescaled : float
        The factor by which the images were enlarged for the network.

    Returns
    -------
    config : LabelsConfig
    ap50, mean_ap : float
        What it reaches.
    """
    images = list(zip(maps, truths, masks or [None] * len(maps), strict=True))
    choices = [LabelsConfig(foreground=f, splitting=s, min_size=0) for f, s in product(FOREGROUNDS, SPLITTINGS)]
    best = max(choices, key=lambda config: _score(images, config, rescaled)[1])
    choices = [best.model_copy(update={"min_size": size}) for size in MIN_SIZES]
    best = max(choices, key=lambda config: _score(images, config, rescaled)[1])
    return best, *_score(images, best, rescaled)


def _score(
    images: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray | None]], config: LabelsConfig, rescaled: float
) -> tuple[float, float]:
    ap = pool(count(maps_to_labels(maps, config, rescaled), truth, mask) for maps, truth, mask in images).ap
    return float(ap[0]), float(ap.mean())
