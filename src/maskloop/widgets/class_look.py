"""How a labels layer shows classes: in their colours, and by their names under the cursor."""

from typing import Any

from napari.utils.colormaps import DirectLabelColormap

from maskloop.config import COLOURS, TaskConfig

NOTHING = (0.0, 0.0, 0.0, 0.0)
NO_CLASS = "#ff0000"  # a label that means nothing


def class_look(task: TaskConfig) -> dict[str, Any]:
    """Return what makes a `napari.layers.Labels` look like what its labels mean; nothing for objects."""
    if task.kind == "objects":
        return {}
    names = task.heads if task.kind == "classes" else ("background", "foreground")
    colours = [of.colour for of in task.classes] or COLOURS[:1]
    by_label = {None: NO_CLASS, 0: NOTHING} | dict(enumerate(colours, start=1))
    return {
        "colormap": DirectLabelColormap(color_dict=by_label),
        "features": {"index": list(range(len(names))), "class": list(names)},
    }
