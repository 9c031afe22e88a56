"""Whether images and their masks are fit to learn from: what is wrong, the gravest first, and what to do about it."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskloop.config import TaskConfig, TrainConfig
from maskloop.ops.examine import draw_outlines
from maskloop.project.case import find_cases, read_alone
from maskloop.project.masks import RefusedError
from maskloop.project.model_folder import ModelCard, find_model, model_of, read_card
from maskloop.project.problem import Problem, group_problems
from maskloop.project.survey import Survey

PICTURE = 256  # pixels of a side


@dataclass(frozen=True)
class Checkup:
    """What was found out about a dataset.

    Attributes
    ----------
    layout : str
        How the files lie, in one phrase.
    task : TaskConfig
        What the labels mean.
    images, objects : int
        That can be used; where labels mean no objects, the parts that hang together.
    examined, total : int
        How many images were looked at, and how many there are: more where it was stopped.
    problems : tuple of Problem
        The gravest first.
    draw : callable
        Given a path of a problem, reads the image again and returns a picture of it with the outlines of its labels,
        if these can be used: an ndarray of shape (Y, X, 3), uint8. None where there is nothing to show.
    """

    layout: str
    task: TaskConfig
    images: int
    objects: int
    examined: int
    total: int
    problems: tuple[Problem, ...]
    draw: Callable[[Path], np.ndarray | None]


def check_data(
    data: Path,
    masks: Path | None = None,
    config: TrainConfig = TrainConfig(),  # noqa: B008 - frozen
    on_file: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Checkup:
    """Examine a project, or images with their masks in a folder, one after the other.

    A project may be changed by others meanwhile; nothing is written.

    Parameters
    ----------
    data : Path
        A project, or a folder of any layout that `maskloop.project.importers.plan_import` knows.
    masks : Path, optional
        The folder of the masks, where `data` holds the images only.
    config : TrainConfig, optional
        How it is to be learned from, and what the masks of a folder mean.
    on_file : callable
        Called after each image with the share of the images that are done.
    should_stop : callable
        Asked before each image; what was found in those until then is returned, and they are not compared with one
        another.

    Returns
    -------
    Checkup

    Raises
    ------
    InputError
        If there is no such folder, or no layout is recognised in it.
    ModelError
        If the base model is missing or damaged.
    ProjectError
        If the project cannot be read.
    OSError
        If a folder cannot be listed.
    """
    cases, base = find_cases(data, masks, config.network.task), _base(data, config)
    fits = base is not None and base.network.task.heads == cases.task.heads
    survey = Survey(data, cases.task, config, base if fits else None)
    survey.note("error", cases.refused, "refused")
    survey.note("error", cases.damaged, "damaged")
    survey.note("hint", cases.foreign, "foreign")
    seen: dict[str, str] = {}
    examined = 0
    for path, read in cases.readers.items():
        if should_stop():
            break
        try:
            survey.add(path, read(seen))
        except RefusedError as error:
            if os.path.lexists(path):  # else it was removed meanwhile
                survey.note("error", [error.finding], "damaged" if path.is_dir() else "refused")
                survey.images_of[error.finding.path] = path
        examined += 1
        on_file(examined / len(cases.readers))
    else:
        survey.compare()

    def draw(path: Path) -> np.ndarray | None:
        shown = survey.images_of.get(path, path)
        for read in (lambda: cases.readers[shown]({}), lambda: read_alone(shown)):
            with contextlib.suppress(KeyError, RefusedError):
                return draw_outlines(*read().most_telling_plane(), PICTURE)
        return None

    counts = len(survey.images), survey.objects, examined, len(cases.readers)
    return Checkup(cases.layout, cases.task, *counts, group_problems(survey.problems), draw)


def _base(data: Path, config: TrainConfig) -> ModelCard | None:
    if config.from_scratch:
        return None
    return read_card(find_model(model_of(config.base, data)))
