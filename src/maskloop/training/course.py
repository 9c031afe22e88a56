"""What a lesson comes to for a network: everything at its scale and in its channels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskloop.config import LabelsConfig, NetworkConfig, TrainConfig
from maskloop.data.dataset import focus, normalise_greys, prepare
from maskloop.data.examples import Example, bring_to_size, rescale
from maskloop.data.lesson import Lesson
from maskloop.errors import InputError
from maskloop.ops.task import Task, task_of
from maskloop.ops.training_scale import training_scale
from maskloop.ops.usual_size import usual_size_factor
from maskloop.project.model_folder import ModelCard, Preprocessing, find_model, read_card
from maskloop.project.rehearsal import Crop, Rehearsal, read_rehearsal
from maskloop.training.exam import Exam, crop_amid_objects

LARGEST_SIDE = (
    1024  # pixels that are shown of an image of small objects once it is enlarged, or it would take much memory
)
FIRST_SMALLEST = {"objects": LabelsConfig().min_size, "foreground": 0, "classes": 0}  # pixels, before it is tuned


@dataclass
class Course:
    """A lesson as a network takes it.

    Parameters
    ----------
    lesson : Lesson
    config : TrainConfig
        Afterwards with the network that is trained, and where the base needs larger crops, these and fewer steps.

    Attributes
    ----------
    base : ModelCard or None
        None from scratch.
    rehearsal : Rehearsal
        What the base knew.
    task : Task
    diameters : list of ndarray
        In pixels, of each image that has something.
    diameter, factor : float
        Their median, and by how much the images are enlarged.
    training : list of ndarray of shape (Y, X, C + targets + weights)
        From `maskloop.data.dataset.prepare`: images of small or large objects twice, as they come, to be measured, and
        as they are rescaled then to be segmented. Without images of which so little is reviewed that nothing is left
        of it.
    images : int
        How many these are of.
    exam : Exam
        Of images as they are segmented, without such ones, too.

    Raises
    ------
    InputError
        If there is nothing to learn from or to judge by, or a crop does not suit the network.
    ModelError
        If the base model cannot be used.
    """

    lesson: Lesson
    config: TrainConfig
    base: ModelCard | None = field(init=False)
    rehearsal: Rehearsal = field(init=False)
    task: Task = field(init=False)
    diameters: list[np.ndarray] = field(init=False)
    diameter: float = field(init=False)
    factor: float = field(init=False)
    training: list[np.ndarray] = field(init=False)
    images: int = field(init=False)
    exam: Exam = field(init=False)

    def __post_init__(self) -> None:
        self._take_base()
        self.task = task_of(self.network.task)
        self.diameters = self._measure()
        self.diameter = float(np.median(np.concatenate(self.diameters)))
        self.factor = self._factor()
        # One after the other, since all at once take more memory than what is made of them.
        self.training, self.images = [], 0
        for example in self._shown(self.lesson.training):
            self.training += [prepare(view, self.task) for view in self._views(example)]
            self.images += 1
        self.exam = Exam(self.network, [self._views(example)[-1] for example in self._shown(self.lesson.validation)])
        if not self.training or not self.exam.examples:
            raise InputError(
                "What is reviewed is so thin that nothing is left of it where images are shrunk for the network, to "
                f"{'judge by' if self.training else 'learn from'}: review larger parts."
            )

    @property
    def network(self) -> NetworkConfig:
        """How the network is built."""
        return self.config.network

    @property
    def preprocessing(self) -> Preprocessing:
        """How images are brought to what the network sees: as its base sees them."""
        side = self.config.crop if self.config.whole else None
        return self.base.preprocessing if self.base else Preprocessing(side=side)

    @property
    def labels(self) -> LabelsConfig:
        """How maps become labels before that is tuned."""
        return self.base.labels if self.base else LabelsConfig(min_size=FIRST_SMALLEST[self.network.task.kind])

    @property
    def rehearsed(self) -> list[Example]:
        """What the base has learned from, to learn from it again."""
        return [view for example in self._as_seen(self.rehearsal.learned) for view in self._views(example)]

    @property
    def judged_before(self) -> list[Example]:
        """What the base was judged by, to choose thresholds that suit it still."""
        return [self._views(example)[-1] for example in self._as_seen(self.rehearsal.judged)]

    def _as_seen(self, crops: Sequence[Crop]) -> Iterator[Example]:
        return (focus(self._normalise(Example("", image, labels))) for image, labels in crops)

    def _take_base(self) -> None:
        folder = None if self.config.from_scratch else find_model(self.config.base)
        self.base = read_card(folder) if folder else None
        self.rehearsal = read_rehearsal(folder) if folder else Rehearsal([], [])
        if self.base is not None:
            changes = {"network": self.base.network} | self._size_for(self.base)
            self.config = self.config.model_copy(update=changes)
        if self.config.crop % self.network.multiple:
            raise InputError(
                f"A crop of {self.config.crop} pixels does not suit this model; wanted is a multiple of "
                f"{self.network.multiple}."
            )

    def _size_for(self, base: ModelCard) -> dict[str, Any]:
        """Return what is shown of images: as large crops as the base needs, and as many pixels of them an epoch."""
        crop, steps = base.crop_for(self.config), self.config.steps
        fewer = steps and max(round(steps * (self.config.crop / crop) ** 2), 1)
        return {"whole": base.preprocessing.side is not None, "crop": crop, "steps": fewer}

    def _measure(self) -> list[np.ndarray]:
        each = (self.task.diameters(e.labels, e.reviewed) for e in self.lesson.training)
        diameters = [of_image for of_image in each if len(of_image)]
        if not diameters:
            raise InputError(
                "None of the images to train on has a labelled object, so there is nothing to learn; "
                f"{len(self.lesson.validation)} of {len(self.lesson.training + self.lesson.validation)} images are "
                "held out for validation."
            )
        return diameters

    def _factor(self) -> float:
        if self.config.whole:
            return 1.0
        if self.base is not None and self.network.task.kind != "objects":
            return self.base.scale  # how large parts are says nothing of the magnification
        known = self.base.diameter if self.base else None
        return training_scale(self.diameter, known, self.task.largest_share * self.config.crop)

    def _views(self, example: Example) -> list[Example]:
        """Return an image as it comes, and if its objects are of unusual size, as it is rescaled to be segmented."""
        if self.config.whole or self.network.task.kind != "objects":
            return [example]
        diameters = self.task.diameters(example.labels, example.reviewed)
        factor = usual_size_factor(diameters, self.factor * self.diameter)
        if factor == 1:
            return [example]
        return [example, rescale(crop_amid_objects(example, round(LARGEST_SIDE / factor)), factor)]

    def _shown(self, examples: Sequence[Example]) -> Iterator[Example]:
        for example in map(self._at_scale, examples):
            if example.reviewed is None or example.reviewed.any():
                yield example

    def _at_scale(self, example: Example) -> Example:
        seen = self._normalise(example)
        return bring_to_size(seen, (self.config.crop,) * 2) if self.config.whole else rescale(focus(seen), self.factor)

    def _normalise(self, example: Example) -> Example:
        return normalise_greys(example, self.network.channels, self.preprocessing)
