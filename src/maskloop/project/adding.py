"""A new entry: its folder is written under another name, and becomes real when it is renamed."""

import re
import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from maskloop.files import sync_folder, write_image
from maskloop.ops.axes import Planes, to_planes
from maskloop.project.annotation import Annotation, write_annotation
from maskloop.project.entry import Entry, Revision, hash_pixels, save_entry
from maskloop.project.layout import IMAGE_FILE
from maskloop.project.thumbnail import write_thumbnail

UNFINISHED = ".new-"  # folders of entries that were being added when something ended


def write_entry(
    folder: Path,
    image: np.ndarray,
    planes: Planes,
    annotation: Annotation,
    *,
    name: str,
    source: str = "",
    view: dict[str, Any] | None = None,
) -> Entry:
    """Write the folder of a new entry.

    Parameters
    ----------
    folder : Path
        Of all entries.
    image : ndarray
        As it is stored.
    planes : Planes
        Of the image.
    annotation : Annotation
        Of the image's shape without its channel axis.
    name, source : str
    view : dict, optional
        How the image lay in the viewer, as JSON can hold it.

    Returns
    -------
    Entry

    Raises
    ------
    OSError
        If the disk is full; nothing is left behind then.
    """
    entry_id = f"{_slug(name)}-{uuid.uuid4().hex[:8]}"
    unfinished = folder / f"{UNFINISHED}{entry_id}"
    unfinished.mkdir(parents=True)
    try:
        _write_arrays(unfinished, image, planes, annotation)
        objects, share, now = annotation.objects, annotation.share_reviewed, datetime.now(UTC)
        entry = Entry(
            id=entry_id,
            name=_readable(name),
            source=_readable(source),
            added=now,
            shape=image.shape,
            axes=planes.axes,
            pixels_sha256=hash_pixels(image),
            view=view or {},
            objects=objects,
            reviewed=share,
            revisions=(Revision(number=1, time=now, reason="added", objects=objects, reviewed=share),),
        )
        save_entry(entry, unfinished)
        unfinished.rename(folder / entry_id)
        sync_folder(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return entry


def tidy_unfinished(folder: Path) -> None:
    """Remove from the folder of all entries what was being added when something ended."""
    for unfinished in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_arrays(folder: Path, image: np.ndarray, planes: Planes, annotation: Annotation) -> None:
    write_image(folder / IMAGE_FILE, image, planes.axes)
    write_annotation(annotation, folder, 1)
    stack = to_planes(annotation.labels, planes.axes.replace("C", "")).pixels[..., 0]
    write_thumbnail(folder, planes, stack)


def _slug(name: str) -> str:
    """Make a name that any file system takes; the entry keeps its own."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "image"


def _readable(name: str) -> str:
    """Replace what is no character: names of files may hold any bytes on Linux, and JSON may not."""
    return name.encode(errors="replace").decode()
