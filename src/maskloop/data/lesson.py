"""What a model learns from, and what it is judged by."""

from dataclasses import dataclass, field

from maskloop.data.examples import Example


@dataclass(frozen=True)
class Lesson:
    """Examples, as they were when they were read.

    Attributes
    ----------
    training, validation : list of Example
        To learn from, and to judge by.
    revisions : dict of str to int
        Of a project: the latest revision of each entry that is learned from, by its identifier.
    """

    training: list[Example]
    validation: list[Example]
    revisions: dict[str, int] = field(default_factory=dict)
