"""Thresholds chosen by measurement, on images that the network was not fitted to."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from maskloop.config import LabelsConfig
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.metrics import Counts, count, pool

FOREGROUNDS = (0.3, 0.4, 0.5, 0.6, 0.7)
SPLITTINGS = (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)
MIN_SIZES = (8, 16, 24, 40)
DRAWS = 200  # of images, for a standard error

Judged = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # maps, truth, and where it is known


def tune_labels(
    maps: Sequence[np.ndarray],
    truths: Sequence[np.ndarray],
    masks: Sequence[np.ndarray | None] | None = None,
    first: LabelsConfig | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[LabelsConfig, float, float]:
    """Choose how maps become labels by the AP pooled over all objects, averaged over IoU 0.5 to 0.9.

    What has served before is only left for what is clearly better: of all that reach the best AP but for one standard
    error, that which is nearest to it is taken (the one-standard-error rule of Breiman et al. 1984, Classification and
    Regression Trees, section 3.4.3), since what suits few images best suits others by chance.

    Parameters
    ----------
    maps : sequence of ndarray of shape (Y, X, 2), float
        At the scale of the network.
    truths : sequence of ndarray of shape (Y, X), int
    masks : sequence of ndarray of shape (Y, X), bool, or None, optional
        Where the truth is known; everywhere where they are left out.
    first : LabelsConfig, optional
        What has served before. Left out: nothing has, and the best is taken.
    should_stop : callable, optional
        Asked after each image; it is chosen from what was tried until then, at the least the first.

    Returns
    -------
    config : LabelsConfig
    ap50, mean_ap : float
        What it reaches.
    """
    images = list(zip(maps, truths, masks or [None] * len(maps), strict=True))
    start = first or LabelsConfig()
    counts = _count(images, start)
    assert counts is not None
    best = _Tried(start, counts)
    grid = [{"foreground": f, "splitting": s} for f, s in product(FOREGROUNDS, SPLITTINGS)]
    sizes = [{"min_size": size} for size in MIN_SIZES]
    for changes in (grid, sizes):
        tried = [best, *_try_out(images, best.config, changes, should_stop)]
        best = max(tried, key=lambda one: one.mean_ap)
        if first is not None:
            as_good = [one for one in tried if best.mean_ap - one.mean_ap <= _standard_error(best, one)]
            best = min(as_good, key=lambda one: (_distance(one.config, first), -one.mean_ap))
    return best.config, float(pool(best.counts).ap[0]), best.mean_ap


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


@dataclass(frozen=True)
class _Tried:
    config: LabelsConfig
    counts: list[Counts]  # of each image

    @property
    def mean_ap(self) -> float:
        return float(pool(self.counts).ap.mean())


def _try_out(
    images: Sequence[Judged],
    start: LabelsConfig,
    changes: Iterable[Mapping[str, float]],
    should_stop: Callable[[], bool],
) -> Iterator[_Tried]:
    for changed in changes:
        config = start.model_copy(update=changed)
        counts = _count(images, config, should_stop)
        if counts is None:
            return
        yield _Tried(config, counts)


def _count(
    images: Sequence[Judged], config: LabelsConfig, should_stop: Callable[[], bool] = lambda: False
) -> list[Counts] | None:
    """Compare what is found in each image with the truth; None if there is no time for it."""
    counts = []
    for maps, truth, mask in images:
        if should_stop():
            return None
        counts.append(count(maps_to_labels(maps, config), truth, mask))
    return counts


def _standard_error(one: _Tried, other: _Tried) -> float:
    """Return that of the difference of two mean APs, by drawing the images anew, the same for both; 0 of one image."""
    drawn = np.random.default_rng(0).multinomial(len(one.counts), [1 / len(one.counts)] * len(one.counts), DRAWS)
    return float(np.std(_mean_ap_of(one.counts, drawn) - _mean_ap_of(other.counts, drawn)))


def _mean_ap_of(counts: Sequence[Counts], drawn: np.ndarray) -> np.ndarray:
    """Return the mean AP of images, for each row of how often each is drawn."""
    found = drawn @ np.array([of.true_positives for of in counts])
    union = drawn @ np.array([[of.predicted + of.truth] for of in counts]) - found
    return np.where(union > 0, found / np.maximum(union, 1), 1.0).mean(axis=1)


def _distance(config: LabelsConfig, other: LabelsConfig) -> float:
    sizes = abs(np.log2(max(config.min_size, 1) / max(other.min_size, 1)))
    return abs(config.foreground - other.foreground) + abs(config.splitting - other.splitting) + float(sizes) / 10
