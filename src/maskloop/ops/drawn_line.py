"""What lies under a drawn line."""

import numpy as np

from maskloop.errors import InputError


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
    under = labels[tuple(pixels_under(path, labels.shape).T)]
    return tuple(dict.fromkeys(under[under > 0].tolist()))


def pixels_under(path: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the pixels of a plane under a drawn line, each beside the last, so that nothing slips through.

    Parameters
    ----------
    path : ndarray of shape (N, 2), float
        Points (y, x), at least two; they may lie outside of the plane.
    shape : tuple of int
        Of the plane.

    Returns
    -------
    ndarray of shape (M, 2), int
        In the order of the line; a pixel may come more than once.

    Examples
    --------
    >>> np.unique(pixels_under(np.array([[0, 0], [1, 1]]), (2, 2)), axis=0).tolist()
    [[0, 0], [1, 0], [1, 1]]
    """
    along = np.append(0, np.cumsum(np.hypot(*np.diff(path, axis=0).T)))
    at = np.linspace(0, along[-1], int(along[-1] * 3) + 2)
    y, x = (np.round(np.interp(at, along, side)).astype(np.intp) for side in path.T)
    corners = np.stack([y[1:], x[:-1]], axis=1)  # between two pixels that meet at a corner
    dense = np.empty((2 * len(at) - 1, 2), np.intp)
    dense[::2], dense[1::2] = np.stack([y, x], axis=1), corners
    inside = ((dense >= 0) & (dense < shape)).all(axis=1)
    return dense[inside]
