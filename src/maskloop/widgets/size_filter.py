"""Showing only small or only large objects, by the layer's colours, so that its pixels stay as they are."""

from typing import Literal

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from maskloop.ops.objects import object_sizes

HIDDEN = np.zeros(4, np.float32)

Which = Literal["all", "smaller", "larger"]


class SizeFilter:
    """Hides objects of a labels layer.

    Parameters
    ----------
    layer : napari.layers.Labels
    """

    def __init__(self, layer: Labels) -> None:
        self.layer = layer
        self._colours = layer.colormap

    def show(self, which: Which, size: int, plane: np.ndarray) -> int:
        """Show only objects with fewer or with more pixels than `size`.

        Parameters
        ----------
        which : str
            ``"all"``, ``"smaller"`` or ``"larger"``.
        size : int
        plane : ndarray of shape (Y, X), int
            The labels on screen.

        Returns
        -------
        int
            How many objects are shown.
        """
        numbers, sizes = object_sizes(plane)
        if which == "all":
            self.clear()
            return len(numbers)
        shown = numbers[sizes < size] if which == "smaller" else numbers[sizes > size]
        colours = dict(zip(shown.tolist(), self._colours.map(shown), strict=True))
        self.layer.colormap = DirectLabelColormap(color_dict={None: HIDDEN, 0: HIDDEN, **colours})
        return len(shown)

    def clear(self) -> None:
        """Show all objects, in the colours that they had."""
        self.layer.colormap = self._colours
