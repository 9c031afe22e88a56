"""Predicted objects in place of those that nobody vouches for."""

import numpy as np
from scipy import sparse

from maskloop.errors import InputError
from maskloop.ops.edit import Edit
from maskloop.ops.objects import Box, object_sizes


def replace(labels: np.ndarray, box: Box, predicted: np.ndarray, keep: np.ndarray, first_unused: int) -> Edit:
    """Lay predicted objects into a box, in place of those that nobody vouches for.

    Reviewed pixels stay as they are, objects and background alike; so do all objects that have a reviewed pixel and
    those that reach out of the box. A predicted object loses the pixels that it shares with these, and is left out
    where it shares more than half.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    box : Box
    predicted : ndarray of the box's shape, int
        0 is background.
    keep : ndarray of the box's shape, bool
        The reviewed pixels.
    first_unused : int
        A predicted object has the number of the removed one that it matches at an IoU above 0.5, else this number
        and those that follow.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        If the shapes do not agree.

    Examples
    --------
    >>> labels = np.array([[7, 7, 7, 0, 0, 0, 4, 4, 4]])
    >>> keep = labels == 4
    >>> box = (slice(0, 1), slice(0, 9))
    >>> replace(labels, box, np.array([[1, 1, 0, 2, 2, 0, 3, 3, 3]]), keep, first_unused=8).labels
    array([[7, 7, 0, 8, 8, 0, 4, 4, 4]])
    """
    edit = _edit(labels, box, predicted, keep)
    old = edit.labels
    reviewed, _ = object_sizes(np.where(keep, old, 0))
    stays = np.union1d(reviewed, _reaching_out(labels, box))
    kept = keep | np.isin(old, stays)
    new = np.where(kept | np.isin(predicted, _mostly(predicted, kept)), 0, predicted)
    removed = np.where(kept, 0, old)
    old[~kept] = _numbered_like(new, removed, first_unused)[~kept]
    return edit


def replace_pixels(labels: np.ndarray, box: Box, predicted: np.ndarray, keep: np.ndarray) -> Edit:
    """Lay predicted classes into a box, except on reviewed pixels; parameters as in `replace`.

    Examples
    --------
    >>> labels = np.array([[1, 1, 2, 2]])
    >>> box = (slice(0, 1), slice(0, 4))
    >>> replace_pixels(labels, box, np.array([[0, 2, 1, 0]]), labels == 2).labels
    array([[0, 2, 2, 2]])
    """
    edit = _edit(labels, box, predicted, keep)
    edit.labels[~keep] = predicted[~keep]
    return edit


def _edit(labels: np.ndarray, box: Box, predicted: np.ndarray, keep: np.ndarray) -> Edit:
    edit = Edit.around(labels, [box])
    if not edit.labels.shape == predicted.shape == keep.shape:
        raise InputError(
            f"The box is of shape {edit.labels.shape}, the prediction of {predicted.shape} and the reviewed pixels of "
            f"{keep.shape}; they must agree."
        )
    return edit


def _reaching_out(labels: np.ndarray, box: Box) -> np.ndarray:
    """Return the numbers of the objects in a box that have pixels outside of it."""
    candidates, _ = object_sizes(labels[box])
    if len(candidates) == 0:
        return candidates
    rows, columns = box
    outside = (labels[: rows.start], labels[rows.stop :], labels[rows, : columns.start], labels[rows, columns.stop :])
    # Few pixels have a number in the range, for objects are numbered in row order; the rest need no closer look.
    near = [part[(part >= candidates[0]) & (part <= candidates[-1])] for part in outside]
    return candidates[np.isin(candidates, np.concatenate(near))]


def _mostly(labels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the numbers of the objects of which more than half lies in a mask."""
    numbers, sizes = object_sizes(labels)
    inside, shared = object_sizes(np.where(mask, labels, 0))
    return inside[2 * shared > sizes[np.searchsorted(numbers, inside)]]


def _numbered_like(new: np.ndarray, old: np.ndarray, first_unused: int) -> np.ndarray:
    """Give new objects the numbers of the old ones that they match, and unused numbers to the others."""
    (numbers, sizes), (old_numbers, old_sizes) = object_sizes(new), object_sizes(old)
    both = (new > 0) & (old > 0)
    rows, columns = np.searchsorted(numbers, new[both]), np.searchsorted(old_numbers, old[both])
    shape = len(numbers), len(old_numbers)
    shared = sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr().tocoo()
    matched = shared.data / (sizes[shared.row] + old_sizes[shared.col] - shared.data) > 0.5
    given = np.zeros(len(numbers), np.int64)
    given[shared.row[matched]] = old_numbers[shared.col[matched]]
    given[given == 0] = first_unused + np.arange(np.count_nonzero(given == 0))
    # Background is what no number is found for.
    return np.where(new > 0, np.append(given, 0)[np.searchsorted(numbers, new)], 0)
