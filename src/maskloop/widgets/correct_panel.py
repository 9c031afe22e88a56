"""The Correct panel: repair what the model got wrong, go where it was unsure, and say what has been checked."""

from collections.abc import Callable
from functools import partial

import napari
import numpy as np
from napari.layers import Labels
from napari.utils.events import Event
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from maskloop.config import OBJECTS
from maskloop.errors import InputError, MaskloopError
from maskloop.widgets import repairs
from maskloop.widgets.actions import ACTIONS, Action, action_named
from maskloop.widgets.background import Background
from maskloop.widgets.class_look import class_name, task_of_layer
from maskloop.widgets.correct_form import CorrectForm
from maskloop.widgets.drawing import Drawing, box_between
from maskloop.widgets.keys import Keys
from maskloop.widgets.labels_plane import LabelsPlane, require_editable, take_plane
from maskloop.widgets.look import Look
from maskloop.widgets.model_on_plane import ModelOnPlane
from maskloop.widgets.open_entry import OpenEntry
from maskloop.widgets.review import Review
from maskloop.widgets.segment_panel import SegmentPanel
from maskloop.widgets.size_filter import SizeFilter
from maskloop.widgets.sketch import Sketch

FOLLOW_MS = 300  # after an edit, until what depends on it is counted anew


