"""Two models on the same pixels that neither has learned from: a table, and a recommendation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskloop.project.preview import Preview
from maskloop.scores import align

if TYPE_CHECKING:
    from maskloop.inference.judge import Judgement

NOTICEABLE = 0.01  # mean AP by which a model must be better
FORGOTTEN = 0.02  # AP at IoU 0.5 that may be lost on what the base model knew
FEW_OBJECTS = 20
COLUMNS = ("found", "true", "AP 0.5", "mean AP", "Dice", "missed", "invented", "merged", "split")


@dataclass(frozen=True)
class Comparison:
    """An old and a new model, judged alike.

    Attributes
    ----------
    old, new : str
        Their names.
    here : tuple of Judgement
        Old and new, on what is held out of a project.
    before : tuple of Judgement or None
        Old and new, on crops that the base model was judged by; None where it carries none.
    picture : Preview
        The crop of the held-out pixels with the most objects.
    """

    old: str
    new: str
    here: "tuple[Judgement, Judgement]"
    before: "tuple[Judgement, Judgement] | None"
    picture: Preview

    @property
    def gain(self) -> float:
        """How much mean AP the new model has won on what is held out."""
        old, new = (float(judgement.counts.ap.mean()) for judgement in self.here)
        return new - old

    @property
    def forgotten(self) -> float:
        """How much AP at IoU 0.5 the new model has lost on what the base model knew."""
        if self.before is None:
            return 0.0
        old, new = (float(judgement.counts.ap[0]) for judgement in self.before)
        return old - new

    @property
    def is_better(self) -> bool:
        """Whether the new model is noticeably better on what is held out."""
        return self.gain > NOTICEABLE

    @property
    def recommendation(self) -> str:
        """What to do, in one sentence."""
        old, new = (float(judgement.counts.ap.mean()) for judgement in self.here)
        scores = f"mean AP {new:.2f} against {old:.2f} on what is held out"
        if not self.is_better:
            worse = "worse" if self.gain < -NOTICEABLE else "no better"
            return f"Keep {self.old}: {self.new} is {worse} ({scores})."
        remarks = []
        if self.forgotten > FORGOTTEN:
            remarks.append(
                f"it has forgotten some of what {self.old} knew (AP at IoU 0.5 lower by {self.forgotten:.2f})"
            )
        if (objects := self.here[0].counts.truth) < FEW_OBJECTS:
            remarks.append(f"only {objects} objects speak for it")
        remark = f", but {' and '.join(remarks)}" if remarks else ""
        return f"Adopt {self.new}: it is better ({scores}){remark}."

    def rows(self) -> list[list[str]]:
        """Return a header, and one row for each model and each set of pixels."""
        rows = [["pixels", "model", *COLUMNS]]
        sets: Mapping[str, tuple[Judgement, Judgement] | None] = {"held out": self.here, "known before": self.before}
        for title, judgements in sets.items():
            for name, judgement in zip((self.old, self.new), judgements or (), strict=False):
                rows.append([title, name, *_cells(judgement)])
        return rows

    def table(self) -> str:
        """Lay out `rows`."""
        return align(self.rows())


def _cells(judgement: "Judgement") -> list[str]:
    counts, mistakes = judgement.counts, judgement.mistakes
    scores = [f"{score:.3f}" for score in (counts.ap[0], counts.ap.mean(), counts.dice)]
    kinds = (mistakes.missed, mistakes.invented, mistakes.merged, mistakes.split)
    return [str(counts.predicted), str(counts.truth), *scores, *map(str, kinds)]
