"""Repairs that a person asks for at one object or a few; each gives the new labels of the box that it touches."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import ndimage, sparse
from skimage.segmentation import watershed

from maskloop.errors import InputError
from maskloop.ops.objects import Box, box_of, object_sizes, widen

CRUMB = 5  # pixels; what a line cuts off and is smaller than this was not meant
GAP = 4  # pixels; the widest gap that is closed between merged objects
ROUNDING = 2.0  # pixels; the Gaussian's standard deviation
_TOUCHING = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Edit:
    """New labels for a part of a plane.

    Attributes
    ----------
    box : Box
        Where.
    labels : ndarray of the box's shape, int32
        What all of its pixels become.
    """

    box: Box
    labels: np.ndarray


def split(labels: np.ndarray, path: np.ndarray, first_unused: int) -> Edit:
    """Cut objects along a drawn line.

    An object is cut if a piece of it falls apart without the line's pixels; these then go to the nearest part, as
    measured within the piece. If nothing falls apart, the line is made longer at both ends, by up to its own length,
    for the objects it lies on.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    path : ndarray of shape (N, 2), float
        Points (y, x) of the line, at least two; they may lie outside of the plane.
    first_unused : int
        Of the parts the largest keeps the number; the others get this number and those that follow.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        If no object is cut, or the path has fewer than two points.

    Examples
    --------
    >>> split(np.full((3, 9), 5), np.array([[0, 4], [2, 4]]), 6).labels
    array([[5, 5, 5, 5, 5, 6, 6, 6, 6],
           [5, 5, 5, 5, 5, 6, 6, 6, 6],
           [5, 5, 5, 5, 5, 6, 6, 6, 6]], dtype=int32)
    """
    numbers = objects_on(labels, path)
    if not numbers:
        raise InputError("The line lies on no object; draw it across the object to be split.")
    for reach in (0, 1 / 8, 1 / 2, 1):
        pixels = _pixels(_prolong(path, reach), labels.shape)
        cuts = [cut for number in numbers for cut in _cuts(labels, number, pixels)]
        if cuts:
            return _lay_parts(labels, cuts, first_unused)
    named = f"object {numbers[0]}" if len(numbers) == 1 else f"any of the objects {', '.join(map(str, numbers))}"
    raise InputError(f"The line does not cut {named} in two; draw it from one side of the object to the other.")


def _prolong(path: np.ndarray, reach: float) -> np.ndarray:
    """Lengthen a path at both ends by a share of its length, each in the direction of its last tenth or 5 pixels."""
    along = np.append(0, np.cumsum(np.hypot(*np.diff(path, axis=0).T)))
    back = min(max(along[-1] / 10, 5), along[-1])
    before, after = (np.array([np.interp(at, along, side) for side in path.T]) for at in (back, along[-1] - back))
    step = reach * along[-1] / back if back else 0.0
    return np.vstack([path[0] + (path[0] - before) * step, path, path[-1] + (path[-1] - after) * step])


def _pixels(path: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the pixels (N, 2) of the plane under a path, each beside the last, so that nothing slips through."""
    along = np.append(0, np.cumsum(np.hypot(*np.diff(path, axis=0).T)))
    at = np.linspace(0, along[-1], int(along[-1] * 3) + 2)
    y, x = (np.round(np.interp(at, along, side)).astype(np.intp) for side in path.T)
    corners = np.stack([y[1:], x[:-1]], axis=1)  # between two pixels that meet at a corner
    dense = np.empty((2 * len(at) - 1, 2), np.intp)
    dense[::2], dense[1::2] = np.stack([y, x], axis=1), corners
    inside = ((dense >= 0) & (dense < shape)).all(axis=1)
    return dense[inside]


def _cuts(labels: np.ndarray, number: int, pixels: np.ndarray) -> Iterator[tuple[Box, int, np.ndarray]]:
    """Find the pieces of an object that fall apart, as (box, number, parts numbered from 1, the largest first)."""
    under = pixels[labels[tuple(pixels.T)] == number]
    box = _box_of_pieces(labels, number, under)
    pieces, _ = ndimage.label(labels[box] == number, _TOUCHING)
    line = np.zeros(pieces.shape, bool)
    line[tuple((under - [side.start for side in box]).T)] = True
    for piece in np.unique(pieces[line]):
        parts = _fall_apart(pieces == piece, line)
        if parts.max() > 1:
            yield box, number, parts


