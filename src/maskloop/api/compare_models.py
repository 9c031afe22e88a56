"""Two models and a project to how they compare."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maskloop.model.runtime import start_engine
from maskloop.ops.task import OF_PROJECT, require_task
from maskloop.project.model_folder import model_of
from maskloop.project.project import Project
from maskloop.project.rehearsal import read_rehearsal

if TYPE_CHECKING:
    from maskloop.comparison import Comparison


def compare(
    old: str | Path | None,
    new: str | Path,
    project: str | Path,
    *,
    channel: int | None = None,
    on_image: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> "Comparison":
    """Judge two models by the pixels of a project that no model learns from, and by what the old one knew before.

    Parameters
    ----------
    old, new : str or Path
        Name of a model of the project, of a bundled one, or a model folder. The old one is None where there is no
        other, and the new one is judged alone.
    project : str or Path
    channel : int, optional
        Which channel of its images, from 0; of colour images beside others all are taken. Left out: the
        only one, or all colours.
    on_image : callable, optional
        Called with the share done, 0 to 1.
    should_stop : callable, optional
        Asked at each tile.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If nothing is reviewed, or too little, or a model makes something else than the project's labels mean.
    ProjectError
        If there is no such project, or a file of it is damaged.
    ModelError
        If a model cannot be used.
    EngineError
        If TensorFlow is missing or broken.
    Cancelled
        If it was asked to stop.
    """
    start_engine()
    from maskloop.comparison import Comparison
    from maskloop.data.examples import Example
    from maskloop.data.project_examples import read_lesson
    from maskloop.inference.judge import judge, most_telling, picture_difference
    from maskloop.inference.model import load_model

    before, after = (None if name is None else load_model(model_of(name, Path(project))) for name in (old, new))
    assert after is not None
    models = [model for model in (before, after) if model is not None]
    with Project(project, hold=False) as opened:
        for model in models:
            require_task(model.card.network.task, opened.task, f"The model {model.card.name!r}", OF_PROJECT)
        held_out = read_lesson(opened, channel).validation
    known = [] if before is None else read_rehearsal(before.folder).judged
    crops = [Example("", image, labels) for image, labels in known]
    tasks = [(model, examples) for examples in (held_out, crops) if examples for model in models]
    shown = most_telling(held_out, after.task)
    found: list[np.ndarray] = []  # in what is shown, by one model after the other

    def on_labels(example: Example, labels: np.ndarray) -> None:
        if example is shown:
            found.append(labels)

    judgements = [
        judge(model, examples, _share_of_all(on_image, i, len(tasks)), should_stop, on_labels)
        for i, (model, examples) in enumerate(tasks)
    ]
    here = (judgements[0], judgements[1]) if before else (None, judgements[0])
    forgotten = (judgements[2], judgements[3]) if crops else None
    picture = picture_difference(shown, found[0] if before else None, found[-1], after.card.network.task)
    return Comparison(before.folder.name if before else "", after.folder.name, here, forgotten, picture)


def _share_of_all(report: Callable[[float], None], done: int, of: int) -> Callable[[float], None]:
    return lambda share: report((done + share) / of)
