"""Showing only small or only large objects, by the layer's colours, so that its pixels stay as they are."""

import contextlib
from typing import Literal

import numpy as np
from napari.components import Dims
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from napari.utils.events import Event
from qtpy.QtCore import QObject, QTimer

from maskloop.errors import InputError
from maskloop.ops.objects import object_sizes
from maskloop.widgets.labels_plane import LabelsPlane, take_plane

HIDDEN = np.zeros(4, np.float32)
UNKNOWN = np.ones(4, np.float32)  # an object that is not measured yet, for a moment
DRAWING = ("paint", "fill", "polygon")  # napari's modes in which a person draws the selected label
SOON_MS = 100  # after a stroke

Which = Literal["smaller", "larger"]


class SizeFilter(QObject):
    """Hides objects of a labels layer, on whatever plane of it is on screen; what is being drawn is always seen.

    Parameters
    ----------
    layer : napari.layers.Labels
    dims : napari.components.Dims
        The viewer's.
    """

    def __init__(self, layer: Labels, dims: Dims) -> None:
        super().__init__()
        self.layer, self._dims = layer, dims
        self._colours = layer.colormap
        self._which: Which = "larger"
        self._size = 0
        self._plane: LabelsPlane | None = None
        self._coloured = np.zeros((2, 0))  # the numbers that have a colour, and which of them are shown
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self._measure_again)
        for event in self._events():
            event.connect(self._follow)

    def show(self, which: Which, size: int) -> int:
        """Show only objects with fewer or with more pixels than `size`.

        Parameters
        ----------
        which : str
            ``"smaller"`` or ``"larger"``.
        size : int

        Returns
        -------
        int
            How many objects are shown in the plane on screen.

        Raises
        ------
        InputError
            If no plane is on screen.
        """
        self._which, self._size = which, size
        return self._measure()

    def clear(self) -> None:
        """Show all objects, in the colours that they had, from now on."""
        self._soon.stop()
        for event in self._events():
            event.disconnect(self._follow)
        self.layer.colormap = self._colours

    def _events(self) -> tuple[Event, ...]:
        events = self.layer.events
        return events.set_data, events.paint, events.mode, events.selected_label

    def _follow(self, _: Event) -> None:
        with contextlib.suppress(InputError):  # in 3-D there is no plane, and the colours stay
            # On another plane at once, and not while somebody paints.
            self._soon.start(SOON_MS if take_plane(self.layer, self._dims) == self._plane else 0)

    def _measure_again(self) -> None:
        with contextlib.suppress(InputError):
            self._measure()

    def _measure(self) -> int:
        self._plane = take_plane(self.layer, self._dims)
        numbers, sizes = object_sizes(self._plane.labels)
        shown = sizes < self._size if self._which == "smaller" else sizes > self._size
        self._colour(numbers, shown)
        return int(np.count_nonzero(shown))

    def _colour(self, numbers: np.ndarray, shown: np.ndarray) -> None:
        drawn = self.layer.selected_label if self.layer.mode in DRAWING else 0
        coloured = np.array([np.append(numbers, drawn), np.append(shown, True)])
        if np.array_equal(coloured, self._coloured):  # to colour thousands takes a tenth of a second
            return
        self._coloured = coloured
        colours = np.where(coloured[1, :, None], self._colours.map(coloured[0]), HIDDEN)
        by_number = dict(zip(coloured[0].tolist(), colours, strict=True))
        self.layer.colormap = DirectLabelColormap(color_dict={None: UNKNOWN, **by_number, 0: HIDDEN})
