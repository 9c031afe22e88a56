"""Labels compared only where somebody vouches for the truth."""

import numpy as np

from maskloop.errors import InputError
from maskloop.ops.objects import Box, number_densely, object_sizes


def require_one_shape(predicted: np.ndarray, truth: np.ndarray) -> None:
    """Refuse a prediction that is not of the truth's shape.

    Raises
    ------
    InputError
    """
    if predicted.shape != truth.shape:
        raise InputError(
            f"The prediction is of shape {predicted.shape} and the truth of {truth.shape}; they must agree."
        )


def whole_objects(labels: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Leave out the objects that reach out of a mask.

    Parameters
    ----------
    labels : ndarray of int
    mask : ndarray of the labels' shape, bool, or None
        None where it is everything.

    Returns
    -------
    ndarray of the labels' shape, int

    Examples
    --------
    >>> whole_objects(np.array([1, 1, 0, 2, 2]), np.array([True, True, True, True, False]))
    array([1, 1, 0, 0, 0])
    """
    if mask is None:
        return labels
    reaching_out, _ = object_sizes(np.where(mask, 0, labels))
    return np.where(np.isin(labels, reaching_out), 0, labels)


def whole_objects_by_plane(labels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Leave out the objects that reach out of a mask in their plane: those of other planes may have the same numbers.

    Parameters
    ----------
    labels : ndarray of shape (P, Y, X), int
    mask : ndarray of shape (P, Y, X), bool

    Returns
    -------
    ndarray of shape (P, Y, X), int

    Examples
    --------
    >>> whole_objects_by_plane(np.array([[[1, 2]], [[1, 2]]]), np.array([[[True, True]], [[True, False]]])).tolist()
    [[[1, 2]], [[1, 0]]]
    """
    return np.stack([whole_objects(*plane) for plane in zip(labels, mask, strict=True)])


def judged_part(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Leave out of two labellings what cannot be compared.

    Of the truth those objects stay that lie in the mask as a whole. Of the prediction those stay that do not lie by
    more than half where nothing is known: outside of the mask, or in an object that reaches out of it.

    Parameters
    ----------
    predicted, truth : ndarray of shape (Y, X), int
    mask : ndarray of shape (Y, X), bool, or None
        None where everything is known.

    Returns
    -------
    predicted, truth : ndarray of shape (Y, X), int

    Examples
    --------
    >>> mask = np.array([[True, True, True, True, True, False, False]])
    >>> judged_part(np.array([[1, 1, 0, 3, 3, 3, 2]]), np.array([[1, 1, 0, 0, 4, 4, 4]]), mask)
    (array([[1, 1, 0, 0, 0, 0, 0]]), array([[1, 1, 0, 0, 0, 0, 0]]))
    """
    if mask is None:
        return predicted, truth
    whole = whole_objects(truth, mask)
    unknown = ~mask | (whole != truth)
    return np.where(_mostly_in(predicted, unknown), 0, predicted), whole


def known_part(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Leave out of two labellings the pixels of which nothing is known.

    Parameters
    ----------
    predicted, truth : ndarray of shape (Y, X), int
    mask : ndarray of shape (Y, X), bool, or None
        None where everything is known.

    Returns
    -------
    predicted, truth : ndarray of shape (Y, X), int

    Examples
    --------
    >>> known_part(np.array([[1, 2]]), np.array([[2, 2]]), np.array([[True, False]]))
    (array([[1, 0]]), array([[2, 0]]))
    """
    if mask is None:
        return predicted, truth
    return np.where(mask, predicted, 0), np.where(mask, truth, 0)


def box_amid_objects(labels: np.ndarray, mask: np.ndarray | None, side: int) -> Box:
    """Return a square box of a plane around the middle of what is known of it, best of its objects.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    mask : ndarray of shape (Y, X), bool, or None
        Where they are known; None where it is everything.
    side : int
        In pixels; the box is smaller where the plane is.

    Returns
    -------
    Box

    Examples
    --------
    >>> box_amid_objects(np.eye(100, dtype=int)[:40], None, 30)
    (slice(4, 34, None), slice(4, 34, None))
    """
    known = np.ones(labels.shape, bool) if mask is None else mask
    objects = known & (labels > 0)
    places = np.argwhere(objects if objects.any() else known)
    middle = np.median(places, axis=0) if len(places) else np.array(labels.shape) / 2
    starts = [int(np.clip(m - side / 2, 0, max(n - side, 0))) for m, n in zip(middle, labels.shape, strict=True)]
    rows, columns = (slice(start, min(start + side, n)) for start, n in zip(starts, labels.shape, strict=True))
    return rows, columns


def _mostly_in(labels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    numbers, dense = number_densely(labels)
    sizes = np.bincount(dense.ravel(), minlength=len(numbers))
    shared = np.bincount(dense[mask], minlength=len(numbers))
    mostly = 2 * shared > sizes
    mostly[0] = False
    return mostly[dense]
