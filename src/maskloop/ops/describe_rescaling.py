"""By how much an image was enlarged or shrunk for a model, in words."""

from collections.abc import Sequence

HARDLY = 0.05


def describe_rescaling(factors: Sequence[float]) -> str:
    """Say by how much planes were enlarged for a network.

    Parameters
    ----------
    factors : sequence of float
        One a plane, at least one.

    Returns
    -------
    str
        Empty where it was hardly at all.

    Examples
    --------
    >>> describe_rescaling([0.4]), describe_rescaling([1.5, 1.0]), describe_rescaling([0.5, 2]), describe_rescaling([1])
    ('shrunk to 40 %', 'enlarged up to 150 %', 'brought to between 50 and 200 %', '')
    """
    lowest, highest = min(factors), max(factors)
    shrunk, enlarged = lowest < 1 - HARDLY, highest > 1 + HARDLY
    if shrunk and enlarged:
        return f"brought to between {100 * lowest:.0f} and {100 * highest:.0f} %"
    alike = highest - lowest <= HARDLY * highest
    if shrunk:
        return f"shrunk {'' if alike else 'down '}to {100 * lowest:.0f} %"
    return f"enlarged {'' if alike else 'up '}to {100 * highest:.0f} %" if enlarged else ""
