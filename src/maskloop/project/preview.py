"""A small picture of what training changes: one held-out crop, before and after."""

import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from maskloop.errors import ProjectError
from maskloop.files import write_atomically


@dataclass(frozen=True)
class Preview:
    """One held-out crop, as the model saw it before, and sees it now.

    Attributes
    ----------
    image : ndarray of shape (Y, X, C), float32
        Around 0 to 1.
    truth, before, after : ndarray of shape (Y, X), int32
        Labels; there is nothing before where training starts from scratch.
    of_objects : bool
        Whether each label is an object; otherwise pixels are right or wrong, each by itself.
    """

    image: np.ndarray
    truth: np.ndarray
    before: np.ndarray
    after: np.ndarray
    of_objects: bool = True

    def save(self, path: Path) -> None:
        """Write the arrays to an npz file."""
        content = io.BytesIO()
        np.savez_compressed(content, **asdict(self))
        write_atomically(path, content.getvalue())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ProjectError
            If the file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                known = {field.name: arrays[field.name] for field in fields(cls) if field.name in arrays}
                return cls(**known | {"of_objects": bool(known.get("of_objects", True))})
        except Exception as error:  # the readers raise whatever a damaged file leads them to
            raise ProjectError(f"{path} cannot be read, a picture of a training: {error}.") from error
