"""What the model has to say about the plane that is corrected: its maps, and a part of it segmented anew."""

from collections.abc import Callable
from functools import partial

import napari
import numpy as np
from napari.layers import Image, Labels

from maskloop.config import SegmentConfig
from maskloop.errors import InputError
from maskloop.ops.objects import Box, widen
from maskloop.ops.task import require_task, task_of
from maskloop.widgets.class_look import task_of_layer
from maskloop.widgets.labels_plane import LabelsPlane
from maskloop.widgets.open_entry import OpenEntry
from maskloop.widgets.origin import origin_of
from maskloop.widgets.plane_maps import MapsOfPlanes, PlaneMaps
from maskloop.widgets.segment_panel import SegmentPanel
from maskloop.widgets.snapshot import Snapshot, take_snapshot

CONTEXT = 64  # pixels around a box that the model sees too

Attempt = Callable[[Callable[[], str]], None]
"""Does something and shows the sentence that it returns, or that it raises as an InputError."""


class ModelOnPlane:
    """Asks the model of the Segment panel, with the settings that stand there.

    Parameters
    ----------
    viewer : napari.Viewer
    segment_panel : SegmentPanel
    attempt : callable
        Given what is to be done when an answer has come.

    Attributes
    ----------
    entry : OpenEntry or None
        The entry that is open; its image belongs to its labels, and what is reviewed stays.
    """

    def __init__(self, viewer: napari.Viewer, segment_panel: SegmentPanel, attempt: Attempt) -> None:
        self._viewer, self._segment_panel, self._attempt = viewer, segment_panel, attempt
        self._maps = MapsOfPlanes(segment_panel.session)
        self.entry: OpenEntry | None = None

    def with_maps(self, plane: LabelsPlane, then: Callable[[PlaneMaps], str]) -> str:
        """Do something with the model's maps of the plane on screen, now or when they are made; say which.

        Raises
        ------
        InputError
            If the image of the labels is not known, or the model makes something else, or what `then` raises.
        """
        self._require_task(plane)
        snapshot, config = self._request(plane)
        maps = self._segment_panel.segmentations.kept_maps(snapshot, config) or self._maps.find(snapshot, config)
        if maps is not None:
            return then(maps)
        self._maps.ask(
            snapshot,
            config,
            lambda made: self._attempt(partial(self.if_there, plane, partial(then, made))),
            self._tell,
        )
        return "Looking at the image with the model…"

    def redo_box(self, plane: LabelsPlane, box: Box) -> str:
        """Segment a box of the plane anew, and lay the result around what is reviewed.

        Raises
        ------
        InputError
            If the image of the labels is not known, or the model makes something else.
        """
        self._require_task(plane)
        seen = widen(box, CONTEXT, plane.labels.shape)
        inner = tuple(slice(b.start - s.start, b.stop - s.start) for b, s in zip(box, seen, strict=True))

        def lay_anew(predicted: np.ndarray) -> str:
            keep = np.zeros_like(predicted, bool) if (reviewed := self.reviewed(plane)) is None else reviewed[seen] > 0
            lay = task_of(task_of_layer(plane.layer)).lay
            changed = plane.apply(lay(plane.labels, box, predicted[inner], keep[inner], plane.unused_label()))
            return "The box is segmented anew." if changed else "Segmenting the box anew changed nothing."

        snapshot, config = self._request(plane)
        self._maps.segment(
            snapshot.crop(seen),
            config,
            lambda labels: self._attempt(partial(self.if_there, plane, partial(lay_anew, labels))),
            self._tell,
        )
        return "Segmenting the box…"

    def if_there(self, plane: LabelsPlane, do: Callable[[], str]) -> str:
        """Do something, unless the layer was removed meanwhile, which is raised as an InputError."""
        if plane.layer not in self._viewer.layers:
            raise InputError(f"The layer {plane.layer.name!r} was removed meanwhile; nothing was changed.")
        return do()

    def reviewed(self, plane: LabelsPlane) -> np.ndarray | None:
        """Return the mask of reviewed pixels of a plane, if it is of the open entry."""
        entry = self.entry
        return entry.reviewed[plane.index] if entry is not None and plane.layer == entry.labels else None

    def _require_task(self, plane: LabelsPlane) -> None:
        made = self._segment_panel.form.card.network.task
        require_task(made, task_of_layer(plane.layer), "The model of the Segment tab", "these labels")

    def _request(self, plane: LabelsPlane) -> tuple[Snapshot, SegmentConfig]:
        """Take the image that belongs to the labels, and how it is to be segmented."""
        image, dims, config = self._image_of(plane.layer), self._viewer.dims, self._segment_panel.config
        snapshot = take_snapshot(image, dims.displayed, dims.point, all_planes=False)
        if snapshot.shape != plane.layer.data.shape:
            raise InputError(
                f"{plane.layer.name!r} is of shape {plane.layer.data.shape} and the image {snapshot.name!r} of "
                f"{snapshot.shape}: choose the image of these labels in the Segment tab."
            )
        # A colour may have been chosen for another image, which the Segment tab shows.
        return snapshot, config if snapshot.rgb else config.model_copy(update={"channel": None})

    def _image_of(self, labels: Labels) -> Image | None:
        entry, chosen = self.entry, self._segment_panel.form.image
        if entry is not None and labels == entry.labels:
            return chosen if chosen in entry.images else entry.image
        return origin_of(labels, self._viewer.layers) or chosen

    def _tell(self, reason: str) -> None:
        self._attempt(lambda: reason)
