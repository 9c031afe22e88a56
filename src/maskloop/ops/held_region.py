"""A part of an image that is kept from training, so that a model can be judged where too few images are there."""

from itertools import product

import numpy as np

from maskloop.ops.objects import Box, widen
from maskloop.ops.task import Task

SHARES = (0.2, 0.35, 0.5)  # of the reviewed pixels that are held out: the first that gives enough to judge by
MARGIN = 16  # pixels between what is learned from and what is held out


def hold_out_region(labels: np.ndarray, reviewed: np.ndarray, task: Task) -> Box | None:
    """Choose a region at one side of an image that holds about a fifth of its reviewed pixels, or more if it must.

    Both sides are to hold an object that is reviewed as a whole; where labels mean classes, as many of them as can be.

    Parameters
    ----------
    labels : ndarray of shape (..., Y, X), int
        In a stack the region is the same in all planes.
    reviewed : ndarray of the labels' shape, bool
    task : Task
        What the labels mean.

    Returns
    -------
    Box or None
        None if no region leaves anything on both sides.

    Examples
    --------
    >>> from maskloop.ops.task_kinds import Objects
    >>> labels = np.zeros((40, 100), int)
    >>> labels[10:20, 10:20] = 1
    >>> labels[10:20, 85:95] = 2
    >>> hold_out_region(labels, labels >= 0, Objects())
    (slice(0, 40, None), slice(80, 100, None))
    >>> hold_out_region(labels == 1, labels >= 0, Objects()) is None
    True
    """
    pixels = np.count_nonzero(reviewed.reshape(-1, *reviewed.shape[-2:]), axis=0)
    sides = list(product(SHARES, np.argsort(pixels.shape)[::-1], (True, False)))
    planes, known = (array.reshape(-1, *array.shape[-2:]) for array in (labels, reviewed))
    wanted = len(task.kinds(planes, known))
    best, most = None, 0
    for share, axis, last in sides:
        box = _side(pixels, int(axis), last, share)
        found = len(task.kinds(planes, learned_from(known, box)) & task.kinds(planes, judged_by(known, box)))
        if found > most:
            best, most = box, found
        if most == wanted:
            break
    return best


def learned_from(reviewed: np.ndarray, held: Box) -> np.ndarray:
    """Return the reviewed pixels (..., Y, X) that are left for training, bool: a margin around the region is not."""
    left = reviewed > 0
    left[..., *widen(held, MARGIN, reviewed.shape[-2:])] = False
    return left


def judged_by(reviewed: np.ndarray, held: Box) -> np.ndarray:
    """Return the reviewed pixels (..., Y, X) in the region, bool."""
    inside = np.zeros(reviewed.shape, bool)
    inside[..., *held] = reviewed[..., *held] > 0
    return inside


def _side(pixels: np.ndarray, axis: int, last: bool, share: float) -> Box:
    """Cut off the first or the last rows or columns that hold a share."""
    counts = pixels.sum(axis=1 - axis)
    counts = counts[::-1] if last else counts
    depth = int(np.searchsorted(np.cumsum(counts), share * counts.sum())) + 1
    length = len(counts)
    cut = slice(length - depth, length) if last else slice(0, depth)
    other = slice(0, pixels.shape[1 - axis])
    return (cut, other) if axis == 0 else (other, cut)
