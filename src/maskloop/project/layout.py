"""The names of the files in a project folder, said once."""

from pathlib import Path

PROJECT_FILE = "project.json"
HELD_OUT_FILE = "held_out.json"
ADOPTIONS_FILE = "models.json"
ENTRY_FILE = "entry.json"
IMAGE_FILE = "image.tif"
THUMBNAIL_FILE = "thumbnail.png"
LOCK_FILE, HOLDER_FILE = ".lock", ".holder.json"
ENTRIES, TRASH, MODELS, RUNS = "entries", "trash", "models", "runs"


def labels_file(folder: Path, revision: int) -> Path:
    """Return where the labels of a revision of the entry in `folder` lie."""
    return folder / f"labels-{revision:04d}.tif"


def reviewed_file(folder: Path, revision: int) -> Path:
    """Return where the mask of reviewed pixels of a revision lies."""
    return folder / f"reviewed-{revision:04d}.tif"


def edits_file(folder: Path, revision: int) -> Path:
    """Return where the edits lie that were made since a revision."""
    return folder / f"edits-{revision:04d}.log"


def edits_files(folder: Path, revision: int) -> list[Path]:
    """Return where all edits since a revision lie, in their order; the first file may be missing.

    While a revision is being written, edits go to the next file already: more than one may be waiting.
    """
    files = [edits_file(folder, revision)]
    while (file := edits_file(folder, revision + len(files))).exists():
        files.append(file)
    return files
