"""Maps to instance labels: a watershed of the distance, merged where the waist between two basins is shallow."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from maskloop.config import LabelsConfig

SPECKLE = 1.0  # standard deviation of the blur, in pixels of the network


def maps_to_labels(maps: np.ndarray, config: LabelsConfig, rescaled: float = 1.0) -> np.ndarray:
    """Turn predicted maps into labelled objects.

    Each local maximum of the smoothed distance within the foreground has a basin. Two basins are one object
    when the pass between them lies at most ``(1 - splitting)**2`` below the lower of their summits (the square
    spreads the useful depths, 0.01 to 0.25, over half of the scale). This is the
    dynamics of a maximum (Grimaud 1992, https://doi.org/10.1117/12.60650), the same as seeding by h-maxima but
    with the same basins whatever the height.

    Parameters
    ----------
    maps : ndarray of shape (Y, X, 2), float
        Probability of foreground and normalised distance, both 0 to 1.
    config : LabelsConfig
    rescaled : float
        Factor by which the plane was enlarged for the network; the smallest object is counted at that size, and the
        distance is smoothed by one pixel of it.

    Returns
    -------
    ndarray of shape (Y, X), int32
        0 is background, objects are numbered from 1 without gaps, in row order of their first pixel.

    Examples
    --------
    >>> y, x = np.mgrid[:20, :40]
    >>> distance = np.maximum(1 - np.hypot(y - 10, x - 12) / 9, 1 - np.hypot(y - 10, x - 27) / 9).clip(0)
    >>> maps = np.stack([distance > 0, distance], axis=-1).astype(np.float32)
    >>> [int(maps_to_labels(maps, LabelsConfig(splitting=s)).max()) for s in (0.0, 0.7)]
    [1, 2]
    """
    objects = find_basins(maps, config.foreground, rescaled).merged(config.splitting)
    return drop_small(objects, config.min_size / rescaled**2, maps[..., 0] >= config.certainty)


@dataclass(frozen=True)
class Basins:
    """The foreground, parted by the summits of the distance; what is merged of it depends on the splitting.

    Attributes
    ----------
    numbers : ndarray of shape (Y, X), int
        Of the basins; 0 is background.
    summits : ndarray of shape (N + 1,), float
        The distance at the summit of each basin, by its number.
    passes : list of (float, int, int)
        The distance at the highest pass between two basins that touch, and their numbers, the highest pass first.
    """

    numbers: np.ndarray
    summits: np.ndarray
    passes: list[tuple[float, int, int]]

    def merged(self, splitting: float) -> np.ndarray:
        """Merge basins that the passes between them hardly tell apart.

        Parameters
        ----------
        splitting : float
            0 merges all that touch, 1 hardly any.

        Returns
        -------
        ndarray of shape (Y, X), int
        """
        depth = (1 - splitting) ** 2
        parent = np.arange(len(self.summits))

        def root(basin: int) -> int:
            while parent[basin] != basin:
                parent[basin] = basin = parent[parent[basin]]
            return basin

        for height, first, second in self.passes:
            first, second = root(first), root(second)
            lower, higher = sorted((first, second), key=self.summits.__getitem__)
            if first != second and self.summits[lower] - height <= depth:
                parent[lower] = higher
        return np.array([root(b) for b in range(len(self.summits))])[self.numbers]


def find_basins(maps: np.ndarray, foreground: float, rescaled: float = 1.0) -> Basins:
    """Part the foreground by the summits of the smoothed distance to which steepest ascent leads.

    Hill climbing finds watersheds pixel by pixel (after Meyer 1994, https://doi.org/10.1016/0165-1684(94)90060-4; the
    highest of eight neighbours, however far), which numpy does several times as fast as flooding from a queue.

    Parameters
    ----------
    maps : ndarray of shape (Y, X, 2), float
        Probability of foreground and normalised distance, both 0 to 1.
    foreground : float
        Probability from which a pixel belongs to an object.
    rescaled : float
        As in `maps_to_labels`.

    Returns
    -------
    Basins
    """
    inside = maps[..., 0] >= foreground
    distance = smooth_distance(maps, rescaled)
    places, leader = _climb(np.where(inside, distance, -np.inf))
    tops = np.zeros(inside.shape, bool)
    tops.ravel()[leader[leader == places]] = True
    seeds, count = ndimage.label(tops, np.ones((3, 3)))  # a plateau is one summit
    numbers, summits = np.zeros(inside.shape, np.int32), np.zeros(count + 1)
    numbers.ravel()[places] = seeds.ravel()[leader]
    summits[seeds[tops]] = distance[tops]
    return Basins(numbers, summits, _passes(numbers, distance))


def smooth_distance(maps: np.ndarray, rescaled: float = 1.0) -> np.ndarray:
    """Return the distance without ties, which would make plateaus with many summits, and without the network's speckle.

    Parameters
    ----------
    maps : ndarray of shape (Y, X, 2), float
    rescaled : float
        As in `maps_to_labels`.

    Returns
    -------
    ndarray of shape (Y, X), float32
    """
    return ndimage.gaussian_filter(maps[..., 1].astype(np.float32), SPECKLE / rescaled)


def _climb(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Go from each pixel that is not at -inf to the highest of its neighbours, until there is none higher.

    Returns the flat indices of these pixels, and of those where they end.
    """
    rows, columns = heights.shape
    padded = np.pad(heights, 1, constant_values=-np.inf)
    highest, towards = heights.copy(), np.zeros(heights.shape, np.int8)
    for number, (down, right) in enumerate(_STEPS, start=1):
        there = padded[1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
        np.copyto(towards, np.int8(number), where=there > highest)
        np.fmax(highest, there, out=highest)
    places = np.flatnonzero(heights > -np.inf)
    leader = places + np.array([0, *(down * columns + right for down, right in _STEPS)])[towards.ravel()[places]]
    leaders = np.arange(heights.size)
    leaders[places] = leader
    while (leader != (further := leaders[leader])).any():  # each time twice as far
        leaders[places] = leader = further
    return places, leader


_STEPS = ((0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))  # down and to the right
_WHOLE, _HEAD, _TAIL = slice(None), slice(None, -1), slice(1, None)
_NEIGHBOURS = (
    ((_HEAD, _WHOLE), (_TAIL, _WHOLE)),
    ((_WHOLE, _HEAD), (_WHOLE, _TAIL)),
    ((_HEAD, _HEAD), (_TAIL, _TAIL)),
    ((_HEAD, _TAIL), (_TAIL, _HEAD)),
)


def _passes(basins: np.ndarray, distance: np.ndarray) -> list[tuple[float, int, int]]:
    """List the pairs of basins that touch, with the height of the highest pass between them, highest first."""
    found = []
    for here, there in _NEIGHBOURS:
        touching = np.nonzero((basins[here] != basins[there]) & (basins[here] > 0) & (basins[there] > 0))
        a, b = basins[here][touching], basins[there][touching]
        height = np.minimum(distance[here][touching], distance[there][touching])
        found.append((height, np.minimum(a, b), np.maximum(a, b)))
    height, lower, higher = (np.concatenate(part) for part in zip(*found, strict=True))
    highest_first = np.argsort(-height, kind="stable")
    pair = lower.astype(np.int64) << 32 | higher
    _, first_seen = np.unique(pair[highest_first], return_index=True)
    kept = highest_first[np.sort(first_seen)]
    return list(zip(height[kept].tolist(), lower[kept].tolist(), higher[kept].tolist(), strict=True))


def drop_small(labels: np.ndarray, min_size: float, certain: np.ndarray | None = None) -> np.ndarray:
    """Leave out objects with fewer pixels than `min_size`, and number the others in row order of their first pixel.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    min_size : float
    certain : ndarray of shape (Y, X), bool, optional
        Objects without such a pixel are left out, too.

    Returns
    -------
    ndarray of shape (Y, X), int32

    Examples
    --------
    >>> drop_small(np.array([[7, 0, 3, 3]]), 2)
    array([[0, 0, 1, 1]], dtype=int32)
    """
    if labels.size == 0:
        return labels.astype(np.int32)
    flat = labels.ravel()
    sizes = np.bincount(flat)
    if certain is not None:
        sizes[np.bincount(labels[certain], minlength=len(sizes)) == 0] = 0
    first_pixel = np.zeros(len(sizes), np.intp)
    first_pixel[flat[::-1]] = np.arange(flat.size)[::-1]  # of repeated indices the last one stays
    kept = np.flatnonzero(sizes >= max(min_size, 1))
    kept = kept[kept > 0]
    numbers = np.zeros(len(sizes), np.int32)
    numbers[kept[np.argsort(first_pixel[kept])]] = np.arange(1, len(kept) + 1)
    return numbers[labels]
