"""The command that shows recipes."""

from pathlib import Path
from typing import Annotated

import typer

from maskloop.errors import InputError
from maskloop.files import write_atomically
from maskloop.recipes import RECIPES, describe_recipe, find_recipe, recipe_text
from maskloop.terminal import UsageError, tell


def recipe(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME|FILE", help="A recipe, or a YAML file. Left out: all are listed.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.yaml", help="Write it to this new file.")] = None,
) -> None:
    """Show a recipe, the settings that a model is trained with, as YAML in which each is explained."""
    if name is None:
        if out is not None:
            raise UsageError(f"--out goes with a recipe: {', '.join(RECIPES)}, or a YAML file.")
        for known, config in RECIPES.items():
            tell(f"{known}: {describe_recipe(config)}")
        return
    text = recipe_text(find_recipe(name))
    if out is None:
        tell(text.rstrip("\n"))
        return
    if out.exists() or not out.parent.is_dir():
        raise InputError(f"{out} is there already, or its folder is not; wanted is a new file in a folder.")
    write_atomically(out, text.encode())
    tell(f"{out} holds the recipe {name}: change it, and train with --recipe {out}.")
