"""Which classes are taken for which."""

import numpy as np

from maskloop.ops.judged import require_one_shape


def count_confusions(
    predicted: np.ndarray, truth: np.ndarray, classes: int, mask: np.ndarray | None = None
) -> np.ndarray:
    """Count the pixels of each true class that are found as each class: the confusion matrix.

    Parameters
    ----------
    predicted, truth : ndarray of one shape, int or bool
        The class of each pixel, from 0 for background to ``classes - 1``.
    classes : int
        How many there are, with background.
    mask : ndarray of the same shape, bool, optional
        Where the truth is known; everywhere where it is left out.

    Returns
    -------
    ndarray of shape (classes, classes), int
        A row for each true class, a column for each one that was found.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> count_confusions(np.array([[0, 1, 1, 1]]), np.array([[0, 0, 1, 1]]), classes=2)
    array([[1, 1],
           [0, 2]])
    """
    require_one_shape(predicted, truth)
    known = np.ones(truth.shape, bool) if mask is None else mask
    pairs = truth[known].astype(np.intp) * classes + predicted[known]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
