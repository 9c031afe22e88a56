"""Where the objects of a plane are, and how large."""

import numpy as np
from scipy import ndimage

from maskloop.errors import InputError

PART = 500_000  # pixels

Box = tuple[slice, slice]
"""Rows and columns of a rectangle in a plane (Y, X), with start and stop given and no step: ``labels[box]``."""


def box_of(labels: np.ndarray, number: int) -> Box:
    """Return the bounding box of one object.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    number : int

    Returns
    -------
    Box

    Raises
    ------
    InputError
        If there is no such object.

    Examples
    --------
    >>> box_of(np.array([[0, 0, 0], [0, 7, 7]]), 7)
    (slice(1, 2, None), slice(1, 3, None))
    """
    own = labels == number
    rows = np.flatnonzero(own.any(axis=1))
    if number == 0 or len(rows) == 0:
        raise InputError(f"There is no object {number} in this plane; wanted is the number of an object.")
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(own[top:bottom].any(axis=0))
    return slice(top, bottom), slice(int(columns[0]), int(columns[-1]) + 1)


def widen(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """Return a box that is larger by `margin` pixels on each side, but not than the plane.

    Parameters
    ----------
    box : Box
    margin : int
    shape : tuple of int
        Of the plane.

    Returns
    -------
    Box

    Examples
    --------
    >>> widen((slice(1, 5), slice(4, 6)), 2, (9, 7))
    (slice(0, 7, None), slice(2, 7, None))
    """
    rows, columns = (
        slice(max(side.start - margin, 0), min(side.stop + margin, length))
        for side, length in zip(box, shape, strict=True)
    )
    return rows, columns


def object_sizes(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count the pixels of each object.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int

    Returns
    -------
    numbers : ndarray of shape (N,), of the labels' type
        Of the objects there are, ascending.
    sizes : ndarray of shape (N,), int64

    Examples
    --------
    >>> object_sizes(np.array([[9, 9, 0], [0, 0, 4]]))
    (array([4, 9]), array([1, 2]))
    """
    numbers, dense = number_densely(labels)
    sizes = np.bincount(dense.ravel(), minlength=len(numbers))
    present = (sizes > 0) & (numbers > 0)
    return numbers[present], sizes[present]


def count_objects(labels: np.ndarray) -> int:
    """Count the different objects of labels of any shape, a part at a time: numpy lets no other thread run meanwhile.

    Parameters
    ----------
    labels : ndarray, int

    Returns
    -------
    int

    Examples
    --------
    >>> count_objects(np.array([[9, 9, 0], [0, 0, 4]]))
    2
    """
    parts = np.array_split(labels.ravel(), max(1, labels.size // PART))
    if labels.max(initial=0) > labels.size:  # a table by number would be a burden
        return len(set().union(*(np.unique(part).tolist() for part in parts)) - {0})
    present = np.zeros(int(labels.max(initial=0)) + 1, bool)
    for part in parts:
        present[np.minimum(part, len(present) - 1)] = True  # somebody may be painting a higher one meanwhile
    return int(np.count_nonzero(present[1:]))


def centres(labels: np.ndarray) -> dict[int, tuple[int, int]]:
    """Return a pixel in the middle of each object.

    It is the middle of the bounding box, or where that is not the object's, the object's innermost pixel.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int

    Returns
    -------
    dict of int to (int, int)
        From the object's number to (y, x), in row order.

    Examples
    --------
    >>> centres(np.array([[8, 8, 8, 0, 0], [0, 0, 0, 3, 3], [0, 0, 0, 3, 3]]))
    {8: (0, 1), 3: (2, 4)}
    """
    numbers, dense = number_densely(labels)
    boxes = ndimage.find_objects(dense) if dense.size else []
    found = {int(numbers[i]): middle(dense, i, box) for i, box in enumerate(boxes, start=1) if box is not None}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def middle(labels: np.ndarray, number: int, box: Box) -> tuple[int, int]:
    """Return a pixel of one object: the middle of its bounding box, or else the innermost.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    number : int
    box : Box
        The object's.

    Returns
    -------
    tuple of int
        (y, x)

    Examples
    --------
    >>> middle(np.array([[1, 0, 1, 1, 1]]), 1, (slice(0, 1), slice(0, 5)))
    (0, 2)
    """
    rows, columns = box
    y, x = (rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2
    if labels[y, x] == number:
        return y, x
    depth = ndimage.distance_transform_edt(np.pad(labels[box] == number, 1))
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return rows.start + int(y) - 1, columns.start + int(x) - 1


def number_densely(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Renumber labels, but only those whose numbers are so large that a table by number would be a burden.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int

    Returns
    -------
    numbers : ndarray of shape (N,), of the labels' type
        The number that each of the new numbers, 0 to N - 1, stands for; not all need be present.
    dense : ndarray of shape (Y, X), int

    Examples
    --------
    >>> number_densely(np.array([[0, 10**6, 500]]))
    (array([      0,     500, 1000000]), array([[0, 2, 1]]))
    """
    highest = int(labels.max(initial=0))
    if highest <= labels.size:
        return np.arange(highest + 1, dtype=labels.dtype), labels
    numbers, dense = np.unique(np.append(labels.dtype.type(0), labels), return_inverse=True)
    return numbers, dense[1:].reshape(labels.shape)
