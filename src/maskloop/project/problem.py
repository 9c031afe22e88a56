"""Something that is wrong with images or masks, and what to do about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Gravity = Literal["error", "warning", "hint"]
GRAVITIES: tuple[Gravity, ...] = ("error", "warning", "hint")
ADVICE = {
    "refused": "Mend the file, or take it away: training on the folder stops at it, and an import leaves it out.",
    "damaged": "Bring its files back from a backup, or remove it: training stops at it, or leaves it out.",
    "no mask": "Give it one, or take it away: training on the folder stops at it.",
    "foreign": "Nothing, if it does not belong to the images.",
    "note": "Look at it before you train on it.",
    "empty": "Nothing, if that is so. Else draw what there is.",
    "no numbers": "Mend it with the program that wrote it: what is no number is taken for the darkest value.",
    "between": "Resize labels without interpolation (nearest neighbour), or export them anew.",
    "shifted": "Move the labels back, or export them anew: labels beside what they mark teach the wrong edges.",
    "clipped": "Take such images with less exposure: what was brighter than the highest value is lost.",
    "mixed": "Keep images of one kind in a folder, or choose one channel for all.",
    "alike": "Remove one of them: if one is held out and the other learned from, the scores flatter.",
    "apart": "Remove one of them: what is held out of one is learned from in the other, so the scores flatter.",
    "scarce": "Cut the images to where there is something to label, or label what was left out.",
    "plenty": "See whether labels and background are exchanged.",
    "small": "Take images at a higher magnification, or enlarge them.",
    "large": "Nothing: they are shrunk to fit for training, and so is what is segmented. Thin parts may get lost.",
    "unseen": "Keep images of one magnification together: what is never seen as a whole comes out in parts.",
    "spread": "Keep images of one magnification together, or give the diameter of each kind when you segment.",
    "few": "Label at least one more, so that one can be held out.",
    "strange class": "Paint it over: training stops at it.",
    "no class": "Label some of it, or leave the class out.",
    "rare class": "Label it in at least one more, so that one can be held out.",
    "scarce class": "Label more of it, or cut the images to where it is: what is rare is learned late.",
    "nothing": "Label something, or correct a prediction, and mark what you have checked as reviewed.",
}


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with one or more files.

    Attributes
    ----------
    gravity : str
        ``"error"``: cannot be used; ``"warning"``: spoils a model; ``"hint"``: should be looked at.
    paths : tuple of Path
        Files, or folders of entries.
    reason, advice : str
        A sentence each.
    """

    gravity: Gravity
    paths: tuple[Path, ...]
    reason: str
    advice: str


def group_problems(problems: list[Problem]) -> tuple[Problem, ...]:
    """Make one problem of all that say the same of different files, and put the gravest first."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.gravity, problem.reason), []).append(problem)
    grouped = (
        Problem(
            first.gravity, tuple(path for problem in (first, *others) for path in problem.paths), reason, first.advice
        )
        for (_, reason), (first, *others) in groups.items()
    )
    return tuple(sorted(grouped, key=lambda problem: GRAVITIES.index(problem.gravity)))
