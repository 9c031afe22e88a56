"""The models of a project: listed, named, adopted, rolled back, removed, and carried to other projects as zip files.

A model is its folder, and its name is the folder's. A folder without ``model.json`` is no model yet: it is being
trained, or was until something ended. Changes are left to the process that holds the project.
"""

import contextlib
import time
from collections.abc import Collection
from pathlib import Path

from maskloop.errors import InputError, ModelError, ProjectError, explain
from maskloop.files import read_image, sync_folder
from maskloop.ops.axes import to_planes
from maskloop.ops.task import OF_PROJECT, require_task
from maskloop.project.adoptions import read_adoptions, save_adoptions
from maskloop.project.card import read_card
from maskloop.project.entry import read_entry
from maskloop.project.layout import ENTRIES, IMAGE_FILE, MODELS, RUNS, TRASH
from maskloop.project.model_folder import MODEL_FILE, WEIGHTS_FILE, ModelCard, bundled_models, check_weights, save_card
from maskloop.project.model_name import (
    FROM_SCRATCH,
    check_name,
    claim,
    claim_like,
    is_text,
    move_model,
    read_named,
    same_name,
)
from maskloop.project.model_zip import unpacked, write_zip
from maskloop.project.suggested_model import GREY_MODEL, suggested_model

LONGEST_TEXT = 2000


