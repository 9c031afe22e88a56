"""Objects that grew together, cut along a drawn line."""

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from maskloop.errors import InputError
from maskloop.ops.drawn_line import objects_on, pixels_under
from maskloop.ops.edit import Edit
from maskloop.ops.objects import Box, widen

CRUMB = 5  # pixels; what a line cuts off and is smaller than this was not meant
_TOUCHING = np.ones((3, 3), bool)


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
           [5, 5, 5, 5, 5, 6, 6, 6, 6]])
    """
    numbers = objects_on(labels, path)
    if not numbers:
        raise InputError("The line lies on no object; draw it across the object to be split.")
    for reach in (0, 1 / 8, 1 / 2, 1):
        pixels = pixels_under(_prolong(path, reach), labels.shape)
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
    from skimage.segmentation import watershed  # slow to import, and a window that opens need not wait

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
    edit = Edit.around(labels, [box for box, _, _ in cuts])
    for box, number, parts in cuts:
        numbers = np.append([0, number], first_unused + np.arange(int(parts.max()) - 1))
        cut = parts > 0
        edit.within(box)[cut] = numbers[parts[cut]]
        first_unused += len(numbers) - 2
    return edit
