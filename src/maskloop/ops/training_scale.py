"""By how much images are enlarged or shrunk before a network learns from them."""

SAME_SIZE = 1.25  # factor up to which objects are not worth rescaling


def training_scale(diameter: float, known: float | None, largest: float) -> float:
    """Return the factor that brings objects to the size that a base model knows, or from scratch, that a crop holds.

    Parameters
    ----------
    diameter : float
        Median of the objects to learn from, in pixels.
    known : float or None
        Median of the objects that the base model was trained on; None where there is no base.
    largest : float
        What a crop holds, in pixels.

    Returns
    -------
    float

    Examples
    --------
    >>> training_scale(40, 20, 256), training_scale(22, 20, 256)
    (0.5, 1.0)
    >>> training_scale(40, None, 192), training_scale(384, None, 192)
    (1.0, 0.5)
    """
    wanted = min(diameter, largest) if known is None else known
    factor = wanted / diameter
    return factor if max(factor, 1 / factor) > SAME_SIZE else 1.0
