"""The disk kept equal to what the layers of an open entry show."""

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from napari.components import Dims
from napari.layers import Labels
from napari.utils.events import Event
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from maskloop.errors import InputError
from maskloop.project.annotation import Annotation
from maskloop.project.autosave import Autosave
from maskloop.widgets.labels_plane import LabelsPlane, take_plane

HISTORY = 200  # boxes; napari keeps 100 steps of undo in each of the two layers
SOON_MS = 50  # after a refresh, which is drawn first
PAUSE_MS = 500  # after which everything is looked over, some rows at a time
ROWS, ROWS_MS = 256, 5

Box = tuple[slice, ...]


class Watcher(QObject):
    """Hands over for saving what is painted on the labels and the reviewed pixels of an entry.

    A stroke is handed over as soon as napari has recorded it. What napari does not tell of (undo, scripts) is found
    by looking over what was painted before, and after a pause the plane on screen and then all others.

    Parameters
    ----------
    autosave : Autosave
    labels : napari.layers.Labels
    reviewed : ndarray of the labels' shape, uint8
        The pixels of the overlay, which never become another array.
    dims : napari.components.Dims
        Of the viewer.
    """

    edited = Signal()

    def __init__(self, autosave: Autosave, labels: Labels, reviewed: np.ndarray, dims: Dims) -> None:
        super().__init__()
        self._autosave, self._labels, self._reviewed, self._dims = autosave, labels, reviewed, dims
        self._layers: list[Labels] = []
        self._painted: list[tuple[str, Box]] = []  # since napari was last heard of
        self._undoable: deque[tuple[str, Box]] = deque(maxlen=HISTORY)
        self._unseen: deque[tuple[str, Box]] = deque()
        self._shown: dict[Labels, LabelsPlane | None] = {}
        self._known = False  # whether what has changed since everything was looked over was told by napari
        self._undone = False  # whether napari has drawn anew without having told of painting
        self._noted = True  # whether the list of entries knows what the labels hold
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._save_changed)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._begin_to_look_over)
        self._look_over = QTimer(self, interval=ROWS_MS)
        self._look_over.timeout.connect(self._look_over_some)
        self.watch(labels)
        self._begin_to_look_over()  # for what was painted while the layers were being added

    @property
    def problem(self) -> str:
        """Why the latest edits are not on the disk, or an empty text."""
        return self._autosave.problem

    @property
    def saved(self) -> bool:
        """Whether all edits are on the disk."""
        return self._autosave.saved and not self._pause.isActive() and not self._unseen

    def watch(self, layer: Labels) -> None:
        """Listen to a layer: the labels, or an overlay that shows the reviewed pixels."""
        self._layers.append(layer)
        self._shown[layer] = self._plane_of(layer)
        layer.events.paint.connect(self._note_paint)
        layer.events.set_data.connect(self._note_refresh)

    def save(self, name: str, box: Box) -> None:
        """Hand over what was painted in a box of the ``"labels"`` or of the ``"reviewed"`` pixels."""
        self._painted.append((name, box))
        self._undoable.append((name, box))
        self._hand_over([*self._painted, *self._changed_back()])  # all, since one of them may be undone already
        self._soon.start()  # where napari draws nothing, since the layer is hidden, it says no more

    def accept(self) -> None:
        """Make a revision of what is there now."""
        self._save_shown()
        self._autosave.accept()

    def keep(self, box: Box, wide: Box) -> int | None:
        """Make a revision if a person has changed labels that are in none, before a model replaces them.

        Parameters
        ----------
        box : tuple of slice
            What is replaced now; it is looked over.
        wide : tuple of slice
            What is replaced now or next; what was changed there is known as far as napari has told of it.

        Returns
        -------
        int or None
            The number of the revision, if there is a new one.
        """
        self._hand_over([*self._painted, ("labels", box)])
        if not self._autosave.by_hand(wide):
            return None
        self._save_shown()
        return self._autosave.accept("before segmenting")

    def note_prediction(self, box: Box) -> None:
        """Hand over what a model has made of a box of the labels, which is no edit by hand."""
        self._hand_over([("labels", box)])
        self._autosave.note_prediction(box)

    def leave(self) -> None:
        """Stop listening; everything that was painted is handed over."""
        for layer in self._layers:
            layer.events.paint.disconnect(self._note_paint)
            layer.events.set_data.disconnect(self._note_refresh)
        self._save_shown()
        self._note_progress()
        if isalive(self):  # which it is not where Python ends with a viewer that nobody closed before
            for timer in (self._soon, self._pause, self._look_over):  # last, since what is found starts one
                timer.stop()

    def _note_paint(self, event: Event) -> None:
        name = "labels" if event.source == self._labels else "reviewed"
        box = painted_box(event.value, event.source.data.shape)
        if box is None:
            self._known = False
            self._pause.start()
        else:
            self.save(name, box)

    def _note_refresh(self, event: Event) -> None:
        plane = self._plane_of(event.source)
        if plane != self._shown.get(event.source):  # somebody looks at another plane
            self._shown[event.source] = plane
            return
        if not self._painted:
            self._known, self._undone = False, True
        self._look_over.stop()
        self._unseen.clear()
        self._soon.start()
        self._pause.start()

    def _save_changed(self) -> None:
        """Save after a refresh: what was just painted, and what undo may have changed back."""
        # napari tells of some edits before it makes them, so what was painted is looked at once more.
        self._hand_over([*self._painted, *self._changed_back()])
        self._painted.clear()

    def _changed_back(self) -> list[tuple[str, Box]]:
        """Return what undo may have changed since the last call, which must not be saved later than new strokes."""
        boxes = list(self._undoable) if self._undone else []
        self._undone = False
        return boxes

    def _save_shown(self) -> None:
        boxes = [(name, box) for box in self._suspect() for name in ("labels", "reviewed")]
        self._hand_over([*self._undoable, *boxes])

    def _begin_to_look_over(self) -> None:
        pieces = (piece for box in self._suspect() for piece in pieces_of(box))
        self._unseen = deque((name, piece) for piece in pieces for name in ("labels", "reviewed"))
        self._look_over.start()

    def _suspect(self) -> list[Box]:
        """Return where something may have changed without a word: first what is on screen."""
        plane = self._plane_of(self._labels) if self._fits() else None
        boxes = [] if plane is None else [plane.box()]
        if not self._known:
            boxes.append(tuple(slice(0, n) for n in self._reviewed.shape))
        return boxes

    def _plane_of(self, layer: Labels) -> LabelsPlane | None:
        with contextlib.suppress(InputError):  # in 3-D there is no plane
            return take_plane(layer, self._dims)
        return None

    def _look_over_some(self) -> None:
        if self._unseen:
            self._hand_over([self._unseen.popleft()])
        else:
            self._look_over.stop()
            self._known = True
            self._note_progress()

    def _note_progress(self) -> None:
        if not self._noted and self._fits():
            self._noted = True
            self._autosave.note_progress(Annotation(np.asarray(self._labels.data), self._reviewed))

    def _hand_over(self, boxes: list[tuple[str, Box]]) -> None:
        arrays = {"reviewed": self._reviewed} | ({"labels": np.asarray(self._labels.data)} if self._fits() else {})
        if self._autosave.save([(name, arrays[name], box) for name, box in boxes if name in arrays]):
            self._noted = False
            if isalive(self):
                self._tell_of_edit()

    def _tell_of_edit(self) -> None:
        if not self._unseen:  # what is being looked over needs no other look
            self._pause.start()
        self.edited.emit()

    def _fits(self) -> bool:
        """Whether no script has put data of another shape into the labels."""
        return tuple(self._labels.data.shape) == self._reviewed.shape


def pieces_of(box: Box) -> Iterator[Box]:
    """Cut a box into planes, and these into some rows each.

    Examples
    --------
    >>> list(pieces_of((slice(3, 5), slice(0, 300), slice(0, 9))))[1:3]
    [(slice(3, 4, None), slice(256, 300, None), slice(0, 9, None)),
     (slice(4, 5, None), slice(0, 256, None), slice(0, 9, None))]
    """
    *steps, rows, columns = box
    for step in product(*(range(side.start, side.stop) for side in steps)):
        for y in range(rows.start, rows.stop, ROWS):
            yield (*(slice(i, i + 1) for i in step), slice(y, min(y + ROWS, rows.stop)), columns)


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
