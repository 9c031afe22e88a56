"""How good a model is on examples, object by object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maskloop.config import SegmentConfig
from maskloop.data.examples import Example
from maskloop.errors import Cancelled
from maskloop.inference.model import Model
from maskloop.ops.metrics import Counts, count, pool
from maskloop.ops.mistakes import Mistakes, add_up, count_mistakes


@dataclass(frozen=True)
class Judgement:
    """What a model came to on some examples.

    Attributes
    ----------
    counts : Counts
        Pooled over all objects.
    mistakes : Mistakes
    """

    counts: Counts
    mistakes: Mistakes


def judge(
    model: Model,
    examples: Sequence[Example],
    on_image: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Judgement:
    """Segment examples, and compare what is found with what is known of them.

    Parameters
    ----------
    model : Model
    examples : sequence of Example
        At least one.
    on_image : callable, optional
        Called with the share done, 0 to 1.
    should_stop : callable, optional
        Asked at each tile.

    Returns
    -------
    Judgement

    Raises
    ------
    Cancelled
        If it was asked to stop.
    """
    counts, mistakes = [], []
    for i, example in enumerate(examples):
        if should_stop():
            raise Cancelled
        labels = model.segment_plane(example.image, SegmentConfig(), should_stop=should_stop).labels
        counts.append(count(labels, example.labels, example.reviewed))
        mistakes.append(count_mistakes(labels, example.labels, example.reviewed))
        on_image((i + 1) / len(examples))
    return Judgement(pool(counts), add_up(mistakes))
