"""Models: which one is meant by a name, and loading it."""

from pathlib import Path
from typing import TYPE_CHECKING

from maskloop.model.runtime import start_engine

if TYPE_CHECKING:
    from maskloop.inference.model import Model


def load_model(name: str | Path = "nuclei", bfloat16: bool = False) -> "Model":
    """Load a model once, to segment many images with it.

    Parameters
    ----------
    name : str or Path
        Name of a bundled model, or a model folder.
    bfloat16 : bool
        Compute in bfloat16: faster on processors that have it, with slightly different maps.

    Returns
    -------
    Model
        To be given to `segment`.

    Raises
    ------
    ModelError
        If there is no such model, or its folder is incomplete, damaged or from a newer version.
    EngineError
        If TensorFlow is missing or broken.
    """
    start_engine()
    from maskloop.inference import model

    return model.load_model(name, bfloat16)
