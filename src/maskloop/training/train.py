"""From examples to a model folder: bring to scale, fit, tune on what was not learned from, describe."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from maskloop.config import LabelsConfig, TrainConfig
from maskloop.data.dataset import prepare
from maskloop.data.examples import Example
from maskloop.data.lesson import Lesson
from maskloop.errors import Cancelled
from maskloop.inference.judge import picture_judged
from maskloop.inference.model import load_network
from maskloop.model.runtime import has_bfloat16
from maskloop.model.unet import build_unet
from maskloop.model.weights import load_weights
from maskloop.ops.diameter_range import diameter_range
from maskloop.project.history import Epoch
from maskloop.project.model_folder import (
    ModelCard,
    Training,
    find_model,
    save_card,
    sha256_of,
)
from maskloop.project.preview import Preview
from maskloop.project.rehearsal import save_rehearsal
from maskloop.training.callbacks import Callbacks
from maskloop.training.course import Course
from maskloop.training.draft import Draft
from maskloop.training.exam import Exam
from maskloop.training.fit import fit
from maskloop.training.tensorboard import TensorBoardLog

TUNING_SHARE = 0.2  # of the time that training took, at most
HURRY_S = 2.5  # for tuning, where somebody waits for the end


def train_model(
    lesson: Lesson,
    folder: Path,
    config: TrainConfig,
    data: str,
    callbacks: Callbacks = Callbacks(),  # noqa: B008 - frozen
) -> ModelCard:
    """Train a model on examples in memory and write its folder.

    Where objects are of another size than the base model knows, the images are rescaled, and so will be those that
    are segmented with the new model.

    Parameters
    ----------
    lesson : Lesson
    folder : Path
        An existing folder, empty or with the state of an unfinished training.
    config : TrainConfig
    data : str
        What the examples are and their licence, for the model's card.
    callbacks : Callbacks, optional

    Returns
    -------
    ModelCard

    Raises
    ------
    InputError
        If there is no object to learn from, or for one of the reasons that `fit` gives.
    ModelError
        If the base model cannot be used.
    EngineError
        If memory ran out.
    """
    keras.utils.set_random_seed(config.seed)
    course = Course(lesson, config)
    config = course.config
    network = _starting_network(course)
    if config.tensorboard:
        callbacks = _with_log(callbacks, TensorBoardLog(folder, network, config.network))
    excerpt, task = course.exam.excerpt(), config.network.task
    before = [] if config.from_scratch else excerpt.segment(network, course.labels)

    def ap50() -> float:
        found = excerpt.segment(network, course.labels)
        shown = excerpt.examples[0]
        earlier = before[0] if before else np.zeros_like(found[0])
        preview = picture_judged(shown.image, shown.labels, shown.reviewed, earlier, found[0], task)
        callbacks.on_preview(preview)
        return float(excerpt.ap(found)[0]) if task.kind == "objects" else math.nan

    validation, rehearsal = (
        [prepare(example, course.task) for example in part] for part in (course.exam.examples, course.rehearsed)
    )
    history = fit(network, course.training, validation, config, folder, callbacks, rehearsal, ap50)
    card = _describe(course, folder, history, data, callbacks.should_stop)
    if course.rehearsal.learned:
        save_rehearsal(course.rehearsal, folder)
    save_card(card, folder)
    Draft(folder).finish()
    return card


def _with_log(callbacks: Callbacks, log: TensorBoardLog) -> Callbacks:
    def on_epoch(epoch: Epoch, share: float) -> None:
        log.add_epoch(epoch)
        callbacks.on_epoch(epoch, share)

    def on_preview(preview: Preview) -> None:
        log.add_preview(preview)
        callbacks.on_preview(preview)

    return replace(callbacks, on_epoch=on_epoch, on_preview=on_preview)


def _starting_network(course: Course) -> keras.Model:
    config = course.config
    bfloat16 = has_bfloat16() if config.bfloat16 is None else config.bfloat16
    if course.base is None:
        return build_unet(config.network, bfloat16)
    return load_network(find_model(config.base), course.base, bfloat16)


def _describe(
    course: Course, folder: Path, history: list[Epoch], data: str, should_stop: Callable[[], bool]
) -> ModelCard:
    best = min(history, key=lambda epoch: epoch.val_loss)
    labels, scores = _tune(course, folder, sum(epoch.seconds for epoch in history), should_stop)
    low, high = diameter_range([course.factor * of_image for of_image in course.diameters], course.config.augment.scale)
    lesson, config = course.lesson, course.config
    base = None if config.from_scratch else Path(config.base).name
    return ModelCard(
        name=folder.resolve().name,  # "." alone has none
        description=f"Trained on {course.images} images of {data}.",
        network=course.network,
        preprocessing=course.preprocessing,
        labels=labels,
        diameter=round(course.factor * course.diameter, 2),
        usual_diameter=None if course.factor == 1 else round(course.diameter, 2),
        diameter_range=(round(low, 2), round(high, 2)),
        training=Training(
            base=base,
            data=data,
            images=course.images,
            held_out=tuple(example.name for example in lesson.validation),
            revisions=lesson.revisions,
            epochs=len(history),
            minutes=round(sum(epoch.seconds for epoch in history) / 60, 2),
            seed=config.seed,
            recipe=config.model_copy(update={"base": base or config.base}),  # a name, for a path is nobody's business
            versions={name: version(name) for name in ("maskloop", "tensorflow", "keras", "numpy")},
            scores={name: round(score, 4) for name, score in (scores | _scores_of(best)).items()},
        ),
        weights_sha256=sha256_of(Draft(folder).best),
    )


def _tune(
    course: Course, folder: Path, seconds: float, should_stop: Callable[[], bool]
) -> tuple[LabelsConfig, dict[str, float]]:
    """Choose how maps become labels, on the best weights in float32, as they will be used; return what they reach.

    What the base was judged by has its say, since a few images tell little of thresholds, and nothing of those that
    suit what it knew; its own were chosen on that, too. It may take a part of the time that training took. Where
    somebody waits for the end, excerpts and a few seconds must do; what is reached on these compares with nothing.
    """
    network = build_unet(course.network)
    load_weights(network, Draft(folder).best)
    end = time.monotonic() + max(TUNING_SHARE * seconds, HURRY_S)
    try:
        return _tune_on(course.exam, course.judged_before, course, network, should_stop, end)
    except Cancelled:
        end = time.monotonic() + HURRY_S
        return _tune_on(course.exam.excerpt(), [], course, network, lambda: False, end)[0], {}


def _tune_on(
    exam: Exam,
    before: Sequence[Example],
    course: Course,
    network: keras.Model,
    should_stop: Callable[[], bool],
    end: float,
) -> tuple[LabelsConfig, dict[str, float]]:
    everything = replace(exam, examples=[*exam.examples, *before])
    maps = everything.maps(network, should_stop)
    has_served, stop = course.base is not None, lambda: should_stop() or time.monotonic() > end
    labels = everything.tune(maps, course.labels, has_served, stop)
    found = exam.labels(maps[: len(exam.examples)], labels)
    if exam.config.task.kind == "objects":
        ap = exam.ap(found)
        return labels, {"ap50": float(ap[0]), "mean_ap": float(ap.mean())}
    return labels, exam.dice(found) if exam.config.task.kind == "classes" else {}


def _scores_of(epoch: Epoch) -> dict[str, float]:
    return {"dice": epoch.val_dice, "iou": epoch.val_iou}
