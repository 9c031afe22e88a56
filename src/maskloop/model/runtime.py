"""TensorFlow started quietly, or one sentence on why it cannot be."""

import os

from maskloop.errors import EngineError


def start_engine() -> None:
    """Import Keras on TensorFlow; GPU memory grows with need.

    Raises
    ------
    EngineError
        If TensorFlow is missing or broken.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    try:
        import keras  # noqa: F401
        import tensorflow  # noqa: F401
    except ModuleNotFoundError as error:
        raise EngineError(
            f"TensorFlow cannot be started, since {error.name!r} is not installed: pip install tensorflow"
        ) from error
    except Exception as error:  # a broken installation raises whatever it stumbles over
        raise EngineError(f"TensorFlow is installed but broken: {error}") from error
