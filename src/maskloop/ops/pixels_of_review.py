"""Which pixels a person vouches for with an object."""

import numpy as np
from scipy import ndimage

from maskloop.ops.objects import Box, box_of, widen

MARGIN = 3  # pixels; who vouches for an object vouches for where it ends


def pixels_of_review(labels: np.ndarray, number: int) -> tuple[Box, np.ndarray]:
    """Find the pixels of an object and the background close around it.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    number : int

    Returns
    -------
    box : Box
    mask : ndarray of the box's shape, bool

    Raises
    ------
    InputError
        If there is no such object.

    Examples
    --------
    >>> pixels_of_review(np.array([[0, 0, 0, 0, 0, 7, 0, 5]]), 7)[1]
    array([[ True,  True,  True,  True,  True, False]])
    """
    box = widen(box_of(labels, number), MARGIN, labels.shape)
    own = labels[box] == number
    near = ndimage.distance_transform_edt(~own) <= MARGIN
    return box, near & (own | (labels[box] == 0))
