"""An image layer at the moment of the click: what is handed to the worker, and where its labels go."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from napari.layers import Image, Layer

from maskloop.errors import InputError
from maskloop.ops.axes import require_intensities
from maskloop.widgets.layer_view import transform_of


@dataclass(frozen=True)
class Snapshot:
    """A layer's pixels and place, taken at one moment.

    Attributes
    ----------
    name : str
        The layer's.
    data : array
        Full resolution; numpy, dask, zarr or whatever else slices to an array.
    rgb : bool
        Whether a last axis of `data` is colour.
    plane_axes : tuple of int
        The two axes of `data` that are shown, in ascending order.
    where : tuple of int or None
        Position along the other axes; None means all planes.
    transform : dict
        Keywords that put a labels layer where the image is.
    """

    name: str
    data: Any
    rgb: bool
    plane_axes: tuple[int, int]
    where: tuple[int, ...] | None
    transform: dict[str, Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the labels: the image's without colour."""
        return tuple(self.data.shape[:-1] if self.rgb else self.data.shape)

    @property
    def positions(self) -> list[tuple[int, ...]]:
        """Where the planes lie along the other axes."""
        others = [n for axis, n in enumerate(self.shape) if axis not in self.plane_axes]
        return list(np.ndindex(*others)) if self.where is None else [self.where]

    def same_image(self, other: "Snapshot") -> bool:
        """Whether the labels of another snapshot belong into the same layer."""
        return other.data is self.data and other.name == self.name and other.plane_axes == self.plane_axes

    def same_place(self, other: "Snapshot") -> bool:
        """Whether the image lay where it lies in another snapshot."""
        return all(np.array_equal(value, other.transform[name]) for name, value in self.transform.items())

    def planes(self) -> Iterator[np.ndarray]:
        """Yield the planes, each of shape (Y, X, C); a lazy image is computed here, plane by plane."""
        for position in self.positions:
            plane = np.asarray(self.data[self._index(position)])
            yield plane if self.rgb else plane[..., np.newaxis]

    def paste(self, labels: np.ndarray, into: np.ndarray | None = None) -> np.ndarray:
        """Lay labels of shape (P, Y, X) into an array of the image's shape.

        Parameters
        ----------
        labels : ndarray of shape (P, Y, X), int32
        into : ndarray, optional
            Labels of other planes to keep; changed in place. Zeros where it is left out.

        Returns
        -------
        ndarray, int32
        """
        if len(self.shape) == 2:
            return labels[0].copy()
        into = np.zeros(self.shape, np.int32) if into is None else into
        for plane, position in zip(labels, self.positions, strict=True):
            into[self._index(position)] = plane
        return into

    def crop(self, box: tuple[slice, slice]) -> "Snapshot":
        """Return the snapshot of a part of the shown plane."""
        assert self.where is not None
        cut = self._index(self.where, *box)
        return replace(self, data=self.data[cut], plane_axes=(0, 1), where=())

    def _index(
        self, position: tuple[int, ...], y: slice = slice(None), x: slice = slice(None)
    ) -> tuple[int | slice, ...]:
        steps = iter(position)
        cuts = dict(zip(self.plane_axes, (y, x), strict=True))
        return tuple(cuts[a] if a in cuts else next(steps) for a in range(len(self.shape)))


def shown_plane(
    layer: Layer, displayed: tuple[int, ...], point: tuple[float, ...]
) -> tuple[tuple[int, int], tuple[int, ...]]:
    """Find which plane of a layer the viewer shows.

    Parameters
    ----------
    layer : napari.layers.Layer
    displayed : tuple of int
        The viewer's displayed axes.
    point : tuple of float
        The viewer's position in world coordinates.

    Returns
    -------
    plane_axes : tuple of int
        The two axes of the layer's data that are shown, in ascending order.
    where : tuple of int
        Position along the other axes.

    Raises
    ------
    InputError
        If the viewer shows no plane of the layer.
    """
    if len(displayed) != 2:
        raise InputError("The viewer shows 3-D, and maskloop works on planes: switch the display back to 2-D first.")
    # A layer with fewer axes than the viewer has the viewer's last ones.
    hidden = len(point) - layer.ndim
    first, second = sorted(axis - hidden for axis in displayed)
    if first < 0:
        raise InputError(f"The viewer's axes are turned so that {layer.name!r} is no plane: turn them back first.")
    data = layer.data[0] if layer.multiscale else layer.data
    position = layer.world_to_data(point[hidden:])
    where = tuple(
        int(np.clip(round(position[axis]), 0, data.shape[axis] - 1))
        for axis in range(layer.ndim)
        if axis not in (first, second)
    )
    return (first, second), where


def take_snapshot(
    layer: Image | None, displayed: tuple[int, ...], point: tuple[float, ...], all_planes: bool
) -> Snapshot:
    """Take a snapshot of a layer.

    Parameters
    ----------
    layer : napari.layers.Image or None
    displayed : tuple of int
        The viewer's displayed axes.
    point : tuple of float
        The viewer's position in world coordinates.
    all_planes : bool
        All planes, or the shown one.

    Returns
    -------
    Snapshot

    Raises
    ------
    InputError
        If there is no layer, or its data cannot be segmented.
    """
    if layer is None:
        raise InputError("There is no image to segment: open one, or one of File > Open Sample > maskloop.")
    data = layer.data[0] if layer.multiscale else layer.data
    require_intensities(np.dtype(data.dtype))
    if 0 in data.shape:
        raise InputError(f"The layer {layer.name!r} is empty: its shape is {tuple(data.shape)}.")
    plane_axes, where = shown_plane(layer, displayed, point)
    return Snapshot(
        name=layer.name,
        data=data,
        rgb=layer.rgb,
        plane_axes=plane_axes,
        where=None if all_planes else where,
        transform=transform_of(layer),
    )
