"""Drawing on a labels layer with one of maskloop's own actions, and what becomes of it."""

from collections.abc import Callable, Iterator
from typing import Any

import napari
import numpy as np
from napari.layers import Labels
from napari.utils.events import Event
from qtpy.QtCore import QTimer

from maskloop.errors import InputError
from maskloop.ops.objects import Box
from maskloop.widgets.actions import Action
from maskloop.widgets.labels_plane import LabelsPlane, take_plane
from maskloop.widgets.sketch import Sketch

PAN_ZOOM = "pan_zoom"  # napari's mode in which no tool of its own takes the mouse
PUT_DOWN = "Escape"


class Drawing:
    """Lets one action at a time have the mouse.

    Parameters
    ----------
    viewer : napari.Viewer
    sketch : Sketch
    drawn : callable
        Called with the action, the plane and an array (N, 2) of points (y, x) in pixels of it: the way of the mouse
        while its button was down.
    ended : callable
        Called when no action has the mouse any more.
    """

    def __init__(
        self,
        viewer: napari.Viewer,
        sketch: Sketch,
        drawn: Callable[[Action, LabelsPlane, np.ndarray], None],
        ended: Callable[[], None],
    ) -> None:
        self._viewer, self._sketch, self._drawn, self._ended = viewer, sketch, drawn, ended
        self._layer: Labels | None = None
        self.action: Action | None = None

    def begin(self, action: Action, plane: LabelsPlane) -> None:
        """Give the mouse to an action, until another begins, `end` is called, Escape or a tool of napari's chosen."""
        self.end()
        layer = plane.layer
        self.action, self._layer = action, layer
        self._viewer.layers.selection.active = layer
        if action.mouse in ("path", "loop", "box"):
            self._sketch.open(plane)
        layer.mode = PAN_ZOOM
        layer.mouse_pan = False
        layer.mouse_drag_callbacks.append(self._drag)
        layer.bind_key(PUT_DOWN, self._end_for_key, overwrite=True)
        layer.events.mode.connect(self._end_for_napari)
        self._viewer.layers.selection.events.active.connect(self._end_soon)

    def end(self) -> None:
        """Take the mouse from the action that has it."""
        if self._layer is None:
            return
        layer, self.action, self._layer = self._layer, None, None
        layer.mouse_drag_callbacks.remove(self._drag)
        layer.bind_key(PUT_DOWN, None)  # it is napari's again
        layer.events.mode.disconnect(self._end_for_napari)
        self._viewer.layers.selection.events.active.disconnect(self._end_soon)
        layer.mouse_pan = layer.mode == PAN_ZOOM
        self._sketch.close()
        self._ended()

    def _end_soon(self, _: Event) -> None:
        # Not now: napari may be at removing the layer, and ending takes away another one.
        QTimer.singleShot(0, self._end_for_napari)

    def _end_for_napari(self, _: Event | None = None) -> None:
        if self._layer is None:
            return
        if self._viewer.layers.selection.active != self._layer or self._layer.mode != PAN_ZOOM:
            self.end()

    def _end_for_key(self, _: Labels) -> None:
        self.end()

    def _drag(self, layer: Labels, event: Any) -> Iterator[None]:
        action = self.action
        if action is None or event.button != 1:
            return
        try:
            plane = take_plane(layer, self._viewer.dims)
        except InputError:  # in 3-D; what it says was said when the action was begun
            return
        points = [plane.pixel(event.position)]
        yield
        while event.type == "mouse_move":
            if self.action is not action:  # a key has ended it
                return
            points.append(plane.pixel(event.position))
            self._show(plane, action, np.array(points))
            yield
        if self.action is not action:
            return
        self._sketch.clear()
        self._drawn(action, plane, np.array(points))

    def _show(self, plane: LabelsPlane, action: Action, points: np.ndarray) -> None:
        if action.mouse == "path":
            self._sketch.show_path(plane, points)
        elif action.mouse == "loop":
            self._sketch.show_path(plane, np.vstack([points, points[:1]]))
        elif action.mouse == "box":
            self._sketch.show_box(plane, box_between(points[0], points[-1], plane.labels.shape))


def box_between(first: np.ndarray, second: np.ndarray, shape: tuple[int, ...]) -> Box:
    """Return the box of a plane between two corners, each given as (y, x) in pixels; the corners belong to it."""
    corners = np.clip(np.round(np.sort([first, second], axis=0)), 0, np.array(shape) - 1).astype(int)
    (top, left), (bottom, right) = corners
    return slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)