def _box_of_pieces(labels: np.ndarray, number: int, pixels: np.ndarray) -> Box:
    """Widen the pixels' box until what is connected to them lies within: less work than a look at the whole plane."""
    low, high = pixels.min(axis=0), pixels.max(axis=0) + 1
    box: Box = (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])))
    while True:
        wider = widen(box, 8 + max(side.stop - side.start for side in box) // 2, labels.shape)
        rim = labels[wider] == number
        rim[1:-1, 1:-1] = False
        beyond = tuple(
            slice(int(side.start > 0), rim.shape[axis] - int(side.stop < labels.shape[axis]))
            for axis, side in enumerate(wider)
        )
        rim[beyond] = False  # the plane ends there
        if not rim.any():
            return wider
        box = wider


def _fall_apart(piece: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Take a line's pixels from a piece, and return the parts, the largest first, grown over the line and crumbs."""
    parts, _ = ndimage.label(piece & ~line, _TOUCHING)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    largest_first = np.argsort(-sizes, kind="stable")
    largest_first = largest_first[sizes[largest_first] >= CRUMB]
    renumbered = np.zeros(len(sizes), np.int32)
    renumbered[largest_first] = np.arange(1, len(largest_first) + 1)
    parts = renumbered[parts]
    # What touches a part goes to the nearest, which gives straight borders; the rest is flooded from there.
    distance, nearest = ndimage.distance_transform_edt(parts == 0, return_indices=True)
    parts = np.where(piece & (distance < 1.5), parts[tuple(nearest)], 0)
    return watershed(np.zeros(parts.shape, np.uint8), parts, mask=piece, connectivity=2)


def _lay_parts(labels: np.ndarray, cuts: list[tuple[Box, int, np.ndarray]], first_unused: int) -> Edit:
    edit = _copy(labels, [box for box, _, _ in cuts])
    for box, number, parts in cuts:
        numbers = np.append([0, number], first_unused + np.arange(int(parts.max()) - 1)).astype(np.int32)
        cut = parts > 0
        _within(edit, box)[cut] = numbers[parts[cut]]
        first_unused += len(numbers) - 2
    return edit


def objects_on(labels: np.ndarray, path: np.ndarray) -> tuple[int, ...]:
    """Return the numbers of the objects under a drawn line, in the order of the line.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    path : ndarray of shape (N, 2), float
        Points (y, x), at least two; they may lie outside of the plane.

    Returns
    -------
    tuple of int

    Raises
    ------
    InputError
        If the path has fewer than two points.

    Examples
    --------
    >>> objects_on(np.array([[4, 4, 0, 2, 2, 4]]), np.array([[0, 4.2], [0, -3]]))
    (2, 4)
    """
    if len(path) < 2 or not np.isfinite(path).all():
        raise InputError(f"The line has {len(path)} points; wanted are at least two, none of them at infinity.")
    under = labels[tuple(_pixels(path, labels.shape).T)]
    return tuple(dict.fromkeys(under[under > 0].tolist()))


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
    array([[2, 2, 2, 3, 2, 2, 2, 2]], dtype=int32)
    """
    wanted = tuple(dict.fromkeys(int(number) for number in numbers if number != 0))
    if len(wanted) < 2:
        given = f"only object {wanted[0]}" if wanted else "no object"
        raise InputError(f"Given is {given}; merging wants two or more different objects.")
    boxes = {number: box_of(labels, number) for number in wanted}
    largest = max(wanted, key=lambda number: np.count_nonzero(labels[boxes[number]] == number))
    edit = _copy(labels, boxes.values())
    for number, box in boxes.items():
        inside = _within(edit, box)
        inside[labels[box] == number] = largest
    near = {number: widen(box, GAP + 1, labels.shape) for number, box in boxes.items()}
    for first, second in combinations(wanted, 2):
        shared = _overlap(_overlap(near[first], near[second]), edit.box)
        _within(edit, shared)[_gap(labels[shared], first, second)] = largest
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
    array([[0, 0, 2, 0]], dtype=int32)
    """
    edit = _copy(labels, [box_of(labels, number)])
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
           [5, 5, 5, 5]], dtype=int32)
    """
    edit = _copy(labels, [box_of(labels, number)])
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
    edit = _copy(labels, [box])
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
    array([[7, 7, 0, 8, 8, 0, 4, 4, 4]], dtype=int32)
    """
    edit = _copy(labels, [box])
    old = edit.labels
    if not old.shape == predicted.shape == keep.shape:
        raise InputError(
            f"The box is of shape {old.shape}, the prediction of {predicted.shape} and the reviewed pixels of "
            f"{keep.shape}; they must agree."
        )
    reviewed, _ = object_sizes(np.where(keep, old, 0))
    stays = np.union1d(reviewed, _reaching_out(labels, box))
    kept = keep | np.isin(old, stays)
    new = np.where(kept | np.isin(predicted, _mostly(predicted, kept)), 0, predicted)
    removed = np.where(kept, 0, old)
    old[~kept] = _numbered_like(new, removed, first_unused)[~kept]
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
    given = np.zeros(len(numbers), np.int32)
    given[shared.row[matched]] = old_numbers[shared.col[matched]]
    given[given == 0] = first_unused + np.arange(np.count_nonzero(given == 0))
    # Background is what no number is found for.
    return np.where(new > 0, np.append(given, 0)[np.searchsorted(numbers, new)], 0).astype(np.int32)


def _copy(labels: np.ndarray, boxes: Iterable[Box]) -> Edit:
    """Start an edit: a copy of the labels in the box around some boxes."""
    sides = list(zip(*boxes, strict=True))
    rows, columns = (slice(min(s.start for s in side), max(s.stop for s in side)) for side in sides)
    return Edit((rows, columns), labels[rows, columns].astype(np.int32))


def _within(edit: Edit, box: Box) -> np.ndarray:
    """Return the edit's labels in a box of the plane, as a view."""
    rows, columns = (
        slice(side.start - own.start, side.stop - own.start) for side, own in zip(box, edit.box, strict=True)
    )
    return edit.labels[rows, columns]
