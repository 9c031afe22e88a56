"""What ``entry.json`` says: one image in a project, and the versions of its labels.

Renaming a new ``entry.json`` into place is what makes a change real; the files that it names are there before.
"""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from maskloop.config import Config
from maskloop.errors import ProjectError
from maskloop.files import write_atomically
from maskloop.project.layout import ENTRY_FILE, IMAGE_FILE, labels_file, reviewed_file

SCHEMA: Literal[1] = 1

Share = Annotated[float, Field(ge=0, le=1)]
Status = Literal["not segmented", "predicted", "in progress", "reviewed"]


Reason = Literal["added", "accepted", "restored", "segmented", "before segmenting", "before restoring"]


class Revision(Config):
    """A version of an entry's labels that is kept whole."""

    number: int = Field(ge=1)
    time: datetime
    reason: Reason
    objects: int = Field(ge=0)
    reviewed: Share = Field(description="Share of the pixels that a person vouches for.")


class Entry(Config):
    """One image in a project."""

    schema_version: Literal[1] = SCHEMA
    id: str = Field(pattern=r"^[\w-]{1,100}$", description="The name of its folder.")
    name: str
    source: str = Field("", description="Where the image came from.")
    added: datetime
    shape: tuple[Annotated[int, Field(ge=1)], ...] = Field(description="Of the image.")
    axes: str = Field(description="One letter an axis of the image.")
    pixels_sha256: str
    view: dict[str, Any] = Field(default_factory=dict, description="How the image lay in the viewer: scale and so on.")
    objects: int = Field(0, ge=0, description="In the latest labels, edits included.")
    reviewed: Share = Field(0.0, description="Share of the pixels that are reviewed, edits included.")
    edited: bool = Field(False, description="Whether a person has changed what was added.")
    revisions: tuple[Revision, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _require_an_axis_each(self) -> Self:
        if len(self.axes) != len(self.shape):
            raise ValueError(f"axes {self.axes!r} do not describe the shape {self.shape}")
        return self

    @property
    def labels_shape(self) -> tuple[int, ...]:
        """The image's shape without its channel axis."""
        return tuple(n for n, axis in zip(self.shape, self.axes, strict=True) if axis != "C")

    @property
    def is_colour(self) -> bool:
        """Whether the channels are colours, to be seen together."""
        return self.axes.endswith("C") and self.shape[-1] in (3, 4)

    @property
    def revision(self) -> int:
        """The number of the latest revision."""
        return self.revisions[-1].number

    @property
    def status(self) -> Status:
        """How far the work on it is."""
        if self.reviewed == 1:
            return "reviewed"
        if self.reviewed or self.edited:
            return "in progress"
        return "predicted" if self.objects else "not segmented"


def save_entry(entry: Entry, folder: Path) -> None:
    """Write ``entry.json``: what it says becomes true by this."""
    write_atomically(folder / ENTRY_FILE, entry.model_dump_json(indent=1).encode() + b"\n")


def read_entry(folder: Path) -> Entry:
    """Read and check an entry, and that its files are there.

    Raises
    ------
    ProjectError
        If something is missing or damaged, or from a newer version.
    """
    path = folder / ENTRY_FILE
    try:
        entry = Entry.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"] == ("schema_version",):
            raise ProjectError(f"{path} is from a newer maskloop (schema {first['input']!r}).") from error
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ProjectError(f"{path} is damaged: {where}: {first['msg'].removeprefix('Value error, ')}.") from error
    if entry.id != folder.name:  # a copy made by hand
        raise ProjectError(f"{folder} is not named like the entry in it, {entry.id}; wanted is the same name.")
    for file in (folder / IMAGE_FILE, labels_file(folder, entry.revision), reviewed_file(folder, entry.revision)):
        if not file.is_file():
            raise ProjectError(f"{file} is missing.")
    return entry


def hash_pixels(image: np.ndarray) -> str:
    """Return the SHA-256 of pixels, with their dtype and shape, in hexadecimal."""
    image = np.ascontiguousarray(image)
    return hashlib.sha256(f"{image.dtype.str}{image.shape}".encode() + image.tobytes()).hexdigest()
