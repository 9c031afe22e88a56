"""A project folder that is open: which entries it has, and whether this process may change them."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np

from maskloop.config import OBJECTS, TaskConfig
from maskloop.errors import ProjectError, explain
from maskloop.files import sync_folder
from maskloop.ops.axes import to_planes
from maskloop.project.adding import tidy_unfinished, write_entry
from maskloop.project.annotation import check_annotation
from maskloop.project.card import read_card, recolour, write_card
from maskloop.project.entry import Entry, hash_pixels, read_entry, save_entry
from maskloop.project.layout import ENTRIES, PROJECT_FILE, TRASH
from maskloop.project.lock import holder, take


class ProjectFolder:
    """Open a project folder, of which one process at a time may write, and list, add and remove its entries."""

    def __init__(self, folder: str | Path, hold: bool = True) -> None:
        self.folder = Path(folder)
        self.task = read_card(self.folder).task
        self.damaged: dict[str, str] = {}
        self.held_by = ""
        self._lock = None
        try:
            self._lock = take(self.folder) if hold else None
            if not hold:
                self.held_by = "It was opened to be looked at."
            elif self._lock is None:
                self.held_by = f"It is open in {holder(self.folder)}."
            else:
                tidy_unfinished(self.folder / ENTRIES)
        except OSError as error:
            self.held_by = f"The folder cannot be written: {error.strerror or error}."
        self._entries = {entry.id: entry for entry in self._read_entries()}

    @classmethod
    def create(cls, folder: str | Path, task: TaskConfig = OBJECTS) -> Self:
        """Make a new project in a folder that is empty or not there yet; left out, its labels mean objects.

        Raises
        ------
        ProjectError
            If there is something in the folder, or it cannot be made.
        """
        folder = Path(folder)
        try:
            require_place(folder)
            folder.mkdir(parents=True, exist_ok=True)
            write_card(folder, task)
        except OSError as error:
            raise ProjectError(f"A project cannot be made in {folder}: {explain(error)}") from error
        return cls(folder)

    def close(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
            self.held_by = "It was closed."

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed; `held_by` says why."""
        return bool(self.held_by)

    def require_writable(self) -> None:
        """Refuse to go on where nothing can be changed.

        Raises
        ------
        ProjectError
            If the project is read-only.
        """
        if self.read_only:
            raise ProjectError(f"{self.folder} is open for reading only. {self.held_by}")

    def recolour(self, number: int, colour: str) -> None:
        """Show a class in another colour, as ``#rrggbb``; labels stay as they are, and so does what models know.

        Raises
        ------
        InputError
            If there is no such class, or the colour is none or is taken.
        ProjectError
            If the project is read-only, or damaged meanwhile.
        OSError
            If the disk is full.
        """
        self.require_writable()
        self.task = recolour(self.folder, number, colour)

    @property
    def entries(self) -> list[Entry]:
        """The entries that can be read, in the order in which they were added."""
        return sorted(self._entries.values(), key=lambda entry: (entry.added, entry.name))

    def entry(self, entry_id: str) -> Entry:
        """Return an entry as it is now.

        Raises
        ------
        ProjectError
            If it is gone.
        """
        if entry_id not in self._entries:
            raise ProjectError(f"There is no image {entry_id} in {self.folder} any more.")
        return self._entries[entry_id]

    def folder_of(self, entry: Entry) -> Path:
        """Return the folder of an entry."""
        return self.folder / ENTRIES / entry.id

    def pixel_hashes(self) -> dict[str, str]:
        """Return the names of the entries by the SHA-256 of their pixels, as `hash_pixels` makes it."""
        return {entry.pixels_sha256: entry.name for entry in self._entries.values()}

    def named_like(self, image: np.ndarray) -> str:
        """Return the name of the entry that has the same pixels; an empty text if there is none."""
        return self.pixel_hashes().get(hash_pixels(image), "")

    def add(
        self,
        image: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        name: str,
        source: str = "",
        axes: str | None = None,
        reviewed: np.ndarray | None = None,
        view: dict[str, Any] | None = None,
    ) -> Entry:
        """Store an image and its labels as an entry.

        Parameters
        ----------
        image : ndarray
            A plane (Y, X), colour (Y, X, C), or a stack of planes.
        labels : ndarray of the image's shape without its channel axis, int, optional
        name : str
        source : str
            Where the image came from.
        axes : str, optional
            One letter an axis. Guessed from the shape where it is left out.
        reviewed : ndarray of the labels' shape, optional
            Nonzero where a person vouches for the labels.
        view : dict, optional
            How the image lay in the viewer, as JSON can hold it.

        Returns
        -------
        Entry

        Raises
        ------
        InputError
            If the image or the labels cannot be used, do not fit together, or labels mean nothing here.
        ProjectError
            If the project is read-only.
        OSError
            If the disk is full; nothing is added then.
        """
        self.require_writable()
        image = np.asarray(image)
        planes = to_planes(image, axes)
        annotation = check_annotation(labels, reviewed, planes.labels_shape, self.task)
        entry = write_entry(self.folder / ENTRIES, image, planes, annotation, name=name, source=source, view=view)
        self._entries[entry.id] = entry
        return entry

    def remove(self, entry: Entry) -> None:
        """Move an entry to the project's trash."""
        self.require_writable()
        (self.folder / TRASH).mkdir(exist_ok=True)
        removed = self.folder_of(entry).rename(self.folder / TRASH / entry.id)
        sync_folder(removed.parent)
        self._entries.pop(entry.id, None)
        os.utime(removed, ns=(time.time_ns(),) * 2)  # for the order of `removed`

    def removed(self) -> list[Entry]:
        """Return the entries in the trash that can be read, the one removed last first."""
        folders = sorted((self.folder / TRASH).glob("*"), key=lambda folder: -folder.stat().st_mtime_ns)
        entries = []
        for folder in folders:
            with contextlib.suppress(ProjectError):
                entries.append(read_entry(folder))
        return entries

    def bring_back(self, entry: Entry) -> None:
        """Take an entry out of the trash."""
        self.require_writable()
        (self.folder / TRASH / entry.id).rename(self.folder_of(entry))
        self._entries[entry.id] = read_entry(self.folder_of(entry))

    def _save(self, entry: Entry) -> Entry:
        save_entry(entry, self.folder_of(entry))
        self._entries[entry.id] = entry
        return entry

    def _read_entries(self) -> Iterator[Entry]:
        try:
            folders = [f for f in os.scandir(self.folder / ENTRIES) if f.is_dir() and not f.name.startswith(".")]
        except FileNotFoundError:
            return
        for folder in folders:
            try:
                yield read_entry(Path(folder.path))
            except ProjectError as error:
                self.damaged[folder.name] = str(error)


def require_place(folder: Path) -> None:
    """Refuse a folder in which no project can be made.

    Raises
    ------
    ProjectError
        If there is something in it, or it is a file.
    OSError
        If it cannot be looked into.
    """
    if folder.exists() and not folder.is_dir():
        raise ProjectError(f"{folder} is a file; wanted is a new or empty folder.")
    if (folder / PROJECT_FILE).exists():
        raise ProjectError(f"{folder} is a project already: open it.")
    if folder.exists() and any(folder.iterdir()):
        raise ProjectError(f"{folder} holds other files; wanted is a new or empty folder.")
