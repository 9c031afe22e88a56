"""What a report must know of a kind of task: what is counted of an image, what that comes to, and how it is shown."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

import numpy as np

FOREGROUNDS = tuple(round(0.1 * i, 1) for i in range(1, 10))  # thresholds that are tried


class Verdict(Protocol):
    """How good what was found in one image is."""

    @property
    def quality(self) -> float:
        """The score by which images are ranked, 0 to 1."""

    @property
    def caption(self) -> str:
        """What is said of a picture."""


class Findings(Protocol):
    """What several images came to together."""

    def summarise(self, name: str) -> str:
        """Say in a sentence how good it is."""

    def scores(self) -> str:
        """Show the scores in a table; HTML."""

    def curves(self, tuned: float | None) -> list[str]:
        """Draw how scores depend on thresholds, the tuned one marked; HTML. None where there were no maps."""

    def failures(self) -> list[str]:
        """Show what goes wrong; HTML."""


V = TypeVar("V")


class Kind(Protocol[V]):
    """A kind of task.

    Attributes
    ----------
    parts : str
        Name of what hangs together.
    curves_note : str
        What the scores are that were written down while training.
    settings : frozenset of str
        Which settings of labels it goes by.
    columns : tuple of str
        Titles of the scores of an image.
    foregrounds : tuple of float
        Thresholds that are tried; none where it has none.
    """

    parts: str
    curves_note: str
    settings: frozenset[str]
    columns: tuple[str, ...]
    foregrounds: tuple[float, ...]

    def judge(
        self,
        labels: np.ndarray,
        truth: np.ndarray,
        reviewed: np.ndarray | None = None,
        at_foregrounds: Iterable[np.ndarray] = (),
    ) -> V:
        """Compare what was found with the truth; `at_foregrounds` are the labels at each of `foregrounds`.

        Raises
        ------
        InputError
            If the shapes differ, there are no pixels, or these are no labels of this kind.
        """

    def find(self, verdicts: Sequence[V]) -> Findings:
        """Put together the verdicts on at least one image."""

    def rows(self, verdict: V) -> list[list[str]]:
        """Show the scores of an image, as many in a row as there are columns."""

    def judged_part(
        self, labels: np.ndarray, truth: np.ndarray, reviewed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Leave out of labels, and of true ones, what cannot be compared; numbers say which objects match."""

    def draw(self, image: np.ndarray, labels: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
        """Draw truth, prediction and mistakes over an image (Y, X, 1), around 0 to 1; (Y, X, 3), uint8, by title.

        Labels are from `judged_part`; there may be fewer pixels of them by now.
        """

    def legend(self) -> str:
        """Say what the colours mean; HTML."""
