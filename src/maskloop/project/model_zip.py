"""A model as a zip file: written, and read again wherever it comes from, so that nothing in it is trusted."""

import contextlib
import os
import shutil
import uuid
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from safetensors import safe_open

from maskloop.errors import InputError, ModelError
from maskloop.files import replacing
from maskloop.project.history import read_history
from maskloop.project.model_folder import (
    HISTORY_FILE,
    LARGEST_JSON,
    LARGEST_WEIGHTS,
    MODEL_FILE,
    WEIGHTS_FILE,
    ModelCard,
    check_weights,
    read_card,
)
from maskloop.project.model_name import check_name
from maskloop.project.rehearsal import BOUNDED, LARGEST, REHEARSAL_FILE, read_rehearsal
from maskloop.project.weight_shapes import weight_shapes

UNFINISHED = ".new-"  # folders of models that were being imported when something ended
LARGEST_HISTORY = 10_000_000
MEMBERS = {  # of a zip, with the most bytes of each
    MODEL_FILE: LARGEST_JSON,
    WEIGHTS_FILE: LARGEST_WEIGHTS,
    HISTORY_FILE: LARGEST_HISTORY,
    REHEARSAL_FILE: LARGEST,
}


def write_zip(card: ModelCard, folder: Path, zip_path: Path) -> None:
    """Write a model folder to a zip file, with a card in place of its own.

    Raises
    ------
    InputError
        If the file is there already, or its folder is not.
    ModelError
        If the weights are not those of the card.
    OSError
        If the file cannot be written; nothing is left of it then.
    """
    check_weights(folder, card)
    if zip_path.exists() or not zip_path.parent.is_dir():
        raise InputError(f"{zip_path} is there already, or its folder is not; wanted is a new file in a folder.")
    with replacing(zip_path) as temporary, zipfile.ZipFile(temporary, "x", strict_timestamps=False) as archive:
        archive.writestr(MODEL_FILE, card.model_dump_json(indent=1))
        for member in (WEIGHTS_FILE, HISTORY_FILE, REHEARSAL_FILE):
            if (folder / member).is_file():
                archive.write(folder / member, member)


@contextlib.contextmanager
def unpacked(zip_path: Path, models: Path) -> Iterator[tuple[Path, str]]:
    """Offer the checked model of a zip file to be moved, in a hidden folder that is gone afterwards.

    Parameters
    ----------
    zip_path : Path
    models : Path
        Where to make the folder; what a killed process left of others is tidied.

    Yields
    ------
    folder : Path
    name : str
        Of the model.

    Raises
    ------
    InputError
        If there is no such file, or the model's name cannot be one.
    ModelError
        If it is not a zip file, or not one of a model that fits.
    OSError
        If the disk is full.
    """
    for unfinished in models.glob(f"{UNFINISHED}*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    folder = models / f"{UNFINISHED}{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    try:
        yield folder, check_name(_unpack(zip_path, folder).name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(zip_path: Path, folder: Path) -> ModelCard:
    if not zip_path.is_file():
        raise InputError(f"There is no file {zip_path}.")
    try:
        with zipfile.ZipFile(zip_path) as archive:
            for member in _checked_members(archive):
                _unpack_member(archive, member, folder / member.filename)
        return _checked_card(folder)
    except (OSError, MemoryError):
        raise
    except ModelError as error:
        reason = str(error).replace(f"{folder}{os.sep}", "")
        raise ModelError(f"{zip_path} cannot be imported: {reason}") from error
    except Exception as error:  # the reader raises whatever a damaged file leads it to
        raise ModelError(f"{zip_path} is not a zip file that can be read: {error}.") from error


def _checked_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the members of a zip, of which none is strange, missing or too large."""
    members = archive.infolist()
    names = [member.filename for member in members]
    if strange := sorted(set(names) - MEMBERS.keys()):
        raise ModelError(f"it holds {strange[0][:99]!r}; wanted are only {', '.join(MEMBERS)}, in no folder.")
    for name in MEMBERS:
        if names.count(name) > 1 or (name in (MODEL_FILE, WEIGHTS_FILE) and name not in names):
            raise ModelError(f"it holds {name} {names.count(name)} times; wanted is one.")
    for member in members:
        if member.file_size > (largest := MEMBERS[member.filename]):
            raise ModelError(f"{member.filename} in it is too large; wanted are at most {largest} bytes.")
        if member.compress_type not in BOUNDED:
            raise ModelError("it is compressed in an unusual way; wanted is one that maskloop exported.")
    return members


def _unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    with archive.open(member) as source, path.open("xb") as target:
        # The reader gives no more than `file_size`, and an error where the content is not of that size.
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
    with contextlib.suppress(ValueError):  # no date at all
        made = datetime(*member.date_time).timestamp()
        os.utime(path, (made, made))


def _checked_card(folder: Path) -> ModelCard:
    """Return the card of an unpacked model, all of whose files can be read, and whose weights are its network's."""
    card = read_card(folder)
    weights = check_weights(folder, card)
    read_rehearsal(folder)
    read_history(folder / HISTORY_FILE)
    try:
        with safe_open(weights, framework="numpy") as file:  # reads their names and shapes only
            found = {name: _describe(file.get_slice(name)) for name in file.keys()}  # noqa: SIM118 - no dict
    except Exception as error:  # whatever a foreign file leads the reader to
        raise ModelError(f"The weights {weights} cannot be read: {error}.") from error
    wanted = {name: f"F32 {shape}" for name, shape in weight_shapes(card.network).items()}
    if strange := sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)):
        name = strange[0]
        raise ModelError(
            f"The weights {weights} are not those of the network that its {MODEL_FILE} describes: {name[:99]!r} is "
            f"{found.get(name, 'missing')}, wanted is {wanted.get(name, 'none')}."
        )
    return card


def _describe(tensor: Any) -> str:
    return f"{tensor.get_dtype()} {tuple(tensor.get_shape())}"
