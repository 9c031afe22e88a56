"""Saying which pixels have been checked; once more on the same takes it back."""

import numpy as np

from maskloop.errors import InputError
from maskloop.ops.objects import Box
from maskloop.ops.review import pixels_of_review
from maskloop.widgets.labels_plane import Point
from maskloop.widgets.open_entry import OpenEntry


def toggle_object(entry: OpenEntry, pixel: Point) -> str:
    """Mark the object at a pixel, and the background close around it; say what was done.

    Raises
    ------
    InputError
        If there is no object, or the entry is open for reading only.
    """
    plane = entry.plane()
    number = plane.number_at(pixel)
    if not number:
        raise InputError("There is no object under the cursor; point at one.")
    box, mask = pixels_of_review(plane.labels, number)
    done = _toggle(entry, box, mask)
    return f"Object {number} is {done}."


def toggle_box(entry: OpenEntry, box: Box) -> str:
    """Mark all pixels in a box; say what was done."""
    shape = tuple(side.stop - side.start for side in box)
    return f"The box of {shape[1]} x {shape[0]} pixels is {_toggle(entry, box, np.ones(shape, bool))}."


def toggle_image(entry: OpenEntry) -> str:
    """Mark all pixels on screen and keep a version of the entry; say what was done."""
    height, width = entry.plane().labels.shape
    done = _toggle(entry, (slice(0, height), slice(0, width)), np.ones((height, width), bool))
    plane = "plane" if entry.labels.ndim > 2 else "image"
    if done == "reviewed":
        entry.accept()
        return f"The whole {plane} is reviewed, and a version of it is kept."
    return f"The {plane} is {done}."


def _toggle(entry: OpenEntry, box: Box, mask: np.ndarray) -> str:
    marked = entry.reviewed[entry.plane().index][box][mask]
    entry.mark(box, mask, not marked.all())
    return "not reviewed any more" if marked.all() else "reviewed"
