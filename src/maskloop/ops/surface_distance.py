"""How far apart the outlines of two masks lie."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from maskloop.errors import InputError
from maskloop.ops.judged import require_one_shape

PERCENTILE = 95  # of HD95; at 100 it is the Hausdorff distance


@dataclass(frozen=True)
class SurfaceDistance:
    """Two measures of the distance between the surfaces of two masks, in the unit of the spacing.

    Attributes
    ----------
    hd95 : float
        The larger of the two directed 95th percentiles.
    assd : float
        The average symmetric surface distance.
    """

    hd95: float
    assd: float


def surface_distance(
    predicted: np.ndarray, truth: np.ndarray, spacing: Sequence[float] | None = None
) -> SurfaceDistance:
    """Measure how far apart the surfaces P and T of two masks lie.

    Let d(p, T) be the distance from the pixel p of one surface to the nearest of the other. Then

    - HD95 = max(Q(d(p, T) for p in P), Q(d(t, P) for t in T)), where Q is the 95th percentile, interpolated linearly.
      With the maximum for Q it is the Hausdorff distance [1]_, which a single stray pixel decides. Some programs take
      one percentile of both sets of distances together, which is another number.
    - ASSD = (sum of d(p, T) over P + sum of d(t, P) over T) / (|P| + |T|) [2]_.

    If both masks are empty, both are 0; if one is, neither is defined, and both are NaN.

    Parameters
    ----------
    predicted, truth : ndarray of one shape, bool
        Of any number of axes.
    spacing : sequence of float, optional
        Size of a pixel along each axis; 1 where it is left out.

    Returns
    -------
    SurfaceDistance

    Raises
    ------
    InputError
        If the shapes differ, these are no masks, or the spacing is not one positive number for each axis.

    References
    ----------
    .. [1] Huttenlocher et al., Comparing images using the Hausdorff distance, 1993. :DOI:`10.1109/34.232073`
    .. [2] Heimann et al., Comparison and evaluation of methods for liver segmentation from CT datasets, 2009.
       :DOI:`10.1109/TMI.2009.2013851`

    Examples
    --------
    >>> truth = np.array([[0, 1, 0, 0, 0]]) > 0
    >>> surface_distance(np.array([[0, 1, 0, 1, 0]]) > 0, truth)  # 0 and 2 pixels away, and 0 the other way
    SurfaceDistance(hd95=1.9, assd=0.6666666666666666)
    """
    require_one_shape(predicted, truth)
    for mask in (predicted, truth):
        if mask.dtype != bool:
            raise InputError(f"Given is {mask.dtype}; wanted is a mask of bool. Threshold probabilities first.")
    if spacing is not None and (len(spacing) != truth.ndim or min(spacing) <= 0):
        raise InputError(f"The spacing is {spacing}; wanted are {truth.ndim} positive numbers, one for each axis.")
    empty = not predicted.any(), not truth.any()
    if any(empty):
        nothing = 0.0 if all(empty) else np.nan
        return SurfaceDistance(nothing, nothing)
    box = ndimage.find_objects((predicted | truth).astype(np.uint8))[0]
    own, other = surface(predicted[box]), surface(truth[box])
    there, back = _distances(own, other, spacing), _distances(other, own, spacing)
    return SurfaceDistance(
        hd95=float(max(np.percentile(there, PERCENTILE), np.percentile(back, PERCENTILE))),
        assd=float((there.sum() + back.sum()) / (len(there) + len(back))),
    )


def surface(mask: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask that have a face in common with background; all outside of the array is background.

    Parameters
    ----------
    mask : ndarray, bool

    Returns
    -------
    ndarray of the mask's shape, bool

    Examples
    --------
    >>> surface(np.array([[0, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]) > 0).astype(int)
    array([[0, 1, 1, 1],
           [1, 0, 0, 1],
           [1, 1, 1, 1]])
    """
    inner: np.ndarray = ndimage.binary_erosion(mask)
    return mask & ~inner


def _distances(own: np.ndarray, other: np.ndarray, spacing: Sequence[float] | None) -> np.ndarray:
    """Return how far each pixel of one surface is from the nearest of the other."""
    nearest: np.ndarray = ndimage.distance_transform_edt(~other, spacing)
    return nearest[own]
