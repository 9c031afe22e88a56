"""Which of the models that ship with the package suits an image."""

from maskloop.ops.axes import Planes
from maskloop.ops.stained import is_stained

GREY_MODEL, COLOUR_MODEL = "nuclei", "nuclei-colour"


def suggested_model(planes: Planes) -> str:
    """Name the bundled model that suits an image.

    Parameters
    ----------
    planes : Planes
        Three channels behind X and Y are colours, elsewhere they are not.

    Returns
    -------
    str
    """
    return COLOUR_MODEL if planes.axes.endswith("C") and is_stained(planes.pixels) else GREY_MODEL
