"""A new object from one click, where the model saw something but not enough."""

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from maskloop.config import LabelsConfig
from maskloop.errors import InputError
from maskloop.ops.edit import Edit
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.objects import Box, widen

NEAREST, FARTHEST = 24, 384  # pixels from the click to the border of the first and of the last window
AIM = 2  # pixels by which a click may miss
FAINTEST = 0.05  # probability below which there is nothing to follow
FLATTEST = 0.02  # slope of an outline, a pixel, as a share of the probability at the click, below which it is none
BLUR, EDGE = 0.7, 1.0  # pixels; standard deviations of the probability and of its slope
LARGER = 0.1  # power of the area by which a larger one is preferred, lest a speck in the object be taken for it
LEVELS = np.linspace(0.2, 0.9, 15)  # of the probability at the click
SPLITTING = LabelsConfig(foreground=0.5, splitting=0.7, min_size=0)


def grow(labels: np.ndarray, maps: np.ndarray, seed: tuple[int, int], number: int, rescaled: float = 1.0) -> Edit:
    """Grow an object from a pixel to where the probability falls most steeply.

    Of the areas around the click in which the probability exceeds some share of that at the click, the one with the
    steepest outline is taken (the maximum average boundary gradient; Wu, Merchant and Castleman, Microscope Image
    Processing, 2008). If its distance map shows several objects, it is the
    one that was clicked at. Holes are filled.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    maps : ndarray of shape (Y, X, 2), float
        Probability of foreground and normalised distance, both 0 to 1.
    seed : tuple of int
        (y, x) of the click.
    number : int
        Of the new object.
    rescaled : float
        Factor by which the plane was enlarged for the network.

    Returns
    -------
    Edit

    Raises
    ------
    InputError
        If the click is outside of the plane or on an object, or the maps show nothing there.

    Examples
    --------
    >>> probability = 0.3 * (np.abs(np.arange(9) - 4) <= 2) * np.ones((3, 1))
    >>> maps = np.stack([probability, probability], axis=-1)
    >>> grow(np.zeros((3, 9), int), maps, (1, 4), 7).labels
    array([[0, 0, 7, 7, 7, 7, 7, 0, 0],
           [0, 0, 7, 7, 7, 7, 7, 0, 0],
           [0, 0, 7, 7, 7, 7, 7, 0, 0]])
    """
    y, x = seed
    if not (0 <= y < labels.shape[0] and 0 <= x < labels.shape[1]):
        raise InputError(f"The click at ({y}, {x}) is outside of the plane of {labels.shape[0]} x {labels.shape[1]}.")
    if labels[y, x] != 0:
        raise InputError(f"There is already object {labels[y, x]} here; click beside the objects.")
    for box in _windows((y, x), labels.shape):
        here = y - box[0].start, x - box[1].start
        area = _steepest_area(labels[box] == 0, maps[box][..., 0].astype(np.float32), here)
        if _cut_off(area, box, labels.shape):
            continue
        if area.all():  # of the whole plane
            break
        own = ndimage.binary_fill_holes(_clicked(area, maps[box][..., 1], here, rescaled)) & (labels[box] == 0)
        return Edit(box, np.where(own, number, labels[box].astype(np.int64)))
    raise _nothing()


def _nothing() -> InputError:
    return InputError("The model sees no object with an edge here: draw it with the brush.")


def _windows(seed: tuple[int, int], shape: tuple[int, ...]) -> Iterator[Box]:
    """Give ever larger boxes around the click."""
    reach = NEAREST
    while reach <= FARTHEST:
        yield _around(seed, reach, shape)
        reach *= 2


def _around(pixel: tuple[int, int], reach: int, shape: tuple[int, ...]) -> Box:
    return widen((slice(pixel[0], pixel[0] + 1), slice(pixel[1], pixel[1] + 1)), reach, shape)


def _cut_off(area: np.ndarray, box: Box, shape: tuple[int, ...]) -> bool:
    """Whether an area goes on beyond its box, and not only beyond the plane."""
    ends = (box[0].start > 0, area[0]), (box[0].stop < shape[0], area[-1])
    sides = (box[1].start > 0, area[:, 0]), (box[1].stop < shape[1], area[:, -1])
    return any(more and border.any() for more, border in (*ends, *sides))


def _steepest_area(free: np.ndarray, probability: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    """Among the areas around the seed above some level, choose the one whose outline is steepest."""
    smoothed = ndimage.gaussian_filter(probability, BLUR)
    slope = ndimage.gaussian_gradient_magnitude(probability, EDGE)
    y, x = _summit_near(np.where(free, smoothed, -1), seed)
    top = float(smoothed[y, x])
    if top < FAINTEST:
        raise _nothing()
    best, highest = np.ones(free.shape, bool), 0.0  # without an outline it goes on beyond the window
    for level in LEVELS * top:
        parts, _ = ndimage.label(free & (smoothed >= level))
        area = parts == parts[y, x]
        # Both sides of the outline; what borders on an object had no choice.
        rim = free & ndimage.binary_dilation(area) & ~ndimage.binary_erosion(area | ~free, border_value=1)
        steepness = float(slope[rim].mean()) if rim.any() else 0.0
        rating = steepness * np.count_nonzero(area) ** LARGER
        if steepness >= FLATTEST * top and rating > highest:
            best, highest = area, rating
    return best


def _summit_near(image: np.ndarray, seed: tuple[int, int]) -> tuple[int, int]:
    rows, columns = _around(seed, AIM, image.shape)
    y, x = np.unravel_index(int(image[rows, columns].argmax()), image[rows, columns].shape)
    return rows.start + int(y), columns.start + int(x)


def _clicked(area: np.ndarray, distance: np.ndarray, seed: tuple[int, int], rescaled: float) -> np.ndarray:
    """Part an area by its distance map, and return the object at the seed or nearest to it."""
    inside = np.where(area, distance.astype(np.float32), 0)
    # A faint object has a low distance too: what counts are the dips relative to it.
    objects = maps_to_labels(np.stack([area, inside / max(inside.max(), 1e-6)], axis=-1), SPLITTING, rescaled)
    rows, columns = np.ogrid[: area.shape[0], : area.shape[1]]
    away = np.where(area, np.hypot(rows - seed[0], columns - seed[1]), np.inf)
    return objects == objects.flat[int(away.argmin())]
