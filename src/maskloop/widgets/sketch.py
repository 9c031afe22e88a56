"""A line or a box on top of the picture: what is being drawn, and where the next doubtful place is."""

import napari
import numpy as np
from napari.layers import Labels, Vectors

from maskloop.widgets.labels_plane import LabelsPlane
from maskloop.widgets.layer_view import transform_of

NAME = "sketch"
COLOUR = "#ffd23c"
WIDTH = 2  # pixels of the screen


class Sketch:
    """A layer that is there only while it is needed.

    Vectors, since a first Shapes layer stops the window for a second.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        self._viewer = viewer
        self._layer: Vectors | None = None
        self._on: Labels | None = None

    def open(self, plane: LabelsPlane) -> None:
        """Add the layer, so that the first stroke need not wait for it."""
        if self._layer is None or self._on != plane.layer or self._layer not in self._viewer.layers:
            self.close()
            self._add(plane)

    def show_path(self, plane: LabelsPlane, path: np.ndarray) -> None:
        """Show a line.

        Parameters
        ----------
        plane : LabelsPlane
        path : ndarray of shape (N, 2)
            Points (y, x) in pixels of the plane.
        """
        points = np.zeros((len(path), plane.layer.ndim))
        points[:, list(plane.axes)] = path
        others = [axis for axis in range(plane.layer.ndim) if axis not in plane.axes]
        points[:, others] = plane.where
        vectors = np.stack([points[:-1], np.diff(points, axis=0)], axis=1)
        self.open(plane)
        assert self._layer is not None
        self._layer.edge_width = (
            WIDTH / self._viewer.scene.camera.zoom / min(float(plane.layer.scale[axis]) for axis in plane.axes)
        )
        self._layer.data = vectors

    def show_box(self, plane: LabelsPlane, box: tuple[slice, slice]) -> None:
        """Show a box of the plane."""
        y, x = box
        top, bottom, left, right = y.start - 0.5, y.stop - 0.5, x.start - 0.5, x.stop - 0.5
        corners = [(top, left), (top, right), (bottom, right), (bottom, left), (top, left)]
        self.show_path(plane, np.array(corners))

    def clear(self) -> None:
        """Show nothing for now."""
        if self._layer is not None:
            self._layer.data = np.zeros((0, 2, self._layer.ndim))

    def close(self) -> None:
        """Take the layer away."""
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = self._on = None

    def _add(self, plane: LabelsPlane) -> None:
        layer = Vectors(
            ndim=plane.layer.ndim,
            name=NAME,
            vector_style="line",
            edge_color=COLOUR,
            **transform_of(plane.layer),
        )
        active = self._viewer.layers.selection.active
        self._viewer.add_layer(layer)
        self._viewer.layers.selection.active = active  # or the keys would be those of another kind of layer
        self._layer, self._on = layer, plane.layer
