"""The commands for models: list, name, describe, adopt, roll back, remove, and carry them to other projects."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskloop.terminal import FAILED, UsageError, tell, warn

if TYPE_CHECKING:
    from maskloop.project.model_folder import ModelCard
    from maskloop.project.registry import Registry

ProjectFolder = Annotated[Path, typer.Argument(metavar="PROJECT", help="The folder of the project.")]
OwnModel = Annotated[str, typer.Argument(metavar="NAME", help="A model of the project.")]
AnyModel = Annotated[str, typer.Argument(metavar="NAME", help="A model of the project, or one that ships.")]

app = typer.Typer()


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    project: Annotated[
        Path | None, typer.Option(metavar="PROJECT", help="List the models of this project too.")
    ] = None,
) -> None:
    """List the models that ship with maskloop, and those of a project; or change these."""
    if context.invoked_subcommand is not None:
        if project is not None:
            raise UsageError(f"--project goes with the list; 'maskloop models {context.invoked_subcommand}' names it.")
        return
    from maskloop.project.model_folder import bundled_models, read_card
    from maskloop.project.registry import Registry

    registry = None if project is None else Registry(project)
    own = [] if registry is None else registry.models
    adopted = None if registry is None else registry.adopted
    for folder, card in [*((folder, read_card(folder)) for folder in bundled_models()), *own]:
        tell(describe_model(card, f"{folder.name} (adopted)" if folder.name == adopted else folder.name))
    if registry is not None:
        _tell_rest(registry, bool(own))


@app.command()
def rename(
    project: ProjectFolder, name: OwnModel, new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")]
) -> None:
    """Give a model another name."""
    with _changing(project) as registry:
        registry.rename(name, new)
    tell(f"{name} is named {new.strip()} now.")


@app.command()
def describe(
    project: ProjectFolder,
    name: OwnModel,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="One sentence on what it is for.")],
) -> None:
    """Say what a model is for."""
    with _changing(project) as registry:
        registry.describe(name, text)
    tell(f"{name} is described now.")


@app.command()
def adopt(project: ProjectFolder, name: AnyModel) -> None:
    """Make a model the one of the project."""
    with _changing(project) as registry:
        registry.adopt(name)
    tell(f"{name} is the model of {project} now.")


@app.command()
def rollback(project: ProjectFolder) -> None:
    """Return to the model that was adopted before."""
    with _changing(project) as registry:
        name = registry.roll_back()
    tell(f"{project} has no adopted model now." if name is None else f"{name} is the model of {project} again.")


@app.command()
def export(
    project: ProjectFolder,
    name: AnyModel,
    out: Annotated[Path, typer.Option(metavar="FILE.zip", help="The file to make.")],
) -> None:
    """Write a model to a zip file, to be imported into another project."""
    from maskloop.project.registry import Registry

    Registry(project).export(name, out)
    tell(f"{out} holds {name}.")


@app.command("import")
def import_model(
    project: ProjectFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A model as 'maskloop models export' wrote it.")],
) -> None:
    """Read a model from a zip file; where its name is taken, it gets one like it."""
    with _changing(project) as registry:
        name = registry.import_zip(file)
    tell(f"{file} is the model {name} of {project} now.")


@app.command()
def remove(project: ProjectFolder, name: OwnModel) -> None:
    """Move a model to the trash of the project."""
    with _changing(project) as registry:
        removed = registry.remove(name)
    tell(f"{name} is in the trash of the project: {removed}")


def describe_model(card: "ModelCard", name: str) -> str:
    """Say in some lines what a model is for, what it learned from, and how well.

    Parameters
    ----------
    card : ModelCard
    name : str
        By which it is found.

    Returns
    -------
    str
    """
    from maskloop.project import model_facts as facts

    training = card.training
    lines = {
        str(card.network.task): facts.describe_size(card),
        "sees": facts.describe_channels(card),
        "parent": facts.describe_parent(training),
        "images": f"{training.images} for training, {len(training.held_out)} for validation",
        "validation": facts.describe_scores(training) or "no scores",
        "training": facts.describe_training(training),
        "recipe": facts.describe_settings(training),
        "software": facts.describe_software(training),
    }
    return "\n".join([f"{name}: {card.description}", *(f"  {key}: {text}" for key, text in lines.items() if text)])


def _tell_rest(registry: "Registry", has_models: bool) -> None:
    """Say what the list does not hold."""
    damaged = registry.damaged
    if not has_models:
        tell(f"{registry.project_folder} has no models of its own{' that can be read' if damaged else ''}.")
    for name, reason in damaged.items():
        warn(f"{name} is damaged: {reason}")
    if damaged:
        raise typer.Exit(FAILED)


@contextlib.contextmanager
def _changing(folder: Path) -> "Iterator[Registry]":
    """Hold a project while its models are changed: nobody else changes them then."""
    from maskloop.project.project import Project
    from maskloop.project.registry import Registry

    with Project(folder) as project:
        project.require_writable()
        yield Registry(folder)
