"""What can go wrong and be said in one sentence: what was given, and what is wanted."""

import errno


class MaskloopError(Exception):
    """An error whose text is meant for the person who caused it; no traceback is needed to act on it."""


class InputError(MaskloopError, ValueError):
    """An image, mask, file or setting that cannot be used as it is."""


class ModelError(MaskloopError, ValueError):
    """A model folder that is missing, damaged, foreign or too new."""


class ProjectError(MaskloopError, ValueError):
    """A project, or a part of it, that is missing, damaged, too new, or held by somebody else."""


class EngineError(MaskloopError, RuntimeError):
    """TensorFlow is missing, broken, or ran out of memory."""


class Cancelled(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The work was stopped because it was asked to stop."""


def explain(error: BaseException) -> str:
    """Say in one sentence what went wrong, also where it was not foreseen."""
    if isinstance(error, MaskloopError):
        return str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's
        return "Memory ran out; close other programs, or segment one plane at a time."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"The disk is full: {error.filename or 'a file'} could not be written."
    if isinstance(error, OSError):
        return f"A file could not be read or written: {error}"
    first = next(iter(str(error).splitlines()), "no reason given")
    return f"An unexpected error: {type(error).__name__}: {first}"
