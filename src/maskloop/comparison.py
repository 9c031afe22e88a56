"""A new model, and the old one if there is one, on pixels that neither has learned from: a table, and an advice."""

from collections.abc import Mapping
from dataclasses import dataclass

from maskloop.ops.judgement import Judgement
from maskloop.project.preview import Preview
from maskloop.scores import align

NOTICEABLE = 0.01  # by which a model's mean AP or Dice must be better
FORGOTTEN = 0.02  # of AP at IoU 0.5 or of Dice, that may be lost on what the base model knew
FEW_OBJECTS = 20


@dataclass(frozen=True)
class Comparison:
    """An old and a new model, judged alike; or a new one alone, where no other makes such labels.

    Attributes
    ----------
    old, new : str
        Their names; the old one's is empty where there is none.
    here : tuple of Judgement
        Old and new, on what is held out of a project; the old one's is None where there is none.
    before : tuple of Judgement or None
        Old and new, on crops that the base model was judged by; None where it carries none.
    picture : Preview
        A crop amid the objects of the held-out image that has the most.
    """

    old: str
    new: str
    here: tuple[Judgement | None, Judgement]
    before: tuple[Judgement, Judgement] | None
    picture: Preview

    @property
    def gain(self) -> float:
        """How much better the new model is on what is held out than the old one, or than one that finds nothing."""
        old, new = self.here
        return new.quality - (0.0 if old is None else old.quality)

    @property
    def forgotten(self) -> float:
        """How much worse the new model is on what the base model knew."""
        if self.before is None:
            return 0.0
        old, new = self.before
        return old.known - new.known

    @property
    def is_better(self) -> bool:
        """Whether the new model is noticeably better on what is held out."""
        return self.gain > NOTICEABLE

    @property
    def recommendation(self) -> str:
        """What to do, in one sentence."""
        old, new = self.here
        if old is None:
            return self._alone
        scores = f"{new.unit} {new.quality:.2f} against {old.quality:.2f} on what is held out"
        if not self.is_better:
            worse = "worse" if self.gain < -NOTICEABLE else "no better"
            return f"Keep {self.old}: {self.new} is {worse} ({scores})."
        remarks = []
        if self.forgotten > FORGOTTEN:
            loss = f"{new.known_unit} lower by {self.forgotten:.2f}"
            remarks.append(f"it has forgotten some of what {self.old} knew ({loss})")
        if (objects := old.objects) is not None and objects < FEW_OBJECTS:
            remarks.append(f"only {objects} objects speak for it")
        remark = f", but {' and '.join(remarks)}" if remarks else ""
        return f"Adopt {self.new}: it is better ({scores}){remark}."

    @property
    def _alone(self) -> str:
        score = f"{self.here[1].unit} {self.here[1].quality:.2f} on what is held out"
        if self.is_better:
            return f"Adopt {self.new}: it is the first model that makes such labels ({score})."
        return f"Discard {self.new}: it has learned next to nothing yet ({score}). Train longer, or review more."

    def rows(self) -> list[list[str]]:
        """Return a header, and one row for each model and each set of pixels."""
        rows = [["pixels", "model", *self.here[1].cells()]]
        sets: Mapping[str, tuple[Judgement | None, ...]] = {"held out": self.here, "known before": self.before or ()}
        for title, judgements in sets.items():
            for name, judgement in zip((self.old, self.new), judgements, strict=False):
                if judgement is not None:
                    rows.append([title, name, *judgement.cells().values()])
        return rows

    def table(self) -> str:
        """Lay out `rows`."""
        return align(self.rows())
