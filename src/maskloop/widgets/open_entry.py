"""The entry that is open in the viewer: its layers, and the saving of what is painted on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import napari
import numpy as np
from napari.layers import Image, Labels
from napari.utils.colormaps import DirectLabelColormap
from napari.utils.events import Event
from qtpy.QtCore import QObject, Signal

from maskloop.config import TaskConfig
from maskloop.ops.edit import Edit
from maskloop.project.annotation import Annotation
from maskloop.project.autosave import Autosave
from maskloop.project.entry import Entry
from maskloop.project.project import Project
from maskloop.widgets.class_look import show_classes
from maskloop.widgets.labels_plane import LabelsPlane, take_plane
from maskloop.widgets.layer_view import known_look, transform_of
from maskloop.widgets.watcher import Watcher, around

REVIEWED_COLOUR = (0.2, 0.85, 0.4, 1.0)
REVIEWED_OPACITY = 0.35


@dataclass(frozen=True)
class LoadedEntry:
    """An entry as read from the disk; `autosave` is None where the project is read-only."""

    entry: Entry
    task: TaskConfig
    image: np.ndarray
    annotation: Annotation
    autosave: Autosave | None

    def flush(self) -> None:
        """Wait until everything that was handed over is on the disk, but not for ever; slow, and touches no widget."""
        if self.autosave is not None:
            self.autosave.flush()

    def close(self) -> bool:
        """Wait until everything is on the disk, and return whether it is; slow, and touches no widget."""
        return self.autosave is None or self.autosave.close()


def load_entry(project: Project, entry: Entry) -> LoadedEntry:
    """Read an entry, with what it needs to be saved again; slow, and touches no widget.

    Raises
    ------
    ProjectError
        If a file is missing or damaged.
    """
    image, annotation = project.image(entry), project.annotation(entry)
    autosave = None if project.read_only else Autosave(project, entry, annotation)
    return LoadedEntry(entry, project.task, image, annotation, autosave)


class OpenEntry(QObject):
    """Layers of a viewer that show an entry, and keep the disk equal to them.

    Parameters
    ----------
    viewer : napari.Viewer
    loaded : LoadedEntry
    images : sequence of napari.layers.Image
        One, or one a channel.
    labels : napari.layers.Labels
        With the pixels of ``loaded.annotation``.

    Attributes
    ----------
    entry : Entry
    task : TaskConfig
        What its labels mean.
    images : tuple of napari.layers.Image
    labels, overlay : napari.layers.Labels
        The overlay shows the reviewed pixels.
    reviewed : ndarray of the labels' shape, uint8
    is_open : bool
    latest_result : object
        The `EntryResult` that was asked to write last; an older one gives way to it.
    kept : int or None
        The number of the latest version, if it was made before a model replaced what a person had painted.
    """

    edited = Signal()
    layer_removed = Signal(str)  # its name

    def __init__(self, viewer: napari.Viewer, loaded: LoadedEntry, images: Sequence[Image], labels: Labels) -> None:
        super().__init__()
        self.entry, self.task, self.images, self.labels = loaded.entry, loaded.task, tuple(images), labels
        self._viewer, self._loaded = viewer, loaded
        self.is_open = True
        self.latest_result: object = None  # what a segmentation is being written by
        self.kept: int | None = None
        self.reviewed = loaded.annotation.reviewed
        self._watcher: Watcher | None = None
        if loaded.autosave is None:
            labels.editable = False
        else:
            self._watcher = Watcher(loaded.autosave, labels, self.reviewed, viewer.dims)
            self._watcher.edited.connect(self.edited)
        self.overlay = self._make_overlay()
        viewer.layers.events.removed.connect(self._notice_removal)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be saved."""
        return self._watcher is None

    @property
    def problem(self) -> str:
        """Why the latest edits are not on the disk, or an empty text."""
        given, wanted = tuple(self.labels.data.shape), self.reviewed.shape
        if given != wanted:  # a script has put other data into the layer
            return f"The labels have become of shape {given}; wanted is the image's, {wanted}."
        return "" if self._watcher is None else self._watcher.problem

    @property
    def saved(self) -> bool:
        """Whether all edits are on the disk."""
        return self._watcher is None or self._watcher.saved

    @property
    def share_reviewed(self) -> float:
        """Share of the pixels that are reviewed."""
        return float(np.count_nonzero(self.reviewed) / self.reviewed.size)

    @property
    def image(self) -> Image:
        """The image, or its first channel."""
        return self.images[0]

    @property
    def layers(self) -> tuple[Image | Labels, ...]:
        """All layers that show the entry."""
        return *self.images, self.labels, self.overlay

    def show_task(self, task: TaskConfig) -> None:
        """Show what the labels mean, after its colours have changed."""
        self.task = task
        show_classes(self.labels, task)

    def plane(self) -> LabelsPlane:
        """Return the plane of the labels that is on screen.

        Raises
        ------
        InputError
            If none is.
        """
        return take_plane(self.labels, self._viewer.dims)

    def reviewed_plane(self) -> LabelsPlane:
        """Return the plane of the reviewed pixels that is on screen.

        Raises
        ------
        InputError
            If none is.
        """
        if self.overlay not in self._viewer.layers:  # somebody has removed it, which loses nothing
            shown = self.overlay.visible
            self.overlay = self._make_overlay()
            self.overlay.visible = shown
        return take_plane(self.overlay, self._viewer.dims)

    def mark(self, box: tuple[slice, slice], mask: np.ndarray, reviewed: bool) -> None:
        """Mark pixels of the plane on screen as reviewed or not.

        Parameters
        ----------
        box : tuple of slice
            Of the plane.
        mask : ndarray of the shape of the box, bool
            Which of its pixels.
        reviewed : bool

        Raises
        ------
        InputError
            If no plane is on screen, or the entry is open for reading only.
        """
        plane = self.reviewed_plane()
        if mask.all():
            plane.fill(box, int(reviewed))
        else:
            plane.apply(Edit(box, np.where(mask, int(reviewed), plane.labels[box])))
        if self._watcher is not None:  # napari tells of it before it is done
            self._watcher.save("reviewed", plane.box(*box))

    def accept(self) -> None:
        """Keep what is there now as a revision."""
        if self._watcher is not None:
            self.kept = None
            self._watcher.accept()

    def lay(self, edit: Edit, plane: LabelsPlane, last: LabelsPlane) -> None:
        """Write what a model has predicted into a plane of the labels, as one step of undo.

        What a person has painted there is kept as a version before.

        Parameters
        ----------
        edit : Edit
        plane : LabelsPlane
        last : LabelsPlane
            The last one that is to be written; what was painted up to there is kept in one version.

        Raises
        ------
        InputError
            If the labels cannot be written, or their dtype cannot hold a label.
        """
        if self._watcher is not None:
            self.kept = self._watcher.keep(plane.box(), around(plane.box(), last.box())) or self.kept
        plane.apply(edit)
        if self._watcher is not None:
            self._watcher.note_prediction(plane.box())

    def leave(self) -> None:
        """Stop watching the layers; everything that was painted is handed over for saving."""
        self.is_open = False
        self._viewer.layers.events.removed.disconnect(self._notice_removal)
        if self._watcher is not None:
            self._watcher.leave()

    @property
    def flush(self) -> Callable[[], None]:
        """What waits until the edits up to now are on the disk; slow, and touches nothing of Qt."""
        return self._loaded.flush

    @property
    def finish(self) -> Callable[[], bool]:
        """What waits until everything is on the disk, and returns whether it is; slow, and touches nothing of Qt."""
        return self._loaded.close

    def _make_overlay(self) -> Labels:
        same_axes = self.image.ndim == self.reviewed.ndim
        overlay = Labels(
            self.reviewed,
            name="reviewed",
            opacity=REVIEWED_OPACITY,
            colormap=DirectLabelColormap(color_dict={None: REVIEWED_COLOUR, 0: (0, 0, 0, 0)}),
            **(transform_of(self.image) if same_axes else {}),
        )
        overlay.editable = not self.read_only
        active = self._viewer.layers.selection.active
        self._viewer.add_layer(overlay)
        self._viewer.layers.selection.active = active
        if self._watcher is not None:
            self._watcher.watch(overlay)
        return overlay

    def _notice_removal(self, event: Event) -> None:
        if event.value in (self.image, self.labels):
            self.layer_removed.emit(event.value.name)


