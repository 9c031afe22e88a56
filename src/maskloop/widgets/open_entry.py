"""The entry that is open in the viewer: its layers, and the saving of what is painted on them."""

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import napari
import numpy as np
from napari.layers import Image, Labels
from napari.utils.colormaps import DirectLabelColormap
from napari.utils.events import Event
from qtpy.QtCore import QObject, QTimer, Signal

from maskloop.errors import InputError
from maskloop.project.annotation import Annotation
from maskloop.project.autosave import Autosave
from maskloop.project.entry import Entry
from maskloop.project.project import Project
from maskloop.widgets.labels_plane import LabelsPlane, require_editable, take_plane
from maskloop.widgets.layer_view import transform_of

HISTORY = 200  # boxes; napari keeps 100 steps of undo in each of the two layers
SOON_MS = 50  # after a refresh, which is drawn first
PAUSE_MS = 500  # after which the plane on screen is looked over as a whole, some rows at a time
ROWS, ROWS_MS = 512, 5
REVIEWED_COLOUR = (0.2, 0.85, 0.4, 1.0)
REVIEWED_OPACITY = 0.35

Box = tuple[slice, ...]


@dataclass(frozen=True)
class LoadedEntry:
    """An entry as read from the disk; `autosave` is None where the project is read-only."""

    entry: Entry
    image: np.ndarray
    annotation: Annotation
    autosave: Autosave | None


def load_entry(project: Project, entry: Entry) -> LoadedEntry:
    """Read an entry, with what it needs to be saved again; slow, and touches no widget.

    Raises
    ------
    ProjectError
        If a file is missing or damaged.
    """
    image, annotation = project.image(entry), project.annotation(entry)
    autosave = None if project.read_only else Autosave(project, entry, annotation)
    return LoadedEntry(entry, image, annotation, autosave)


