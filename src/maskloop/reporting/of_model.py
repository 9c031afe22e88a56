"""The report on a model: how it was made, and how good it is on images that it has not learned from."""

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from maskloop.config import Config, LabelsConfig, TrainConfig
from maskloop.project.history import Epoch
from maskloop.project.model_folder import ModelCard, Preprocessing, Training
from maskloop.reporting.html import drawing, facts, how_many, page, section
from maskloop.reporting.judged_image import JudgedImage
from maskloop.reporting.kind import Kind
from maskloop.reporting.kinds import kind_of
from maskloop.reporting.plots import plot_training
from maskloop.reporting.sections import (
    show_curves,
    show_examples,
    show_failures,
    show_images,
    show_scores,
    sign,
)

SAID_ELSEWHERE = frozenset({"base", "epochs", "minutes", "seed", "network", "augment"})
UNLIMITED = {"steps": "each image once an epoch", "patience": "without end"}


def describe_model(card: ModelCard, images: Sequence[JudgedImage], choice: str, history: Sequence[Epoch]) -> str:
    """Write the report on a model.

    Parameters
    ----------
    card : ModelCard
    images : sequence of JudgedImage
        At least one.
    choice : str
        Which images these are, in a sentence.
    history : sequence of Epoch
        Empty where nobody wrote it down.

    Returns
    -------
    str
        HTML that needs nothing but itself.
    """
    kind = kind_of(card.network.task)
    findings = kind.find([judged.verdict for judged in images])
    return page(
        f"Report on the model {card.name}",
        f"{card.description} {findings.summarise(card.name)}".strip(),
        [
            show_scores(findings, len(images), choice),
            show_curves(findings, card.labels.foreground),
            show_failures(findings),
            show_examples(kind, images),
            _show_training(history, kind.curves_note),
            section("Data and split", facts(_data(card.training))),
            section("Recipe", facts(_recipe(card, kind))),
            show_images(kind, images),
        ],
        sign(),
    )


def _show_training(history: Sequence[Epoch], note: str) -> str:
    if not history:
        return ""
    known = [epoch for epoch in history if math.isfinite(epoch.val_loss)]
    best = min(known, key=lambda epoch: epoch.val_loss) if known else None
    caption = f"{how_many(len(history), 'epoch')}. {note}"
    if best is not None:
        caption += f" The best epoch, {best.epoch}, was kept: the one with the lowest loss on validation images."
    return section("Training", drawing(plot_training(history, best), caption))


def _data(training: Training) -> list[tuple[str, str]]:
    revisions = [f"{entry} at {number}" for entry, number in sorted(training.revisions.items())]
    return [
        ("Data", training.data),
        ("Learned from", f"{training.images} images"),
        ("Revisions", ", ".join(revisions)),
        ("Held out", f"{len(training.held_out)} images: {', '.join(training.held_out)}" if training.held_out else ""),
    ]


def _recipe(card: ModelCard, kind: Kind[Any]) -> list[tuple[str, str]]:
    training, (low, high) = card.training, card.diameter_range
    usual = f", rescaled from {card.usual_diameter:.1f}" if card.usual_diameter else ""
    epochs = how_many(training.epochs, "epoch")
    return [
        ("Task", str(card.network.task)),
        ("Parent", training.base or "none: it was trained from scratch"),
        ("Trained for", f"{epochs} in {training.minutes:.1f} minutes" if training.epochs else ""),
        ("Seed", str(training.seed)),
        *([] if training.recipe is None else _choices(training.recipe)),
        ("Network", f"U-Net; {_settings(card.network, {'task'})}"),
        ("Preprocessing", _describe_steps(card.preprocessing)),
        (kind.parts, f"about {card.diameter:.1f} pixels across ({low:.1f} to {high:.1f}){usual}"),
        ("Labels", _settings(card.labels, LabelsConfig.model_fields.keys() - kind.settings)),
        ("Versions", ", ".join(f"{name} {number}" for name, number in training.versions.items())),
        ("SHA-256 of the weights", card.weights_sha256),
    ]


def _describe_steps(steps: Preprocessing) -> str:
    grey = f"percentiles {steps.low:g} and {steps.high:g} of the grey values become 0 and 1"
    return grey if steps.side is None else f"{grey}; images are brought to {steps.side} x {steps.side} pixels"


def _choices(recipe: TrainConfig) -> list[tuple[str, str]]:
    unused = set() if recipe.schedule == "plateau" else {"plateau"}
    return [("Settings", _settings(recipe, SAID_ELSEWHERE | unused)), ("Augmentation", _settings(recipe.augment))]


def _settings(config: Config, left_out: AbstractSet[str] = frozenset()) -> str:
    """Name the choices of a config by the titles that forms give them; those that were left open are left out."""
    fields = {name: field for name, field in type(config).model_fields.items() if name not in left_out}
    chosen = {name: _text(getattr(config, name)) or UNLIMITED.get(name, "") for name in fields}
    return ", ".join(f"{(fields[name].title or name).lower()} {text}" for name, text in chosen.items() if text)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(map(_text, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)
