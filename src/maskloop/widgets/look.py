"""Going from place to place in a plane: where the model was least sure, and from object to object."""

import napari
import numpy as np

from maskloop.ops.doubt import Doubt
from maskloop.ops.objects import Box, centres
from maskloop.widgets.labels_plane import LabelsPlane

SMALLEST, LARGEST, COMFORTABLE = 30, 500, 120  # pixels of the screen that an object should have


def show_place(viewer: napari.Viewer, plane: LabelsPlane, pixel: tuple[float, float], box: Box) -> None:
    """Bring a place into the middle of the window; change the zoom only if it would be tiny or huge.

    Parameters
    ----------
    viewer : napari.Viewer
    plane : LabelsPlane
    pixel : tuple of float
        The place (y, x).
    box : Box
        What is to be seen around it.
    """
    hidden = viewer.dims.ndim - plane.layer.ndim
    world = (0.0,) * hidden + plane.world(pixel)
    camera = viewer.scene.camera
    camera.center = tuple(world[axis] for axis in viewer.dims.displayed)
    side = max(cut.stop - cut.start for cut in box) * float(np.max(plane.layer.scale))
    if not SMALLEST <= side * camera.zoom <= LARGEST:
        camera.zoom = COMFORTABLE / side


def neighbour(plane: LabelsPlane, step: int) -> tuple[int, tuple[int, int]] | None:
    """Find the object before or after the selected one, in rows from the top.

    Parameters
    ----------
    plane : LabelsPlane
    step : int
        1 for the next, -1 for the one before.

    Returns
    -------
    tuple of int and (int, int), or None
        Its number and a pixel (y, x) in its middle; None if there are no objects.
    """
    found = centres(plane.labels)
    if not found:
        return None
    numbers = list(found)
    selected = int(plane.layer.selected_label)
    start = numbers.index(selected) if selected in found else (-1 if step > 0 else 0)
    number = numbers[(start + step) % len(numbers)]
    return number, found[number]


class DoubtList:
    """The doubts of one plane, fewer as they are visited, checked or repaired.

    Parameters
    ----------
    plane : LabelsPlane
        Which they are of.
    doubts : list of Doubt
        The most doubtful first.
    """

    def __init__(self, plane: LabelsPlane, doubts: list[Doubt]) -> None:
        self.plane = plane
        self._waiting = doubts

    def left(self, reviewed: np.ndarray | None) -> int:
        """Return how many are to be visited, given the mask of reviewed pixels of shape (Y, X)."""
        labels = self.plane.labels
        self._waiting = [
            doubt
            for doubt in self._waiting
            if labels[doubt.position] == doubt.number and not (reviewed is not None and reviewed[doubt.position])
        ]
        return len(self._waiting)

    def next(self, reviewed: np.ndarray | None) -> Doubt | None:
        """Return the most doubtful place that is left, which then counts as visited; None if there is none."""
        return self._waiting.pop(0) if self.left(reviewed) else None
