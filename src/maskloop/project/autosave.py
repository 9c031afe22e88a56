"""What is painted, on the disk at once: changes are found by fingerprints of blocks, and written by a thread.

The labels are never copied as a whole, and no event is believed to say what changed: a block has changed if its
fingerprint has. What cannot be written is kept and tried again.
"""

import atexit
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

import numpy as np

from maskloop.files import sync_folder
from maskloop.project.annotation import Annotation
from maskloop.project.edits import DTYPES, Block, append_edit
from maskloop.project.entry import Entry, Reason
from maskloop.project.layout import edits_file
from maskloop.project.project import Project
from maskloop.project.writer import Writer

SIDE = 256  # of a block, in pixels
PATIENCE_S = 20.0  # for the last strokes at the end

Box = tuple[slice, ...]


class Autosave:
    """Keeps the file of edits of one entry equal to what a person sees.

    Parameters
    ----------
    project : Project
        Not read-only.
    entry : Entry
    annotation : Annotation
        As it is on the disk.
    """

    def __init__(self, project: Project, entry: Entry, annotation: Annotation) -> None:
        self._project, self._entry = project, entry
        self._prints = {
            "labels": _Fingerprints("labels", annotation.labels),
            "reviewed": _Fingerprints("reviewed", annotation.reviewed),
        }
        # Two threads, since a stroke must not wait until a large revision is written.
        self._strokes, self._revisions = Writer("maskloop strokes"), Writer("maskloop revisions")
        self._number = self._latest = project.next_revision(entry) - 1  # the revision that edits are made to
        for number in range(project.entry(entry.id).revision + 1, self._number + 1):
            self._revisions.submit(partial(self._revise, number))  # something ended while it was being written
        file = edits_file(project.folder_of(entry), self._number)
        if file.exists() and file.stat().st_size:  # whether by a person or a model is not known any more
            self._prints["labels"].doubt()
        atexit.register(self._close_at_exit)

    @property
    def problem(self) -> str:
        """Why the latest edits are not on the disk yet, in one sentence; empty while all is well."""
        return self._strokes.problem or self._revisions.problem

    @property
    def saved(self) -> bool:
        """Whether everything that was handed over is on the disk."""
        return self._strokes.idle and self._revisions.idle

    def save(self, changes: Sequence[tuple[str, np.ndarray, Box]]) -> bool:
        """Write what differs from the last saved state, as one edit.

        Parameters
        ----------
        changes : sequence of (str, ndarray, tuple of slice)
            ``"labels"`` or ``"reviewed"``, that whole array, and the box in which it may have changed.

        Returns
        -------
        bool
            Whether anything had changed.
        """
        # Each block once, however many of the boxes reach into it.
        places = {(name, place): array for name, array, box in changes for place in self._prints[name].places(box)}
        found = (self._prints[name].changed(array, place) for (name, place), array in places.items())
        blocks = [block for block in found if block is not None]
        if blocks:
            self._strokes.submit(partial(self._append, blocks))
        return bool(blocks)

    def accept(self, reason: Reason = "accepted") -> int:
        """Make a revision of everything that was handed over so far, in the background; return its number."""
        self._latest += 1  # here, since the thread comes to it later
        self._prints["labels"].note_revision()
        self._strokes.submit(partial(self._begin_revision, self._latest, reason))
        return self._latest

    def note_prediction(self, box: Box) -> None:
        """Note that what was handed over of a box of the labels is as a model has made it."""
        self._prints["labels"].note_prediction(box)

    def by_hand(self, box: Box) -> bool:
        """Return whether a person has changed labels in a box, or near it, that are in no revision."""
        return self._prints["labels"].by_hand(box)

    def note_progress(self, annotation: Annotation) -> None:
        """Note in the background what the labels hold now, for the list of entries."""
        note = partial(self._project.note_progress, self._entry, annotation)
        self._strokes.submit(partial(self._revisions.submit, note))  # behind the revisions that were asked for before

    def flush(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait until everything is on the disk; return whether it is."""
        deadline = time.monotonic() + patience_s
        # In this order, since strokes may hand over revisions.
        return self._strokes.wait(deadline) and self._revisions.wait(deadline)

    def close(self, patience_s: float = PATIENCE_S) -> bool:
        """Write what is left, however long that takes, and end; return whether everything is on the disk.

        What fails, as on a full disk, is given up when the patience is over.
        """
        # In this order, since strokes may hand over revisions.
        done = [writer.end(patience_s) for writer in (self._strokes, self._revisions)]
        atexit.unregister(self._close_at_exit)
        return all(done)

    def _close_at_exit(self) -> None:
        if not self.close():
            print(f"The last strokes on {self._entry.name} could not be saved: {self.problem}", file=sys.stderr)

    def _append(self, blocks: Sequence[Block]) -> None:
        append_edit(edits_file(self._project.folder_of(self._entry), self._number), blocks)

    def _begin_revision(self, number: int, reason: Reason) -> None:
        # What is painted from now on belongs to the new revision, however long that takes to be written.
        folder = self._project.folder_of(self._entry)
        edits_file(folder, number).touch()
        sync_folder(folder)
        self._number = number
        self._revisions.submit(partial(self._revise, number, reason))

    def _revise(self, number: int, reason: Reason = "accepted") -> None:
        if self._project.entry(self._entry.id).revision < number:
            self._project.accept(self._entry, before=number, reason=reason)


class _Fingerprints:
    """The CRC-32 of each block of an array, as it was saved last."""

    def __init__(self, name: str, array: np.ndarray) -> None:
        self._name = name
        self._sides = (1,) * (array.ndim - 2) + (SIDE, SIDE)
        grid = tuple(-(-n // side) for n, side in zip(array.shape, self._sides, strict=True))
        self._known = np.zeros(grid, np.uint32)
        for place in np.ndindex(grid):
            self._known[place] = zlib.crc32(self._pixels(array, place).data)
        self._in_revision, self._predicted = self._known.copy(), self._known.copy()

    def places(self, box: Box) -> Iterator[tuple[int, ...]]:
        """Yield the places in the grid of the blocks that a box reaches into."""
        return product(*(range(cut.start, cut.stop) for cut in self._cut(box)))

    def doubt(self) -> None:
        """Take all blocks for changed by hand since the latest revision."""
        self._in_revision, self._predicted = ~self._known, ~self._known

    def note_revision(self) -> None:
        """Note that all blocks are in a revision as they were saved last."""
        self._in_revision = self._known.copy()

    def note_prediction(self, box: Box) -> None:
        """Note that the blocks that a box reaches into are as a model has made them."""
        self._predicted[self._cut(box)] = self._known[self._cut(box)]

    def by_hand(self, box: Box) -> bool:
        """Return whether any block that a box reaches into is neither in the latest revision nor a model's."""
        known, cut = self._known[self._cut(box)], self._cut(box)
        return bool(np.any((known != self._in_revision[cut]) & (known != self._predicted[cut])))

    def changed(self, array: np.ndarray, place: tuple[int, ...]) -> Block | None:
        """Return the block at a place if it is other than it was, and take note of it."""
        pixels = self._pixels(array, place)
        print_now = zlib.crc32(pixels.data)
        if print_now == self._known[place]:
            return None
        self._known[place] = print_now
        return Block(self._name, tuple(i * side for i, side in zip(place, self._sides, strict=True)), pixels)

    def _cut(self, box: Box) -> Box:
        """Return the part of the grid that a box reaches into."""
        return tuple(slice(s.start // side, -(-s.stop // side)) for s, side in zip(box, self._sides, strict=True))

    def _pixels(self, array: np.ndarray, place: tuple[int, ...]) -> np.ndarray:
        """Copy a block, in the dtype in which it is stored."""
        box = tuple(slice(i * side, (i + 1) * side) for i, side in zip(place, self._sides, strict=True))
        pixels = array[box] > 0 if self._name == "reviewed" else array[box]
        return pixels.astype(DTYPES[self._name], order="C")
