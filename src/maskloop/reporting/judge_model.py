"""Images as a model segments them, judged in all ways that a report shows."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from maskloop.config import SegmentConfig
from maskloop.errors import Cancelled
from maskloop.reporting.judged_image import JudgedImage, judge_image
from maskloop.reporting.kinds import kind_of

if TYPE_CHECKING:
    from maskloop.data.examples import Example
    from maskloop.inference.model import Model, Segmentation


def judge_model(
    model: "Model",
    examples: "Sequence[Example]",
    on_image: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[JudgedImage]:
    """Segment examples as somebody would who uses the model, and judge each.

    Parameters
    ----------
    model : Model
    examples : sequence of Example
    on_image : callable, optional
        Called with the share done, 0 to 1.
    should_stop : callable, optional
        Asked at each tile and each threshold.

    Returns
    -------
    list of JudgedImage

    Raises
    ------
    InputError
        If the channels do not fit the model.
    Cancelled
        If it was asked to stop.
    """
    judged, kind = [], kind_of(model.card.network.task)
    for i, example in enumerate(examples):
        found = model.segment_plane(example.image, SegmentConfig(), should_stop=should_stop)
        others = _at_foregrounds(model, found, kind.foregrounds, should_stop)
        judged.append(
            judge_image(kind, example.name, example.image, example.labels, found.labels, example.reviewed, others)
        )
        on_image((i + 1) / len(examples))
    return judged


def _at_foregrounds(
    model: "Model", found: "Segmentation", foregrounds: Sequence[float], should_stop: Callable[[], bool]
) -> Iterator[np.ndarray]:
    for foreground in foregrounds:
        if should_stop():
            raise Cancelled
        labels = model.card.labels.model_copy(update={"foreground": foreground})
        yield model.task.to_labels(found.maps, labels, found.rescaled)
