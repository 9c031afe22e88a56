"""What a repair gives: new labels of a part of a plane."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from maskloop.ops.objects import Box


@dataclass(frozen=True)
class Edit:
    """New labels for a part of a plane.

    Attributes
    ----------
    box : Box
        Where.
    labels : ndarray of the box's shape, int64
        What all of its pixels become; wider than labels are elsewhere, since a layer may hold any numbers.
    """

    box: Box
    labels: np.ndarray

    @classmethod
    def around(cls, labels: np.ndarray, boxes: Iterable[Box]) -> Self:
        """Start an edit: a copy of the labels in the box around some boxes.

        Examples
        --------
        >>> Edit.around(np.array([[1, 2, 3, 4]]), [(slice(0, 1), slice(2, 3)), (slice(0, 1), slice(1, 2))]).labels
        array([[2, 3]])
        """
        sides = list(zip(*boxes, strict=True))
        rows, columns = (slice(min(s.start for s in side), max(s.stop for s in side)) for side in sides)
        return cls((rows, columns), labels[rows, columns].astype(np.int64))

    def within(self, box: Box) -> np.ndarray:
        """Return the edit's labels in a box of the plane, as a view."""
        rows, columns = (
            slice(side.start - own.start, side.stop - own.start) for side, own in zip(box, self.box, strict=True)
        )
        return self.labels[rows, columns]
