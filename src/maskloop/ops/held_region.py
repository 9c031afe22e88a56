"""A part of an image that is kept from training, so that a model can be judged where too few images are there."""

from itertools import product

import numpy as np

from maskloop.config import TaskKind
from maskloop.ops.judged import whole_objects
from maskloop.ops.objects import Box, widen

SHARES = (0.2, 0.35, 0.5)  # of the reviewed pixels that are held out: the first that gives an object to judge by
MARGIN = 16  # pixels between what is learned from and what is held out


def hold_out_region(labels: np.ndarray, reviewed: np.ndarray, kind: TaskKind = "objects") -> Box | None:
    """Choose a region at one side of an image that holds about a fifth of its reviewed pixels, or more if it must.

    Parameters
    ----------
    labels : ndarray of shape (..., Y, X), int
        In a stack the region is the same in all planes.
    reviewed : ndarray of the labels' shape, bool
    kind : str
        What the labels mean.

    Returns
    -------
    Box or None
        None if no region leaves an object on both sides that is reviewed as a whole; of foreground and classes, if none
        leaves anything. Where it can be, all classes are on both sides.

    Examples
    --------
    >>> labels = np.zeros((40, 100), int)
    >>> labels[10:20, 10:20] = 1
    >>> labels[10:20, 85:95] = 2
    >>> hold_out_region(labels, labels >= 0)
    (slice(0, 40, None), slice(80, 100, None))
    >>> hold_out_region(labels == 1, labels >= 0) is None
    True
    """
    pixels = np.count_nonzero(reviewed.reshape(-1, *reviewed.shape[-2:]), axis=0)
    sides = list(product(SHARES, np.argsort(pixels.shape)[::-1], (True, False)))
    boxes = [_side(pixels, int(axis), last, share) for share, axis, last in sides]
    if kind == "objects":
        return next((box for box in boxes if _objects_on_both_sides(labels, reviewed, box)), None)
    counts = [_classes_on_both_sides(labels, reviewed, box) for box in boxes]
    return boxes[int(np.argmax(counts))] if any(counts) else None


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


def _classes_on_both_sides(labels: np.ndarray, reviewed: np.ndarray, box: Box) -> int:
    sides = learned_from(reviewed, box), judged_by(reviewed, box)
    learned, judged = (set(np.unique(labels[side]).tolist()) - {0} for side in sides)
    return len(learned & judged)


def _objects_on_both_sides(labels: np.ndarray, reviewed: np.ndarray, box: Box) -> bool:
    sides = learned_from(reviewed, box), judged_by(reviewed, box)
    planes = labels.reshape(-1, *labels.shape[-2:])  # objects of a stack are numbered plane by plane
    return all(
        any(whole_objects(*plane).any() for plane in zip(planes, side.reshape(planes.shape), strict=True))
        for side in sides
    )
