"""An image, or plane after plane, to labels."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from maskloop.api.models import load_model
from maskloop.config import LabelsConfig, SegmentConfig
from maskloop.errors import InputError
from maskloop.ops.axes import to_planes
from maskloop.project.suggested_model import suggested_model

if TYPE_CHECKING:
    from maskloop.inference.model import Model, Segmentation


def segment(
    image: np.ndarray,
    model: "str | Path | Model | None" = None,
    *,
    axes: str | None = None,
    channel: int | None = None,
    diameter: float | None = None,
    labels: LabelsConfig | None = None,
    on_tile: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> np.ndarray:
    """Segment the objects of an image.

    Parameters
    ----------
    image : ndarray
        A plane (Y, X), colour (Y, X, C), or a stack of planes; integers or floats. Pixels that are not finite
        count as background.
    model : str, Path or Model, optional
        Name of a bundled model, a model folder, or what `load_model` returned. Left out: `nuclei-colour` for stained
        tissue in colour, `nuclei` for all else.
    axes : str, optional
        One letter an axis, such as ``"ZCYX"``: C is the channel, any other letter but Y and X counts planes.
        Guessed from the shape where it is left out.
    channel : int, optional
        Which channel, from 0. Left out: the only one, or all colours.
    diameter : float, optional
        Typical object diameter in pixels. Left out: measured.
    labels : LabelsConfig, optional
        How maps become labels. Left out: as tuned for the model.
    on_tile : callable, optional
        Called with the share done, 0 to 1.
    should_stop : callable, optional
        Asked at each tile.

    Returns
    -------
    ndarray of the image's shape without its channel axis, int32
        0 is background; objects are numbered from 1, in each plane anew.

    Raises
    ------
    InputError
        If the image or a setting cannot be used.
    ModelError
        If the model cannot be used.
    EngineError
        If TensorFlow is missing or broken, or memory ran out.
    Cancelled
        If it was asked to stop.
    """
    planes = to_planes(image, axes)
    model = suggested_model(planes) if model is None else model
    loaded = load_model(model) if isinstance(model, str | Path) else model
    try:
        config = SegmentConfig(model=loaded.card.name, diameter=diameter, channel=channel, labels=labels)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{first['loc'][0]} {first['input']!r}: {first['msg']}.") from error
    results = segment_planes(planes.pixels, loaded, config, on_tile, should_stop)
    return planes.restore(np.stack([result.labels for result in results]))


def segment_planes(
    pixels: np.ndarray,
    model: "Model",
    config: SegmentConfig,
    on_tile: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> "Iterator[Segmentation]":
    """Segment plane after plane, each by itself, so that a plane gives the same alone and in its stack.

    Parameters
    ----------
    pixels : ndarray of shape (P, Y, X, C)
    model : Model
    config : SegmentConfig
    on_tile, should_stop : callable, optional
        As in `segment`, which lists what is raised too.

    Yields
    ------
    Segmentation
    """
    for i, plane in enumerate(pixels):
        done = _share_of_planes(on_tile, i, len(pixels))
        yield model.segment_plane(plane, config, done, should_stop)


def _share_of_planes(on_tile: Callable[[float], None], plane: int, planes: int) -> Callable[[float], None]:
    return lambda share: on_tile((plane + share) / planes)
