"""The names of a project's models: which can be one, which is free, and how a folder gets one."""

import contextlib
import itertools
import os
import re
import unicodedata
from collections.abc import Collection, Iterator
from pathlib import Path

from maskloop.errors import InputError, ModelError
from maskloop.files import sync_folder
from maskloop.project.model_folder import WEIGHTS_FILE, ModelCard, bundled_models, read_card, save_card

FROM_SCRATCH = "none"  # the base of a model that is trained from scratch, and so the name of no model
LONGEST_NAME, LONGEST_NAME_BYTES = 100, 200  # file systems take 255 bytes; the trash adds some
NOT_IN_NAMES = r'<>:"/\|?*'  # which not every file system takes


def check_name(name: str) -> str:
    """Return a name for a model without spaces around it.

    Raises
    ------
    InputError
        If not every file system would take it.
    """
    name = unicodedata.normalize("NFC", name.strip())
    strange = not is_text(name) or set(name) & set(NOT_IN_NAMES) or name.startswith(".") or name.endswith(".")
    if strange or not 0 < len(name) <= LONGEST_NAME or len(name.encode()) > LONGEST_NAME_BYTES:
        raise InputError(
            f"{name[:LONGEST_NAME]!r} cannot be the name of a model; wanted are 1 to {LONGEST_NAME} characters "
            f"(or {LONGEST_NAME_BYTES} bytes), no dot at either end, and none of {NOT_IN_NAMES}"
        )
    return name


def is_text(text: str) -> bool:
    """Return whether all codes of a text stand for characters."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def same_name(name: str, other: str) -> bool:
    """Return whether some file systems do not tell two names apart."""
    key, other_key = (unicodedata.normalize("NFC", each).casefold() for each in (name, other))
    return key == other_key


def claim(models: Path, name: str, used: Collection[str] = ()) -> Path | None:
    """Make an empty folder of a name; return None where the name is taken or used, also if by other capitals."""
    models.mkdir(exist_ok=True)
    taken = (FROM_SCRATCH, *used, *(folder.name for folder in (*bundled_models(), *models.iterdir())))
    if any(same_name(name, other) for other in taken):
        return None
    try:
        (models / name).mkdir()
    except FileExistsError:  # made by another process just now
        return None
    return models / name


def claim_like(models: Path, base: str, used: Collection[str] = ()) -> Path:
    """Make an empty folder with a free name like that of another model.

    Parameters
    ----------
    models : Path
        Where to make it.
    base : str
        Name or folder of a model, or "none".
    used : collection of str, optional
        Names that no other model is to get any more.

    Returns
    -------
    Path
        Such as ``nuclei-2`` for ``nuclei``, and ``model-1`` for "none".
    """
    return next(folder for name in _names_like(Path(base).name) if (folder := claim(models, name, used)))


def read_named(folder: Path, name: str) -> ModelCard:
    """Read the card of a folder that is whole at first sight; it bears the name, whatever was done by hand.

    Raises
    ------
    ModelError
        If the card cannot be used, or the weights are missing.
    """
    card = read_card(folder)
    if not (folder / WEIGHTS_FILE).is_file():
        raise ModelError(f"The model folder {folder} lacks its {WEIGHTS_FILE}.")
    return card.model_copy(update={"name": name[:LONGEST_NAME]})


def move_model(folder: Path, target: Path) -> None:
    """Move a model folder to where it is to be: an empty folder, or a name that differs in capitals only.

    Raises
    ------
    ModelError
        If it is damaged.
    OSError
        If it cannot be moved; the empty folder is gone then, and the model is where it was.
    """
    try:
        save_card(read_named(folder, target.name), folder)
        if os.name == "nt":  # where a folder takes the place of no other
            with contextlib.suppress(OSError):
                target.rmdir()
        folder.rename(target)
    except BaseException:
        with contextlib.suppress(OSError):
            target.rmdir()
        raise
    sync_folder(target.parent)


def _names_like(name: str) -> Iterator[str]:
    numbered = re.fullmatch(r"(.+)-([1-9]\d{0,2})", name)  # but no -07, which is part of a date
    stem, number = (numbered[1], int(numbered[2])) if numbered else (name, 1)
    try:
        stem = check_name(stem[: LONGEST_NAME // 2])
    except InputError:
        stem = FROM_SCRATCH
    if stem == FROM_SCRATCH:
        stem, number = "model", 0
    return (f"{stem}-{n}" for n in itertools.count(number + 1))
