"""Repairs of the plane on screen: what the pure functions of `ops` make of where the mouse was.

Each takes the plane and an array (N, 2) of points (y, x) in pixels of it, writes one step of undo, returns what it
did in one sentence, and raises InputError with what is wanted where it can do nothing.
"""

from collections.abc import Callable

import numpy as np

from maskloop.errors import InputError
from maskloop.ops import repair
from maskloop.ops.drawn_line import objects_on
from maskloop.ops.edit import Edit
from maskloop.ops.grow import grow
from maskloop.ops.outline import fill_inside
from maskloop.ops.outline import outline as outline_labels
from maskloop.ops.split import split as split_labels
from maskloop.widgets.class_look import class_name, task_of_layer
from maskloop.widgets.labels_plane import LabelsPlane
from maskloop.widgets.plane_maps import PlaneMaps


def outline(plane: LabelsPlane, points: np.ndarray) -> str:
    """Make what lies inside of a line one object, or of the chosen class."""
    task = task_of_layer(plane.layer)
    if task.kind != "objects":
        name = class_name(task, number := int(plane.layer.selected_label))
        plane.apply(fill_inside(plane.labels, points, number))
        return f"What the line encloses is {name} now."
    changed = plane.apply(outline_labels(plane.labels, points, plane.unused_label()))
    return f"What the line encloses is one object {'now' if changed else 'already'}."


def split(plane: LabelsPlane, points: np.ndarray) -> str:
    """Split the objects that a line crosses."""
    unused = plane.unused_label()
    edit = split_labels(plane.labels, points, unused)
    plane.apply(edit)
    parts = int(edit.labels.max()) - unused + 1
    return f"Split off {parts} object{'s' if parts > 1 else ''}."


def merge(plane: LabelsPlane, points: np.ndarray) -> str:
    """Merge the objects that a line touches."""
    numbers = objects_on(plane.labels, points)
    plane.apply(repair.merge(plane.labels, numbers))
    return f"Merged {len(numbers)} objects."


def delete(plane: LabelsPlane, points: np.ndarray) -> str:
    """Delete the object at the first point."""
    return _to_object(plane, points, repair.delete, "Deleted object {}.", "")


def fill_holes(plane: LabelsPlane, points: np.ndarray) -> str:
    """Fill the holes of the object at the first point."""
    return _to_object(plane, points, repair.fill_holes, "Filled the holes of object {}.", "Object {} has no holes.")


def smooth(plane: LabelsPlane, points: np.ndarray) -> str:
    """Smooth the outline of the object at the first point."""
    return _to_object(plane, points, repair.smooth, "Smoothed object {}.", "Object {} is smooth already.")


def grow_object(plane: LabelsPlane, points: np.ndarray, maps: PlaneMaps) -> str:
    """Grow a new object from the first point, up to the edge that the model sees."""
    number = plane.unused_label()
    y, x = np.round(points[0]).astype(int).tolist()
    edit = grow(plane.labels, maps.maps, (y, x), number, maps.rescaled)
    plane.apply(edit)
    size = np.count_nonzero(edit.labels == number)
    return f"New object {number} of {size} pixel{'' if size == 1 else 's'}."


def _to_object(
    plane: LabelsPlane,
    points: np.ndarray,
    change: Callable[[np.ndarray, int], Edit],
    done: str,
    nothing: str,
) -> str:
    number = plane.number_at(points[0])
    if not number:
        raise InputError("There is no object under the cursor; point at one.")
    changed = plane.apply(change(plane.labels, number))
    return (done if changed else nothing).format(number)
