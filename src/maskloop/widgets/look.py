"""Going from place to place in a plane: where the model was least sure, and from object to object."""

from functools import partial

import napari
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from maskloop.errors import InputError
from maskloop.ops.doubt import Doubt, rank_doubts
from maskloop.ops.objects import Box, box_of, centres, widen
from maskloop.widgets.background import Background
from maskloop.widgets.labels_plane import LabelsPlane
from maskloop.widgets.model_on_plane import Attempt, ModelOnPlane
from maskloop.widgets.plane_maps import PlaneMaps
from maskloop.widgets.sketch import Sketch

DOUBTFUL = 0.15  # the score of a doubt from which a person is sent there
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
    side = max(cut.stop - cut.start for cut in box) * max(float(plane.layer.scale[axis]) for axis in plane.axes)
    if not SMALLEST <= side * camera.zoom <= LARGEST:
        camera.zoom = COMFORTABLE / side


def neighbour(plane: LabelsPlane, step: int) -> tuple[int, tuple[int, int]] | None:
    """Find the object before or after the selected one, in rows from the top; hidden ones are passed over.

    Parameters
    ----------
    plane : LabelsPlane
    step : int
        1 for the next, -1 for the one before.

    Returns
    -------
    tuple of int and (int, int), or None
        Its number and a pixel (y, x) in its middle; None if no object is shown.
    """
    found = centres(plane.labels)
    numbers = list(found)
    selected = int(plane.layer.selected_label)
    start = numbers.index(selected) if selected in found else (-1 if step > 0 else 0)
    ahead = (numbers[(start + step * i) % len(numbers)] for i in range(1, len(numbers) + 1))
    number = next((number for number in ahead if not is_hidden(plane.layer, number)), None)
    return None if number is None else (number, found[number])


def is_hidden(layer: Labels, number: int) -> bool:
    """Tell whether the colours of a layer hide an object, as those of `SizeFilter` do."""
    colours = layer.colormap.color_dict if isinstance(layer.colormap, DirectLabelColormap) else {}
    return number in colours and colours[number][3] == 0


class Look:
    """Takes a person from place to place.

    Parameters
    ----------
    viewer : napari.Viewer
    model : ModelOnPlane
        Whose maps say where it was unsure.
    background : Background
    sketch : Sketch
        Draws a box around the place.
    attempt : callable
        Given what is to be done when the ranking is made.
    """

    def __init__(
        self, viewer: napari.Viewer, model: ModelOnPlane, background: Background, sketch: Sketch, attempt: Attempt
    ) -> None:
        self._viewer, self._model, self._background = viewer, model, background
        self._sketch, self._attempt = sketch, attempt
        self._plane: LabelsPlane | None = None
        self._waiting: list[Doubt] = []

    @property
    def left(self) -> int | None:
        """How many doubtful places are to be visited; None where nothing is ranked."""
        return None if self._plane is None else len(self._still_open(self._plane))

    def forget(self) -> None:
        """Rank anew at the next call, since there are other labels."""
        self._plane, self._waiting = None, []

    def go_to_object(self, plane: LabelsPlane, step: int) -> str:
        """Go to the object after the selected one (step 1), or the one before (-1); say which.

        Raises
        ------
        InputError
            If there are none, or none is shown.
        """
        found = neighbour(plane, step)
        if found is None:
            hidden = "shown in" if plane.labels.any() else "in"
            raise InputError(f"There are no objects {hidden} this plane.")
        number, pixel = found
        plane.layer.selected_label = number
        show_place(self._viewer, plane, pixel, box_of(plane.labels, number))
        return f"Object {number}."

    def go_to_next_doubtful(self, plane: LabelsPlane) -> str:
        """Go to the place of a plane where the model was least sure, and that was not visited yet; say why.

        Raises
        ------
        InputError
            If the image of the labels is not known.
        """
        return self._visit(plane) if plane == self._plane else self._model.with_maps(plane, partial(self._rank, plane))

    def _rank(self, plane: LabelsPlane, maps: PlaneMaps) -> str:
        labels = plane.labels.copy()
        self._background.run(
            lambda: rank_doubts(labels, maps.maps, maps.labels, maps.rescaled),
            lambda doubts: self._attempt(
                partial(self._model.if_there, plane, partial(self._start_visiting, plane, doubts))
            ),
            self._tell,
        )
        return "Ranking the objects…"

    def _start_visiting(self, plane: LabelsPlane, doubts: list[Doubt]) -> str:
        self._plane, self._waiting = plane, [doubt for doubt in doubts if doubt.score >= DOUBTFUL]
        return self._visit(plane)

    def _visit(self, plane: LabelsPlane) -> str:
        self._waiting = self._still_open(plane)
        if not self._waiting:
            self._sketch.close()
            return "No doubtful place is left in this plane."
        doubt = self._waiting.pop(0)
        if doubt.number:
            plane.layer.selected_label = doubt.number
        show_place(self._viewer, plane, doubt.position, doubt.box)
        self._sketch.show_box(plane, widen(doubt.box, 2, plane.labels.shape))
        return f"Object {doubt.number}: {doubt.reason}." if doubt.number else f"{doubt.reason}."

    def _still_open(self, plane: LabelsPlane) -> list[Doubt]:
        """Leave out what was repaired or reviewed."""
        labels, reviewed = plane.labels, self._model.reviewed(plane)
        return [
            doubt
            for doubt in self._waiting
            if labels[doubt.position] == doubt.number and not (reviewed is not None and reviewed[doubt.position])
        ]

    def _tell(self, reason: str) -> None:
        self._attempt(lambda: reason)
