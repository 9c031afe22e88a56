"""Which of the models that ship with the package suits an image."""

import numpy as np

from maskloop.ops.stained import is_stained

GREY_MODEL, COLOUR_MODEL = "nuclei", "nuclei-colour"


def suggested_model(planes: np.ndarray) -> str:
    """Name the bundled model that suits an image.

    Parameters
    ----------
    planes : ndarray of shape (P, Y, X, C)
    """
    return COLOUR_MODEL if is_stained(planes) else GREY_MODEL
