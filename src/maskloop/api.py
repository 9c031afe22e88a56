"""The plain functions that the terminal, the worker and notebooks call.

TensorFlow is started by those that need it, when they are called.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from maskloop.config import OBJECTS, LabelsConfig, SegmentConfig, TaskConfig, TrainConfig
from maskloop.errors import InputError
from maskloop.evaluation import evaluate
from maskloop.files import write_atomically
from maskloop.model.runtime import start_engine
from maskloop.ops.axes import to_planes
from maskloop.ops.task import OF_PROJECT, require_task
from maskloop.project.history import read_history
from maskloop.project.layout import MODELS, PROJECT_FILE
from maskloop.project.model_folder import (
    HISTORY_FILE,
    MODEL_FILE,
    REPORT_FILE,
    ModelCard,
    bundled_models,
    find_model,
    read_card,
)
from maskloop.project.project import Project
from maskloop.project.rehearsal import read_rehearsal

__all__ = ["compare", "evaluate", "load_model", "report", "segment", "segment_planes", "train"]

if TYPE_CHECKING:
    from maskloop.comparison import Comparison
    from maskloop.data.lesson import Lesson
    from maskloop.inference.model import Model, Segmentation
    from maskloop.project.history import Epoch
    from maskloop.project.preview import Preview


def load_model(name: str | Path = "nuclei", bfloat16: bool = False) -> "Model":
    """Load a model once, to segment many images with it.

    Parameters
    ----------
    name : str or Path
        Name of a bundled model, or a model folder.
    bfloat16 : bool
        Compute in bfloat16: faster on processors that have it, with slightly different maps.

    Returns
    -------
    Model
        To be given to `segment`.

    Raises
    ------
    ModelError
        If there is no such model, or its folder is incomplete, damaged or from a newer version.
    EngineError
        If TensorFlow is missing or broken.
    """
    start_engine()
    from maskloop.inference import model

    return model.load_model(name, bfloat16)


def segment(
    image: np.ndarray,
    model: "str | Path | Model" = "nuclei",
    *,
    axes: str | None = None,
    channel: int | None = None,
    diameter: float | None = None,
    labels: LabelsConfig | None = None,
    on_tile: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> np.ndarray:
    """Segment the objects of an image.

    Parameters
    ----------
    image : ndarray
        A plane (Y, X), colour (Y, X, C), or a stack of planes; integers or floats. Pixels that are not finite
        count as background.
    model : str, Path or Model
        Name of a bundled model, a model folder, or what `load_model` returned.
    axes : str, optional
        One letter an axis, such as ``"ZCYX"``: C is the channel, any other letter but Y and X counts planes.
        Guessed from the shape where it is left out.
    channel : int, optional
        Which channel, from 0. Left out: the only one, or all colours as grey.
    diameter : float, optional
        Typical object diameter in pixels. Left out: measured.
    labels : LabelsConfig, optional
        How maps become labels. Left out: as tuned for the model.
    on_tile : callable, optional
        Called with the share done, 0 to 1.
    should_stop : callable, optional
        Asked at each tile.

    Returns
    -------
    ndarray of the image's shape without its channel axis, int32
        0 is background; objects are numbered from 1, in each plane anew.

    Raises
    ------
    InputError
        If the image or a setting cannot be used.
    ModelError
        If the model cannot be used.
    EngineError
        If TensorFlow is missing or broken, or memory ran out.
    Cancelled
        If it was asked to stop.
    """
    planes = to_planes(image, axes)
    loaded = load_model(model) if isinstance(model, str | Path) else model
    try:
        config = SegmentConfig(model=loaded.card.name, diameter=diameter, channel=channel, labels=labels)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{first['loc'][0]} {first['input']!r}: {first['msg']}.") from error
    results = segment_planes(planes.pixels, loaded, config, on_tile, should_stop)
    return planes.restore(np.stack([result.labels for result in results]))


def segment_planes(
    pixels: np.ndarray,
    model: "Model",
    config: SegmentConfig,
    on_tile: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> "Iterator[Segmentation]":
    """Segment plane after plane, each by itself, so that a plane gives the same alone and in its stack.

    Parameters
    ----------
    pixels : ndarray of shape (P, Y, X, C)
    model : Model
    config : SegmentConfig
    on_tile, should_stop : callable, optional
        As in `segment`, which lists what is raised too.

    Yields
    ------
    Segmentation
    """
    for i, plane in enumerate(pixels):
        done = _share_of_planes(on_tile, i, len(pixels))
        yield model.segment_plane(plane, config, done, should_stop)


def _share_of_planes(on_tile: Callable[[float], None], plane: int, planes: int) -> Callable[[int, int], None]:
    return lambda tiles, of: on_tile((plane + tiles / of) / planes)


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

    Training that was cut off is gone on with when the same call is made again.

    Parameters
    ----------
    data : str or Path
        A folder with ``images`` and ``labels`` of the same names, or a project, of which reviewed pixels are learned.
    out : str or Path
        The model folder to make; not there yet, or that of an unfinished training.
    config : TrainConfig
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
        If the data cannot be used, `out` is taken, or training diverged or was stopped before its first epoch ended.
    ModelError
        If the base model cannot be used.
    EngineError
        If TensorFlow is missing or broken.
    """
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; wanted is a folder for the model.")
    start_engine()
    from maskloop.training.callbacks import Callbacks
    from maskloop.training.draft import Draft
    from maskloop.training.train import train_model

    if folder.is_dir() and not Draft(folder).is_free:
        kind = "holds a model already" if (folder / MODEL_FILE).exists() else "holds other files"
        raise InputError(f"{folder} {kind}; wanted is a new folder.")
    try:
        config = config.model_copy(update={"base": str(_model_of(config.base, Path(data)))})
        lesson, config = _read_lesson(Path(data), config)
        folder.mkdir(parents=True, exist_ok=True)
        callbacks = Callbacks(on_epoch, on_preview, on_remark, should_stop)
        return train_model(lesson, folder, config, Path(data).resolve().name, callbacks)
    except BaseException:
        with contextlib.suppress(OSError):  # there is something to go on with
            folder.rmdir()
        raise


