"""An object that is drawn as a line around it."""

import numpy as np

from maskloop.errors import InputError
from maskloop.ops.edit import Edit
from maskloop.ops.objects import Box, object_sizes, widen

MARGIN = 8  # pixels; how far apart an object's pieces may lie, at least, to be found


def outline(labels: np.ndarray, path: np.ndarray, unused: int) -> Edit:
    """Make what lies inside of a drawn line one object.

    It takes the place of each object of which more than half lies inside, with all that this has outside; other
    objects lose what lies inside. Only pixels near the line and near the objects in it are read.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    path : ndarray of shape (N, 2), float
        Points (y, x) of the line, which is closed by a straight one; they may lie outside of the plane.
    unused : int
        The number of the object, where it does not take the place of any; else it has that of the largest of these.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        If the line encloses no pixel, or has fewer than three different points, or one that is not finite.

    Examples
    --------
    >>> labels = np.array([[1, 1, 1, 1, 2, 2, 3]])
    >>> outline(labels, np.array([[-1, 2.5], [1, 2.5], [1, 5.5], [-1, 5.5]]), 4).labels
    array([[1, 1, 1, 2, 2, 2, 3]])
    >>> outline(labels, np.array([[-1, 1.5], [1, 1.5], [1, 3.5], [-1, 3.5]]), 4).labels
    array([[1, 1, 4, 4, 2, 2, 3]])
    """
    pixels = _require_inside(path, labels.shape)
    inside = labels[pixels]
    box = _box_of_whole_objects(labels, pixels, inside)
    numbers, sizes = _mostly_inside(labels[box], inside)
    edit = Edit.around(labels, [box])
    edit.labels[np.isin(edit.labels, numbers)] = 0
    own = tuple(steps - side.start for steps, side in zip(pixels, box, strict=True))
    edit.labels[own] = numbers[sizes.argmax()] if len(numbers) else unused
    return edit


def fill_inside(labels: np.ndarray, path: np.ndarray, number: int) -> Edit:
    """Give what lies inside of a drawn line one label, whatever it was; otherwise as `outline`.

    Examples
    --------
    >>> fill_inside(np.array([[1, 1, 2, 2]]), np.array([[-1, 0.5], [1, 0.5], [1, 2.5], [-1, 2.5]]), 3).labels
    array([[3, 3]])
    """
    pixels = _require_inside(path, labels.shape)
    rows, columns = (slice(int(steps.min()), int(steps.max()) + 1) for steps in pixels)
    edit = Edit.around(labels, [(rows, columns)])
    edit.labels[pixels[0] - rows.start, pixels[1] - columns.start] = number
    return edit


def _require_inside(path: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    pixels = pixels_inside(path, shape)
    if not len(pixels[0]):
        raise InputError("The line encloses no pixel of the plane; draw it once around an object.")
    return pixels


def pixels_inside(path: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of a plane whose centres a line goes round, once or more often, closed by a straight one.

    So a hand that draws on beyond where it began does no harm; to `skimage.draw.polygon` what is gone round twice
    is outside.

    Parameters
    ----------
    path : ndarray of shape (N, 2), float
        Points (y, x); they may lie outside of the plane.
    shape : tuple of int
        Of the plane.

    Returns
    -------
    rows, columns : ndarray of shape (M,), int
        None, if the line encloses none.

    Raises
    ------
    InputError
        If the path has fewer than three different points, or one that is not finite.

    Examples
    --------
    >>> pixels_inside(np.array([[0.5, -1], [9, -1], [9, 1.5], [0.5, 1.5]]), (2, 4))
    (array([1, 1]), array([0, 1]))
    """
    if not np.isfinite(path).all() or len(np.unique(path, axis=0)) < 3:
        raise InputError(
            f"The line has {len(path)} points; wanted are at least three different ones, none of them at infinity."
        )
    rows, columns, signs = _crossings(path, shape)
    if not len(rows):
        return rows, columns
    top, left = int(rows.min()), int(columns.min())
    turns = np.zeros((int(rows.max()) + 1 - top, int(columns.max()) + 1 - left), np.int16)
    np.add.at(turns, (rows - top, columns - left), signs)
    inside = np.cumsum(turns, axis=1, dtype=np.int16)[:, : shape[1] - left] != 0
    y, x = np.nonzero(inside)
    return y + top, x + left


def _crossings(path: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find where a closed line crosses the rows of a plane: row, first column beyond, 1 downwards or -1 upwards."""
    start, end = path, np.roll(path, -1, axis=0)
    first, stop = (
        np.clip(np.ceil(pick(start[:, 0], end[:, 0])), 0, shape[0]).astype(np.intp) for pick in (np.minimum, np.maximum)
    )
    crossed = stop - first
    of = np.repeat(np.arange(len(path)), crossed)
    rows = np.arange(len(of)) + np.repeat(first - np.append(0, np.cumsum(crossed)[:-1]), crossed)
    (y, x), (down, right) = start[of].T, (end - start)[of].T
    columns = np.clip(np.ceil(x + (rows - y) * right / down), 0, shape[1]).astype(np.intp)
    return rows, columns, np.sign(down).astype(np.int16)


def _mostly_inside(labels: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the objects of which more than half is among the labels inside, and their sizes."""
    numbers, shared = object_sizes(inside[np.newaxis])
    present, sizes = object_sizes(labels)
    sizes = sizes[np.searchsorted(present, numbers)]
    mostly = 2 * shared > sizes
    return numbers[mostly], sizes[mostly]


def _box_of_whole_objects(labels: np.ndarray, pixels: tuple[np.ndarray, np.ndarray], inside: np.ndarray) -> Box:
    """Widen the pixels' box until it holds all of each object that lies mostly inside of the line.

    One that has more outside needs no further look, so a large object does not lead through the whole plane.
    """
    rows, columns = (slice(int(steps.min()), int(steps.max()) + 1) for steps in pixels)
    box: Box = rows, columns
    while True:
        wider = widen(box, MARGIN + max(side.stop - side.start for side in box) // 4, labels.shape)
        found, more = (np.stack(_mostly_inside(labels[each], inside)) for each in (box, wider))
        if np.array_equal(found, more):
            return box
        box = wider
