"""Which models a project adopted, one after another, and which of them is its model now."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError

from maskloop.config import Config
from maskloop.errors import ProjectError
from maskloop.files import write_atomically
from maskloop.project.layout import ADOPTIONS_FILE
from maskloop.project.model_folder import ModelCard, bundled_models

Models = Sequence[tuple[Path, ModelCard]]
"""The folders and cards of a project's own models."""


class Adoption(Config):
    """That a model became the project's."""

    model: str
    weights_sha256: str = Field(description="By which the model is found though its folder was renamed.")
    time: datetime
    rolled_back: datetime | None = None

    def name_now(self, models: Models) -> str | None:
        """Return the name of the model, which may have been renamed by hand; None if it is gone."""
        same = [folder.name for folder, card in models if card.weights_sha256 == self.weights_sha256]
        if self.model in [*same, *(folder.name for folder in bundled_models())]:
            return self.model
        return next(iter(same), None)


class Adoptions(Config):
    """What ``models.json`` of a project says."""

    schema_version: Literal[1] = 1
    adoptions: tuple[Adoption, ...] = ()

    @property
    def standing(self) -> list[Adoption]:
        """Those that were not rolled back; the last one counts."""
        return [adoption for adoption in self.adoptions if adoption.rolled_back is None]

    def adopted(self, models: Models) -> str | None:
        """Return the name of the project's model; None where none was adopted, or the one that was is gone."""
        return self.standing[-1].name_now(models) if self.standing else None

    def adopt(self, name: str, weights_sha256: str) -> Self:
        """Return these and one more."""
        adoption = Adoption(model=name, weights_sha256=weights_sha256, time=datetime.now(UTC))
        return self.model_copy(update={"adoptions": (*self.adoptions, adoption)})

    def rename(self, name: str, new: str) -> Self:
        """Return these with another name for a model."""
        renamed = (a.model_copy(update={"model": new}) if a.model == name else a for a in self.adoptions)
        return self.model_copy(update={"adoptions": tuple(renamed)})

    def roll_back(self, models: Models) -> Self:
        """Return these with the last one rolled back, and those before it whose models are gone by now."""
        kept = self.standing[:-1]
        while kept and kept[-1].name_now(models) is None:
            kept.pop()
        end = {"rolled_back": datetime.now(UTC)}
        ended = (a if a.rolled_back or a in kept else a.model_copy(update=end) for a in self.adoptions)
        return self.model_copy(update={"adoptions": tuple(ended)})


def read_adoptions(project_folder: Path) -> Adoptions:
    """Read ``models.json`` of a project; none where there is no such file.

    Raises
    ------
    ProjectError
        If it is damaged or from a newer version.
    """
    path = project_folder / ADOPTIONS_FILE
    try:
        return Adoptions.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Adoptions()
    except (OSError, ValidationError) as error:
        raise ProjectError(
            f"{path} cannot be used, which says which model is the project's: it is damaged or from a newer "
            "maskloop; wanted is the file as this version wrote it."
        ) from error


def save_adoptions(adoptions: Adoptions, project_folder: Path) -> None:
    """Write ``models.json`` of a project."""
    content = adoptions.model_dump_json(indent=1).encode() + b"\n"
    write_atomically(project_folder / ADOPTIONS_FILE, content)
