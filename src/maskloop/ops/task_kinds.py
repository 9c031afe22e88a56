"""The kinds of `maskloop.ops.task.Task`: numbered objects, one foreground, or classes by number."""

import numpy as np
from scipy import ndimage

from maskloop.config import LabelsConfig
from maskloop.errors import InputError
from maskloop.ops.edit import Edit
from maskloop.ops.instances import drop_small, maps_to_labels
from maskloop.ops.judged import whole_objects
from maskloop.ops.objects import Box
from maskloop.ops.replace import replace, replace_pixels
from maskloop.ops.targets import labels_to_targets, labels_to_weights, object_diameters

TOUCHING = np.ones((3, 3))
LARGEST_SHARE = 0.2  # for what a part of an organ belongs to is told by what lies around it


class Objects:
    """Each object has a number of its own."""

    targets = weights = 2
    largest_share = 0.75
    to_targets, to_weights, to_labels = (
        staticmethod(labels_to_targets),
        staticmethod(labels_to_weights),
        staticmethod(maps_to_labels),
    )

    def to_objects(self, labels: np.ndarray, reviewed: np.ndarray | None = None) -> np.ndarray:
        """Return the objects that are reviewed as a whole."""
        return whole_objects(labels, reviewed)

    def kinds(self, labels: np.ndarray, reviewed: np.ndarray) -> set[int]:
        """Return 1 if an object is reviewed as a whole; those of a stack are numbered plane by plane."""
        return {1} if any(whole_objects(*plane).any() for plane in zip(labels, reviewed, strict=True)) else set()

    def diameters(self, labels: np.ndarray, reviewed: np.ndarray | None = None) -> np.ndarray:
        """Return those of the discs that have the objects' areas."""
        return object_diameters(whole_objects(labels, reviewed))

    def lay(self, labels: np.ndarray, box: Box, predicted: np.ndarray, keep: np.ndarray, unused: int) -> Edit:
        """Keep objects whole, and give new ones unused numbers."""
        return replace(labels, box, predicted, keep, unused)


class Foreground:
    """A pixel is of the foreground, whatever its number, or it is not."""

    targets = weights = 1
    largest_share = LARGEST_SHARE

    def to_targets(self, labels: np.ndarray) -> np.ndarray:
        """Make the foreground, 0 or 1."""
        return (labels > 0).astype(np.float32)[..., None]

    def to_weights(self, labels: np.ndarray, reviewed: np.ndarray | None) -> np.ndarray:
        """Make weights that count what is reviewed."""
        return _weights(labels, reviewed)

    def to_labels(self, maps: np.ndarray, config: LabelsConfig, rescaled: float = 1.0) -> np.ndarray:
        """Return 1 where the foreground reaches its threshold, without what is too small or too uncertain."""
        probability = maps[..., 0]
        parts, _ = ndimage.label(probability >= config.foreground, TOUCHING)
        kept = drop_small(parts, config.min_size / rescaled**2, probability >= config.certainty)
        return (kept > 0).astype(np.int32)

    def to_objects(self, labels: np.ndarray, reviewed: np.ndarray | None = None) -> np.ndarray:
        """Give each part of the foreground that is reviewed a number."""
        return ndimage.label(_known(labels, reviewed) > 0, TOUCHING)[0].astype(np.int32)

    def kinds(self, labels: np.ndarray, reviewed: np.ndarray) -> set[int]:
        """Return 1 if a pixel of the foreground is reviewed."""
        return {1} if labels[reviewed].any() else set()

    def diameters(self, labels: np.ndarray, reviewed: np.ndarray | None = None) -> np.ndarray:
        """Return how thick the parts are."""
        return _thicknesses(self.to_objects(labels, reviewed))

    def lay(self, labels: np.ndarray, box: Box, predicted: np.ndarray, keep: np.ndarray, unused: int) -> Edit:  # noqa: ARG002
        """Keep pixels."""
        return replace_pixels(labels, box, predicted, keep)


class Classes:
    """A label is the number of a class.

    Parameters
    ----------
    count : int
        Of the classes, the background among them.
    """

    weights = 1
    largest_share = LARGEST_SHARE

    def __init__(self, count: int) -> None:
        self.targets = count

    def to_targets(self, labels: np.ndarray) -> np.ndarray:
        """Make a plane for each class, the background first; 1 where a pixel is of it.

        Raises
        ------
        InputError
            If there are more classes in the labels.
        """
        if labels.max(initial=0) >= self.targets:
            raise InputError(f"There is a label {labels.max()}; wanted is 0 for background to {self.targets - 1}.")
        return np.eye(self.targets, dtype=np.float32)[labels]

    def to_weights(self, labels: np.ndarray, reviewed: np.ndarray | None) -> np.ndarray:
        """Make weights that count what is reviewed."""
        return _weights(labels, reviewed)

    def to_labels(self, maps: np.ndarray, config: LabelsConfig, rescaled: float = 1.0) -> np.ndarray:  # noqa: ARG002
        """Return the likeliest class of each pixel, the first one of several."""
        return maps.argmax(axis=-1).astype(np.int32)

    def to_objects(self, labels: np.ndarray, reviewed: np.ndarray | None = None) -> np.ndarray:
        """Give each part of each class that is reviewed a number."""
        labels = _known(labels, reviewed)
        numbered, count = np.zeros(labels.shape, np.int32), 0
        for number in np.unique(labels[labels > 0]):
            parts, found = ndimage.label(labels == number, TOUCHING)
            numbered += np.where(parts > 0, parts + count, 0).astype(np.int32)
            count += found
        return numbered

    def kinds(self, labels: np.ndarray, reviewed: np.ndarray) -> set[int]:
        """Return the classes that are reviewed somewhere."""
        return set(np.unique(labels[reviewed]).tolist()) - {0}

    def diameters(self, labels: np.ndarray, reviewed: np.ndarray | None = None) -> np.ndarray:
        """Return how thick the parts are."""
        return _thicknesses(self.to_objects(labels, reviewed))

    def lay(self, labels: np.ndarray, box: Box, predicted: np.ndarray, keep: np.ndarray, unused: int) -> Edit:  # noqa: ARG002
        """Keep pixels."""
        return replace_pixels(labels, box, predicted, keep)


def _thicknesses(parts: np.ndarray) -> np.ndarray:
    """Return the diameters of the largest discs that fit into each part: a net of thin membranes is not large."""
    edges = parts != ndimage.grey_erosion(parts, 3)
    depth = ndimage.distance_transform_edt((parts > 0) & ~edges)
    return 2 * np.asarray(ndimage.maximum(depth, parts, np.arange(1, parts.max(initial=0) + 1))).reshape(-1) + 1


def _known(labels: np.ndarray, reviewed: np.ndarray | None) -> np.ndarray:
    return labels if reviewed is None else np.where(reviewed, labels, 0)


def _weights(labels: np.ndarray, reviewed: np.ndarray | None) -> np.ndarray:
    return np.ones((*labels.shape, 1), np.float32) if reviewed is None else reviewed[..., None].astype(np.float32)
