"""The command that writes reports."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from maskloop.config import TaskConfig, TaskKind, name_classes
from maskloop.errors import InputError
from maskloop.terminal import progress, tell, without_noise

Pair = tuple[np.ndarray, np.ndarray]


def report(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model: its name, or its folder.")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--on",
            metavar="DATA",
            help="A project, of which is judged what is held out, or a folder with 'images' and 'labels'. Left out: "
            "the project that the model lies in.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file to write. Left out: report.html in the model folder."),
    ] = None,
    channel: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Which channel, counted from 0. Left out: the one that was learned from.",
        ),
    ] = None,
) -> None:
    """Judge a model by images that it has not learned from, and write a report: one HTML file, to read or to print."""
    from maskloop import api
    from maskloop.model.runtime import start_engine

    with without_noise():
        start_engine()
    with progress("Judging", 1) as reach:
        written = api.report(model, data, out, channel=channel, on_image=lambda share: reach(share, ""))
    tell(str(written))


def report_labels(predicted: Path, truth: Path, task: TaskKind, out: Path) -> None:
    """Write a report on labels that were compared with the truth, where no model is known.

    Raises
    ------
    InputError
        If there are stacks among them.
    """
    from maskloop.evaluation import SCORINGS, compare_files
    from maskloop.files import write_atomically
    from maskloop.reporting.judged_image import judge_image
    from maskloop.reporting.kinds import kind_of
    from maskloop.reporting.of_labels import describe_labels

    pairs = compare_files(predicted, truth, SCORINGS[task].read, _require_plane)
    described, pairs = _name_by_number(pairs) if task == "classes" else (TaskConfig(kind=task), pairs)
    kind = kind_of(described)
    images = [judge_image(kind, name, None, target, found) for name, (found, target) in pairs.items()]
    names = predicted.resolve().name, truth.resolve().name
    write_atomically(out, describe_labels(kind, *names, images).encode())


def _require_plane(_: str, found: np.ndarray, target: np.ndarray) -> Pair:
    if target.ndim != 2:
        raise InputError(f"It is a stack of shape {target.shape}; wanted is a single plane, for a report shows planes.")
    return found, target


def _name_by_number(pairs: dict[str, Pair]) -> tuple[TaskConfig, dict[str, Pair]]:
    """Name classes by their numbers, and number those that occur 1, 2, ..."""
    numbers = np.unique(np.concatenate([np.unique(labels) for pair in pairs.values() for labels in pair] + [[0]]))
    names = map(str, numbers[1:].tolist() or [1])
    task = TaskConfig(kind="classes", classes=name_classes(names))
    numbered = {
        name: (np.searchsorted(numbers, found), np.searchsorted(numbers, target))
        for name, (found, target) in pairs.items()
    }
    return task, numbered
