"""The report on a model: how it was made, and how good it is on images that it has not learned from."""

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from maskloop.config import Config, TrainConfig
from maskloop.project.history import Epoch
from maskloop.project.model_folder import ModelCard, Training
from maskloop.reporting.html import drawing, facts, page, section
from maskloop.reporting.judged_image import JudgedImage
from maskloop.reporting.plots import plot_training
from maskloop.reporting.scores import score_images
from maskloop.reporting.sections import (
    show_curves,
    show_examples,
    show_failures,
    show_images,
    show_scores,
    sign,
    summarise,
)

SAID_ELSEWHERE = frozenset({"base", "epochs", "minutes", "seed", "network", "augment"})


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
    scores = score_images(images)
    return page(
        f"Report on the model {card.name}",
        f"{card.description} {summarise(card.name, scores, len(images))}".strip(),
        [
            show_scores(scores, len(images), choice),
            show_curves(scores, images, card.labels.foreground),
            show_failures(images),
            show_examples(images),
            _show_training(history),
            section("Data and split", facts(_data(card.training))),
            section("Recipe", facts(_recipe(card))),
            show_images(images),
        ],
        sign(),
    )


def _show_training(history: Sequence[Epoch]) -> str:
    if not history:
        return ""
    known = [epoch for epoch in history if math.isfinite(epoch.val_loss)]
    best = min(known, key=lambda epoch: epoch.val_loss) if known else None
    caption = (
        f"{len(history)} epochs. Dice and IoU are those of the foreground, thresholded at 0.5; AP is that of a few "
        "crops."
    )
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


def _recipe(card: ModelCard) -> list[tuple[str, str]]:
    training, labels, (low, high) = card.training, card.labels, card.diameter_range
    steps = card.preprocessing
    usual = f", rescaled from {card.usual_diameter:.1f}" if card.usual_diameter else ""
    spent = f"{training.epochs} epochs in {training.minutes:.1f} minutes" if training.epochs else ""
    return [
        ("Parent", training.base or "none: it was trained from scratch"),
        ("Trained for", spent),
        ("Seed", str(training.seed)),
        *([] if training.recipe is None else _choices(training.recipe)),
        ("Network", f"U-Net; {_settings(card.network)}"),
        ("Preprocessing", f"percentiles {steps.low:g} and {steps.high:g} of the grey values become 0 and 1"),
        ("Objects", f"about {card.diameter:.1f} pixels across ({low:.1f} to {high:.1f}){usual}"),
        ("Labels", _settings(labels)),
        ("Versions", ", ".join(f"{name} {number}" for name, number in training.versions.items())),
        ("SHA-256 of the weights", card.weights_sha256),
    ]


def _choices(recipe: TrainConfig) -> list[tuple[str, str]]:
    return [("Settings", _settings(recipe, SAID_ELSEWHERE)), ("Augmentation", _settings(recipe.augment))]


def _settings(config: Config, left_out: AbstractSet[str] = frozenset()) -> str:
    """Name the choices of a config by the titles that forms give them."""
    chosen = config.model_dump(mode="json", exclude=set(left_out), exclude_none=True)
    titles = {name: (field.title or name).lower() for name, field in type(config).model_fields.items()}
    return ", ".join(f"{titles[name]} {_text(value)}" for name, value in chosen.items())


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
