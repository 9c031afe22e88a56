"""A project: a folder of images with labels, which of their pixels are reviewed, and all earlier versions."""

import numpy as np

from maskloop.errors import ProjectError
from maskloop.files import read_image
from maskloop.ops.axes import to_planes
from maskloop.ops.task import lay_unreviewed, task_of
from maskloop.project.annotation import (
    Annotation,
    check_annotation,
    read_annotation,
    read_revision,
    write_annotation,
)
from maskloop.project.entry import Entry, Reason
from maskloop.project.layout import IMAGE_FILE
from maskloop.project.project_folder import ProjectFolder
from maskloop.project.revisions import drop_edits, has_edits, next_revision, with_revision


class Project(ProjectFolder):
    """Open a project folder.

    One process at a time may write; others, and whoever may not write the folder, read only.

    Parameters
    ----------
    folder : str or Path
    hold : bool
        Whether to take it for this process if nobody has it; who only looks at it is in nobody's way.

    Attributes
    ----------
    folder : Path
    task : TaskConfig
        What its labels mean.
    damaged : dict of str to str
        Names of entry folders that cannot be read, with the reason.
    held_by : str
        Why the project is read-only; empty where it can be written.

    Raises
    ------
    ProjectError
        If the folder is missing, not a project, damaged, or from a newer version.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with Project.create(Path(tempfile.mkdtemp()) / "cells") as project:
    ...     entry = project.add(np.zeros((8, 8), np.uint8), name="empty field")
    ...     entry.status, project.annotation(entry).labels.shape
    ('not segmented', (8, 8))
    """

    def image(self, entry: Entry) -> np.ndarray:
        """Return the pixels of an entry.

        Raises
        ------
        ProjectError
            If the file is missing or damaged, or too large for the memory.
        """
        try:
            return read_image(self.folder_of(entry) / IMAGE_FILE)[0].reshape(entry.shape)
        except ValueError as error:  # of another shape, or refused by the reader
            raise ProjectError(f"{entry.name} cannot be read: {error}") from error

    def channel_of(self, entry: Entry, chosen: int | None) -> int | None:
        """Return which channel of an entry is meant; None stands for all colours.

        Where images in colour lie beside others, a channel is chosen among those of the others.
        """
        return None if entry.is_colour and not all(other.is_colour for other in self.entries) else chosen

    def annotation(self, entry: Entry, revision: int | None = None) -> Annotation:
        """Return the latest labels and reviewed pixels of an entry, or those of an earlier revision.

        Raises
        ------
        ProjectError
            If a file is missing or damaged.
        """
        entry, folder = self.entry(entry.id), self.folder_of(entry)
        return read_annotation(entry, folder) if revision is None else read_revision(entry, folder, revision)

    def save_correction(self, entry: Entry, labels: np.ndarray, reviewed: np.ndarray) -> Entry:
        """Keep labels and reviewed pixels as a new revision; older ones stay.

        Raises
        ------
        InputError
            If they do not fit the image, or labels mean nothing here.
        ProjectError
            If the project is read-only, or the entry is gone.
        OSError
            If the disk is full; nothing is changed then.
        """
        self.require_writable()
        annotation = check_annotation(labels, reviewed, entry.labels_shape, self.task)
        return self._commit(entry, annotation, self.next_revision(entry), "accepted")

    def save_prediction(self, entry: Entry, predicted: np.ndarray) -> Entry:
        """Lay predicted labels around what is reviewed, as a new revision; what was there before becomes one too.

        Parameters
        ----------
        entry : Entry
        predicted : ndarray of shape (P, Y, X), int
            The planes in the order of the image.

        Raises
        ------
        InputError
            If they do not fit the image.
        ProjectError
            If the project is read-only, the entry is gone, or a file is damaged.
        OSError
            If the disk is full; nothing is changed then.
        """
        self.require_writable()
        self._keep_edits(entry, "before segmenting")
        known = self.annotation(entry)
        planes, reviewed = (to_planes(a, entry.axes.replace("C", "")) for a in (known.labels, known.reviewed))
        labels = lay_unreviewed(planes.pixels[..., 0], predicted, reviewed.pixels[..., 0] > 0, task_of(self.task))
        annotation = Annotation(planes.restore(labels).astype(np.int32), known.reviewed)
        return self._commit(entry, annotation, self.next_revision(entry), "segmented")

    def accept(self, entry: Entry, before: int | None = None, reason: Reason = "accepted") -> Entry:
        """Make a revision of the latest one and the edits since.

        Parameters
        ----------
        entry : Entry
        before : int, optional
            The number of the new revision, where edits that come after it have been begun already.
        reason : str
            Why it is made.

        Returns
        -------
        Entry

        Raises
        ------
        ProjectError
            If the project is read-only, or a file is damaged.
        OSError
            If the disk is full; nothing is changed then.
        """
        self.require_writable()
        entry = self.entry(entry.id)
        number = before or self.next_revision(entry)
        return self._commit(entry, read_annotation(entry, self.folder_of(entry), number), number, reason)

    def restore(self, entry: Entry, revision: int) -> Entry:
        """Make an earlier revision the latest one; what was there before becomes a revision too.

        Raises
        ------
        ProjectError
            If the project is read-only, or the revision's files are damaged.
        OSError
            If the disk is full; nothing is changed then.
        """
        self.require_writable()
        earlier = self.annotation(entry, revision)
        self._keep_edits(entry, "before restoring")
        return self._commit(entry, earlier, self.next_revision(entry), "restored")

    def note_progress(self, entry: Entry, annotation: Annotation) -> Entry:
        """Note what the labels hold now, for the list of entries."""
        self.require_writable()
        entry = self.entry(entry.id)
        noted = entry.model_copy(
            update={"objects": annotation.objects, "reviewed": annotation.share_reviewed, "edited": True}
        )
        return noted if noted == entry else self._save(noted)

    def next_revision(self, entry: Entry) -> int:
        """Return the number of the next revision; higher than the latest by more than one while one is written."""
        return next_revision(self.entry(entry.id), self.folder_of(entry))

    def _keep_edits(self, entry: Entry, reason: Reason) -> None:
        if has_edits(self.entry(entry.id), self.folder_of(entry)):
            self.accept(entry, reason=reason)

    def _commit(self, entry: Entry, annotation: Annotation, number: int, reason: Reason) -> Entry:
        folder = self.folder_of(entry)
        write_annotation(annotation, folder, number)
        latest = self.entry(entry.id)
        entry = self._save(with_revision(latest, annotation, number, reason))
        drop_edits(folder, latest.revision, number)  # only now: until here others read the old revision and them
        return entry
