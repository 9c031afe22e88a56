"""Validation images as an exam, in which a network is judged object by object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from maskloop.config import LabelsConfig, NetworkConfig
from maskloop.data.examples import Example
from maskloop.inference.predict_maps import as_kept, predict_maps
from maskloop.ops.class_scores import count_classes
from maskloop.ops.judged import box_amid_objects
from maskloop.ops.metrics import count, pool
from maskloop.ops.objects import count_objects
from maskloop.ops.task import Task, task_of
from maskloop.ops.tuning import tune_foreground, tune_labels

EXCERPTS, SIDE = 16, 256  # at most, and in pixels


@dataclass(frozen=True)
class Exam:
    """What a network is judged by.

    Attributes
    ----------
    config : NetworkConfig
        How the network is built.
    examples : sequence of Example
        From `maskloop.data.dataset.focus`, at the scale of the network.
    """

    config: NetworkConfig
    examples: Sequence[Example]

    @property
    def task(self) -> Task:
        """What the labels mean."""
        return task_of(self.config.task)

    def excerpt(self) -> "Exam":
        """Return an exam of a few small crops, the one with the most objects first; quick enough for each epoch."""
        chosen = np.linspace(0, len(self.examples) - 1, min(EXCERPTS, len(self.examples))).round().astype(int)
        crops = [crop_amid_objects(self.examples[i], SIDE) for i in chosen]
        return Exam(
            self.config,
            sorted(crops, key=lambda crop: -count_objects(self.task.to_objects(crop.labels, crop.reviewed))),
        )

    def segment(self, network: keras.Model, labels: LabelsConfig) -> list[np.ndarray]:
        """Segment the images; return labels of shape (Y, X), int32, of each."""
        return self.labels(self.maps(network), labels)

    def labels(self, maps: Sequence[np.ndarray], config: LabelsConfig) -> list[np.ndarray]:
        """Turn the maps of the images into labels of shape (Y, X), int32, of each."""
        return [self.task.to_labels(of_image, config) for of_image in maps]

    def ap(self, found: Sequence[np.ndarray]) -> np.ndarray:
        """Return the AP at IoU 0.5, 0.55, ..., 0.9, pooled over all objects, of what was found."""
        pairs = zip(found, self.examples, strict=True)
        return pool(count(labels, example.labels, example.reviewed) for labels, example in pairs).ap

    def dice(self, found: Sequence[np.ndarray]) -> dict[str, float]:
        """Return the Dice of each class that occurs, pooled over all pixels, of what was found, as ``dice of NAME``."""
        names, pairs = self.config.task.heads, zip(found, self.examples, strict=True)
        counts = pool(count_classes(labels, e.labels, len(names), e.reviewed) for labels, e in pairs)
        occurs = np.flatnonzero(counts.occurs[1:]) + 1
        return {f"dice of {names[number]}": float(counts.dice[number]) for number in occurs}

    def maps(self, network: keras.Model, should_stop: Callable[[], bool] = lambda: False) -> list[np.ndarray]:
        """Predict the maps of the images, in the precision in which they are kept when somebody segments.

        Raises
        ------
        Cancelled
            If it was asked to stop.
        """
        return [
            as_kept(predict_maps(network, self.config, example.image, should_stop=should_stop))
            for example in self.examples
        ]

    def tune(
        self, maps: Sequence[np.ndarray], first: LabelsConfig, has_served: bool, should_stop: Callable[[], bool]
    ) -> LabelsConfig:
        """Choose how maps become labels, as `maskloop.ops.tuning` does; for classes nothing is to be chosen."""
        truths, masks = ([getattr(e, name) for e in self.examples] for name in ("labels", "reviewed"))
        if self.config.task.kind == "objects":
            return tune_labels(maps, truths, masks, first if has_served else None, should_stop)
        if self.config.task.kind == "foreground":
            return tune_foreground(maps, truths, masks, first, has_served)
        return first


def crop_amid_objects(example: Example, side: int) -> Example:
    """Return the square of an image, of some pixels at each side, in which most objects are; a smaller one as it is."""
    box = box_amid_objects(example.labels, example.reviewed, side)
    reviewed = None if example.reviewed is None else example.reviewed[box]
    return Example(example.name, example.image[box], example.labels[box], reviewed)
