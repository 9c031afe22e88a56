"""What can go wrong and be said in one sentence: what was given, and what is wanted."""


class MaskloopError(Exception):
    """An error whose text is meant for the person who caused it; no traceback is needed to act on it."""


class InputError(MaskloopError, ValueError):
    """An image, mask, file or setting that cannot be used as it is."""


class ModelError(MaskloopError, ValueError):
    """A model folder that is missing, damaged, foreign or too new."""


class EngineError(MaskloopError, RuntimeError):
    """TensorFlow is missing, broken, or ran out of memory."""


class Cancelled(Exception):  # noqa: N818 - not an error: somebody asked for it
    """The work was stopped because it was asked to stop."""
