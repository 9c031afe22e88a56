"""What images came to against their truth, by name for JSON and as tables for the eye."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from maskloop.files import write_atomically

S = TypeVar("S")


class Scoring(Protocol[S]):
    """How one kind of task is scored: what is compared, and how that is shown."""

    def read(self, path: Path) -> np.ndarray:
        """Read a prediction or a truth.

        Raises
        ------
        InputError
            If the file cannot be read, or holds something else.
        """

    def compare(self, predicted: np.ndarray, truth: np.ndarray) -> S:
        """Compare one image with its truth.

        Raises
        ------
        InputError
            If they are not what this kind of task predicts, or differ in shape.
        """

    def table(self, images: Mapping[str, S]) -> str:
        """Lay out the scores image by image."""

    def summary(self, images: Mapping[str, S]) -> str:
        """Say what all images came to together."""

    def report(self, images: Mapping[str, S]) -> dict[str, Any]:
        """Return all scores as JSON has them: of ``images``, ``pooled``, and ``mean_over_images``."""


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as JSON.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    write_atomically(path, json.dumps(report, indent=1).encode() + b"\n")


def align(rows: Sequence[Sequence[str]]) -> str:
    """Lay out cells in columns, the first to the left and the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )


def align_lines(lines: Mapping[str, str]) -> str:
    """Lay out names and what is to be said of each."""
    width = max(map(len, lines))
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines.items())
