"""Telling stained tissue, which is dark and coloured on a bright ground, from all other images."""

import numpy as np

COLOURED = 0.03  # mean difference between the channels, as a share of the highest value
BRIGHT = 0.5  # median grey, as a share of nearly the highest
PALE = 0.2  # median of the lowest channel, as a share of the same: what shines in one colour is black in others
LOOKED_AT = 512  # pixels along a side; more say no more


def is_stained(planes: np.ndarray) -> bool:
    """Return whether an image shows colours on a bright ground, as stained tissue in transmitted light does.

    The limits part the 107 stained images of BBBC038v1, all of which are beyond all, from its other 563, of which none
    is beyond the first two.

    Parameters
    ----------
    planes : ndarray of shape (P, Y, X, C)
        Three channels are red, green and blue; the fourth of four is how opaque it is. The first plane is looked at.

    Returns
    -------
    bool

    Examples
    --------
    >>> pink = np.full((1, 8, 8, 3), (240, 180, 220))
    >>> is_stained(pink), is_stained(pink.mean(axis=-1, keepdims=True)), is_stained(pink * (np.arange(8) > 5)[:, None])
    (True, False, False)
    """
    if planes.shape[-1] not in (3, 4) or planes.size == 0:
        return False
    steps = (-(-n // LOOKED_AT) for n in planes.shape[1:3])
    y, x = (slice(None, None, step) for step in steps)
    plane = np.nan_to_num(np.asarray(planes[0, y, x, :3], np.float32), posinf=0, neginf=0)
    grey = plane.mean(axis=-1)
    coloured = np.ptp(plane, axis=-1).mean() > COLOURED * plane.max()
    white = np.percentile(grey, 99.8)
    return bool(coloured and np.median(grey) > BRIGHT * white and np.median(plane.min(axis=-1)) > PALE * white)
