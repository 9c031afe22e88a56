"""Planes on their way to a worker."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from maskloop.errors import Cancelled


def write_planes(path: Path, planes: Iterable[np.ndarray], count: int, should_stop: Callable[[], bool]) -> None:
    """Write planes as one array, one by one, so that a lazy stack is never whole in memory.

    Parameters
    ----------
    path : Path
        Of a file that NumPy reads.
    planes : iterable of ndarray
        Of one shape and dtype.
    count : int
        How many there are.
    should_stop : callable
        Asked before each plane.

    Raises
    ------
    Cancelled
        If it was asked to stop.
    OSError
        If the disk is full.
    """
    with path.open("wb") as file:
        for i, plane in enumerate(planes):
            if should_stop():
                raise Cancelled
            if i == 0:
                header = {"descr": plane.dtype.str, "fortran_order": False, "shape": (count, *plane.shape)}
                np.lib.format.write_array_header_1_0(file, header)
            # Not a memory map: on a full disk that would end the window's process instead of raising.
            file.write(np.ascontiguousarray(plane).data)
