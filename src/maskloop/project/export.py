"""Images and labels out of a project, in folders that training and other programs read."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskloop.errors import InputError, ProjectError
from maskloop.files import image_name, is_image, write_image, write_labels
from maskloop.ops.axes import to_planes
from maskloop.project.entry import Entry
from maskloop.project.project import Project

LONGEST_NAME = 50  # characters, which leaves room for numbers in any file system


@dataclass(frozen=True)
class ExportReport:
    """What an export did.

    Attributes
    ----------
    files : int
        How many images were written, each with its labels and the mask of its reviewed pixels.
    left_out : tuple of str
        Names of entries without labels.
    failed : tuple of str
        Why others could not be exported, in a sentence each.
    """

    files: int
    left_out: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class _Plane:
    """A plane with its labels and its mask of reviewed pixels; `suffix` is a number if it is one of a stack."""

    suffix: str
    image: np.ndarray
    labels: np.ndarray
    reviewed: np.ndarray


def export_project(project: Project, out: Path, on_entry: Callable[[float], None] = lambda _: None) -> ExportReport:
    """Write ``out/images``, ``out/labels`` and ``out/reviewed``, with files of the same names.

    A stack becomes a file a plane, since training takes planes. What is not labelled is left out: as an example it
    would say that there is nothing.

    Parameters
    ----------
    project : Project
    out : Path
        A folder that is empty or not there yet.
    on_entry : callable, optional
        Called after each entry with the share that is done.

    Returns
    -------
    ExportReport

    Raises
    ------
    InputError
        If there is something in the folder, or nothing in the project is labelled.
    OSError
        If a file cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} holds files already; wanted is a new or empty folder.")
    taken, left_out, failed = set[str](), [], list(project.damaged.values())
    for done, entry in enumerate(project.entries, start=1):
        before = len(taken)
        try:
            for plane in _labelled_planes(project, entry):
                _write(plane, out, _free_name(_file_name(entry.name) + plane.suffix, taken))
            if len(taken) == before:
                left_out.append(entry.name)
        except ProjectError as error:
            failed.append(str(error))
        on_entry(done / len(project.entries))
    if not taken and not failed:
        raise InputError(f"There are no labels in {project.folder}; nothing was exported.")
    return ExportReport(len(taken), tuple(left_out), tuple(failed))


def _labelled_planes(project: Project, entry: Entry) -> Iterator[_Plane]:
    annotation = project.annotation(entry)
    if not annotation.labels.any() and not annotation.reviewed.any():
        return
    planes = to_planes(project.image(entry), entry.axes).pixels
    axes = entry.axes.replace("C", "")
    labels, reviewed = (to_planes(a, axes).pixels[..., 0] for a in (annotation.labels, annotation.reviewed))
    for i, plane in enumerate(planes):
        if labels[i].any() or reviewed[i].any():  # a person may vouch for an empty plane
            yield _Plane(f"_{i:03d}" if len(planes) > 1 else "", plane, labels[i], reviewed[i])


def _write(plane: _Plane, out: Path, name: str) -> None:
    for folder in ("images", "labels", "reviewed"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    write_labels(out / "labels" / name, plane.labels)
    write_labels(out / "reviewed" / name, plane.reviewed)
    grey = plane.image.shape[-1] == 1
    write_image(out / "images" / name, plane.image[..., 0] if grey else plane.image, "YX" if grey else "YXC")


def _file_name(name: str) -> str:
    """Make a name that any file system takes, without the suffix of an image and not hidden."""
    path = Path(re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "-", unicodedata.normalize("NFC", name)))
    stem = image_name(path) if is_image(path) else path.name
    return stem[:LONGEST_NAME].strip(". ") or "image"


def _free_name(stem: str, taken: set[str]) -> str:
    """Take a name, with a number if it is taken already."""
    name, number = stem, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.casefold())
    return f"{name}.tif"
