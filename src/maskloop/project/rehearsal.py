"""A few crops that a model carries of its own training data: what it rehearses while it learns something new."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskloop.errors import ModelError
from maskloop.files import write_atomically

REHEARSAL_FILE = "rehearsal.npz"
LARGEST = 50_000_000  # bytes
LARGEST_UNPACKED = 10 * LARGEST
# Of what zip files know, these are unpacked piece by piece; others may fill the memory with one piece.
BOUNDED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

Crop = tuple[np.ndarray, np.ndarray]
"""Image (Y, X, C), uint8, and labels (Y, X), int."""


@dataclass(frozen=True)
class Rehearsal:
    """Crops to rehearse while training, and others that the model was not fitted to.

    By these it is noticed what is forgotten; thresholds are chosen on them, too.
    """

    learned: list[Crop]
    judged: list[Crop]


def save_rehearsal(rehearsal: Rehearsal, folder: Path) -> Path:
    """Write the crops of a model folder, and return the file."""
    arrays = {
        f"{part}_{kind}_{i}": array
        for part in ("learned", "judged")
        for i, crop in enumerate(getattr(rehearsal, part))
        for kind, array in zip(("image", "labels"), (crop[0], crop[1].astype(np.uint16)), strict=True)
    }
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    write_atomically(folder / REHEARSAL_FILE, content.getvalue())
    return folder / REHEARSAL_FILE


def read_rehearsal(folder: Path) -> Rehearsal:
    """Read the crops of a model folder; none where it has no such file.

    Raises
    ------
    ModelError
        If the file is damaged, or too large for the memory.
    """
    path = folder / REHEARSAL_FILE
    if not path.is_file():
        return Rehearsal([], [])
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        with np.load(path, allow_pickle=False) as arrays:
            _check_size(arrays.zip.infolist())
            return Rehearsal(*(_crops(arrays, part) for part in ("learned", "judged")))
    except Exception as error:  # the readers raise whatever a damaged file leads them to, MemoryError and zlib's too
        raise ModelError(f"{path} cannot be read, the model's crops to rehearse: {error}.") from error


def _check_size(members: list[zipfile.ZipInfo]) -> None:
    unbounded = any(member.compress_type not in BOUNDED for member in members)
    if unbounded or sum(member.file_size for member in members) > LARGEST_UNPACKED:
        raise ValueError("they are too large when they are unpacked")


def _crops(arrays: np.lib.npyio.NpzFile, part: str) -> list[Crop]:
    count = sum(name.startswith(f"{part}_image_") for name in arrays.files)
    return [_crop(arrays[f"{part}_image_{i}"], arrays[f"{part}_labels_{i}"]) for i in range(count)]


def _crop(image: np.ndarray, labels: np.ndarray) -> Crop:
    image = image[..., None] if image.ndim == 2 else image  # as it was written when all models saw grey
    if image.ndim != 3 or image.shape[:2] != labels.shape:
        raise ValueError(f"an image of shape {image.shape} has labels of shape {labels.shape}")
    return image, labels.astype(np.int32)
