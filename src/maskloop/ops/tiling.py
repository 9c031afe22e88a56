"""Planes larger than the network should see at once: plan tiles, cut them, stitch them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tile:
    """A part of a plane.

    Attributes
    ----------
    core : tuple of slice
        (Y, X), the pixels that this tile answers for.
    read : tuple of slice
        (Y, X), the core with its halo, cut off at the plane's edge.
    """

    core: tuple[slice, slice]
    read: tuple[slice, slice]

    @property
    def core_in_read(self) -> tuple[slice, slice]:
        """Where the core lies within what was read."""
        y, x = (
            slice(core.start - read.start, core.stop - read.start)
            for core, read in zip(self.core, self.read, strict=True)
        )
        return y, x


def plan_tiles(shape: tuple[int, int], size: int, halo: int) -> list[Tile]:
    """Divide a plane into tiles whose cores cover each pixel exactly once.

    Parameters
    ----------
    shape : tuple of int
        (Y, X) in pixels.
    size : int
        Side of a core in pixels. A plane that is at most one halo longer than this stays in one piece along that
        axis, since the halo would cost more than it saves.
    halo : int
        Pixels read around a core.

    Returns
    -------
    list of Tile
        In row order.

    Examples
    --------
    >>> [tile.core[1] for tile in plan_tiles((10, 100), 64, 16)]
    [slice(0, 64, None), slice(64, 100, None)]
    """

    def spans(length: int) -> Iterator[tuple[slice, slice]]:
        step = length if length <= size + halo else size
        for start in range(0, length, step):
            stop = min(start + step, length)
            yield slice(start, stop), slice(max(start - halo, 0), min(stop + halo, length))

    return [Tile((y, x), (read_y, read_x)) for y, read_y in spans(shape[0]) for x, read_x in spans(shape[1])]


def pad_to_multiple(plane: np.ndarray, multiple: int) -> np.ndarray:
    """Lengthen a plane at its lower and right edge by reflection until its sides are multiples of `multiple`.

    Parameters
    ----------
    plane : ndarray of shape (Y, X, C)
    multiple : int

    Returns
    -------
    ndarray of shape (Y', X', C)

    Examples
    --------
    >>> pad_to_multiple(np.zeros((1, 17, 1)), 16).shape
    (16, 32, 1)
    """
    margins = [(0, -n % multiple) for n in plane.shape[:2]]
    return np.pad(plane, [*margins, (0, 0)], mode="symmetric")


def stitch(
    plane: np.ndarray, tiles: list[Tile], predict: Callable[[np.ndarray], np.ndarray], into: np.ndarray
) -> Iterator[int]:
    """Predict tile after tile into one array.

    Parameters
    ----------
    plane : ndarray of shape (Y, X, C)
    tiles : list of Tile
        From `plan_tiles` for the same plane.
    predict : callable
        From (y, x, C) to maps of shape (y, x, M).
    into : ndarray of shape (Y, X, M)
        Filled tile by tile.

    Yields
    ------
    int
        Tiles done so far.
    """
    for done, tile in enumerate(tiles, start=1):
        into[tile.core] = predict(plane[tile.read])[tile.core_in_read]
        yield done
