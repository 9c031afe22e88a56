"""What labels mean: each task is a pair of ways, from labels to what a network fits, and from its maps to labels."""

from typing import Protocol

import numpy as np

from maskloop.config import LabelsConfig, TaskConfig
from maskloop.errors import InputError
from maskloop.ops.edit import Edit
from maskloop.ops.objects import Box
from maskloop.ops.task_kinds import Classes, Foreground, Objects

OF_PROJECT = "the labels of this project"


class Task(Protocol):
    """What labels of shape (Y, X), int, mean; 0 is background.

    Attributes
    ----------
    targets, weights : int
        How many of each a pixel has.
    largest_share : float
        Of a crop's side that something may fill, or its surroundings go unseen.
    """

    targets: int
    weights: int
    largest_share: float

    def to_targets(self, labels: np.ndarray) -> np.ndarray:
        """Make what the network fits, of shape (Y, X, targets), float32, 0 to 1."""

    def to_weights(self, labels: np.ndarray, reviewed: np.ndarray | None) -> np.ndarray:
        """Make the weights of the targets, of shape (Y, X, weights), float32, 0 where it is not known what is right."""

    def to_labels(self, maps: np.ndarray, config: LabelsConfig, rescaled: float = 1.0) -> np.ndarray:
        """Turn maps of shape (Y, X, heads) into labels of shape (Y, X), int32.

        The smallest object is counted at the size of the network, for which the plane was enlarged by `rescaled`.
        """

    def to_objects(self, labels: np.ndarray, reviewed: np.ndarray | None = None) -> np.ndarray:
        """Give what hangs together one number each, from 1, where it is reviewed; of shape (Y, X), int."""

    def kinds(self, labels: np.ndarray, reviewed: np.ndarray) -> set[int]:
        """Name what there is to judge by in planes (P, Y, X): of classes their numbers, else 1 if there is anything."""

    def diameters(self, labels: np.ndarray, reviewed: np.ndarray | None = None) -> np.ndarray:
        """Return how large that is which hangs together, in pixels, of shape (N,)."""

    def lay(self, labels: np.ndarray, box: Box, predicted: np.ndarray, keep: np.ndarray, unused: int) -> Edit:
        """Lay a prediction into a box of labels around what is to be kept, as `maskloop.ops.replace.replace` does."""


def lay_unreviewed(labels: np.ndarray, predicted: np.ndarray, reviewed: np.ndarray, task: Task) -> np.ndarray:
    """Lay predictions into planes around what is reviewed.

    Parameters
    ----------
    labels, predicted : ndarray of shape (P, Y, X), int
    reviewed : ndarray of shape (P, Y, X), bool
    task : Task
        What the labels mean.

    Returns
    -------
    ndarray of shape (P, Y, X), int

    Raises
    ------
    InputError
        If the shapes do not agree.
    """
    if not labels.shape == predicted.shape == reviewed.shape:
        raise InputError(f"The prediction is of shape {predicted.shape}; wanted is that of the labels, {labels.shape}.")
    laid = labels.copy()
    unused = int(labels.max(initial=0)) + 1
    for plane, found, keep in zip(laid, predicted, reviewed, strict=True):
        edit = task.lay(plane, (slice(0, plane.shape[0]), slice(0, plane.shape[1])), found, keep, unused)
        plane[edit.box] = edit.labels
        unused = max(unused, int(edit.labels.max(initial=0)) + 1)
    return laid


def task_of(config: TaskConfig) -> Task:
    """Return the task that is described."""
    if config.kind == "classes":
        return Classes(len(config.heads))
    return Objects() if config.kind == "objects" else Foreground()


def require_task(made: TaskConfig, wanted: TaskConfig, who: str, where: str) -> None:
    """Refuse labels that mean something else than those that they are to lie among.

    Parameters
    ----------
    made, wanted : TaskConfig
        What they mean, and what these do; colours do not matter.
    who, where : str
        Who makes them, and what they are to lie among, as it is said in the sentence.

    Raises
    ------
    InputError
        If the two differ.
    """
    if made.heads != wanted.heads:
        raise InputError(
            f"{who} makes {made}, and {where} mean {wanted}: choose a model that makes these, or train one from "
            "scratch (in a terminal with --base none)."
        )
