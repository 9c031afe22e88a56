"""Options that several commands have: the recipe, what labels mean, and how what is typed becomes a config object."""

import re
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from maskloop.config import ClassConfig, Config, TaskConfig, TaskKind, TrainConfig, usual_colours
from maskloop.recipes import RECIPES, find_recipe
from maskloop.terminal import UsageError

C = TypeVar("C", bound=Config)
TaskOption = Annotated[TaskKind | None, typer.Option(help=f"What labels mean: {TaskConfig.help('kind').lower()}")]
RecipeOption = Annotated[
    str | None,
    typer.Option(
        help=f"Settings to train with: {', '.join(RECIPES)}, or a YAML file, such as a model's recipe.yaml.",
        metavar="NAME|FILE",
    ),
]
ClassesOption = Annotated[
    str | None,
    typer.Option(
        help="The classes 1, 2, ... of masks, and their colours where these tell them apart.",
        metavar="NAME[=#rrggbb],…",
    ),
]


def read_task(kind: TaskKind | None, classes: str | None) -> TaskConfig | None:
    """Make one of both options; None where neither is given.

    Raises
    ------
    UsageError
        If they do not go together, or classes are not told apart.
    """
    if kind is None and classes is None:
        return None
    return make_config(TaskConfig, kind=kind or "classes", classes=_read_classes(classes or ""))


def read_settings(recipe: str | None, task: TaskKind | None, classes: str | None, **options: Any) -> TrainConfig:
    """Return a recipe, or the usual settings with a base and without, with what is given beside.

    Raises
    ------
    InputError
        If there is no such recipe, or its file cannot be used.
    UsageError
        If an option cannot be used.
    """
    described = read_task(task, classes)
    given = {name: value for name, value in options.items() if value is not None}
    chosen = TrainConfig() if recipe is None else find_recipe(recipe)
    if described not in (None, chosen.network.task):
        given = {"base": "none"} | given
    if recipe is None and given.get("base") == "none":
        chosen = RECIPES["maskloop"]
    if {"epochs", "minutes"} & given.keys():
        chosen = chosen.model_copy(update={"epochs": None, "minutes": None})
    if described is not None:
        given |= {"network": chosen.network.model_copy(update={"task": described})}
    return make_config(TrainConfig, **chosen.model_dump() | given)


def make_config(config: type[C], **options: Any) -> C:
    """Make a config object of options.

    Raises
    ------
    UsageError
        That names the first option that cannot be used.
    """
    try:
        return config(**options)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"--{first['loc'][0]} {first['input']}: " if len(first["loc"]) == 1 else ""
        raise UsageError(f"{where}{first['msg'].removeprefix('Value error, ')}.") from error


def _read_classes(text: str) -> tuple[ClassConfig, ...]:
    """Read ``liver=#b42828,tumour``; classes without a colour get one."""
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    given = [colour.strip().lower() for _, _, colour in parts]
    usual = usual_colours(given)
    for colour in filter(None, given):
        if not re.fullmatch("#[0-9a-f]{6}", colour):
            raise UsageError(f"--classes {text}: {colour!r} is no colour; wanted is one as #b42828.")
    named = zip((name.strip() for name, _, _ in parts), given, strict=True)
    return tuple(make_config(ClassConfig, name=name, colour=colour or next(usual)) for name, colour in named)
