"""What ``project.json`` says: that a folder is a project, and of which version."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from maskloop.config import OBJECTS, ClassConfig, Config, TaskConfig
from maskloop.errors import InputError, ProjectError
from maskloop.files import write_atomically
from maskloop.project.layout import PROJECT_FILE

SCHEMA: Literal[1] = 1


class ProjectCard(Config):
    """What ``project.json`` says."""

    schema_version: Literal[1] = SCHEMA
    created: datetime
    task: TaskConfig = Field(OBJECTS, description="What its labels mean.")


def write_card(folder: Path, task: TaskConfig) -> None:
    """Make a folder a project, as of now."""
    _write(folder, ProjectCard(created=datetime.now(UTC), task=task))


def recolour(folder: Path, number: int, colour: str) -> TaskConfig:
    """Give a class another colour, as ``#rrggbb``; return what labels mean then.

    Raises
    ------
    InputError
        If there is no such class, or the colour is none or is taken.
    ProjectError
        As `read_card`.
    OSError
        If the file cannot be written.
    """
    card = read_card(folder)
    classes = list(card.task.classes)
    if not 1 <= number <= len(classes):
        raise InputError(f"There is no class {number}; wanted is one of the {len(classes)} that there are.")
    name = classes[number - 1].name
    try:
        classes[number - 1] = ClassConfig(name=name, colour=colour)
        task = TaskConfig(kind="classes", classes=tuple(classes))
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"{name} cannot be shown in {colour}: {reason}.") from error
    _write(folder, card.model_copy(update={"task": task}))
    return task


def _write(folder: Path, card: ProjectCard) -> None:
    write_atomically(folder / PROJECT_FILE, card.model_dump_json(indent=1).encode() + b"\n")


def read_card(folder: Path) -> ProjectCard:
    """Read and check ``project.json``.

    Raises
    ------
    ProjectError
        If the folder is missing, not a project, cannot be read, is damaged, or from a newer version.
    """
    path = folder / PROJECT_FILE
    if not folder.is_dir():
        raise ProjectError(f"There is no folder {folder}.")
    try:
        return ProjectCard.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise ProjectError(f"{folder} is not a project, or a half copied one: it has no {PROJECT_FILE}.") from error
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"] == ("schema_version",):
            text = f"{folder} is from a newer maskloop (schema {first['input']!r}; this one reads {SCHEMA})."
            raise ProjectError(text) from error
        raise ProjectError(f"{path} is damaged: {first['msg']}.") from error
