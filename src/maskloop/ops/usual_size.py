"""By how much an image is rescaled whose objects are of another size than a network knows."""

import numpy as np

# In usual diameters. What lies between the first two is left as it is; smaller objects are brought to more than the
# usual, where those that touch part better, and larger ones to the usual.
SMALL, LARGE, ENLARGED = 0.75, 2.5, 1.3


def usual_size_factor(diameters: np.ndarray, usual: float) -> float:
    """Return the factor by which an image is enlarged, so that its objects are about as large as a network knows them.

    Parameters
    ----------
    diameters : ndarray of shape (objects,)
        In pixels.
    usual : float
        The diameter of most objects that the network has learned from, in pixels.

    Returns
    -------
    float
        1 where they are of about the usual size, or there are none, or a single small one: that may be a speck, and
        touches no other.

    Examples
    --------
    >>> [usual_size_factor(np.array([1.0, size, size]), 20) for size in (10.0, 20.0, 80.0)]
    [2.6, 1.0, 0.25]
    >>> [usual_size_factor(np.array([size]), 20) for size in (10.0, 80.0)]
    [1.0, 0.25]
    """
    if len(diameters) == 0:
        return 1.0
    # The median of the area, not of the objects: a crowd of specks must not speak for the cells.
    in_order = np.sort(diameters)
    area = np.cumsum(in_order**2)
    found = float(in_order[np.searchsorted(area, area[-1] / 2)]) / usual
    if found < SMALL:
        return ENLARGED / found if len(diameters) > 1 else 1.0
    return 1.0 / found if found > LARGE else 1.0
