"""An entry's labels and its mask of reviewed pixels, as they are on disk: a revision, and the edits since."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskloop.config import TaskConfig
from maskloop.errors import InputError, ProjectError
from maskloop.files import read_labels, write_labels
from maskloop.ops.objects import count_objects
from maskloop.project.edits import read_edits
from maskloop.project.entry import Entry
from maskloop.project.layout import edits_files, labels_file, reviewed_file


@dataclass(frozen=True)
class Annotation:
    """What a person and a model say about an image.

    Attributes
    ----------
    labels : ndarray of the image's shape without its channel axis, int32
    reviewed : ndarray of the same shape, uint8
        1 where a person vouches for the labels, else 0.
    """

    labels: np.ndarray
    reviewed: np.ndarray

    @property
    def objects(self) -> int:
        """How many different labels there are."""
        return count_objects(self.labels)

    @property
    def share_reviewed(self) -> float:
        """Share of the pixels that are reviewed."""
        return float(np.count_nonzero(self.reviewed) / self.reviewed.size)


def check_annotation(
    labels: np.ndarray | None, reviewed: np.ndarray | None, shape: tuple[int, ...], task: TaskConfig
) -> Annotation:
    """Bring labels and reviewed pixels to their form; what is left out is 0.

    Raises
    ------
    InputError
        If they are not of the image's shape, not labels, or mean nothing.
    """
    labels = np.zeros(shape, np.int32) if labels is None else np.asarray(labels)
    reviewed = np.zeros(shape, np.uint8) if reviewed is None else np.asarray(reviewed)
    for name, array in (("labels", labels), ("reviewed pixels", reviewed)):
        if array.shape != shape:
            raise InputError(f"The {name} are of shape {array.shape}; wanted is that of the image, {shape}.")
        if array.dtype.kind not in "uib":
            raise InputError(f"The {name} are of type {array.dtype}; wanted are whole numbers.")
    if labels.min() < 0 or labels.max() > np.iinfo(np.int32).max:
        raise InputError(f"The labels go from {labels.min()} to {labels.max()}; wanted is 0 to 2,147,483,647.")
    if task.highest is not None and labels.max() > task.highest:
        raise InputError(
            f"The labels go up to {labels.max()}; wanted is 0 for background to {task.highest}, since the labels of "
            f"this project mean {task}."
        )
    return Annotation(labels.astype(np.int32), (reviewed > 0).astype(np.uint8))


def write_annotation(annotation: Annotation, folder: Path, revision: int) -> None:
    """Write the pair of files of a revision."""
    write_labels(labels_file(folder, revision), annotation.labels)
    write_labels(reviewed_file(folder, revision), annotation.reviewed)


def read_revision(entry: Entry, folder: Path, revision: int) -> Annotation:
    """Read a revision as it was kept.

    Raises
    ------
    ProjectError
        If its files are missing or damaged, or too large for the memory.
    """
    shape = entry.labels_shape
    try:
        labels = read_labels(labels_file(folder, revision)).reshape(shape)
        reviewed = read_labels(reviewed_file(folder, revision)).reshape(shape)
    except ValueError as error:  # of another shape, or refused by the reader, which says why
        reason = str(error) if isinstance(error, InputError) else f"{folder} holds labels of another shape."
        raise ProjectError(f"{entry.name} cannot be read: {reason}") from error
    return Annotation(labels, reviewed.astype(np.uint8))


def read_annotation(entry: Entry, folder: Path, before: int | None = None) -> Annotation:
    """Read the latest revision and all edits since.

    Parameters
    ----------
    entry : Entry
    folder : Path
        Of the entry.
    before : int, optional
        Leave out edits that belong to this revision or a later one.

    Returns
    -------
    Annotation

    Raises
    ------
    ProjectError
        If its files are missing or damaged.
    """
    annotation = read_revision(entry, folder, entry.revision)
    arrays = {"labels": annotation.labels, "reviewed": annotation.reviewed}
    for number, file in enumerate(edits_files(folder, entry.revision), start=entry.revision):
        if number == before:
            break
        for blocks in read_edits(file):
            for block in blocks:
                target = arrays[block.array][block.box]
                if target.shape != block.pixels.shape:
                    raise ProjectError(f"{entry.name} is damaged: {file} holds edits of an image of another shape.")
                target[...] = block.pixels
    return annotation
