"""Which sizes of objects, or of parts of a class, are found."""

from collections.abc import Sequence

import numpy as np

from maskloop.ops.by_size import TrueObjects, sort_by_size
from maskloop.reporting.html import drawing
from maskloop.reporting.plots import plot_sizes


def show_sizes(of_images: Sequence[TrueObjects], what: str, which: str) -> str:
    """Draw the share that is found of each class of size; empty where there is nothing.

    Parameters
    ----------
    of_images : sequence of TrueObjects
        At least one.
    what : str
        What they are, in the plural.
    which : str
        Which ones are found, to begin the caption with.

    Returns
    -------
    str
        HTML.
    """
    diameters, found = (np.concatenate([getattr(one, name) for one in of_images]) for name in ("diameters", "found"))
    classes = sort_by_size(diameters, found)
    caption = f"{which}, by size; each bar stands for about equally many {what}."
    return drawing(plot_sizes(classes, what), caption) if classes else ""
