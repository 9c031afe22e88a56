"""Which true objects, or parts of a class, are found, by their size."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from maskloop.errors import InputError
from maskloop.ops.judged import judged_part
from maskloop.ops.metrics import match, pairwise_iou
from maskloop.ops.targets import object_diameters

FOUND = 0.5  # IoU from which on an object counts as found


@dataclass(frozen=True)
class TrueObjects:
    """The true objects of an image, or the parts of a class that hang together.

    Attributes
    ----------
    diameters : ndarray of shape (N,), float64
        In pixels, of the discs that have the objects' areas.
    found : ndarray of shape (N,), bool
    """

    diameters: np.ndarray
    found: np.ndarray


@dataclass(frozen=True)
class SizeClass:
    """The true objects of about one size.

    Attributes
    ----------
    smallest, largest : float
        Their diameters in pixels.
    objects, found : int
        How many there are, and of them are found.
    """

    smallest: float
    largest: float
    objects: int
    found: int


def find_true_objects(predicted: np.ndarray, truth: np.ndarray, mask: np.ndarray | None = None) -> TrueObjects:
    """Tell which true objects a predicted one matches at an IoU of 0.5, as `maskloop.ops.metrics.count` counts them.

    Parameters
    ----------
    predicted, truth : ndarray of shape (Y, X), int
        0 is background.
    mask : ndarray of shape (Y, X), bool, optional
        Where the truth is known; everywhere where it is left out. See `maskloop.ops.judged.judged_part`.

    Returns
    -------
    TrueObjects
        By ascending label.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> truth = np.array([[1, 1, 1, 1, 0, 2, 2]])
    >>> find_true_objects(np.array([[5, 5, 5, 0, 0, 0, 0]]), truth).found
    array([ True, False])
    """
    if predicted.shape != truth.shape:
        raise InputError(
            f"The prediction is of shape {predicted.shape} and the truth of {truth.shape}; they must agree."
        )
    predicted, truth = judged_part(predicted, truth, mask)
    diameters = object_diameters(truth)
    found = np.zeros(len(diameters), bool)
    found[match(pairwise_iou(predicted, truth), FOUND)[1]] = True
    return TrueObjects(diameters, found)


def find_true_parts(predicted: np.ndarray, truth: np.ndarray) -> TrueObjects:
    """Tell which parts of a class are found: those of which at least half of the pixels are predicted.

    Parameters
    ----------
    predicted, truth : ndarray of shape (Y, X), bool

    Returns
    -------
    TrueObjects
        Pixels that touch, at their corners too, are one part.

    Examples
    --------
    >>> truth = np.array([[1, 1, 1, 1, 0, 1, 1]], bool)
    >>> find_true_parts(np.array([[0, 0, 1, 1, 1, 0, 0]], bool), truth).found
    array([ True, False])
    """
    parts, number = ndimage.label(truth, np.ones((3, 3)))
    sizes, covered = (np.bincount(of.ravel(), minlength=number + 1)[1:] for of in (parts, parts[predicted]))
    return TrueObjects(object_diameters(parts), 2 * covered >= sizes)


def sort_by_size(diameters: np.ndarray, found: np.ndarray, classes: int = 5) -> list[SizeClass]:
    """Sort objects, or parts, into classes of size that hold about equally many; objects of one size stay together.

    Parameters
    ----------
    diameters : ndarray of shape (N,), float
    found : ndarray of shape (N,), bool
    classes : int
        How many there are at most.

    Returns
    -------
    list of SizeClass
        From small to large; none is empty.

    Examples
    --------
    >>> for of_size in sort_by_size(np.array([5.0, 9.0, 5.0, 30.0]), np.array([True, True, False, False]), 2):
    ...     print(of_size)
    SizeClass(smallest=5.0, largest=5.0, objects=2, found=1)
    SizeClass(smallest=9.0, largest=30.0, objects=2, found=1)
    """
    if len(diameters) == 0:
        return []
    edges = np.quantile(diameters, np.arange(1, classes) / classes)
    of_class = np.searchsorted(edges, diameters)
    groups = (of_class == number for number in np.unique(of_class))
    return [
        SizeClass(float(diameters[g].min()), float(diameters[g].max()), int(g.sum()), int(found[g].sum()))
        for g in groups
    ]
