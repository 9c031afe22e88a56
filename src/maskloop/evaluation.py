"""Predicted labels and masks compared with the truth: arrays, files or folders."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

import numpy as np

from maskloop.config import TaskKind
from maskloop.errors import InputError
from maskloop.files import image_name, list_images
from maskloop.ops.class_scores import ClassScores
from maskloop.ops.metrics import Counts
from maskloop.scores import Scoring
from maskloop.scores_of_classes import ClassScoring, ForegroundScoring
from maskloop.scores_of_objects import ObjectScoring

SCORINGS: dict[TaskKind, Scoring[Any]] = {
    "objects": ObjectScoring(),
    "foreground": ForegroundScoring(),
    "classes": ClassScoring(),
}

T = TypeVar("T")


@overload
def evaluate(
    predicted: np.ndarray | str | Path, truth: np.ndarray | str | Path, task: Literal["objects"] = "objects"
) -> dict[str, Counts]: ...
@overload
def evaluate(
    predicted: np.ndarray | str | Path, truth: np.ndarray | str | Path, task: Literal["foreground", "classes"]
) -> dict[str, ClassScores]: ...
def evaluate(
    predicted: np.ndarray | str | Path, truth: np.ndarray | str | Path, task: TaskKind = "objects"
) -> dict[str, Counts] | dict[str, ClassScores]:
    """Compare predicted labels or masks with the truth: two arrays, two files, or two folders.

    In folders a prediction ``x_labels.tif`` or ``x.tif`` pairs with a truth ``x.png``, ``x.tif``, ...

    Parameters
    ----------
    predicted, truth : ndarray of int, str or Path
        0 is background. A mask of foreground holds 0 and one other number, or is bool; one of classes holds their
        numbers, up to 255.
    task : {"objects", "foreground", "classes"}
        What they hold.

    Returns
    -------
    dict of str to Counts, or to ClassScores
        By image: Counts of objects, ClassScores of foreground (its class 1) and of classes.
        `maskloop.ops.metrics.pool` adds up Counts, and the counts of ClassScores.

    Raises
    ------
    InputError
        If something is missing on either side, cannot be read, is not labels or a mask, or differs in size, or there
        is no such task.
    """
    if task not in SCORINGS:
        raise InputError(f"There is no task {task!r}; wanted is one of {', '.join(SCORINGS)}.")
    scoring = SCORINGS[task]
    if isinstance(predicted, np.ndarray) and isinstance(truth, np.ndarray):
        return {"image": scoring.compare(predicted, truth)}
    if isinstance(predicted, np.ndarray) or isinstance(truth, np.ndarray):
        raise InputError("Give two arrays or two paths, not one of each.")
    return compare_files(
        Path(predicted), Path(truth), scoring.read, lambda _, found, target: scoring.compare(found, target)
    )


def compare_files(
    predicted: Path,
    truth: Path,
    read: Callable[[Path], np.ndarray],
    judge: Callable[[str, np.ndarray, np.ndarray], T],
) -> dict[str, T]:
    """Judge two files, or those of two folders in pairs, as `evaluate` does, which says what is raised.

    Parameters
    ----------
    predicted, truth : Path
    read : callable
        Reads a file.
    judge : callable
        Given a name, and the labels predicted and true.

    Returns
    -------
    dict
        What `judge` returned, by name.
    """
    judged = {}
    for name, (prediction, target) in _pair(predicted, truth).items():
        try:
            judged[name] = judge(name, read(prediction), read(target))
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
    return judged


def _pair(predicted: Path, truth: Path) -> dict[str, tuple[Path, Path]]:
    for path in (predicted, truth):
        if not path.exists():
            raise InputError(f"There is no file or folder {path}.")
    if predicted.is_file() != truth.is_file():
        raise InputError(f"{predicted} and {truth} are a file and a folder; wanted are two of a kind.")
    if predicted.is_file():
        return {image_name(predicted): (predicted, truth)}
    targets = _by_name(truth)
    predictions = _by_name(predicted, targets)
    pairs = {name: (path, targets[name]) for name, path in predictions.items()}
    if not pairs:
        raise InputError(f"There are no predictions in {predicted}.")
    if missing := targets.keys() - pairs.keys():
        raise InputError(
            f"{len(missing)} of the images in {truth} have no prediction in {predicted}, such as {min(missing)}; "
            "scores of the others alone would flatter."
        )
    return pairs


def _by_name(folder: Path, known: dict[str, Path] | None = None) -> dict[str, Path]:
    """Name the files of a folder; where names are known, a file ``x_labels.tif`` may be the one of x."""
    named: dict[str, Path] = {}
    for path in list_images(folder):
        name = image_name(path)
        if known is not None and name not in known:
            name = name.removesuffix("_labels")
            if name not in known:
                raise InputError(f"The prediction {path.name} has no truth; wanted is a file named {name}.")
        if name in named:
            raise InputError(f"{named[name].name} and {path.name} in {folder} are both named {name}; wanted is one.")
        named[name] = path
    return named
