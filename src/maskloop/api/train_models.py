"""A folder of images and labels, or what is reviewed of a project, to a model folder."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from maskloop.config import OBJECTS, TaskConfig, TrainConfig
from maskloop.errors import InputError
from maskloop.model.runtime import start_engine
from maskloop.ops.task import OF_PROJECT, require_task
from maskloop.project.layout import PROJECT_FILE
from maskloop.project.masks import Finding
from maskloop.project.model_folder import MODEL_FILE, STATE_FILE, ModelCard, find_model, model_of, read_card
from maskloop.project.model_name import check_name
from maskloop.project.project import Project

if TYPE_CHECKING:
    from maskloop.data.lesson import Lesson
    from maskloop.project.history import Epoch
    from maskloop.project.preview import Preview


def train(
    data: str | Path,
    out: str | Path,
    config: TrainConfig = TrainConfig(),  # noqa: B008 - frozen
    *,
    on_epoch: "Callable[[Epoch, float], None]" = lambda *_: None,
    on_preview: "Callable[[Preview], None]" = lambda _: None,
    on_remark: Callable[[str], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ModelCard:
    """Train a model and write its folder.

    Training that was cut off is gone on with when the same call is made again. What is odd about the masks of a folder
    is remarked.

    Parameters
    ----------
    data : str or Path
        A folder with ``images`` and ``labels`` of the same names, and where there is one ``reviewed``, which is 1 where
        to learn from; or a project, of which reviewed pixels are learned.
    out : str or Path
        The model folder to make; not there yet, or that of an unfinished training.
    config : TrainConfig
        Left out: what suits learning from a base; for training from scratch, begin with
        ``maskloop.recipes.RECIPES["maskloop"]``.
    on_epoch : callable, optional
        Called with each epoch and the share done of the budget, 0 to 1.
    on_preview : callable, optional
        Called as often with a held-out crop, as it was segmented before and is now.
    on_remark : callable, optional
        Called with a sentence that a person should read.
    should_stop : callable, optional
        Asked at each batch; the best epoch so far becomes the model.

    Returns
    -------
    ModelCard

    Raises
    ------
    ProjectError
        If a file of the project is damaged.
    InputError
        If the data cannot be used, `out` is taken or its name is none for a model, or training diverged or was stopped
        before its first epoch ended.
    ModelError
        If the base model cannot be used.
    EngineError
        If TensorFlow is missing or broken.
    """
    folder = Path(out)  # which stays relative, so that a project may be moved meanwhile
    check_place(folder)
    start_engine()
    from maskloop.training.callbacks import Callbacks
    from maskloop.training.draft import Draft
    from maskloop.training.train import train_model

    if folder.is_dir() and not Draft(folder).is_free:
        raise InputError(f"{folder} holds other files; wanted is a new folder.")
    try:
        config = config.model_copy(update={"base": str(model_of(config.base, Path(data)))})
        lesson, config = _read_lesson(Path(data), config, on_remark)
        folder.mkdir(parents=True, exist_ok=True)
        callbacks = Callbacks(on_epoch, on_preview, on_remark, should_stop)
        return train_model(lesson, folder, config, Path(data).resolve().name, callbacks)
    except BaseException:
        with contextlib.suppress(OSError):  # there is something to go on with
            folder.rmdir()
        raise


def check_place(folder: Path) -> None:
    """Refuse a place for a new model of which it can be told without TensorFlow that it will not do.

    Raises
    ------
    InputError
        If its name is none for a model, or if it is a file or holds a finished model.
    """
    check_name(folder.resolve().name)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; wanted is a folder for the model.")
    if (folder / MODEL_FILE).exists() and not (
        folder / STATE_FILE
    ).exists():  # with both, it was cut off at the very end
        raise InputError(f"{folder} holds a model already; wanted is a new folder.")


def _read_lesson(data: Path, config: TrainConfig, on_remark: Callable[[str], None]) -> "tuple[Lesson, TrainConfig]":
    """Read what a folder of images and labels teaches, or what is reviewed in a project; settle what labels mean."""
    from maskloop.data.examples import read_examples
    from maskloop.data.project_examples import read_lesson
    from maskloop.data.split_examples import split_examples

    if (data / PROJECT_FILE).is_file():
        with Project(data, hold=False) as project:
            config = _for_task(config, project.task)
            return read_lesson(project, config.channel), config
    config = _for_task(config, None)
    notes: list[Finding] = []
    examples = read_examples(data, task=config.network.task, channel=config.channel, on_note=notes.append)
    files: dict[str, list[str]] = {}
    for note in notes:
        files.setdefault(note.reason, []).append(note.path.name)
    for reason, names in files.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        on_remark(f"{names[0]}{others}: {reason}")
    return split_examples(examples, config), config


def _for_task(config: TrainConfig, wanted: TaskConfig | None) -> TrainConfig:
    """Return settings whose task is that of a project, if it is given, and of the base model.

    Raises
    ------
    InputError
        If the base model makes something else than a project's labels mean, or than is said of a folder's masks.
    """
    task = wanted or config.network.task
    if not config.from_scratch:
        base = read_card(find_model(config.base))
        if wanted is not None or task != OBJECTS:  # which is said where nothing is
            where = "these labels" if wanted is None else OF_PROJECT
            require_task(base.network.task, task, f"The model {base.name!r}", where)
        task = base.network.task
    return config.model_copy(update={"network": config.network.model_copy(update={"task": task})})
