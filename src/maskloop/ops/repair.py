"""Repairs that a person asks for at one object or a few; each gives the new labels of the box that it touches."""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
from scipy import ndimage

from maskloop.errors import InputError
from maskloop.ops.edit import Edit
from maskloop.ops.objects import Box, box_of, widen

GAP = 4  # pixels; the widest gap that is closed between merged objects
ROUNDING = 2.0  # pixels; the Gaussian's standard deviation
_TOUCHING = np.ones((3, 3), bool)


def merge(labels: np.ndarray, numbers: Iterable[int]) -> Edit:
    """Make several objects one, with the number of the largest, and close narrow gaps of background between them.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    numbers : iterable of int
        Of two or more objects.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        If there are fewer than two different objects, or one of them is not in the plane.

    Examples
    --------
    >>> merge(np.array([[1, 1, 0, 3, 0, 2, 2, 2]]), [1, 2]).labels
    array([[2, 2, 2, 3, 2, 2, 2, 2]])
    """
    wanted = tuple(dict.fromkeys(int(number) for number in numbers if number != 0))
    if len(wanted) < 2:
        given = f"only object {wanted[0]}" if wanted else "no object"
        raise InputError(f"Given is {given}; merging wants two or more different objects.")
    boxes = {number: box_of(labels, number) for number in wanted}
    largest = max(wanted, key=lambda number: np.count_nonzero(labels[boxes[number]] == number))
    edit = Edit.around(labels, boxes.values())
    for number, box in boxes.items():
        inside = edit.within(box)
        inside[labels[box] == number] = largest
    near = {number: widen(box, GAP + 1, labels.shape) for number, box in boxes.items()}
    for first, second in combinations(wanted, 2):
        shared = _overlap(_overlap(near[first], near[second]), edit.box)
        edit.within(shared)[_gap(labels[shared], first, second)] = largest
    return edit


def _overlap(first: Box, second: Box) -> Box:
    rows, columns = (
        slice(start := max(a.start, b.start), max(min(a.stop, b.stop), start))
        for a, b in zip(first, second, strict=True)
    )
    return rows, columns


def _gap(labels: np.ndarray, first: int, second: int) -> np.ndarray:
    """Find the background from where the ways to two objects are together no longer than across the widest gap."""
    one, other = labels == first, labels == second
    if not (one.any() and other.any()):
        return np.zeros(labels.shape, bool)
    way = ndimage.distance_transform_edt(~one) + ndimage.distance_transform_edt(~other)
    return (labels == 0) & (way <= GAP + 1)


def delete(labels: np.ndarray, number: int) -> Edit:
    """Take an object away.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    number : int

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        If there is no such object.

    Examples
    --------
    >>> delete(np.array([[5, 0, 2, 5]]), 5).labels
    array([[0, 0, 2, 0]])
    """
    edit = Edit.around(labels, [box_of(labels, number)])
    edit.labels[edit.labels == number] = 0
    return edit


def fill_holes(labels: np.ndarray, number: int) -> Edit:
    """Fill the holes of an object; other objects in them stay.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    number : int

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        If there is no such object.

    Examples
    --------
    >>> fill_holes(np.array([[5, 5, 5, 5], [5, 0, 2, 5], [5, 5, 5, 5]]), 5).labels
    array([[5, 5, 5, 5],
           [5, 5, 2, 5],
           [5, 5, 5, 5]])
    """
    edit = Edit.around(labels, [box_of(labels, number)])
    filled = ndimage.binary_fill_holes(edit.labels == number)
    edit.labels[filled & (edit.labels == 0)] = number
    return edit


def smooth(labels: np.ndarray, number: int) -> Edit:
    """Round the outline of an object, keeping its area: of its blurred mask the highest pixels, as many as before.

    Other objects keep their pixels. Where the object would fall apart or lose a piece, it is blurred less, and in
    the end stays as it is.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    number : int

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        If there is no such object.

    Examples
    --------
    >>> square_with_spike = np.pad(np.ones((8, 8), int), ((4, 2), (2, 2)))
    >>> square_with_spike[0:4, 5] = 1
    >>> smooth(square_with_spike, 1).labels[:4, 7 - 2].tolist()
    [0, 0, 0, 1]
    """
    box = widen(box_of(labels, number), round(2 * ROUNDING), labels.shape)
    edit = Edit.around(labels, [box])
    own, free = edit.labels == number, edit.labels == 0
    for blur in (ROUNDING, ROUNDING / 2, ROUNDING / 4):
        rounded = _rounded(own, own | free, blur)
        if _as_whole(rounded, own):
            edit.labels[own] = 0
            edit.labels[rounded] = number
            break
    return edit


def _rounded(own: np.ndarray, allowed: np.ndarray, blur: float) -> np.ndarray:
    # The plane's border is no outline, so the object is thought to go on there.
    height = np.where(allowed, ndimage.gaussian_filter(own.astype(np.float32), blur, mode="nearest"), 0)
    area = np.count_nonzero(own)
    return height >= max(np.partition(height, -area, axis=None)[-area], 1e-3)


def _as_whole(changed: np.ndarray, before: np.ndarray) -> bool:
    """Whether each piece still has pixels in what was changed, and there are no more pieces than before."""
    pieces, count = ndimage.label(before, _TOUCHING)
    return ndimage.label(changed, _TOUCHING)[1] <= count == len(np.unique(pieces[changed & before]))
