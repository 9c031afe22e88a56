"""How a revision is made of the latest one and the edits since: its number, its note in the entry, what it ends."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from maskloop.project.annotation import Annotation
from maskloop.project.entry import Entry, Reason, Revision
from maskloop.project.layout import edits_file, edits_files


def next_revision(entry: Entry, folder: Path) -> int:
    """Return the number of the next revision; higher than the latest by more than one while one is written.

    Parameters
    ----------
    entry : Entry
    folder : Path
        Of the entry.
    """
    return entry.revision + len(edits_files(folder, entry.revision))


def has_edits(entry: Entry, folder: Path) -> bool:
    """Return whether there are edits since the latest revision."""
    return any(file.exists() and file.stat().st_size for file in edits_files(folder, entry.revision))


def with_revision(entry: Entry, annotation: Annotation, number: int, reason: Reason) -> Entry:
    """Return an entry with one more revision, made now; nothing is written."""
    objects, share = annotation.objects, annotation.share_reviewed
    revision = Revision(number=number, time=datetime.now(UTC), reason=reason, objects=objects, reviewed=share)
    revisions = (*entry.revisions, revision)
    edited = entry.edited or reason != "segmented"
    return entry.model_copy(update={"revisions": revisions, "objects": objects, "reviewed": share, "edited": edited})


def drop_edits(folder: Path, since: int, before: int) -> None:
    """Delete the edits since one revision and before another, which holds them now.

    Parameters
    ----------
    folder : Path
        Of the entry.
    since, before : int
        Numbers of the revisions.
    """
    for done in range(since, before):
        with contextlib.suppress(OSError):  # what is left of them is not read again
            edits_file(folder, done).unlink()