class CorrectPanel(QWidget):
    """Acts on the selected labels layer, or on that of the open entry.

    Parameters
    ----------
    viewer : napari.Viewer
    segment_panel : SegmentPanel
        Whose image, model and settings are used where the model is asked again.
    background : Background
    """

    def __init__(self, viewer: napari.Viewer, segment_panel: SegmentPanel, background: Background) -> None:
        super().__init__()
        self._viewer = viewer
        self._entry: OpenEntry | None = None
        self._filter: SizeFilter | None = None
        self._review = Review()
        self._sketch = Sketch(viewer)
        self._model = ModelOnPlane(viewer, segment_panel, self._try)
        self._look = Look(viewer, self._model, background, self._sketch, self._try)
        self.form = CorrectForm()
        self.target = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.drawing = Drawing(viewer, self._sketch, self._drawn, self._show_tool)
        self._now: dict[str, Callable[[], str]] = {
            "new_label": self._give_new_label,
            "next_doubtful": self._go_to_next_doubtful,
            "previous_object": partial(self._go_to_object, -1),
            "next_object": partial(self._go_to_object, 1),
            "review_image": self._review_image,
        }
        self._with_mouse: dict[str, Callable[[LabelsPlane, np.ndarray], str]] = {
            "outline": repairs.outline,
            "split": repairs.split,
            "merge": repairs.merge,
            "delete": repairs.delete,
            "fill_holes": repairs.fill_holes,
            "smooth": repairs.smooth,
            "grow": self._grow,
            "redo_box": self._redo_box,
            "review_object": self._review_object,
            "review_box": self._review_box,
        }
        self._keys = Keys({action.key: partial(self.press, action.name) for action in ACTIONS})
        self.form.forget_keys({action.name for action in ACTIONS if action.key not in self._keys.actions})
        self._lay_out()
        self._connect()
        segment_panel.segmentations.segmented.connect(self._forget_doubts)
        self._follow_selection()

    @property
    def labels(self) -> Labels | None:
        """The layer that is corrected: the selected one if it is of labels, else the open entry's, else the topmost."""
        overlay = None if self._entry is None else self._entry.overlay
        layers = [layer for layer in self._viewer.layers if isinstance(layer, Labels) and layer != overlay]
        wanted = (self._viewer.layers.selection.active, self._entry and self._entry.labels, *reversed(layers))
        return next((layer for layer in wanted if layer in layers), None)

    def set_entry(self, entry: OpenEntry | None) -> None:
        """Correct the labels of an entry that was opened; None when it was closed."""
        self.drawing.end()
        self._entry = self._model.entry = entry
        self._review = Review()
        self._look.forget()
        self._sketch.close()
        if entry is not None:
            entry.overlay.visible = self.form.overlay.isChecked()
            entry.edited.connect(self._follow.start)
            self._viewer.layers.selection.active = entry.labels
        self._follow_selection()

    def act(self, name: str) -> None:
        """Do what a button does; an action that needs the mouse gets it, and loses it at the next click."""
        action, had_mouse = action_named(name), self.drawing.action
        self.drawing.end()
        self._sketch.close()
        if action.mouse == "nothing":
            self._try(partial(self._do, action))
        elif action != had_mouse:
            self._try(partial(self._begin, action))
        self._show_tool()

    def press(self, name: str) -> None:
        """Do what a key does; an action that needs a place takes that of the cursor."""
        if action_named(name).mouse == "point":
            self._try(partial(self._at_cursor, name))
        else:
            self.act(name)

    def show_task(self) -> None:
        """Offer what makes sense for what the labels mean now."""
        layer = self.labels
        self.form.show_for(OBJECTS if layer is None else task_of_layer(layer))

    def close_tools(self) -> None:
        """Leave the layers as they would be without this panel."""
        self._watch.stop()
        self._follow.stop()
        self._viewer.dims.events.current_step.disconnect(self._leave_soon)
        layers = self._viewer.layers
        layers.selection.events.active.disconnect(self._follow_selection)
        layers.events.removed.disconnect(self._follow_selection)
        self.drawing.end()
        self._keys.unbind()
        self._sketch.close()
        self._show_all_sizes()

    def _lay_out(self) -> None:
        area = QScrollArea()  # with the keys open the form is higher than a small screen
        area.setWidget(self.form)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumWidth(self.form.minimumSizeHint().width() + area.verticalScrollBar().sizeHint().width())
        layout = QVBoxLayout(self)
        layout.addWidget(self.target)
        layout.addWidget(area)
        layout.addWidget(self.message)

    def _connect(self) -> None:
        self.form.chosen.connect(self.act)
        self.form.classes.chosen.connect(self._paint_class)
        self.form.size_changed.connect(self._choose_sizes)
        self.form.overlay_toggled.connect(self._show_overlay)
        self._follow = QTimer(self, singleShot=True, interval=FOLLOW_MS)
        self._follow.timeout.connect(self._count_anew)
        self._watch = QTimer(self, interval=FOLLOW_MS)
        self._watch.timeout.connect(self._show_target)
        self._watch.start()
        self._viewer.dims.events.current_step.connect(self._leave_soon)
        layers = self._viewer.layers
        layers.selection.events.active.connect(self._follow_selection)
        layers.events.removed.connect(self._follow_selection)

    def _follow_selection(self, _: Event | None = None) -> None:
        layer = self.labels
        if layer is not None:
            self._keys.bind(layer)
        self.show_task()
        if self._filter is not None and self._filter.layer != layer:
            self._show_all_sizes()
            self.form.show_all_sizes()
        self._show_target()
        self._follow.start()

    def _paint_class(self, number: int) -> None:
        self._try(partial(self._take_class, number))

    def _take_class(self, number: int) -> str:
        layer = self._plane().layer
        require_editable(layer)
        layer.selected_label = number
        if layer.mode not in ("paint", "fill", "polygon"):
            layer.mode = "paint"
        return f"The brush paints {class_name(task_of_layer(layer), number)}."

    def _try(self, do: Callable[[], str]) -> None:
        try:
            self.message.setText(do())
        except MaskloopError as error:
            self.message.setText(str(error))
        self._follow.start()

    def _do(self, action: Action) -> str:
        self._require_objects_for(action)
        return self._now[action.name]()

    def _begin(self, action: Action) -> str:
        self._require_objects_for(action)
        plane = self._plane_of(action)
        require_editable(plane.layer)
        self.drawing.begin(action, plane)
        return action.how

    def _at_cursor(self, name: str) -> str:
        self._require_objects_for(action_named(name))
        plane = self._plane_of(action_named(name))
        require_editable(plane.layer)
        return self._with_mouse[name](plane, np.array([plane.pixel(self._viewer.cursor.position)]))

    def _drawn(self, action: Action, plane: LabelsPlane, points: np.ndarray) -> None:
        self._try(lambda: self._with_mouse[action.name](plane, points))

    def _plane(self) -> LabelsPlane:
        return take_plane(self.labels, self._viewer.dims)

    def _plane_of(self, action: Action) -> LabelsPlane:
        return self._require_entry().plane() if action.group == "review" else self._plane()

    def _require_objects_for(self, action: Action) -> None:
        layer = self.labels
        if action.needs_objects and layer is not None and (task := task_of_layer(layer)).kind != "objects":
            raise InputError(f"{action.title!r} is for objects, and these labels mean {task}.")

    def _require_entry(self) -> OpenEntry:
        if self._entry is None:
            raise InputError("What is reviewed is kept in a project: add this image to one in the Project tab first.")
        return self._entry

    def _give_new_label(self) -> str:
        plane = self._plane()
        require_editable(plane.layer)
        plane.require_label(number := int(np.max(plane.layer.data)) + 1)
        plane.layer.selected_label = number
        plane.layer.mode = "paint"
        return f"The brush has the new label {plane.layer.selected_label}."

    def _grow(self, plane: LabelsPlane, points: np.ndarray) -> str:
        return self._model.with_maps(plane, lambda maps: repairs.grow_object(plane, points, maps))

    def _redo_box(self, plane: LabelsPlane, points: np.ndarray) -> str:
        plane.require_within(points)
        return self._model.redo_box(plane, box_between(points[0], points[-1], plane.labels.shape))

    def _go_to_object(self, step: int) -> str:
        return self._look.go_to_object(self._plane(), step)

    def _go_to_next_doubtful(self) -> str:
        return self._look.go_to_next_doubtful(self._plane())

    def _forget_doubts(self) -> None:
        self._look.forget()
        self._follow.start()

    def _review_object(self, _: LabelsPlane, points: np.ndarray) -> str:
        return self._review.toggle_object(self._require_entry(), points[0])

    def _review_box(self, plane: LabelsPlane, points: np.ndarray) -> str:
        plane.require_within(points)
        return self._review.toggle_box(self._require_entry(), box_between(points[0], points[-1], plane.labels.shape))

    def _review_image(self) -> str:
        return self._review.toggle_image(self._require_entry())

    def _leave_soon(self, _: Event) -> None:
        QTimer.singleShot(0, self._leave_place)  # not now: napari may be at removing a layer

    def _leave_place(self) -> None:
        if self.drawing.action is None:
            self._sketch.close()

    def _show_tool(self) -> None:
        self.form.show_tool(None if self.drawing.action is None else self.drawing.action.name)

    def _show_overlay(self, shown: bool) -> None:
        if self._entry is not None:
            self._entry.overlay.visible = shown

    def _choose_sizes(self) -> None:
        self._try(self._show_sizes)

    def _show_sizes(self) -> str:
        which = self.form.which
        if which is None:
            self._show_all_sizes()
            return "All objects are shown."
        layer = self._plane().layer
        self._filter = self._filter or SizeFilter(layer, self._viewer.dims)
        count = self._filter.show(which, self.form.size_limit)
        return f"{count} object{' is' if count == 1 else 's are'} shown."

    def _show_all_sizes(self) -> None:
        if self._filter is not None:
            self._filter.clear()
            self._filter = None

    def _count_anew(self) -> None:
        """Show what depends on the labels, after they have changed."""
        left = self._look.left
        self.form.left.setText("" if left is None else f"{left} left")
        self.form.reviewed.setText("" if self._entry is None else f"{self._entry.share_reviewed:.0%} reviewed")

    def _show_target(self) -> None:
        layer = self.labels
        if layer is not None:
            self.form.classes.show_label(layer.selected_label)
        if layer is None:
            self.target.setText("Nothing to correct yet: click Segment, or open an image of a project.")
        elif self._entry is None or layer != self._entry.labels:
            self.target.setText(f"{layer.name}: not in a project, so strokes are not saved. See the Project tab.")
        else:
            self.target.setText(f"{layer.name}: {state_of(self._entry)}")


def state_of(entry: OpenEntry) -> str:
    """Say whether what was painted is on the disk."""
    if entry.read_only:
        return "open for reading only."
    if entry.problem:
        return f"the latest strokes are not saved yet! {entry.problem} Saving is tried again."
    return "all is saved." if entry.saved else "saving…"
