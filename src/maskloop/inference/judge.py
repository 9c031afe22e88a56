"""How good a model is on examples."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from maskloop.config import SegmentConfig, TaskConfig
from maskloop.data.examples import Example
from maskloop.errors import Cancelled
from maskloop.inference.model import Model
from maskloop.ops.judged import box_amid_objects, judged_part, known_part
from maskloop.ops.judgement import Judged, Judgement, judge_labels
from maskloop.ops.objects import count_objects
from maskloop.ops.overlay import displayed
from maskloop.project.preview import Preview

PICTURE = 256  # pixels, the side of one


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

    def judged() -> Iterator[Judged]:
        for i, example in enumerate(examples):
            if should_stop():
                raise Cancelled
            labels = model.segment_plane(example.image, SegmentConfig(), should_stop=should_stop).labels
            yield labels, example.labels, example.reviewed
            on_image((i + 1) / len(examples))

    return judge_labels(judged(), model.card.network.task)


def picture_judged(
    image: np.ndarray,
    truth: np.ndarray,
    reviewed: np.ndarray | None,
    before: np.ndarray,
    after: np.ndarray,
    task: TaskConfig,
) -> Preview:
    """Return a picture of what two segmentations are judged by, and of nothing else."""
    part = judged_part if task.kind == "objects" else known_part
    (before, _), (after, known) = (part(labels, truth, reviewed) for labels in (before, after))
    return Preview(image, known, before, after, task.kind == "objects")


def picture_difference(
    old: Model | None, new: Model, examples: Sequence[Example], should_stop: Callable[[], bool] = lambda: False
) -> Preview:
    """Return the crop with the most reviewed objects, as two models segment it; none finds nothing.

    Parameters
    ----------
    old, new : Model
    examples : sequence of Example
        At least one.
    should_stop : callable, optional
        Asked at each tile.

    Returns
    -------
    Preview

    Raises
    ------
    Cancelled
        If it was asked to stop.
    """
    task = new.task
    example = max(examples, key=lambda e: count_objects(task.to_objects(e.labels, e.reviewed)))
    box = box_amid_objects(example.labels, example.reviewed, PICTURE)
    reviewed = None if example.reviewed is None else example.reviewed[box]
    before, after = (
        np.zeros_like(example.labels[box])
        if model is None
        else model.segment_plane(example.image, SegmentConfig(), should_stop=should_stop).labels[box]
        for model in (old, new)
    )
    image, truth = displayed(example.image)[box], example.labels[box]
    return picture_judged(image, truth, reviewed, before, after, new.card.network.task)
