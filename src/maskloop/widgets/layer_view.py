"""How an image and its labels lay in the viewer, as JSON can hold it, and back."""

from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.colormaps import ALL_COLORMAPS, AVAILABLE_COLORMAPS, Colormap

TRANSFORM = ("scale", "translate", "rotate", "shear", "units", "axis_labels")
IMAGE_LOOK = ("name", "opacity", "blending", "gamma", "contrast_limits", "visible")
LABELS_LOOK = ("name", "opacity", "contour")


def transform_of(layer: Layer) -> dict[str, Any]:
    """Return the keywords that put another layer where this one is."""
    return {name: getattr(layer, name) for name in TRANSFORM} | {"affine": layer.affine.affine_matrix}


def view_of(image: Image, labels: Labels | None) -> dict[str, Any]:
    """Return the place and look of an image, and the look of its labels."""
    place = {name: _plain(value) for name, value in transform_of(image).items()}
    look = {name: _plain(getattr(image, name)) for name in IMAGE_LOOK if not (image.rgb and name == "contrast_limits")}
    if not image.rgb:
        look["colormap"] = _plain_colormap(image.colormap)
    labels_look = {name: _plain(getattr(labels, name)) for name in LABELS_LOOK} if labels is not None else {}
    return {"place": place, "image": look | {"rgb": image.rgb}, "labels": labels_look}


def known_look(look: dict[str, Any]) -> dict[str, Any]:
    """Return the look of an image without a colormap that is kept by a name which this napari does not know."""
    name = look.get("colormap", "")
    known = isinstance(name, dict) or name in AVAILABLE_COLORMAPS
    return look if known else {key: value for key, value in look.items() if key != "colormap"}


def _plain_colormap(colormap: Colormap) -> Any:
    if colormap.name in ALL_COLORMAPS:
        return colormap.name
    return {name: _plain(value) for name, value in colormap.model_dump(exclude_none=True).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value if isinstance(value, bool | int | float | str) else str(value)
