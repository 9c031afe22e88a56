"""An image with what is known of its labels: an entry of a project, or files in a folder of any layout."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from maskloop.config import OBJECTS, TaskConfig
from maskloop.errors import ProjectError
from maskloop.files import read_image
from maskloop.ops.axes import to_planes
from maskloop.ops.judged import whole_objects_by_plane
from maskloop.ops.task import task_of
from maskloop.project.annotation import Annotation, read_annotation
from maskloop.project.entry import Entry, read_entry
from maskloop.project.held_out import Choice, HeldOut, read_held_out
from maskloop.project.importers import read_match
from maskloop.project.layout import ENTRIES, HELD_OUT_FILE, PROJECT_FILE
from maskloop.project.masks import Finding, RefusedError, refusing
from maskloop.project.matching import Match, find_matches
from maskloop.project.project import Project


@dataclass(frozen=True)
class Case:
    """An image, and what is known of its labels.

    Attributes
    ----------
    name : str
        Of the entry, or of the file with its folders.
    image : ndarray
    axes : str or None
        One letter an axis of the image.
    labels, reviewed : ndarray of shape (P, Y, X), or None
        What is labelled, of objects those that are reviewed as a whole, and the pixels that are reviewed, bool; None
        where there are no labels, and where all pixels are known.
    notes : sequence of Finding
        What reading has found.
    held_out : Choice or None
        What no model of the project learns from; None outside of a project.
    """

    name: str
    image: np.ndarray
    axes: str | None
    labels: np.ndarray | None
    reviewed: np.ndarray | None = None
    notes: Sequence[Finding] = ()
    held_out: Choice | None = None

    @property
    def pixels(self) -> np.ndarray:
        """Planes of shape (P, Y, X, C)."""
        return to_planes(self.image, self.axes).pixels

    def most_telling_plane(self) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels of shape (Y, X, C) and labels of shape (Y, X) of the plane with the most to see."""
        if self.labels is None:
            return self.pixels[0], np.zeros(self.pixels.shape[1:3], np.int32)
        shown = int(np.argmax(np.count_nonzero(self.labels, axis=(1, 2))))
        return self.pixels[shown], self.labels[shown]


Reader = Callable[[dict[str, str]], Case]
"""Reads an image; told by their hash where pixels were seen before."""


@dataclass(frozen=True)
class Cases:
    """The images of a project or a folder, none of them read yet.

    Attributes
    ----------
    layout : str
        How the files lie, in one phrase.
    task : TaskConfig
        What the labels mean.
    readers : mapping of Path to Reader
        By image file or entry folder; what reads a case raises RefusedError where it cannot.
    refused, damaged, foreign : sequence of Finding
        Files of a folder that go with nothing; parts of a project that cannot be read; and files that are no images.
    """

    layout: str
    task: TaskConfig
    readers: Mapping[Path, Reader]
    refused: Sequence[Finding] = ()
    damaged: Sequence[Finding] = ()
    foreign: Sequence[Finding] = ()


def find_cases(data: Path, masks: Path | None = None, task: TaskConfig = OBJECTS) -> Cases:
    """Find the reviewed entries of a project, or the images of a folder with their masks.

    Parameters
    ----------
    data : Path
    masks : Path, optional
        The folder of the masks, where `data` holds the images only.
    task : TaskConfig, optional
        What the masks of a folder mean; a project knows what its labels do. Left out: objects.

    Raises
    ------
    InputError
        If there is no such folder, or no layout is recognised in it.
    ProjectError
        If the project cannot be read.
    OSError
        If a folder cannot be listed.
    """
    if (data / PROJECT_FILE).is_file():
        return _find_entries(data)
    found = find_matches(data, masks)
    foreign = [finding for finding in found.refused if finding not in found.unmatched]
    readers = {match.image: partial(_read_files, match, task) for match in found.matches}
    return Cases(found.layout, task, readers, refused=found.unmatched, foreign=foreign)


def read_alone(path: Path) -> Case:
    """Read an image without its labels.

    Raises
    ------
    RefusedError
        If the file cannot be read.
    """
    with refusing(path):
        image, axes = read_image(path)
        to_planes(image, axes)
        return Case(str(path), image, axes, None)


def _find_entries(folder: Path) -> Cases:
    with Project(folder, hold=False) as project:
        damaged = [Finding(folder / ENTRIES / name, reason) for name, reason in project.damaged.items()]
        try:
            held_out = read_held_out(folder)
        except ProjectError as error:
            held_out = HeldOut()
            damaged.append(Finding(folder / HELD_OUT_FILE, str(error)))
        entries = [entry for entry in project.entries if entry.reviewed > 0]
        reader = _EntryReader(project, held_out, entries)
        readers = {project.folder_of(entry): partial(reader.read, entry) for entry in entries}
    return Cases("a project", project.task, readers, damaged=damaged)


@dataclass
class _EntryReader:
    """Reads entries as they are by now, and knows what is held out of them, or will be."""

    project: Project
    held_out: HeldOut
    entries: Sequence[Entry]

    def read(self, entry: Entry, _: dict[str, str]) -> Case:
        folder = self.project.folder_of(entry)
        with refusing(folder):
            entry = read_entry(folder)
            image, annotation = self.project.image(entry), read_annotation(entry, folder)
            if entry.pixels_sha256 not in self.held_out.images:  # decided by the next training, just so
                annotations, task = self._annotations(), task_of(self.project.task)
                self.held_out = self.held_out.extended(annotations, len(self.entries), task)
            reviewed = _planes_of(annotation.reviewed, image, entry.axes) > 0
            labels = _known(_planes_of(annotation.labels, image, entry.axes), reviewed, self.project.task)
            part = self.held_out.images[entry.pixels_sha256]
            return Case(entry.name, image, entry.axes, labels, reviewed, held_out=part)

    def _annotations(self) -> Iterator[tuple[str, Annotation]]:
        """Yield those of all entries, without those that cannot be read."""
        for entry in self.entries:
            folder = self.project.folder_of(entry)
            with contextlib.suppress(RefusedError), refusing(folder):
                yield entry.pixels_sha256, read_annotation(read_entry(folder), folder)


def _read_files(match: Match, task: TaskConfig, seen: dict[str, str]) -> Case:
    read, name = read_match(match, seen, task), str(match.image)
    if read.labels is None or read.reviewed is None:
        return Case(name, read.image, read.axes, None, notes=read.notes)
    labels, parts = (_planes_of(array, read.image, read.axes) for array in (read.labels, read.reviewed))
    if (reviewed := parts > 0).all():
        return Case(name, read.image, read.axes, labels, notes=read.notes)
    return Case(name, read.image, read.axes, _known(labels, reviewed, task), reviewed, read.notes)


def _known(labels: np.ndarray, reviewed: np.ndarray, task: TaskConfig) -> np.ndarray:
    return whole_objects_by_plane(labels, reviewed) if task.kind == "objects" else labels * reviewed


def _planes_of(labels: np.ndarray, image: np.ndarray, axes: str | None) -> np.ndarray:
    return to_planes(labels, to_planes(image, axes).axes.replace("C", "")).pixels[..., 0]
