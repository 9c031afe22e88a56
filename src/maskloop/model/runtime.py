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
        import keras
        import tensorflow  # noqa: F401
    except ModuleNotFoundError as error:
        raise EngineError(
            f"TensorFlow cannot be started, since {error.name!r} is not installed: pip install tensorflow"
        ) from error
    except Exception as error:  # a broken installation raises whatever it stumbles over
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        # Its text may be a whole traceback, whose own message stands behind "ImportError:".
        reason = next((line for line in reversed(lines) if "Error:" in line), lines[0])
        raise EngineError(f"TensorFlow is installed but broken: {reason.strip()}") from error
    if keras.backend.backend() != "tensorflow":
        raise EngineError(
            f"Keras runs on {keras.backend.backend()} here; unset KERAS_BACKEND, or set it to tensorflow."
        )