def show_entry(viewer: napari.Viewer, loaded: LoadedEntry) -> OpenEntry:
    """Add the layers of an entry to a viewer, as they were when it was added."""
    images = _images_of(loaded)
    for image in images:
        viewer.add_layer(image)
    return bind_layers(viewer, loaded, images, None)


def _images_of(loaded: LoadedEntry) -> list[Image]:
    """Make the layer of an image, or where it has channels that are no colours, one of each; the first is visible."""
    entry = loaded.entry
    look = {"rgb": entry.is_colour, **entry.view.get("place", {}), **known_look(entry.view.get("image", {}))}
    if entry.is_colour or "C" not in entry.axes:
        return [Image(loaded.image, **{"name": entry.name, **look})]
    channels = np.moveaxis(loaded.image, entry.axes.index("C"), 0)
    return [
        Image(pixels, **look, name=f"{entry.name}, channel {i}", visible=i == 0) for i, pixels in enumerate(channels)
    ]


def bind_layers(
    viewer: napari.Viewer, loaded: LoadedEntry, images: Sequence[Image], labels: Labels | None
) -> OpenEntry:
    """Make layers of a viewer the open entry; the labels become int32, and are added where there are none."""
    entry = loaded.entry
    if labels is None:
        look = {"name": f"{entry.name} labels", **entry.view.get("labels", {})}
        contour = look.pop("contour", 0)
        labels = Labels(loaded.annotation.labels, **entry.view.get("place", {}), **look)
        labels.contour = contour  # not among napari's keywords
        viewer.add_layer(labels)
    elif not isinstance(labels.data, np.ndarray) or labels.data.dtype != np.int32:
        labels.data = np.asarray(labels.data).astype(np.int32)
    show_classes(labels, loaded.task)
    return OpenEntry(viewer, loaded, images, labels)
