"""Labels to what the network fits."""

import numpy as np
from scipy import ndimage

from maskloop.ops.judged import whole_objects
from maskloop.ops.objects import number_densely

NEAR, REACH = 7, 2  # how much more the distance counts where two objects are near, and how near in pixels


def labels_to_targets(labels: np.ndarray) -> np.ndarray:
    """Make the foreground and the normalised distance of labelled objects.

    The distance is that to the nearest pixel outside of the object, divided by the object's largest, so that it is
    1 at the core of each object whatever its size and low wherever two objects touch (the normalised distance of
    DIST, Naylor et al. 2019, https://doi.org/10.1109/TMI.2018.2865709).

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
        0 is background; holes in an object are taken for slips of the pen and filled.

    Returns
    -------
    ndarray of shape (Y, X, 2), float32
        Foreground (0 or 1) and distance (0 to 1).

    Examples
    --------
    >>> labels_to_targets(np.array([[0, 3, 3, 3, 0]]))[0, :, 1]
    array([0., 1., 1., 1., 0.], dtype=float32)
    """
    _, labels = number_densely(labels)
    distance = np.zeros(labels.shape, np.float32)
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is not None:
            own = labels[box] == label
            inside = np.pad(ndimage.binary_fill_holes(own) & (own | (labels[box] == 0)), 1)
            depth = ndimage.distance_transform_edt(inside)[1:-1, 1:-1]
            distance[box] = np.maximum(distance[box], depth / depth.max())
    return np.stack([(distance > 0).astype(np.float32), distance], axis=-1)


def labels_to_weights(labels: np.ndarray, reviewed: np.ndarray | None) -> np.ndarray:
    """Make the weights with which a net fits the targets of labels that a person has checked in part.

    The foreground counts wherever somebody vouches for it. The distance does not count in an object of which a part
    is not reviewed, since its outline may be wrong there, and with it the distance everywhere in the object. It counts
    more where two objects are near each other: these few pixels tell them apart (the idea is that of the weight map of
    Ronneberger et al. 2015, https://doi.org/10.1007/978-3-319-24574-4_28).

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
        0 is background.
    reviewed : ndarray of shape (Y, X), bool, or None
        None where everything is.

    Returns
    -------
    ndarray of shape (Y, X, 2), float32
        The weights of foreground and distance: 0 where nobody vouches for them, elsewhere 1, or `NEAR`.

    Examples
    --------
    >>> labels_to_weights(np.array([[0, 3, 3, 0, 5]]), np.array([[True, True, False, True, True]]))[0].T
    array([[1., 1., 0., 1., 1.],
           [1., 0., 0., 1., 1.]], dtype=float32)
    >>> labels_to_weights(np.array([[0, 0, 3, 3, 5, 5, 5, 0]]), None)[0, :, 1]
    array([1., 1., 7., 7., 7., 7., 1., 1.], dtype=float32)
    """
    whole = whole_objects(labels, reviewed)
    known = np.ones(labels.shape, bool) if reviewed is None else reviewed
    vouched = known & (whole == labels)
    # Beside what nobody vouches for it stays 1 at most: between 0 and more there would be 1 where crops are turned.
    near = _near_two(whole) & ndimage.minimum_filter(vouched, 3)
    return np.stack([known, np.where(near, NEAR, vouched)], axis=-1).astype(np.float32)


def _near_two(labels: np.ndarray) -> np.ndarray:
    """Tell where two objects are within `REACH` pixels, both of them."""
    _, dense = number_densely(labels.astype(np.int64))
    nowhere = labels.size + 1
    highest = ndimage.maximum_filter(dense, 2 * REACH + 1)
    lowest = ndimage.minimum_filter(np.where(dense > 0, dense, nowhere), 2 * REACH + 1)
    return lowest < highest


def object_diameters(labels: np.ndarray) -> np.ndarray:
    """Return the diameters in pixels of the discs that have the objects' areas.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int

    Returns
    -------
    ndarray of shape (N,), float64
        One an object, by ascending label.

    Examples
    --------
    >>> object_diameters(np.ones((10, 10), int)).round(2)
    array([11.28])
    """
    _, dense = number_densely(labels)
    areas = np.bincount(dense.ravel())[1:]
    return 2 * np.sqrt(areas[areas > 0] / np.pi)
