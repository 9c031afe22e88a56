"""Thresholds chosen by measurement, on images that the network was not fitted to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from maskloop.config import LabelsConfig
from maskloop.ops.instances import drop_small, find_basins
from maskloop.ops.metrics import Counts, count

FOREGROUNDS = (0.3, 0.4, 0.5, 0.6, 0.7)
SPLITTINGS = (0.3, 0.35, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)
THRESHOLDS = tuple(i / 20 for i in range(1, 20))  # where the foreground is all there is to choose
MIN_SIZES = (8, 16, 24, 40)
CERTAINTIES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
DRAWS = 200  # of images, for a standard error
CLEARLY = 2.0  # standard errors

Judged = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # maps, truth, and where it is known


def tune_labels(
    maps: Sequence[np.ndarray],
    truths: Sequence[np.ndarray],
    masks: Sequence[np.ndarray | None] | None = None,
    first: LabelsConfig | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> LabelsConfig:
    """Choose how maps become labels by the AP pooled over all objects, averaged over IoU 0.5 to 0.9.

    What has served before is only left for what is clearly better: of all that reach the best AP but for two standard
    errors, that which is nearest to it is taken, since what suits few images best suits others by chance (after the
    rule of Breiman et al. 1984, Classification and Regression Trees, section 3.4.3, who allow for one; of so many that
    are tried, the best is further off by chance). Foreground and splitting are chosen together, and after them the
    smallest object. The certainty comes last and is the best, since how sure a network is changes with every training.

    Parameters
    ----------
    maps : sequence of ndarray of shape (Y, X, 2), float
        At the scale of the network.
    truths : sequence of ndarray of shape (Y, X), int
    masks : sequence of ndarray of shape (Y, X), bool, or None, optional
        Where the truth is known; everywhere where they are left out.
    first : LabelsConfig, optional
        What has served before; with a single image all but the certainty is kept, for that does not tell what another
        would say. Left out: nothing has, and the best is taken.
    should_stop : callable, optional
        Asked before each image; it is chosen from what was tried until then, at the least the first.

    Returns
    -------
    LabelsConfig
    """
    has_served = first is not None
    images = list(zip(maps, truths, masks or [None] * len(maps), strict=True))
    served = first or LabelsConfig()
    start = served.model_copy(update={"certainty": 0.0})
    tried = _try_out(images, [start])
    if len(maps) > 1 or not has_served:
        for foreground in sorted(FOREGROUNDS, key=lambda one: abs(one - start.foreground)):  # time may run out
            tried += _try_out(images, _variants(start, foreground=[foreground], splitting=SPLITTINGS), should_stop)
        best = _choose(tried, start, has_served)
        tried = [best, *_try_out(images, _variants(best.config, min_size=MIN_SIZES), should_stop)]
    best_config = _choose(tried, start, has_served).config
    as_certain = best_config.model_copy(update={"certainty": served.certainty})
    tried = _try_out(images, _variants(best_config, certainty=CERTAINTIES), should_stop)
    return _choose(tried, as_certain, has_served=False).config if tried else as_certain


def tune_foreground(
    maps: Sequence[np.ndarray],
    truths: Sequence[np.ndarray],
    masks: Sequence[np.ndarray | None],
    first: LabelsConfig,
    has_served: bool,
) -> LabelsConfig:
    """Choose the threshold of the foreground by the Dice pooled over all pixels, as `tune_labels` does by the AP.

    Parameters
    ----------
    maps : sequence of ndarray of shape (Y, X, 1), float
    truths : sequence of ndarray of shape (Y, X), int
    masks : sequence of ndarray of shape (Y, X), bool, or None
        Where the truth is known; None where it is everywhere.
    first : LabelsConfig
        What is given back with another threshold.
    has_served : bool
        Whether the first has served before.

    Returns
    -------
    LabelsConfig
    """
    if has_served and len(maps) == 1:
        return first
    known = [slice(None) if mask is None else mask for mask in masks]
    found = [one[..., 0][where].ravel() for one, where in zip(maps, known, strict=True)]
    true = [one[where].ravel() > 0 for one, where in zip(truths, known, strict=True)]

    def try_out(threshold: float) -> _Tried:
        predicted = [of_image >= threshold for of_image in found]
        both = [2 * np.count_nonzero(p & t) for p, t in zip(predicted, true, strict=True)]
        each = [np.count_nonzero(p) + np.count_nonzero(t) for p, t in zip(predicted, true, strict=True)]
        config = first.model_copy(update={"foreground": threshold})
        return _Tried(config, np.array(both)[:, None], np.array(each)[:, None])

    return _choose([try_out(threshold) for threshold in (first.foreground, *THRESHOLDS)], first, has_served).config


@dataclass(frozen=True)
class _Tried:
    """A config, and parts and wholes of shape (images, scores): pooled over the images, they make scores."""

    config: LabelsConfig
    parts: np.ndarray
    wholes: np.ndarray

    @property
    def score(self) -> float:
        return float(self.scores(np.ones((1, len(self.parts))))[0])

    def scores(self, drawn: np.ndarray) -> np.ndarray:
        """Return the mean of the scores, of shape (D,), for each row (D, images) of how often each image is drawn."""
        parts, wholes = drawn @ self.parts, drawn @ self.wholes
        return np.where(wholes > 0, parts / np.maximum(wholes, 1), 1.0).mean(axis=1)


def _variants(config: LabelsConfig, **values: Sequence[float]) -> list[LabelsConfig]:
    return [config.model_copy(update=dict(zip(values, one, strict=True))) for one in product(*values.values())]


def _try_out(
    images: Sequence[Judged], configs: Sequence[LabelsConfig], should_stop: Callable[[], bool] = lambda: False
) -> list[_Tried]:
    """Compare what is found with the truth, for configs of one foreground; return none of them if there is no time."""
    counts: list[list[Counts]] = [[] for _ in configs]
    for maps, truth, mask in images:
        if should_stop():
            return []
        basins = find_basins(maps, configs[0].foreground)
        for config, of_config in zip(configs, counts, strict=True):
            labels = drop_small(basins.merged(config.splitting), config.min_size, maps[..., 0] >= config.certainty)
            of_config.append(count(labels, truth, mask))
    return [_try_objects(config, of_config) for config, of_config in zip(configs, counts, strict=True)]


def _try_objects(config: LabelsConfig, counts: Sequence[Counts]) -> _Tried:
    found = np.array([of.true_positives for of in counts])
    return _Tried(config, found, np.array([[of.predicted + of.truth] for of in counts]) - found)


def _choose(tried: Sequence[_Tried], first: LabelsConfig, has_served: bool) -> _Tried:
    """Return what is best, or where the first has served before, what is as good and nearest to it."""
    best = max(tried, key=lambda one: (one.score, -_distance(one.config, first)))
    if not has_served:
        return best
    as_good = [one for one in tried if best.score - one.score <= CLEARLY * _standard_error(best, one)]
    return min(as_good, key=lambda one: (_distance(one.config, first), -one.score))


def _standard_error(one: _Tried, other: _Tried) -> float:
    """Return that of the difference of two scores, by drawing the images anew, the same for both."""
    images = len(one.parts)
    drawn = np.random.default_rng(0).multinomial(images, [1 / images] * images, DRAWS)
    return float(np.std(one.scores(drawn) - other.scores(drawn)))


def _distance(config: LabelsConfig, other: LabelsConfig) -> float:
    sizes = abs(np.log2(max(config.min_size, 1) / max(other.min_size, 1)))
    thresholds = ("foreground", "splitting", "certainty")
    return sum(abs(getattr(config, name) - getattr(other, name)) for name in thresholds) + float(sizes) / 10
