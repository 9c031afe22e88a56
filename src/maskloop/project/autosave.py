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
from maskloop.project.entry import Entry
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
        self._number = project.next_revision(entry) - 1  # of the revision that edits are made to
        if self._number > project.entry(entry.id).revision:  # something ended while this one was being written
            self._revisions.submit(partial(self._revise, self._number))
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

    def accept(self) -> None:
        """Make a revision of everything that was handed over so far, in the background."""
        self._strokes.submit(self._begin_revision)

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

    def _begin_revision(self) -> None:
        # What is painted from now on belongs to the new revision, however long that takes to be written.
        folder = self._project.folder_of(self._entry)
        edits_file(folder, self._number + 1).touch()
        sync_folder(folder)
        self._number += 1
        self._revisions.submit(partial(self._revise, self._number))

    def _revise(self, number: int) -> None:
        if self._project.entry(self._entry.id).revision < number:
            self._project.accept(self._entry, before=number)


class _Fingerprints:
    """The CRC-32 of each block of an array, as it was saved last."""

    def __init__(self, name: str, array: np.ndarray) -> None:
        self._name = name
        self._sides = (1,) * (array.ndim - 2) + (SIDE, SIDE)
        grid = tuple(-(-n // side) for n, side in zip(array.shape, self._sides, strict=True))
        self._known = np.zeros(grid, np.uint32)
        for place in np.ndindex(grid):
            self._known[place] = zlib.crc32(self._pixels(array, place).data)

    def places(self, box: Box) -> Iterator[tuple[int, ...]]:
        """Yield the places in the grid of the blocks that a box reaches into."""
        return product(*(range(s.start // side, -(-s.stop // side)) for s, side in zip(box, self._sides, strict=True)))

    def changed(self, array: np.ndarray, place: tuple[int, ...]) -> Block | None:
        """Return the block at a place if it is other than it was, and take note of it."""
        pixels = self._pixels(array, place)
        print_now = zlib.crc32(pixels.data)
        if print_now == self._known[place]:
            return None
        self._known[place] = print_now
        return Block(self._name, tuple(i * side for i, side in zip(place, self._sides, strict=True)), pixels)

    def _pixels(self, array: np.ndarray, place: tuple[int, ...]) -> np.ndarray:
        """Copy a block, in the dtype in which it is stored."""
        box = tuple(slice(i * side, (i + 1) * side) for i, side in zip(place, self._sides, strict=True))
        pixels = array[box] > 0 if self._name == "reviewed" else array[box]
        return pixels.astype(DTYPES[self._name], order="C")
