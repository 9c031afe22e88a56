"""How good what was found in one image is, object by object."""

from dataclasses import dataclass

from maskloop.ops.by_size import TrueObjects
from maskloop.ops.metrics import Counts
from maskloop.ops.mistakes import Mistakes
from maskloop.reporting.html import how_many

MISTAKES = ("missed", "invented", "merged", "split")


@dataclass(frozen=True)
class ObjectVerdict:
    """How good the objects of one image are.

    Attributes
    ----------
    counts : Counts
    mistakes : Mistakes
    objects : TrueObjects
    by_foreground : tuple of Counts
        At each foreground threshold of `FOREGROUNDS`; empty where there are no maps.
    """

    counts: Counts
    mistakes: Mistakes
    objects: TrueObjects
    by_foreground: tuple[Counts, ...] = ()

    @property
    def quality(self) -> float:
        """Mean AP over IoU 0.5 to 0.9."""
        return float(self.counts.ap.mean())

    @property
    def caption(self) -> str:
        """Objects, scores and mistakes."""
        counts, mistakes = self.counts, self.mistakes
        made = [f"{getattr(mistakes, kind)} {kind}" for kind in MISTAKES if getattr(mistakes, kind)]
        return (
            f"{how_many(counts.truth, 'object')}, {counts.predicted} found; "
            f"AP 0.5 {counts.ap[0]:.3f}, mean AP {counts.ap.mean():.3f}, Dice {counts.dice:.3f}; "
            f"{', '.join(made) or 'no mistakes'}."
        )
