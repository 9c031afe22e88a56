"""Why an image came out empty, in words that say what to do next."""

from math import floor

from maskloop.config import OBJECTS, LabelsConfig, TaskConfig

FAR_OFF = 3.0  # a factor of rescaling from which the diameter is suspect


def explain_nothing_found(
    highest: float,
    labels: LabelsConfig,
    rescaled: float | None = None,
    constant: bool = False,
    task: TaskConfig = OBJECTS,
) -> str:
    """Say why no object was found.

    Parameters
    ----------
    highest : float
        Highest probability in the maps, of anything but background.
    labels : LabelsConfig
        How the maps became labels.
    rescaled : float, optional
        Factor by which the image was enlarged for the network.
    constant : bool
        Whether the image has one grey value only.
    task : TaskConfig
        What was looked for.

    Returns
    -------
    str

    Examples
    --------
    >>> explain_nothing_found(0.2, LabelsConfig(foreground=0.5)).split(",")[0]
    'Nothing found: the highest probability is 0.20'
    """
    if constant:
        return "Nothing found: every pixel of the image has the same grey value. Is it the right channel or plane?"
    if rescaled is not None and not 1 / FAR_OFF <= rescaled <= FAR_OFF:
        change = f"enlarged {rescaled:.1f} times" if rescaled > 1 else f"shrunk to {rescaled:.2f} of its size"
        return f"Nothing found: for this diameter the image was {change}. Is the diameter right?"
    if task.kind == "classes":
        return (
            f"Nothing found: no pixel is likelier to be of a class than background; the highest probability of one is "
            f"{highest:.2f}. Is it the right channel, and the right model for this image?"
        )
    seen = floor(100 * highest) / 100  # rounded up it could read like the threshold itself
    if highest < labels.foreground:
        return (
            f"Nothing found: the highest probability is {seen:.2f}, below the foreground threshold of "
            f"{labels.foreground:.2f}. Is it the right channel, and the right model for this image?"
        )
    if highest < labels.certainty:
        return (
            f"Nothing found: the highest probability is {seen:.2f}, below the certainty of {labels.certainty:.2f} that "
            "an object has to reach. Is that too strict, or is it not the right model for this image?"
        )
    uncertain = f" or is less certain than {labels.certainty:.2f}" if labels.certainty > labels.foreground else ""
    return (
        f"Nothing found: all there is has fewer than {labels.min_size} pixels{uncertain}. Is the smallest object or "
        "the diameter set too large?"
    )
