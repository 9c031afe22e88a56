"""The commands for projects: make one, fill it, look into it, take the labels out again."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskloop.terminal import FAILED, UsageError, progress, tell, warn

if TYPE_CHECKING:
    from maskloop.project.entry import Entry
    from maskloop.project.importers import ImportPlan
    from maskloop.project.masks import Finding
    from maskloop.project.matching import Match
    from maskloop.project.project import Project

COLUMNS = ("image", "size", "objects", "reviewed", "state")

app = typer.Typer(no_args_is_help=True)
ProjectFolder = Annotated[Path, typer.Argument(metavar="PROJECT", help="Folder of the project.")]


@app.callback()
def project() -> None:
    """Keep images, their labels and what is reviewed of them in a folder."""


@app.command()
def new(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is new or empty.")]) -> None:
    """Make a project."""
    from maskloop.project.project import Project

    Project.create(folder).close()
    tell(f"{folder} is a project now.")


@app.command()
def add(
    folder: ProjectFolder,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGES", help="Images, or folders; masks are found there.")],
    masks: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the masks, if it is another.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be added.")] = False,
) -> None:
    """Add images to a project; labels that come from masks count as reviewed."""
    from maskloop.project.project import Project

    if masks is not None and not (len(images) == 1 and images[0].is_dir()):
        raise UsageError("--masks goes with one folder of images.")
    with Project(folder) as opened:
        if not dry_run:
            opened.require_writable()
        plans = _plan(opened, images, masks)
        good = all([_tell_plan(plan) for plan in plans])
        added = sum(len(plan.matches) for plan in plans)
        if not dry_run:
            found, good = added, _import(opened, plans) and good
    tell(f"{_count(added, 'image')} would be added." if dry_run else f"{folder}")
    if not good:
        raise typer.Exit(FAILED)
