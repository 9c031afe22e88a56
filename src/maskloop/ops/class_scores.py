"""How well the class of each pixel agrees with the truth: class by class, and where their outlines lie."""

from dataclasses import dataclass

import numpy as np

from maskloop.errors import InputError
from maskloop.ops.judged import known_part, require_one_shape
from maskloop.ops.surface_distance import surface_distance


@dataclass(frozen=True)
class ClassCounts:
    """The pixels of each class, of one image, or with `maskloop.ops.metrics.pool` of many together.

    A class that is neither predicted nor true scores 1: nothing is there and nothing was found, which of one image is
    the right answer. Pooled over many images the same 1 says nothing of the class, as there was none to be found;
    hence `mean` goes by the classes that occur, and so should whoever shows them one by one.

    Attributes
    ----------
    overlap : ndarray of shape (K,), int
        Pixels of the class in both, background first.
    predicted, truth : ndarray of shape (K,), int
        Pixels of the class in the prediction, in the truth.
    """

    overlap: np.ndarray
    predicted: np.ndarray
    truth: np.ndarray

    @property
    def occurs(self) -> np.ndarray:
        """Whether each class is predicted or true anywhere, of shape (K,)."""
        return self.predicted + self.truth > 0

    @property
    def dice(self) -> np.ndarray:
        """2 |P and T| / (|P| + |T|) of each class (Dice 1945), of shape (K,)."""
        return _ratios(2 * self.overlap, self.predicted + self.truth)

    @property
    def iou(self) -> np.ndarray:
        """|P and T| / |P or T| of each class (Jaccard 1912), of shape (K,)."""
        return _ratios(self.overlap, self.predicted + self.truth - self.overlap)

    def mean(self, scores: np.ndarray) -> float:
        """Average scores over the classes other than background that occur; over all of them, where none does.

        Parameters
        ----------
        scores : ndarray of shape (K,), float
            Such as `dice`. NaN is left out.

        Returns
        -------
        float
            NaN, if nothing else is there.

        Examples
        --------
        >>> counts = count_classes(np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 1]]), classes=3)
        >>> counts.iou, counts.mean(counts.iou)
        (array([0.66666667, 0.5       , 1.        ]), 0.5)
        """
        occurs = self.occurs[1:]
        judged = scores[1:][occurs if occurs.any() else ~occurs]
        known = judged[~np.isnan(judged)]
        return float(known.mean()) if len(known) else float("nan")


@dataclass(frozen=True)
class ClassScores:
    """What one image came to, class by class.

    Attributes
    ----------
    counts : ClassCounts
    hd95, assd : ndarray of shape (K,), float
        Distances between outlines in pixels, see `maskloop.ops.surface_distance`; 0 for a class that does not occur,
        NaN for one that is only predicted or only true, for background, and in a stack, the spacing of whose planes
        is not known.
    """

    counts: ClassCounts
    hd95: np.ndarray
    assd: np.ndarray


def count_classes(
    predicted: np.ndarray, truth: np.ndarray, classes: int, mask: np.ndarray | None = None
) -> ClassCounts:
    """Count the pixels of each class in a prediction, in the truth, and in both.

    Parameters
    ----------
    predicted, truth : ndarray of one shape, int or bool
        The class of each pixel, from 0 for background to ``classes - 1``.
    classes : int
        How many there are, with background; a mask of foreground has 2.
    mask : ndarray of the same shape, bool, optional
        Where the truth is known; everywhere where it is left out. Nothing is looked at elsewhere.

    Returns
    -------
    ClassCounts

    Raises
    ------
    InputError
        If the shapes differ, there are no pixels, or one of them holds anything but numbers of classes.

    Examples
    --------
    >>> count_classes(np.array([[0, 2, 2]]), np.array([[1, 2, 0]]), classes=3)
    ClassCounts(overlap=array([0, 0, 1]), predicted=array([1, 0, 2]), truth=array([1, 1, 1]))
    """
    require_one_shape(predicted, truth)
    if predicted.size == 0:
        raise InputError(f"The masks of shape {predicted.shape} are empty; wanted is at least one pixel.")
    known = np.ones(truth.shape, bool) if mask is None else mask
    found, true = _numbers(predicted, known, classes, "prediction"), _numbers(truth, known, classes, "truth")
    overlap, *each = (np.bincount(pixels, minlength=classes) for pixels in (true[found == true], found, true))
    return ClassCounts(overlap, *each)


def score_classes(
    predicted: np.ndarray, truth: np.ndarray, classes: int, mask: np.ndarray | None = None
) -> ClassScores:
    """Compare the class of each pixel of an image with the truth.

    Parameters
    ----------
    predicted, truth : ndarray of one shape, int or bool
        The class of each pixel, from 0 for background to ``classes - 1``.
    classes : int
        How many there are, with background.
    mask : ndarray of the same shape, bool, optional
        Where the truth is known; everywhere where it is left out. Elsewhere is background, as beyond the image.

    Returns
    -------
    ClassScores

    Raises
    ------
    InputError
        As `count_classes`.

    Examples
    --------
    >>> score_classes(np.array([[0, 1, 1, 1, 2]]), np.array([[0, 1, 0, 0, 0]]), classes=4).assd
    array([ nan, 0.75,  nan, 0.  ])
    """
    counts = count_classes(predicted, truth, classes, mask)
    predicted, truth = known_part(predicted, truth, mask)
    hd95, assd = np.zeros((2, classes))
    hd95[0] = assd[0] = np.nan
    for number in np.flatnonzero(counts.occurs[1:]) + 1:
        hd95[number] = assd[number] = np.nan
        if truth.ndim == 2:
            distance = surface_distance(predicted == number, truth == number)
            hd95[number], assd[number] = distance.hd95, distance.assd
    return ClassScores(counts, hd95, assd)


def foreground(mask: np.ndarray) -> np.ndarray:
    """Make class numbers 0 and 1 of a mask of foreground, which may be written as 0 and 1, 0 and 255, or bool.

    Parameters
    ----------
    mask : ndarray, int or bool

    Returns
    -------
    ndarray of the mask's shape, bool

    Raises
    ------
    InputError
        If it holds several values other than 0: probabilities, instances or classes.

    Examples
    --------
    >>> foreground(np.array([[0, 255]]))
    array([[False,  True]])
    """
    _refuse_fractions(mask)
    values = np.unique(mask[mask != 0])
    if len(values) > 1:
        raise InputError(
            f"Given are {len(values)} different values other than 0, such as {values[0]} and {values[1]}; wanted is a "
            "mask of 0 and one other. Threshold probabilities first."
        )
    return mask != 0


def _numbers(labels: np.ndarray, known: np.ndarray, classes: int, name: str) -> np.ndarray:
    """Return the class of each known pixel, of shape (N,)."""
    _refuse_fractions(labels)
    numbers = labels[known]
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
        raise InputError(
            f"The {name} holds numbers from {numbers.min()} to {numbers.max()}; wanted are those of classes, "
            f"0 to {classes - 1}."
        )
    return numbers.astype(np.intp)


def _refuse_fractions(labels: np.ndarray) -> None:
    if labels.dtype.kind not in "uib":
        raise InputError(
            f"Given is {labels.dtype}; wanted is the class of each pixel as a whole number. Threshold probabilities "
            "first, or take the most probable class."
        )


def _ratios(parts: np.ndarray, wholes: np.ndarray) -> np.ndarray:
    return np.where(wholes > 0, parts / np.maximum(wholes, 1), 1.0)
