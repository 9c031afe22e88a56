"""Which sizes of objects a network has seen often."""

from collections.abc import Sequence

import numpy as np

MOST = (5, 95)  # percentiles of the images
FEW_IMAGES = 20


def diameter_range(diameters: Sequence[np.ndarray], reach: float) -> tuple[float, float]:
    """Return between which diameters objects have been seen often.

    Of few images each speaks for itself, so that none of their sizes is common but the median of all objects, and what
    a random scale makes of it.

    Parameters
    ----------
    diameters : sequence of ndarray of shape (objects,)
        Of the objects of each image, in pixels at the scale of the network.
    reach : float
        Up to which factor crops are shrunk or enlarged at random.

    Returns
    -------
    low, high : float
        On both sides of the median of all objects.

    Examples
    --------
    >>> few = [np.array([10.0]), np.array([20.0]), np.array([20.0]), np.array([90.0])]
    >>> diameter_range(few, reach=1.5)
    (13.333333333333334, 30.0)
    >>> diameter_range(25 * few, reach=1.5)
    (10.0, 90.0)
    """
    low, high = np.percentile([np.median(of_image) for of_image in diameters], MOST)
    middle = np.median(np.concatenate(diameters))
    if len(diameters) < FEW_IMAGES:
        low, high = max(low, middle / reach), min(high, middle * reach)
    return float(min(low, middle)), float(max(high, middle))  # one image may hold more objects than all others
