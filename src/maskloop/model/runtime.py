"""TensorFlow started quietly, or one sentence on why it cannot be."""

import contextlib
import os
from pathlib import Path

from maskloop.errors import EngineError

FIRST_GPU_WITH_BFLOAT16 = (8, 0)  # compute capability, of Ampere


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


def describe_device() -> str:
    """Say what the engine computes on; it must have been started."""
    import tensorflow as tf

    if gpus := tf.config.list_physical_devices("GPU"):
        return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "a GPU"))
    return (
        f"the processor ({len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores)"
    )


def has_bfloat16() -> bool:
    """Return whether this computer's first GPU, or without one its processor, computes in bfloat16 by itself.

    Of processors only Linux tells; elsewhere it is taken as not there. The engine must have been started.
    """
    import tensorflow as tf

    if gpus := tf.config.list_physical_devices("GPU"):
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
        return bool(capability >= FIRST_GPU_WITH_BFLOAT16)
    with contextlib.suppress(OSError):
        return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(Path("/proc/cpuinfo").read_text().split()))
    return False
