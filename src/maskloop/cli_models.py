"""The commands for models: list, name, describe, adopt, roll back, remove, and carry them to other projects."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskloop.terminal import FAILED, UsageError, tell, warn

if TYPE_CHECKING:
    from maskloop.project.passport import Passport
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
    from maskloop.project.passport import read_bundled, read_shelf
    from maskloop.project.registry import Registry

    if project is None:
        passports, problem = read_bundled(), ""
    else:
        shelf = read_shelf(Registry(project))
        passports, problem = list(shelf.passports.values()), shelf.problem
    readable = [passport for passport in passports if passport.card is not None]
    damaged = [passport for passport in passports if passport.card is None]
    for passport in readable:
        tell(describe_model(passport))
    if project is not None and all(passport.ships for passport in readable):
        tell(f"{project} has no models of its own{' that can be read' if damaged else ''}.")
    for reason in filter(None, [*(f"{passport.name} is damaged: {passport.reason}" for passport in damaged), problem]):
        warn(reason)
    if damaged or problem:
        raise typer.Exit(FAILED)


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


def describe_model(passport: "Passport") -> str:
    """Say in some lines what a model is for, what it learned from, and how well.

    Parameters
    ----------
    passport : Passport
        Of a model that is not damaged.

    Returns
    -------
    str
    """
    from maskloop.project.passport import HELD_OUT

    lines = [f"{passport.name}{' (adopted)' if passport.adopted else ''}: {passport.description}"]
    for title, text in passport.rows:
        count, *names = text.splitlines()
        lines.append(f"  {title.lower()}: {count if title == HELD_OUT else '; '.join([count, *names])}")
    return "\n".join(lines)


@contextlib.contextmanager
def _changing(folder: Path) -> "Iterator[Registry]":
    """Hold a project while its models are changed: nobody else changes them then."""
    from maskloop.project.project import Project
    from maskloop.project.registry import Registry

    with Project(folder) as project:
        project.require_writable()
        yield Registry(folder)
