"""What is known of models, as a person reads it: where they come from, what they learned from, and how well."""

import contextlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from maskloop.errors import ModelError, ProjectError
from maskloop.project.entry import read_entry
from maskloop.project.layout import ENTRIES, TRASH
from maskloop.project.model_facts import (
    describe_channels,
    describe_parent,
    describe_scores,
    describe_settings,
    describe_size,
    describe_software,
    describe_training,
)
from maskloop.project.model_folder import WEIGHTS_FILE, ModelCard, Training, bundled_models, read_card
from maskloop.project.registry import Registry

HELD_OUT = "Held out"  # the title of the images that are


@dataclass(frozen=True)
class Passport:
    """A model of a project, or one that ships with maskloop.

    Attributes
    ----------
    name : str
    card : ModelCard or None
        None where it is damaged; `reason` says why.
    adopted : bool
        Whether it is the project's model.
    made : datetime or None
        None where nobody knows: what ships bears the date on which it was installed.
    learned : tuple of str
        The entries that it learned from, with their revisions.
    """

    name: str
    card: ModelCard | None
    reason: str = ""
    ships: bool = False
    adopted: bool = False
    made: datetime | None = None
    learned: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """What it is for; empty where nobody can read it."""
        return "" if self.card is None else self.card.description

    @property
    def marks(self) -> str:
        """What is to be seen of it in a list."""
        marks = {"in use": self.adopted, "ships with maskloop": self.ships, "damaged": self.card is None}
        return ", ".join(mark for mark, is_so in marks.items() if is_so)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Titles with what is to be said under each; a list has one line for each of its items."""
        if self.card is None:
            return [("Damaged", self.reason)]
        training = self.card.training
        rows = [
            ("Parent", describe_parent(training)),
            ("Made", f"{self.made:%d %b %Y, %H:%M}" if self.made else ""),
            ("Makes", str(self.card.network.task)),
            ("Sees", describe_channels(self.card)),
            ("Size", describe_size(self.card)),
            ("Scores", describe_scores(training)),
            ("Recipe", describe_settings(training)),
            ("Training", describe_training(training)),
            ("Software", describe_software(training)),
            ("Learned from", "\n".join([_data(training), *self.learned])),
            (HELD_OUT, "\n".join([_count(len(training.held_out), "image"), *training.held_out])),
        ]
        return [(title, text) for title, text in rows if text]


@dataclass(frozen=True)
class Shelf:
    """The models that a project can use.

    Attributes
    ----------
    passports : dict of str to Passport
        By name; those that ship come first, the damaged ones last.
    removed : list of (Path, ModelCard)
        What is in the trash.
    problem : str
        Why nobody knows which model is in use; empty where that is known.
    """

    passports: dict[str, Passport]
    removed: list[tuple[Path, ModelCard]]
    problem: str = ""

    @property
    def marks(self) -> dict[str, str]:
        """What is to be seen of the models in a list, by name."""
        return {name: passport.marks for name, passport in self.passports.items()}


def read_shelf(registry: Registry) -> Shelf:
    """Read what is known of the models of a project, and of those that ship.

    Raises
    ------
    OSError
        If a folder cannot be read.
    """
    try:
        adopted, problem = registry.adopted, ""
    except ProjectError as error:
        adopted, problem = None, str(error)
    own = registry.models
    names = _entry_names(registry.project_folder, {entry for _, card in own for entry in card.training.revisions})
    passports = {
        **{passport.name: passport for passport in read_bundled(adopted)},
        **{folder.name: _describe_own(folder, card, adopted, names) for folder, card in own},
        **{name: Passport(name, None, reason) for name, reason in sorted(registry.damaged.items())},
    }
    return Shelf(passports, registry.removed, problem)


def read_bundled(adopted: str | None = None) -> list[Passport]:
    """Read what is known of the models that ship with maskloop; `adopted` is the name of the project's model."""
    return [_read_one_bundled(folder, adopted) for folder in bundled_models()]


def _read_one_bundled(folder: Path, adopted: str | None) -> Passport:
    try:
        return Passport(folder.name, read_card(folder), ships=True, adopted=folder.name == adopted)
    except ModelError as error:
        return Passport(folder.name, None, str(error), ships=True)


def _describe_own(folder: Path, card: ModelCard, adopted: str | None, names: dict[str, str]) -> Passport:
    made = datetime.fromtimestamp((folder / WEIGHTS_FILE).stat().st_mtime)
    learned = (f"{names.get(entry, entry)}, version {number}" for entry, number in card.training.revisions.items())
    return Passport(folder.name, card, adopted=folder.name == adopted, made=made, learned=tuple(sorted(learned)))


def _entry_names(project_folder: Path, entries: AbstractSet[str]) -> dict[str, str]:
    """Return the names of entries by their ids, of removed ones too, as far as they can be read."""
    names = {}
    for place in (TRASH, ENTRIES):
        for folder in (project_folder / place).glob("*"):
            if folder.name in entries:  # not the other way round: what a foreign card says could lead anywhere
                with contextlib.suppress(ProjectError):
                    names[folder.name] = read_entry(folder).name
    return names


def _data(training: Training) -> str:
    return f"{_count(training.images, 'image')}{f' of {training.data}' if training.data else ''}"


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
