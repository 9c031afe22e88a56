"""Grey values of any range to a common one; over the whole plane, so that a tile sees what the image sees."""

import numpy as np

LOW, HIGH = 1.0, 99.8  # percentiles, where nobody says which


def normalise(plane: np.ndarray, low: float = LOW, high: float = HIGH) -> np.ndarray:
    """Map two percentiles of each channel to 0 and 1.

    Values beyond them go beyond 0 and 1, up to a limit that keeps hot pixels from drowning the rest. Pixels that
    are not finite take no part and become 0.

    Parameters
    ----------
    plane : ndarray of shape (Y, X, C)
        Any real dtype.
    low, high : float
        Percentiles, 0 to 100.

    Returns
    -------
    ndarray of shape (Y, X, C), float32
        All zero in a channel that is constant.

    Examples
    --------
    >>> normalise(np.linspace(0, 1000, 11).reshape(11, 1, 1), 10, 90)[[1, 5, 9], 0, 0]
    array([0. , 0.5, 1. ], dtype=float32)
    """
    result = np.zeros(plane.shape, np.float32)
    for c in range(plane.shape[-1]):
        channel = plane[..., c]
        if channel.dtype.kind == "i":  # numpy's percentiles overflow in small signed integers
            channel = channel.astype(np.float64)
        finite = channel[np.isfinite(channel)] if channel.dtype.kind == "f" else channel.ravel()
        if finite.size == 0:
            continue
        bottom, top = (float(v) for v in np.percentile(finite, (low, high)))
        if top <= bottom:  # nearly constant: a few bright pixels are all there is
            bottom, top = float(finite.min()), float(finite.max())
        if top > bottom:
            # Subtracting in float64 keeps the digits of a large offset.
            scaled = (channel.astype(np.float64) - bottom) / (top - bottom)
            result[..., c] = np.clip(np.nan_to_num(scaled, nan=0.0, posinf=0.0, neginf=0.0), -1, 5)
    return result