class OpenEntry(QObject):
    """Layers of a viewer that show an entry, and keep the disk equal to them.

    A stroke is handed over for saving as soon as napari has recorded it. What napari does not tell of (undo, scripts)
    is found by looking over what was painted before, and after a pause the whole plane on screen.

    Parameters
    ----------
    viewer : napari.Viewer
    loaded : LoadedEntry
    image, labels : napari.layers.Layer
        What shows it; the labels hold the pixels of ``loaded.annotation``.
    """

    edited = Signal()
    layer_removed = Signal(str)  # its name

    def __init__(self, viewer: napari.Viewer, loaded: LoadedEntry, image: Image, labels: Labels) -> None:
        super().__init__()
        self.entry, self.image, self.labels = loaded.entry, image, labels
        self._viewer, self._autosave = viewer, loaded.autosave
        self.is_open = True
        self.reviewed = loaded.annotation.reviewed
        self.overlay = self._make_overlay()
        self._painted: list[tuple[str, Box]] = []  # since napari was last heard of
        self._undoable: deque[tuple[str, Box]] = deque(maxlen=HISTORY)
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._save_changed)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._begin_to_look_over)
        self._unseen: deque[tuple[str, Box]] = deque()
        self._look_over = QTimer(self, interval=ROWS_MS)
        self._look_over.timeout.connect(self._look_over_some)
        self._noted = True  # whether the list of entries knows what the labels hold
        if self._autosave is None:
            labels.editable = self.overlay.editable = False
        else:
            self._listen(labels)
            self._listen(self.overlay)
            # What was painted while the layers were being added, on whatever plane.
            planes = [
                (slice(i, i + 1), *(slice(0, n) for n in self.reviewed.shape[1:])) for i in range(len(self.reviewed))
            ]
            whole = tuple(slice(0, n) for n in self.reviewed.shape)
            self._unseen.extend(("labels", box) for box in (planes if labels.ndim > 2 else [whole]))
            self._look_over.start()
        viewer.layers.events.removed.connect(self._notice_removal)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be saved."""
        return self._autosave is None

    @property
    def problem(self) -> str:
        """Why the latest edits are not on the disk, or an empty text."""
        given, wanted = tuple(self.labels.data.shape), self.reviewed.shape
        if given != wanted:  # a script has put other data into the layer
            return f"The labels have become of shape {given}; wanted is the image's, {wanted}."
        return "" if self._autosave is None else self._autosave.problem

    @property
    def saved(self) -> bool:
        """Whether all edits are on the disk."""
        return self._autosave is None or (self._autosave.saved and not self._pause.isActive() and not self._unseen)

    @property
    def share_reviewed(self) -> float:
        """Share of the pixels that are reviewed."""
        return float(np.count_nonzero(self.reviewed) / self.reviewed.size)

    @property
    def layers(self) -> tuple[Image, Labels, Labels]:
        """The image, its labels and the overlay of reviewed pixels."""
        return self.image, self.labels, self.overlay

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
            self.overlay = self._make_overlay()
            if self._autosave is not None:
                self._listen(self.overlay)
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
        require_editable(self.overlay)
        self.reviewed[plane.index][box][mask] = reviewed
        self.overlay.refresh()
        self._save("reviewed", plane.box(*box))

    def accept(self) -> None:
        """Keep what is there now as a revision."""
        if self._autosave is not None:
            self._save_shown()
            self._autosave.accept()

    def leave(self) -> None:
        """Stop watching the layers; everything that was painted is handed over for saving."""
        self.is_open = False
        self._viewer.layers.events.removed.disconnect(self._notice_removal)
        if self._autosave is not None:
            self._save_shown()
            self._note_progress()
            for layer in (self.labels, self.overlay):
                layer.events.paint.disconnect(self._note_paint)
                layer.events.set_data.disconnect(self._note_refresh)
        for timer in (self._soon, self._pause, self._look_over):
            timer.stop()

    @property
    def finish(self) -> Callable[[], bool]:
        """What waits until everything is on the disk, and returns whether it is; slow, and touches nothing of Qt."""
        return _nothing_to_save if self._autosave is None else self._autosave.close

    def _make_overlay(self) -> Labels:
        same_axes = self.image.ndim == self.reviewed.ndim
        overlay = Labels(
            self.reviewed,
            name="reviewed",
            opacity=REVIEWED_OPACITY,
            colormap=DirectLabelColormap(color_dict={None: REVIEWED_COLOUR, 0: (0, 0, 0, 0)}),
            **(transform_of(self.image) if same_axes else {}),
        )
        overlay.editable = self._autosave is not None
        active = self._viewer.layers.selection.active
        self._viewer.add_layer(overlay)
        self._viewer.layers.selection.active = active
        return overlay

    def _listen(self, layer: Labels) -> None:
        layer.events.paint.connect(self._note_paint)
        layer.events.set_data.connect(self._note_refresh)

    def _note_paint(self, event: Event) -> None:
        name = "labels" if event.source == self.labels else "reviewed"
        box = painted_box(event.value, event.source.data.shape)
        if box is None:
            self._save_shown()
        else:
            self._save(name, box)

    def _note_refresh(self, _: Event) -> None:
        self._soon.start()
        self._pause.start()

    def _notice_removal(self, event: Event) -> None:
        if event.value in (self.image, self.labels):
            self.layer_removed.emit(event.value.name)

    def _save(self, name: str, box: Box) -> None:
        self._painted.append((name, box))
        self._undoable.append((name, box))
        self._hand_over([(name, box)])

    def _save_changed(self) -> None:
        """Save after a refresh: what was just painted, or else what undo may have changed back."""
        # napari tells of some edits before it makes them, so what was painted is looked at once more.
        self._hand_over(self._painted or list(self._undoable))
        self._painted.clear()

    def _save_shown(self) -> None:
        boxes = list(self._undoable)
        with contextlib.suppress(InputError):  # in 3-D there is no plane
            boxes += [("labels", self.plane().box()), ("reviewed", self.plane().box())]
        self._hand_over(boxes)

    def _begin_to_look_over(self) -> None:
        with contextlib.suppress(InputError):  # in 3-D there is no plane
            plane = self.plane()
            height = plane.labels.shape[0]
            boxes = [plane.box(slice(y, min(y + ROWS, height))) for y in range(0, height, ROWS)]
            self._unseen = deque((name, box) for name in ("labels", "reviewed") for box in boxes)
        self._look_over.start()

    def _look_over_some(self) -> None:
        if self._unseen:
            self._hand_over([self._unseen.popleft()])
        else:
            self._look_over.stop()
            self._note_progress()

    def _note_progress(self) -> None:
        assert self._autosave is not None
        if not self._noted:
            self._noted = True
            if tuple(self.labels.data.shape) != self.reviewed.shape:
                return
            self._autosave.note_progress(Annotation(np.asarray(self.labels.data), self.reviewed))

    def _hand_over(self, boxes: list[tuple[str, Box]]) -> None:
        assert self._autosave is not None
        arrays = {"labels": np.asarray(self.labels.data), "reviewed": self.reviewed}
        shape = self.reviewed.shape
        fitting = [(name, arrays[name], box) for name, box in boxes if arrays[name].shape == shape]
        if self._autosave.save(fitting):
            self._noted = False
            self._pause.start()
            self.edited.emit()


def _nothing_to_save() -> bool:
    return True


def painted_box(atoms: Sequence[Any], shape: tuple[int, ...]) -> Box | None:
    """Return a box around what napari says was painted; None where it says so in a way that is not known."""
    box: Box | None = None
    for atom in atoms:
        if isinstance(atom, tuple) and len(atom) == 3:  # indices, old values, new value
            part = tuple(slice(int(np.min(i)), int(np.max(i)) + 1) for i in atom[0])
        elif hasattr(atom, "slice_key"):
            cuts = (slice(k, k + 1) if isinstance(k, int) else k for k in atom.slice_key)
            part = tuple(slice(*cut.indices(n)[:2]) for cut, n in zip(cuts, shape, strict=True))
        else:
            return None
        box = part if box is None else around(box, part)
    return box


def around(first: Box, second: Box) -> Box:
    """Return the smallest box that holds two boxes.

    Examples
    --------
    >>> around((slice(2, 5),), (slice(4, 9),))
    (slice(2, 9, None),)
    """
    return tuple(slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(first, second, strict=True))


def show_entry(viewer: napari.Viewer, loaded: LoadedEntry) -> OpenEntry:
    """Add the layers of an entry to a viewer, as they were when it was added."""
    view, entry = loaded.entry.view, loaded.entry
    rgb = entry.axes.endswith("C") and entry.shape[-1] in (3, 4)
    image = Image(loaded.image, **{"name": entry.name, "rgb": rgb, **view.get("place", {}), **view.get("image", {})})
    viewer.add_layer(image)
    return bind_layers(viewer, loaded, image, None)


def bind_layers(viewer: napari.Viewer, loaded: LoadedEntry, image: Image, labels: Labels | None) -> OpenEntry:
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
    return OpenEntry(viewer, loaded, image, labels)
