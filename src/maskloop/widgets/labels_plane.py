"""The plane of a labels layer that is on screen, and edits to it that napari's own undo takes back."""

from dataclasses import dataclass

import numpy as np
from napari.components import Dims
from napari.layers import Labels

from maskloop.errors import InputError
from maskloop.ops.edit import Edit
from maskloop.ops.objects import Box
from maskloop.widgets.snapshot import shown_plane

Point = tuple[float, float]
"""(y, x) in pixels of a plane."""


@dataclass(frozen=True)
class LabelsPlane:
    """A plane of a labels layer.

    Attributes
    ----------
    layer : napari.layers.Labels
    axes : tuple of int
        The two axes of the layer's data that are shown, in ascending order.
    where : tuple of int
        Position along the other axes.
    """

    layer: Labels
    axes: tuple[int, int]
    where: tuple[int, ...]

    @property
    def labels(self) -> np.ndarray:
        """The pixels, of shape (Y, X); a view where the layer's data are numpy."""
        return np.asarray(self.layer.data[self.index])

    @property
    def index(self) -> tuple[int | slice, ...]:
        """The index of the plane in the layer's data."""
        return self._index(slice(None), slice(None))

    def box(self, y: slice = slice(None), x: slice = slice(None)) -> tuple[slice, ...]:
        """Return a box of the plane as slices along all axes of the layer's data, with start and stop."""
        shape = self.layer.data.shape
        cuts = (slice(i, i + 1) if isinstance(i, int) else i for i in self._index(y, x))
        return tuple(slice(*cut.indices(n)[:2]) for cut, n in zip(cuts, shape, strict=True))

    def pixel(self, world: tuple[float, ...]) -> Point:
        """Return where a point of the viewer lies in the plane, in pixels (y, x)."""
        position = self.layer.world_to_data(world[-self.layer.ndim :])
        return float(position[self.axes[0]]), float(position[self.axes[1]])

    def world(self, pixel: Point) -> tuple[float, ...]:
        """Return where a pixel of the plane lies in the viewer."""
        return tuple(self.layer.data_to_world(self._index(*pixel)))

    def number_at(self, pixel: Point) -> int:
        """Return the label at a pixel; 0 outside of the plane."""
        y, x = round(pixel[0]), round(pixel[1])
        height, width = self.labels.shape
        return int(self.labels[y, x]) if 0 <= y < height and 0 <= x < width else 0

    def require_within(self, points: np.ndarray) -> None:
        """Refuse a box that lies outside of the plane.

        Parameters
        ----------
        points : ndarray of shape (N, 2)
            Points (y, x) in pixels; the first and the last are its corners.

        Raises
        ------
        InputError
            If it does.
        """
        low, high = np.round(np.sort(points[[0, -1]], axis=0))
        if (high < 0).any() or (low >= self.labels.shape).any():
            raise InputError(f"The box lies outside of {self.layer.name!r}; draw it there.")

    def unused_label(self) -> int:
        """Return a label that neither the layer nor its brush has used."""
        return max(int(np.max(self.layer.data)), int(self.layer.selected_label)) + 1

    def require_label(self, number: int) -> None:
        """Refuse a label that the layer's dtype cannot hold.

        Raises
        ------
        InputError
            If it cannot.
        """
        dtype = np.dtype(self.layer.data.dtype)
        if number > np.iinfo(dtype).max:
            raise InputError(
                f"The layer {self.layer.name!r} is of type {dtype}, which ends at {np.iinfo(dtype).max}: "
                f"right-click it and convert its data type to {'int32' if dtype.itemsize < 4 else 'int64'} first."
            )

    def apply(self, edit: Edit) -> bool:
        """Write an edit as one step of napari's undo; return whether it changed anything.

        Raises
        ------
        InputError
            If the layer cannot be written, or its dtype cannot hold a label.
        """
        require_editable(self.layer)
        changed = np.nonzero(self.labels[edit.box] != edit.labels)
        values = edit.labels[changed]
        if not values.size:
            return False
        self.require_label(int(values.max()))
        dtype = np.dtype(self.layer.data.dtype)
        # In half the memory that numpy would take: napari keeps the indices for undo.
        pixels = [(steps + cut.start).astype(np.int32) for steps, cut in zip(changed, edit.box, strict=True)]
        index = self._index(*pixels)
        indices = tuple(i if isinstance(i, np.ndarray) else np.full(values.size, i, np.int32) for i in index)
        if not (self.layer.visible and self.layer.loaded):
            self.layer.set_view_slice()  # or napari would write into a picture that it has not made
        with self.layer.block_history():
            self.layer.data_setitem(indices, values.astype(dtype))
        return True

    def fill(self, box: Box, number: int) -> None:
        """Give all pixels of a box one label, as one step of undo.

        For undo napari keeps far less of it than of `apply`, which counts where whole planes are marked.

        Parameters
        ----------
        box : Box
            Of the plane, which is on screen.
        number : int

        Raises
        ------
        InputError
            If the layer cannot be written, or its dtype cannot hold the label.
        """
        require_editable(self.layer)
        self.require_label(number)
        if self.layer.n_edit_dimensions == len(self.axes) and not self.layer.preserve_labels:
            (top, bottom), (left, right) = ((side.start, side.stop - 1) for side in box)
            corners = (top, left), (top, right), (bottom, right), (bottom, left)
            self.layer.paint_polygon([self._index(*corner) for corner in corners], number)
        else:  # a person has told napari to paint otherwise
            self.apply(Edit(box, np.full([side.stop - side.start for side in box], number)))

    def _index(self, y, x) -> tuple:  # type: ignore[no-untyped-def]
        steps = iter(self.where)
        cuts = dict(zip(self.axes, (y, x), strict=True))
        return tuple(cuts[axis] if axis in cuts else next(steps) for axis in range(self.layer.ndim))


def take_plane(layer: Labels | None, dims: Dims) -> LabelsPlane:
    """Take the plane of a labels layer that the viewer shows.

    Raises
    ------
    InputError
        If there is none.
    """
    if layer is None:
        raise InputError("There are no labels to correct: click Segment first, or select a labels layer.")
    axes, where = shown_plane(layer, dims.displayed, dims.point)
    return LabelsPlane(layer, axes, where)


def require_editable(layer: Labels) -> None:
    """Refuse a layer that must not be written.

    Raises
    ------
    InputError
        If it is locked, of several resolutions, or opened for reading only.
    """
    if layer.multiscale:
        raise InputError(f"{layer.name!r} has several resolutions, which napari cannot edit; wanted is one.")
    if not layer.editable:
        raise InputError(f"{layer.name!r} is locked: it is opened for reading only.")
