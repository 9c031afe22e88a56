"""Saying which pixels have been checked; once more on the same takes it back."""

import numpy as np

from maskloop.errors import InputError
from maskloop.ops.objects import Box
from maskloop.ops.pixels_of_review import pixels_of_review
from maskloop.widgets.labels_plane import LabelsPlane, Point
from maskloop.widgets.open_entry import OpenEntry


class Review:
    """Marks pixels of an open entry as reviewed, and takes marks back."""

    def __init__(self) -> None:
        # The plane that was marked as a whole last, and what was reviewed in it before.
        self._before: tuple[LabelsPlane, np.ndarray] | None = None

    def toggle_object(self, entry: OpenEntry, pixel: Point) -> str:
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
        return f"Object {number} is {self._toggle(entry, box, mask)}."

    def toggle_box(self, entry: OpenEntry, box: Box) -> str:
        """Mark all pixels in a box; say what was done."""
        shape = tuple(side.stop - side.start for side in box)
        done = self._toggle(entry, box, np.ones(shape, bool))
        return f"The box of {shape[1]} x {shape[0]} pixels is {done}."

    def toggle_image(self, entry: OpenEntry) -> str:
        """Mark all pixels on screen and keep a version of the entry; say what was done."""
        shown = entry.plane()
        whole = slice(0, shown.labels.shape[0]), slice(0, shown.labels.shape[1])
        reviewed = entry.reviewed[shown.index] > 0
        if reviewed.all() and self._before is not None and self._before[0] == shown:
            entry.mark(whole, ~self._before[1], False)
            self._before = None
            return "The mark is taken back; what was reviewed before it stays reviewed."
        done = self._toggle(entry, whole, np.ones(reviewed.shape, bool))
        plane = "plane" if entry.labels.ndim > 2 else "image"
        if done == "reviewed":
            self._before = (shown, reviewed) if reviewed.any() else None
            entry.accept()
            return f"The whole {plane} is reviewed, and a version of it is kept."
        return f"The {plane} is {done}."

    def _toggle(self, entry: OpenEntry, box: Box, mask: np.ndarray) -> str:
        marked = entry.reviewed[entry.plane().index][box][mask]
        entry.mark(box, mask, not marked.all())
        self._before = None
        return "not reviewed any more" if marked.all() else "reviewed"