class Registry:
    """The models of a project.

    Besides the errors that each method names, it raises ModelError for a model that is missing or damaged, or that
    ships with maskloop where it would be changed; ProjectError where the record of the adopted models is damaged or
    from a newer version; and OSError where something cannot be written.

    Parameters
    ----------
    project_folder : Path

    Raises
    ------
    ProjectError
        If the folder is missing, not a project, damaged, or from a newer version.
    """

    def __init__(self, project_folder: Path) -> None:
        self._task = read_card(project_folder).task
        self.project_folder = project_folder
        self._folder = project_folder / MODELS
        self._trash = project_folder / TRASH / MODELS

    @property
    def models(self) -> list[tuple[Path, ModelCard]]:
        """The folders and cards of the project's own models that can be read, the one made first comes first."""
        # Weights stay as they were trained, while the card changes with its name and description.
        return sorted(self._read()[0], key=lambda model: (model[0] / WEIGHTS_FILE).stat().st_mtime)

    @property
    def damaged(self) -> dict[str, str]:
        """Names of models that cannot be read, with the reason."""
        return self._read()[1]

    @property
    def adopted(self) -> str | None:
        """The name of the project's model; None where none was adopted, or the one that was is gone or damaged."""
        return read_adoptions(self.project_folder).adopted(self.models)

    @property
    def removed(self) -> list[tuple[Path, ModelCard]]:
        """The folders and cards of the models in the trash that can be read, the one removed last comes first."""
        models = []
        for folder in sorted(self._trash.glob("*"), key=lambda folder: folder.name.rpartition("-")[2], reverse=True):
            with contextlib.suppress(ModelError):
                models.append((folder, read_named(folder, _name_before(folder))))
        return models

    def suggest(self) -> str:
        """Return the name of the bundled model that suits the first image, or if it cannot be read, the next."""
        entries = []
        for folder in (self.project_folder / ENTRIES).glob("*"):
            with contextlib.suppress(ProjectError):
                entries.append((folder, read_entry(folder)))
        for folder, entry in sorted(entries, key=lambda one: (one[1].added, one[1].name)):
            if not entry.is_colour:
                break
            with contextlib.suppress(InputError, OSError):
                return suggested_model(to_planes(read_image(folder / IMAGE_FILE)[0], entry.axes))
        return GREY_MODEL

    def find(self, name: str) -> Path:
        """Return the folder of a model of the project, or of a bundled one."""
        known = {folder.name: folder for folder in (*bundled_models(), *self._folders())}
        if name not in known:
            raise ModelError(
                f"There is no model {name!r} in {self.project_folder}; wanted is one of: {', '.join(sorted(known))}."
            )
        return known[name]

    def rival_of(self, base: str) -> Path | None:
        """Return the folder of the model that a new one is compared with: its base, or from scratch the project's.

        Where none is adopted it is the bundled one that suits its images, or None if that makes something else.
        """
        if base != FROM_SCRATCH:
            return self.find(base)
        if (adopted := self.adopted) is not None:
            return self.find(adopted)
        bundled = self.find(suggested := self.suggest())
        return bundled if read_named(bundled, suggested).network.task.heads == self._task.heads else None

    def new_folder(self, base: str) -> Path:
        """Make a folder for a model that is to be trained from a base, with a name like that of the base.

        It is the name of no run either, nor of a model in the trash, which may come back: a run's record is never
        taken for that of another model.
        """
        removed = (_name_before(folder) for folder in self._trash.glob("*"))
        return claim_like(self._folder, base, [*self._runs, *removed])

    def rename(self, name: str, new: str) -> None:
        """Give a model of the project another name.

        Raises
        ------
        InputError
            If the new name cannot be one.
        ModelError
            If the new name is taken, by a model or by a run.
        """
        folder, new = self._own(name), check_name(new)
        adoptions = read_adoptions(self.project_folder)
        if new == name:
            return
        target = folder.with_name(new) if same_name(new, name) else claim(self._folder, new, self._runs)
        if target is None:
            raise ModelError(f"There is a model or a training {new!r} already; wanted is another name for {name}.")
        move_model(folder, target)
        save_adoptions(adoptions.rename(name, new), self.project_folder)

    def describe(self, name: str, text: str) -> None:
        """Say in a sentence what a model of the project is for.

        Raises
        ------
        InputError
            If the text is too long, or no text.
        """
        folder, text = self._own(name), " ".join(text.split())
        if len(text) > LONGEST_TEXT or not is_text(text):
            raise InputError(
                f"A description of {len(text)} characters, {text[:30]!r}..., cannot be used; wanted are at most "
                f"{LONGEST_TEXT}, and none that cannot be shown."
            )
        save_card(read_named(folder, name).model_copy(update={"description": text}), folder)

    def adopt(self, name: str) -> None:
        """Make a model, the project's own or a bundled one, the project's model.

        Raises
        ------
        InputError
            If its labels mean something else than those of the project.
        """
        folder = self.find(name)
        card = read_named(folder, name)
        require_task(card.network.task, self._task, name, OF_PROJECT)
        check_weights(folder, card)
        adoptions = read_adoptions(self.project_folder)
        if name != adoptions.adopted(self.models):
            save_adoptions(adoptions.adopt(name, card.weights_sha256), self.project_folder)

    def roll_back(self) -> str | None:
        """Return to the model that was adopted before, or the last that is not gone; return its name, if there is one.

        Raises
        ------
        ProjectError
            If no model is adopted.
        """
        adoptions, models = read_adoptions(self.project_folder), self.models
        if not adoptions.standing:
            raise ProjectError(f"No model is adopted in {self.project_folder}, so there is none to roll back.")
        adoptions = adoptions.roll_back(models)
        save_adoptions(adoptions, self.project_folder)
        return adoptions.adopted(models)

    def remove(self, name: str) -> Path:
        """Move a model of the project to the project's trash, and return where it is, for `bring_back`.

        Raises
        ------
        ModelError
            If it is adopted.
        """
        folder = self._own(name)
        if name == self.adopted:
            raise ModelError(f"{name} is the model of {self.project_folder}; adopt another before removing it.")
        self._trash.mkdir(parents=True, exist_ok=True)
        removed = folder.rename(self._trash / f"{name}-{time.time_ns():x}")  # by which they are in order
        sync_folder(self._trash)
        sync_folder(self._folder)
        return removed

    def bring_back(self, removed: Path) -> str:
        """Take one of `removed` out of the trash; return its name, or one like it where that is taken by now.

        Raises
        ------
        ModelError
            If it is not in the trash.
        """
        if removed not in [folder for folder, _ in self.removed]:
            raise ModelError(f"There is no model {removed} in the trash of {self.project_folder}.")
        name = _name_before(removed)
        return self._take(removed, name, [run for run in self._runs if run != name])  # a run of its name made it

    def export(self, name: str, zip_path: Path) -> None:
        """Write a model, the project's own or a bundled one, to a zip file.

        Raises
        ------
        InputError
            If the file is there already, or its folder is not.
        """
        folder = self.find(name)
        write_zip(read_named(folder, name), folder, zip_path)

    def import_zip(self, zip_path: Path) -> str:
        """Read a model from a zip file; return its name, or one like it where that is taken.

        Raises
        ------
        InputError
            If there is no such file, the model's name cannot be one, or its labels mean something else than those of
            the project.
        ModelError
            If it is not a zip file, or not one of a model that fits.
        """
        with unpacked(zip_path, self._folder) as (folder, name):
            require_task(read_named(folder, name).network.task, self._task, name, OF_PROJECT)
            return self._take(folder, name, self._runs)

    @property
    def _runs(self) -> list[str]:
        """The names of the project's runs: Discard deletes the model that bears a run's name."""
        runs = self.project_folder / RUNS
        return [run.name for run in runs.iterdir()] if runs.is_dir() else []

    def _folders(self) -> list[Path]:
        folders = self._folder.iterdir() if self._folder.exists() else ()
        return [folder for folder in folders if folder.is_dir() and not folder.name.startswith(".")]

    def _read(self) -> tuple[list[tuple[Path, ModelCard]], dict[str, str]]:
        models, damaged = [], {}
        for folder in self._folders():
            try:
                if (folder / MODEL_FILE).exists():
                    models.append((folder, read_named(folder, folder.name)))
            except (ModelError, OSError) as error:
                damaged[folder.name] = explain(error)
        return models, damaged

    def _own(self, name: str) -> Path:
        folder = self.find(name)
        if folder.parent != self._folder:
            raise ModelError(f"{name} ships with maskloop and stays as it is; wanted is one of the project's own.")
        return folder

    def _take(self, folder: Path, name: str, used: Collection[str]) -> str:
        """Move a model folder among the others, under a name or, where it is taken or used, one like it."""
        target = claim(self._folder, name, used) or claim_like(self._folder, name, used)
        move_model(folder, target)
        return target.name


def _name_before(removed: Path) -> str:
    """Return the name that a model in the trash had."""
    return removed.name.rpartition("-")[0]
