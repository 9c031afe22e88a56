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
from maskloop.ops.task import Task
from maskloop.project.preview import Preview

PICTURE = 256  # pixels, the side of one


def judge(
    model: Model,
    examples: Sequence[Example],
    on_image: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
    on_labels: Callable[[Example, np.ndarray], None] = lambda *_: None,
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
    on_labels : callable, optional
        Called with each example and the labels of shape (Y, X), int32, that are found in it.

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
            on_labels(example, labels)
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


def most_telling(examples: Sequence[Example], task: Task) -> Example:
    """Return the example with the most reviewed objects."""
    return max(examples, key=lambda e: count_objects(task.to_objects(e.labels, e.reviewed)))


def picture_difference(example: Example, before: np.ndarray | None, after: np.ndarray, task: TaskConfig) -> Preview:
    """Return a crop amid the reviewed objects of an example, as two models segment it.

    Parameters
    ----------
    example : Example
    before, after : ndarray of shape (Y, X), int
        What they find in it; None finds nothing.
    task : TaskConfig
        What the labels mean.

    Returns
    -------
    Preview
    """
    box = box_amid_objects(example.labels, example.reviewed, PICTURE)
    reviewed = None if example.reviewed is None else example.reviewed[box]
    earlier = np.zeros_like(after) if before is None else before
    image = displayed(example.image)[box]
    return picture_judged(image, example.labels[box], reviewed, earlier[box], after[box], task)
