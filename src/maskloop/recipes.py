"""Settings of trainings by name, as published tutorials have them, and from YAML files."""

import difflib
import math
import reprlib
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from maskloop.config import AugmentConfig, Config, NetworkConfig, TaskConfig, TrainConfig
from maskloop.errors import InputError

YAML_SUFFIXES = (".yaml", ".yml")
LARGEST = 100_000  # bytes of a file
COMMENT_WIDTH = 90  # characters of a line

UNVARIED = AugmentConfig(flips=False, rotation=False, scale=1, brightness=0, contrast=1, gamma=1, blur=0, noise=0)
# What all four tutorials share: a plain U-Net of the foreground, shown whole images, each once an epoch.
PLAIN = NetworkConfig(task=TaskConfig(kind="foreground"), normalisation="none")
TUTORIAL = TrainConfig(
    base="none",
    crop=256,
    whole=True,
    steps=None,
    optimiser="adam",
    dice=False,
    average=False,
    schedule="constant",
    patience=None,
    network=PLAIN,
    augment=UNVARIED,
)


def _tutorial(network: dict[str, Any], **settings: Any) -> TrainConfig:
    return TUTORIAL.model_copy(update=settings | {"network": PLAIN.model_copy(update=network)})


DSB = {"channels": 3, "filters": (16, 32, 64, 128, 256)}

RECIPES = {
    "maskloop": TrainConfig(
        base="none",
        crop=256,
        steps=25,
        learning_rate=2e-3,
        patience=None,  # while the learning rate is high, many epochs may pass before a better one
        # What is learned on a dark background serves on a bright one; with more noise the Dice was lower.
        augment=AugmentConfig(invert=0.1, noise=0.02),
    ),
    "classic-small": _tutorial(
        {"filters": (64, 128, 256)},
        epochs=30,
        schedule="plateau",
        plateau=5,
        augment=UNVARIED.model_copy(update={"flips": True}),
    ),
    "dsb-elu": _tutorial(
        DSB | {"activation": "elu", "dropout": (0.1, 0.1, 0.2, 0.2, 0.3)},
        crop=128,
        epochs=20,
        batch=16,
        validation=0.1,
        patience=2,
        tensorboard=True,
    ),
    "dsb-upsampling": _tutorial(DSB | {"upsampling": "nearest"}, crop=128, epochs=5, batch=8, validation=10),
    "liver-ct": _tutorial(
        {"channels": 3, "filters": (64, 128, 256, 512)},
        epochs=50,
        batch=16,
        seed=42,
        validation=0.2,
        group_before="_",
        patience=5,
        augment=UNVARIED.model_copy(update={"flips": True, "rotation": True, "brightness": 0.15}),
    ),
}


def find_recipe(name: str) -> TrainConfig:
    """Return a recipe by its name, or from a YAML file.

    Raises
    ------
    InputError
        If there is no such recipe or file, or a key or a value in the file is not known.
    """
    if name in RECIPES:
        return RECIPES[name]
    if Path(name).suffix.lower() in YAML_SUFFIXES:
        return read_recipe(Path(name))
    raise InputError(
        f"There is no recipe {name!r}; wanted is {', '.join(RECIPES)}, or a YAML file.{_nearest(name, RECIPES)}"
    )


def read_recipe(path: Path) -> TrainConfig:
    """Read a recipe from a YAML file; what it leaves out is as in the recipe `maskloop`.

    Raises
    ------
    InputError
        If the file cannot be read, or a key or a value in it is not known.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path} is too large to be a recipe.")
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The recipe {path} cannot be read: {error}.") from error
    try:
        return parse_recipe(text)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def parse_recipe(text: str) -> TrainConfig:
    """Return the recipe that a YAML text describes; what it leaves out is as in the recipe `maskloop`.

    Raises
    ------
    InputError
        If it is not YAML, or a key or a value in it is not known.
    """
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none, brackets without end
        raise InputError(f"This is not YAML: {_where(error)}.") from error
    if not isinstance(found, dict):
        raise InputError(f"This holds {type(found).__name__}; wanted are settings, such as 'epochs: 30'.")
    try:
        return TrainConfig.model_validate(_fill_in(found, RECIPES["maskloop"].model_dump(exclude_unset=True)))
    except ValidationError as error:
        raise InputError(_refusal(error)) from error


def _fill_in(found: dict, usual: dict) -> dict:
    """Take from the usual settings what is left out, within settings too."""
    both = {name for name in usual if isinstance(usual[name], dict) and isinstance(found.get(name), dict)}
    return usual | found | {name: _fill_in(found[name], usual[name]) for name in both}


def recipe_text(config: TrainConfig) -> str:
    """Return a recipe as YAML that `parse_recipe` reads, with a comment on what each key means.

    Examples
    --------
    >>> print(recipe_text(RECIPES["dsb-elu"])[:82])
    # Model to start from: a name, a model folder, or 'none' for scratch.
    base: none
    <BLANKLINE>
    """
    return _as_yaml(config)


def describe_recipe(config: TrainConfig) -> str:
    """Name the main points of a recipe.

    Examples
    --------
    >>> describe_recipe(RECIPES["classic-small"])
    'filters 64 128 256 (relu), whole images of 256 pixels, batches of 8, adam at 0.001, plateau'
    """
    network = config.network
    special = {"dropout": bool(network.dropout), "nearest up-sampling": network.upsampling == "nearest"}
    features = [network.activation, *(name for name, has in special.items() if has)]
    return (
        f"filters {' '.join(map(str, network.filters))} ({', '.join(features)}), "
        f"{'whole images' if config.whole else 'crops'} of {config.crop} pixels, batches of {config.batch}, "
        f"{config.optimiser} at {config.learning_rate:g}, {config.schedule}"
    )


def _as_yaml(config: Config) -> str:
    lines = []
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        lines += textwrap.wrap(_explain(field), COMMENT_WIDTH, initial_indent="# ", subsequent_indent="# ")
        if isinstance(value, Config):
            lines += [f"{name}:", textwrap.indent(_as_yaml(value), "  ").rstrip("\n")]
        else:
            plain = {name: config.model_dump(mode="json", include={name})[name]}
            shown = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, sort_keys=False, width=math.inf)
            lines.append(shown.rstrip("\n")[1:-1])  # without the braces
    return "\n".join(lines) + "\n"


def _explain(field: FieldInfo) -> str:
    """Say what a setting means, and what can be chosen where that is a word."""
    text = field.description or f"{field.title}."
    words = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return f"{text} One of: {', '.join(words)}." if words else text


def _where(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


def _refusal(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        given = "" if isinstance(first["input"], dict) else f" {reprlib.repr(first['input'])}"
        return f"{where}{given}: {first['msg'].removeprefix('Value error, ')}."
    known = _fields_at(TrainConfig, first["loc"][:-1])
    return f"There is no setting {where!r}.{_nearest(str(first['loc'][-1]), known)}"


def _fields_at(config: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        if isinstance(part, str):
            config = next(_configs_in(config.model_fields[part].annotation))
    return list(config.model_fields)


def _configs_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _configs_in(inner)


def _nearest(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f" Is {found[0]!r} meant?" if found else ""
