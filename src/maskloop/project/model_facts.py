"""What a model's card says, as a person reads it in the terminal and in the window."""

from maskloop.project.model_folder import ModelCard, Training
from maskloop.recipes import describe_recipe

SCORES = {"ap50": "AP at IoU 0.5", "mean_ap": "mean AP", "dice": "Dice", "iou": "IoU"}


def describe_size(card: ModelCard) -> str:
    """Say how large the objects are that a model learned from, or the parts of a foreground or of classes."""
    low, high = card.diameter_range
    rescaled = "" if card.usual_diameter is None else f", rescaled from {card.usual_diameter:.0f}"
    return f"about {card.diameter:.0f} pixels across ({low:.0f} to {high:.0f}){rescaled}"


def describe_channels(card: ModelCard) -> str:
    """Say what a model sees of an image."""
    count = card.network.channels
    return {1: "grey", 3: "colour"}.get(count, f"{count} channels")


def describe_scores(training: Training) -> str:
    """Name the scores of a model on validation images: those of all first, then those of each class."""
    scores = training.scores
    in_order = {name: scores[name] for name in SCORES if name in scores} | scores
    return ", ".join(f"{SCORES.get(name, name)} {score:.3f}" for name, score in in_order.items())


def describe_parent(training: Training) -> str:
    """Say which model a training began from."""
    return training.base or "none, it was trained from scratch"


def describe_training(training: Training) -> str:
    """Say how long a model was trained, and with which seed."""
    epochs = f"{training.epochs} epoch{'s' * (training.epochs != 1)}"
    return f"{epochs}, {training.minutes:.1f} minutes, seed {training.seed}"


def describe_software(training: Training) -> str:
    """Name the versions of what trained a model."""
    return ", ".join(f"{name} {version}" for name, version in training.versions.items())


def describe_settings(training: Training) -> str:
    """Name the main points of the recipe; nothing, where nobody wrote it down."""
    return "" if training.recipe is None else describe_recipe(training.recipe)
