"""From examples to a model folder: bring to scale, fit, tune on what was held out, describe."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from maskloop.config import LabelsConfig, NetworkConfig, TrainConfig
from maskloop.data.dataset import focus, prepare
from maskloop.data.examples import Example, rescale
from maskloop.data.lesson import Lesson
from maskloop.errors import Cancelled, InputError
from maskloop.inference.judge import picture_judged
from maskloop.inference.model import load_model
from maskloop.model.runtime import has_bfloat16
from maskloop.model.unet import build_unet
from maskloop.model.weights import load_weights
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.judged import whole_objects
from maskloop.ops.targets import object_diameters
from maskloop.project.history import Epoch
from maskloop.project.model_folder import ModelCard, Training, find_model, read_card, save_card, sha256_of
from maskloop.project.rehearsal import Rehearsal, read_rehearsal, save_rehearsal
from maskloop.training.callbacks import Callbacks
from maskloop.training.draft import Draft
from maskloop.training.exam import Exam
from maskloop.training.fit import fit

SAME_SIZE = 1.25  # factor up to which objects are not worth rescaling
LARGEST_SHARE = 0.75  # of a crop's side that an object may fill, or its surroundings go unseen
TUNING_SHARE = 0.2  # of the time that training took, at most
RECALLED = 8  # crops of what the base knew that have a say in the tuning
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
    course = _Course(lesson, config)
    network = _starting_network(config)
    excerpt = course.exam.excerpt()
    before = [] if config.from_scratch else excerpt.segment(network, course.labels)

    def ap50() -> float:
        found = excerpt.segment(network, course.labels)
        shown = excerpt.examples[0]
        earlier = before[0] if before else np.zeros_like(found[0])
        callbacks.on_preview(picture_judged(shown.image, shown.labels, shown.reviewed, earlier, found[0]))
        return float(excerpt.ap(found)[0])

    training, validation = ([prepare(e) for e in part] for part in (course.training, course.exam.examples))
    rehearsal = [prepare(example) for example in course.rehearsed]
    history = fit(network, training, validation, config, folder, callbacks, rehearsal, ap50)
    card = _describe(course, folder, history, data, callbacks.should_stop)
    if course.rehearsal.learned:
        save_rehearsal(course.rehearsal, folder)
    save_card(card, folder)
    Draft(folder).finish()
    return card


def whole_diameters(example: Example) -> np.ndarray:
    """Return the diameters in pixels of the objects of an example that are reviewed as a whole."""
    return object_diameters(whole_objects(example.labels, example.reviewed))


@dataclass
class _Course:
    """What a lesson comes to for a network: everything at its scale and in its channels.

    Attributes
    ----------
    factor : float
        By which the images are enlarged.
    """

    lesson: Lesson
    config: TrainConfig
    base: ModelCard | None = field(init=False)
    rehearsal: Rehearsal = field(init=False)

    def __post_init__(self) -> None:
        folder = None if self.config.from_scratch else find_model(self.config.base)
        self.base = read_card(folder) if folder else None
        self.rehearsal = read_rehearsal(folder) if folder else Rehearsal([], [])
        if self.config.crop % self.network.multiple:
            raise InputError(
                f"A crop of {self.config.crop} pixels does not suit this model; wanted is a multiple of "
                f"{self.network.multiple}."
            )
        self.diameters = [found for e in self.lesson.training if len(found := whole_diameters(e))]
        if not self.diameters:
            raise InputError(
                "None of the images to train on has a labelled object, so there is nothing to learn; "
                f"{len(self.lesson.validation)} of {len(self.lesson.training + self.lesson.validation)} images are "
                "held out for validation."
            )
        self.diameter = float(np.median(np.concatenate(self.diameters)))
        self.factor = self._factor()
        self.training = [self._at_scale(example) for example in self.lesson.training]
        self.exam = Exam(self.network, [self._at_scale(example) for example in self.lesson.validation])

    @property
    def network(self) -> NetworkConfig:
        return self.base.network if self.base else self.config.network

    @property
    def labels(self) -> LabelsConfig:
        """How maps become labels before that is tuned."""
        return self.base.labels if self.base else LabelsConfig()

    @property
    def rehearsed(self) -> list[Example]:
        """What the base has learned from, to learn from it again."""
        known = (Example("", image[..., None], labels) for image, labels in self.rehearsal.learned)
        return [focus(example, self.network.channels) for example in known]

    def _factor(self) -> float:
        """Return the factor that brings objects to the size that the base knows, or from scratch, that a crop holds."""
        largest = LARGEST_SHARE * self.config.crop
        wanted = self.base.diameter if self.base else min(self.diameter, largest)
        factor = wanted / self.diameter
        return factor if max(factor, 1 / factor) > SAME_SIZE else 1.0

    def _at_scale(self, example: Example) -> Example:
        return rescale(focus(example, self.network.channels), self.factor)


def _starting_network(config: TrainConfig) -> keras.Model:
    bfloat16 = has_bfloat16() if config.bfloat16 is None else config.bfloat16
    if config.from_scratch:
        return build_unet(config.network, bfloat16)
    return load_model(config.base, bfloat16).network


def _describe(
    course: _Course, folder: Path, history: list[Epoch], data: str, should_stop: Callable[[], bool]
) -> ModelCard:
    best = min(history, key=lambda epoch: epoch.val_loss)
    labels, ap = _tune(course, folder, sum(epoch.seconds for epoch in history), should_stop)
    low, high = course.factor * np.percentile([np.median(of_image) for of_image in course.diameters], (5, 95))
    lesson, config = course.lesson, course.config
    base = None if config.from_scratch else Path(config.base).name
    return ModelCard(
        name=folder.name,
        description=f"Trained on {len(lesson.training)} images of {data}.",
        network=course.network,
        labels=labels,
        diameter=round(course.factor * course.diameter, 2),
        usual_diameter=None if course.factor == 1 else round(course.diameter, 2),
        diameter_range=(round(float(low), 2), round(float(high), 2)),
        training=Training(
            base=base,
            data=data,
            images=len(lesson.training),
            held_out=tuple(example.name for example in lesson.validation),
            revisions=lesson.revisions,
            epochs=len(history),
            minutes=round(sum(epoch.seconds for epoch in history) / 60, 2),
            seed=config.seed,
            recipe=config.model_copy(update={"base": base or config.base}),  # a name, for a path is nobody's business
            versions={name: version(name) for name in ("maskloop", "tensorflow", "keras", "numpy")},
            scores={
                "ap50": round(float(ap[0]), 4),
                "mean_ap": round(float(ap.mean()), 4),
                "dice": round(best.val_dice, 4),
                "iou": round(best.val_iou, 4),
            },
        ),
        weights_sha256=sha256_of(Draft(folder).best),
    )


def _tune(
    course: _Course, folder: Path, seconds: float, should_stop: Callable[[], bool]
) -> tuple[LabelsConfig, np.ndarray]:
    """Choose how maps become labels, on the best weights in float32, as they will be used; return the AP they reach.

    It may take a part of the time that training took. Where somebody waits for the end, excerpts and a few seconds
    must do.
    """
    network = build_unet(course.network)
    load_weights(network, Draft(folder).best)
    end = time.monotonic() + max(TUNING_SHARE * seconds, HURRY_S)
    try:
        return _tune_on(course.exam, course, network, should_stop, end)
    except Cancelled:
        return _tune_on(course.exam.excerpt(), course, network, lambda: False, time.monotonic() + HURRY_S)


def _tune_on(
    exam: Exam, course: _Course, network: keras.Model, should_stop: Callable[[], bool], end: float
) -> tuple[LabelsConfig, np.ndarray]:
    # What the base knew is asked too: few objects are held out, and what suits them by chance suits nothing else.
    # It is what is rehearsed, for the crops by which forgetting is judged must have no part in the model.
    asked = Exam(exam.config, [*exam.examples, *course.rehearsed[:RECALLED]])
    maps = asked.maps(network, should_stop)
    labels = asked.tune(maps, course.labels, lambda: should_stop() or time.monotonic() > end)
    return labels, exam.ap([maps_to_labels(found, labels) for found in maps[: len(exam.examples)]])