def _read_lesson(data: Path, config: TrainConfig) -> "tuple[Lesson, TrainConfig]":
    """Read what a folder of images and labels teaches, or what is reviewed in a project; settle what labels mean."""
    from maskloop.data.examples import read_examples
    from maskloop.data.project_examples import read_lesson
    from maskloop.data.split_examples import split_examples

    if (data / PROJECT_FILE).is_file():
        with Project(data, hold=False) as project:
            config = _for_task(config, project.task)
            return read_lesson(project, config.channel), config
    config = _for_task(config, None)
    return split_examples(read_examples(data, task=config.network.task), config), config


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
        Which channel of its images, from 0. Left out: the only one, or all colours as grey.
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
    from maskloop.inference.judge import judge, picture_difference
    from maskloop.inference.model import load_model

    before, after = (None if name is None else load_model(_model_of(name, Path(project))) for name in (old, new))
    assert after is not None
    models = [model for model in (before, after) if model is not None]
    with Project(project, hold=False) as opened:
        for model in models:
            require_task(model.card.network.task, opened.task, f"The model {model.card.name!r}", OF_PROJECT)
        held_out = read_lesson(opened, channel).validation
    known = [] if before is None else read_rehearsal(before.folder).judged
    crops = [Example("", image[..., None], labels) for image, labels in known]
    tasks = [(model, examples) for examples in (held_out, crops) if examples for model in models]
    judgements = [
        judge(model, examples, _share_of_all(on_image, i, len(tasks)), should_stop)
        for i, (model, examples) in enumerate(tasks)
    ]
    here = (judgements[0], judgements[1]) if before else (None, judgements[0])
    forgotten = (judgements[2], judgements[3]) if crops else None
    picture = picture_difference(before, after, held_out, should_stop)
    return Comparison(before.folder.name if before else "", after.folder.name, here, forgotten, picture)


def report(
    model: str | Path,
    data: str | Path | None = None,
    out: str | Path | None = None,
    *,
    channel: int | None = None,
    on_image: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Judge a model by images that it has not learned from, and write what comes of it as one HTML file.

    Parameters
    ----------
    model : str or Path
        Name of a model of the project that is given, of a bundled one, or a model folder.
    data : str or Path, optional
        A project, of which is judged what is held out; or a folder with ``images`` and ``labels``, of which are judged
        the images that were held out when the model was trained, or all where it has none of these. Left out: the
        project that the model lies in.
    out : str or Path, optional
        The file to write, replaced where it is there. Left out: ``report.html`` in the model folder.
    channel : int, optional
        Which channel of a project's images, from 0. Left out: the one that the model has learned from.
    on_image : callable, optional
        Called with the share done, 0 to 1.
    should_stop : callable, optional
        Asked at each tile.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If there is nothing to judge by, it is of another task, or there is no place for the file.
    ProjectError
        If a file of the project is damaged.
    ModelError
        If the model cannot be used.
    EngineError
        If TensorFlow is missing or broken, or memory ran out.
    OSError
        If the file cannot be written.
    Cancelled
        If it was asked to stop.
    """
    folder = find_model(model if data is None else _model_of(model, Path(data)))
    place = _place_of_report(folder, out)
    source = _project_around(folder) if data is None else Path(data)
    start_engine()
    from maskloop.data.unseen import read_unseen
    from maskloop.inference.model import load_model
    from maskloop.reporting.judge_model import judge_model
    from maskloop.reporting.of_model import describe_model

    loaded, history = load_model(folder), read_history(folder / HISTORY_FILE)
    training, task = loaded.card.training, loaded.card.network.task
    learned = None if training.recipe is None else training.recipe.channel
    unseen = read_unseen(source, training.held_out, learned if channel is None else channel, task)
    images = judge_model(loaded, unseen.examples, on_image, should_stop)
    write_atomically(place, describe_model(loaded.card, images, unseen.choice, history).encode())
    return place


def _place_of_report(model: Path, out: str | Path | None) -> Path:
    """Return where a report goes, before minutes are spent on it."""
    if out is None and model in bundled_models():
        raise InputError(f"{model.name} ships with maskloop, so its folder stays as it is: give a file for the report.")
    place = model / REPORT_FILE if out is None else Path(out)
    if place.is_dir() or not place.parent.is_dir():
        raise InputError(f"{place} is a folder, or in no folder that is there; wanted is a file for the report.")
    return place


def _project_around(model: Path) -> Path:
    models = model.resolve().parent
    if models.name != MODELS or not (models.parent / PROJECT_FILE).is_file():
        raise InputError(
            f"{model.name} lies in no project, so there is nothing to judge it by; give a project, or a folder with "
            "'images' and 'labels'."
        )
    return models.parent


def _model_of(name: str | Path, project: Path) -> str | Path:
    own = project / MODELS / name
    return own if own.is_dir() and Path(name).name == str(name) else name


def _share_of_all(report: Callable[[float], None], done: int, of: int) -> Callable[[float], None]:
    return lambda share: report((done + share) / of)
