"""How a labels layer shows classes: in their colours, and by their names under the cursor."""

from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from maskloop.config import COLOURS, OBJECTS, TaskConfig
from maskloop.errors import InputError

NOTHING = (0.0, 0.0, 0.0, 0.0)
NO_CLASS = "#ff0000"  # a label that means nothing
KEY = "maskloop"  # of a layer's metadata


def show_classes(layer: Labels, task: TaskConfig) -> None:
    """Make a layer look like what its labels mean, and remember it; objects look as napari likes."""
    ours: dict[str, Any] = layer.metadata.get(KEY, {})
    layer.metadata = {**layer.metadata, KEY: {**ours, "task": task.model_dump(mode="json")}}
    if task.kind == "objects":
        return
    names, colours = class_names(task)
    by_label = {None: NO_CLASS, 0: NOTHING} | dict(enumerate(colours, start=1))
    layer.colormap = DirectLabelColormap(color_dict=by_label)
    layer.features = {"index": np.arange(len(names) + 1), "class": ["background", *names]}


def class_names(task: TaskConfig) -> tuple[list[str], list[str]]:
    """Return the names and the colours of the labels 1, 2, ... that a task knows; none of objects."""
    if task.kind == "foreground":
        return ["foreground"], [COLOURS[0]]
    return [of.name for of in task.classes], [of.colour for of in task.classes]


def class_name(task: TaskConfig, label: int) -> str:
    """Return what a label means.

    Raises
    ------
    InputError
        If it means nothing.
    """
    names = ["background", *class_names(task)[0]]
    if not 0 <= label < len(names):
        raise InputError(f"Label {label} is of no class; wanted is 0 for background to {len(names) - 1}: choose one.")
    return names[label]


def task_of_layer(layer: Labels) -> TaskConfig:
    """Return what the labels of a layer mean: objects, where nothing else is known."""
    return known_task(layer) or OBJECTS


def known_task(layer: Labels) -> TaskConfig | None:
    """Return what the labels of a layer mean, if maskloop has made them."""
    known = layer.metadata.get(KEY, {}).get("task")
    return None if known is None else TaskConfig.model_validate(known)
