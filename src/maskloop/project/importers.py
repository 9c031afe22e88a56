"""Existing images and masks into a project: all files are read once for the plan, then they are added."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskloop.config import OBJECTS, TaskConfig
from maskloop.errors import Cancelled, InputError, ProjectError
from maskloop.files import read_image
from maskloop.ops.axes import Planes, to_planes
from maskloop.project.class_masks import read_class_mask
from maskloop.project.entry import Entry, hash_pixels
from maskloop.project.mask_numbers import read_numbers
from maskloop.project.masks import Finding, RefusedError, read_masks, refusing
from maskloop.project.matching import Match, find_matches
from maskloop.project.project import Project


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do. It holds no pixels.

    Attributes
    ----------
    layout : str
        How the files lie, in one phrase.
    matches : tuple of Match
        What will be imported.
    refused : tuple of Finding
        What will not.
    notes : tuple of Finding
        What will be, but should be looked at.
    """

    layout: str
    matches: tuple[Match, ...]
    refused: tuple[Finding, ...]
    notes: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    entries : tuple of Entry
        New in the project.
    failed : tuple of Finding
        Files that could not be imported although the plan had them.
    stopped : bool
        Whether it ended early because it was asked to.
    """

    entries: tuple[Entry, ...]
    failed: tuple[Finding, ...]
    stopped: bool


def plan_import(
    images: Path,
    masks: Path | None = None,
    known: Mapping[str, str] | None = None,
    on_file: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    task: TaskConfig = OBJECTS,
) -> ImportPlan:
    """Find out what can be imported from a folder, by reading every file once.

    Parameters
    ----------
    images : Path
        The folder to look into; its layout is recognised.
    masks : Path, optional
        The folder of the masks, where `images` holds the images only.
    known : mapping of str to str, optional
        Names of the project's entries by the hash of their pixels: ``project.pixel_hashes()``.
    on_file : callable
        Called after each image and its masks with the share of the images that are done.
    should_stop : callable
        Asked before each image.
    task : TaskConfig, optional
        What the labels mean. Left out: objects.

    Returns
    -------
    ImportPlan

    Raises
    ------
    InputError
        If there is no such folder, or no layout is recognised in it.
    OSError
        If a folder cannot be listed.
    Cancelled
        If it was asked to stop.
    """
    found = find_matches(images, masks)
    seen = _entries_by_hash(known or {})
    matches: list[Match] = []
    refused, notes = list(found.refused), list[Finding]()
    for done, match in enumerate(found.matches, start=1):
        if should_stop():
            raise Cancelled
        try:
            notes += read_match(match, seen, task).notes
            matches.append(match)
        except RefusedError as error:
            refused.append(error.finding)
        on_file(done / len(found.matches))
    return ImportPlan(found.layout, tuple(matches), tuple(refused), tuple(notes))


def import_matches(
    project: Project,
    plan: ImportPlan,
    on_file: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ImportReport:
    """Add what a plan matched to a project; labels from masks count as reviewed, where no file says otherwise.

    Parameters
    ----------
    project : Project
    plan : ImportPlan
    on_file : callable
        Called after each image with the share of the images that are done.
    should_stop : callable
        Asked before each image; what was added until then stays.

    Returns
    -------
    ImportReport

    Raises
    ------
    ProjectError
        If the project is read-only.
    """
    seen = _entries_by_hash(project.pixel_hashes())
    entries: list[Entry] = []
    failed: list[Finding] = []
    for done, match in enumerate(plan.matches, start=1):
        if should_stop():
            return ImportReport(tuple(entries), tuple(failed), stopped=True)
        try:
            entries.append(_add(project, match, seen))
        except RefusedError as error:
            if isinstance(error.__cause__, ProjectError):
                raise error.__cause__ from None
            failed.append(error.finding)
        on_file(done / len(plan.matches))
    return ImportReport(tuple(entries), tuple(failed), stopped=False)


@dataclass(frozen=True)
class MatchedImage:
    """What a match holds; `labels` and `reviewed`, uint8, are None where there is no mask."""

    image: np.ndarray
    axes: str | None
    labels: np.ndarray | None
    reviewed: np.ndarray | None
    notes: list[Finding]


def read_match(match: Match, seen: dict[str, str], task: TaskConfig = OBJECTS) -> MatchedImage:
    """Read and check the files of a match.

    Parameters
    ----------
    match : Match
    seen : dict of str to str
        Where pixels were seen before, by their hash; added to.
    task : TaskConfig, optional
        What the labels mean. Left out: objects.

    Returns
    -------
    MatchedImage

    Raises
    ------
    RefusedError
        If a file cannot be used, or the pixels were seen before.
    """
    with refusing(match.image):
        image, axes = read_image(match.image)
        planes = to_planes(image, axes)
        digest = hash_pixels(image)
        if digest in seen:
            raise InputError(f"Its pixels are the same as those of {seen[digest]}.")
    seen[digest] = str(match.image)
    if not match.masks:
        notes = [Finding(match.image, "It has no mask: it is imported without labels.")]
        return MatchedImage(image, axes, None, None, notes)
    reviewed = _read_reviewed(match, planes)
    if task.kind == "classes":
        return MatchedImage(image, axes, read_class_mask(match.masks, planes, task.classes), reviewed, [])
    foreground = task.kind == "foreground"
    labels, notes = read_masks(match.masks, planes, match.one_object_each or foreground, not foreground)
    if foreground:
        labels = (labels > 0).astype(np.int32)
    return MatchedImage(image, axes, labels, reviewed, notes)


def _read_reviewed(match: Match, planes: Planes) -> np.ndarray:
    if match.reviewed is None:
        return np.ones(planes.labels_shape, np.uint8)
    with refusing(match.reviewed):
        numbers, _ = read_numbers(match.reviewed, planes)
        if np.count_nonzero(np.unique(numbers)) > 1:
            raise InputError("It holds several numbers or colours; wanted is 0, and 1 where the mask is reviewed.")
    return planes.restore(numbers > 0).astype(np.uint8)


def _add(project: Project, match: Match, seen: dict[str, str]) -> Entry:
    read = read_match(match, seen, project.task)
    image, axes, source = read.image, read.axes, str(match.image)
    with refusing(match.image):
        return project.add(image, read.labels, name=match.name, source=source, axes=axes, reviewed=read.reviewed)


def _entries_by_hash(known: Mapping[str, str]) -> dict[str, str]:
    return {digest: f"the entry {name} in the project" for digest, name in known.items()}
