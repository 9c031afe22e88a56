"""How far a score might be off, because other images could have been looked at."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

DRAWS, LEVEL = 1000, 95  # how often images are drawn anew; per cent

T = TypeVar("T")


def bootstrap_interval(
    images: Sequence[T], statistic: Callable[[Sequence[T]], np.ndarray], seed: int = 0
) -> np.ndarray | None:
    """Return the 95 % percentile intervals of statistics of several images, by drawing images anew.

    Whole images are drawn, with replacement, since the objects of one image are alike: drawn one by one they would
    promise too much. The percentile method of Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13
    (https://doi.org/10.1201/9780429246593).

    Parameters
    ----------
    images : sequence of length N
        What is known of each image.
    statistic : callable
        Given as many images, of which some are the same; returns an array of shape (K,), NaN for what is not defined
        of them, which is left out.
    seed : int
        The same seed gives the same intervals.

    Returns
    -------
    ndarray of shape (2, K), float64, or None
        Lower and upper ends, NaN for what is defined of no draw; None of fewer than two images, which say nothing of
        others.

    Examples
    --------
    >>> bootstrap_interval([0, 1, 2, 3], lambda drawn: np.array([np.mean(drawn)])).T
    array([[0.5, 2.5]])
    """
    if len(images) < 2:
        return None
    drawn = np.random.default_rng(seed).integers(len(images), size=(DRAWS, len(images)))
    values = np.array([statistic([images[i] for i in row]) for row in drawn])
    return np.transpose([_ends(column[~np.isnan(column)]) for column in values.T])


def _ends(values: np.ndarray) -> np.ndarray:
    tail = (100 - LEVEL) / 2
    return np.percentile(values, (tail, 100 - tail)) if len(values) else np.full(2, np.nan)
