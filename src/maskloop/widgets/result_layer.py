"""The labels layer that a segmentation goes to; one that a person has painted on is never overwritten."""

from collections.abc import Callable
from typing import Any

import napari
import numpy as np
from napari.layers import Labels
from napari.utils.events import Event

from maskloop.config import TaskConfig
from maskloop.widgets.class_look import show_classes
from maskloop.widgets.labels_plane import LabelsPlane
from maskloop.widgets.snapshot import Snapshot


class ResultLayer:
    """The labels layer of one image, and what maskloop last wrote to it.

    Parameters
    ----------
    viewer : napari.Viewer
    task : TaskConfig
        What the labels mean.
    """

    def __init__(self, viewer: napari.Viewer, task: TaskConfig) -> None:
        self._viewer, self._task = viewer, task
        self._layer: Labels | None = None
        self._written: np.ndarray | None = None
        self._shown: np.ndarray | None = None  # what the layer has, and the brush writes into
        self._touched = False
        self._snapshot: Snapshot | None = None

    def write(
        self, labels: np.ndarray, snapshot: Snapshot, metadata: dict[str, Any], done: Callable[[str], None]
    ) -> None:
        """Show labels in the layer, or in a new one where the old one is gone or painted on.

        Parameters
        ----------
        labels : ndarray of shape (P, Y, X), int32
        snapshot : Snapshot
            What they were made from.
        metadata : dict
            For the layer.
        done : callable
            Told what a person should know: that an older layer was left alone because somebody has painted on it.
        """
        layer = self._layer if self._layer in self._viewer.layers else None
        painted = layer is not None and self._is_painted(layer, snapshot)
        if layer is not None and not painted:
            self._lay(labels, snapshot)
            layer.data = self._shown
            layer.metadata = {**layer.metadata, **metadata}
            if self._snapshot is not None and not snapshot.same_place(self._snapshot):
                for name, value in snapshot.transform.items():
                    setattr(layer, name, value)
        else:
            self._written = self._shown = None
            self._lay(labels, snapshot)
            self._layer = self._new_layer(snapshot, metadata)
            self._viewer.add_layer(self._layer)
        self._snapshot = snapshot
        done("You have painted on the old labels: these are new." if painted else "")

    def _lay(self, labels: np.ndarray, snapshot: Snapshot) -> None:
        # Into two arrays, since zeros that nobody has written to take no memory, and a copy of them would.
        self._written = snapshot.paste(labels, into=self._written)
        self._shown = snapshot.paste(labels, into=self._shown)

    def _new_layer(self, snapshot: Snapshot, metadata: dict[str, Any]) -> Labels:
        layer = Labels(self._shown, name=f"{snapshot.name} labels", metadata=metadata, **snapshot.transform)
        show_classes(layer, self._task)
        layer.events.paint.connect(self._note_paint)
        self._touched = False
        return layer

    def _note_paint(self, event: Event) -> None:
        self._touched |= event.source is self._layer

    def _is_painted(self, layer: Labels, snapshot: Snapshot) -> bool:
        """Whether what would be replaced is other than written, or any of it was: undo would replay onto new labels."""
        if self._touched or self._written is None:
            return True
        if layer.data is not self._shown:  # somebody has exchanged it, perhaps for the same numbers of another type
            return not np.array_equal(layer.data, self._written)
        planes = [LabelsPlane(layer, snapshot.plane_axes, where) for where in snapshot.positions]
        return not all(np.array_equal(plane.labels, self._written[plane.index]) for plane in planes)
