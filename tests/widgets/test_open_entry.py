"""What is painted on an open entry is on the disk soon, however it was painted."""

import errno
import os

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QTimer

from maskloop.project import edits
from maskloop.project.autosave import Autosave
from maskloop.project.writer import RETRY_S

STACK = (3, 300, 280)  # more than one block a plane


@pytest.fixture
def folder(make_project):
    return make_project(
        plane=np.zeros((300, 280), np.uint8),
        stack=(np.zeros(STACK, np.uint16), np.zeros(STACK, np.int32)),
    )


@pytest.fixture
def open_it(folder, open_main, open_entry):
    """A function that opens an entry of the project by its name."""
    panel = open_main()
    return lambda name: open_entry(panel, folder, name)


@pytest.fixture
def same(folder, on_disk, until):
    """A function that waits until the disk holds what the layers of an open entry show."""

    def same(entry):
        def equal():
            kept = on_disk(folder, entry.entry.name)
            shown = np.asarray(entry.labels.data)
            return np.array_equal(kept.labels, shown) and np.array_equal(kept.reviewed, np.sign(entry.overlay.data))

        until(equal)

    return same


def write_in_place(layer):
    layer.data[9, 9] = 3
    layer.refresh()


def exchange(layer):
    layer.data = np.full_like(layer.data, 7)


STROKES = {
    "paint": lambda layer: layer.paint((9, 9), 3),
    "fill": lambda layer: layer.fill((9, 9), 3),
    "polygon": lambda layer: layer.paint_polygon(np.array([[250, 250], [250, 270], [270, 250]]), 4),
    "data_setitem": lambda layer: layer.data_setitem((np.array([9, 290]), np.array([9, 270])), 3),
    "in place": write_in_place,
    "exchanged": exchange,
}


@pytest.mark.parametrize("stroke", STROKES.values(), ids=STROKES)
def test_a_stroke_is_on_the_disk_soon(open_it, same, stroke):
    entry = open_it("plane")
    stroke(entry.labels)
    assert entry.labels.data.any()
    same(entry)


def test_each_move_of_a_long_stroke_with_the_brush_is_kept(open_it, same, mouse):
    entry = open_it("plane")
    entry.labels.mode = "paint"
    entry.labels.selected_label = 5
    mouse.on(entry.labels, (10, 10), (100, 200), (290, 20))
    assert np.count_nonzero(entry.labels.data) > 300
    same(entry)


def test_undo_and_redo_are_on_the_disk_too(open_it, same):
    entry = open_it("plane")
    for value in (1, 2, 3):
        entry.labels.paint((50 * value, 50), value)
    same(entry)
    for _ in range(3):
        entry.labels.undo()
        same(entry)
    assert not entry.labels.data.any()
    entry.labels.redo()
    same(entry)
    assert set(np.unique(entry.labels.data)) == {0, 1}


def test_a_stroke_right_after_an_undo_is_never_on_the_disk_without_it(open_it, same, folder, on_disk, qtbot):
    entry = open_it("plane")
    entry.labels.paint((50, 50), 1)
    same(entry)
    entry.labels.undo()
    entry.labels.paint((200, 280), 2)  # before napari has drawn
    qtbot.wait(200)  # no pause after which everything is looked over
    entry._watcher._autosave.flush()
    np.testing.assert_array_equal(on_disk(folder, "plane").labels, entry.labels.data)


def test_undo_in_a_plane_that_is_not_on_screen_is_on_the_disk_too(viewer, open_it, same):
    entry = open_it("stack")
    viewer.dims.set_current_step(0, 0)
    entry.labels.paint((0, 20, 20), 4)
    viewer.dims.set_current_step(0, 2)
    entry.labels.paint((2, 200, 200), 5)
    same(entry)
    entry.labels.undo()
    entry.labels.undo()
    assert not entry.labels.data.any()
    same(entry)


def test_painting_through_planes_and_in_3d_is_on_the_disk(viewer, open_it, same):
    entry = open_it("stack")
    entry.labels.n_edit_dimensions = 3
    entry.labels.brush_size = 3
    entry.labels.paint((1, 20, 20), 4)
    assert all(plane.any() for plane in entry.labels.data)
    same(entry)
    viewer.dims.ndisplay = 3
    entry.labels.paint((1, 200, 200), 5)
    entry.labels.fill((1, 20, 20), 9)
    same(entry)
    entry.labels.undo()
    entry.labels.undo()
    same(entry)


@pytest.mark.parametrize("leave", [False, True], ids=["wait", "leave"])
def test_what_a_script_wrote_to_all_planes_of_a_stack_is_kept(viewer, open_it, folder, on_disk, until, saved, leave):
    entry = open_it("stack")
    until(lambda: entry.saved)
    entry.labels.data[:, 5:9, 5:9] = 8
    entry.labels.refresh()
    if leave:
        entry.leave()
    else:
        saved(entry)
    assert entry.finish()
    np.testing.assert_array_equal(on_disk(folder, "stack").labels, entry.labels.data)


def test_what_was_written_just_before_an_entry_is_closed_is_kept(open_it, open_main, folder, on_disk, viewer, until):
    entry = open_it("plane")
    data = entry.labels.data
    entry.labels.paint((9, 9), 3)
    data[100:110, 100:110] = 7  # and nobody is told
    viewer.layers.remove(entry.labels)
    until(lambda: np.array_equal(on_disk(folder, "plane").labels, data))


def test_the_last_strokes_are_counted_in_the_list(open_it, until, folder):
    entry = open_it("plane")
    entry.labels.paint((9, 9), 3)
    entry.labels.paint((99, 99), 4)
    until(lambda: entry.saved)
    until(lambda: '"objects": 2' in (folder / "entries" / entry.entry.id / "entry.json").read_text())


def test_marking_on_a_hidden_layer_and_undo_elsewhere_are_on_the_disk(
    viewer, open_main, open_entry, folder, same, saved
):
    panel = open_main()
    entry = open_entry(panel, folder, "stack")
    viewer.dims.set_current_step(0, 0)
    entry.labels.paint((0, 20, 20), 4)
    viewer.dims.set_current_step(0, 2)
    same(entry)
    panel.correct.form.overlay.setChecked(False)
    panel.correct.act("review_image")
    saved(entry)
    entry.labels.undo()
    saved(entry)
    same(entry)


def test_labels_of_another_shape_stop_neither_saving_nor_closing(viewer, open_main, open_entry, folder, until, is_held):
    panel = open_main()
    entry = open_entry(panel, folder, "stack")
    entry.labels.data = np.ones((5, 400, 400), np.int32)
    entry.overlay.paint((0, 20, 20), 1)
    until(lambda: "have become of shape" in panel.correct.target.text())
    until(lambda: entry.saved)
    panel.project.close_project()
    until(lambda: not is_held(folder))
    assert len(viewer.layers) == 0


@pytest.fixture
def full(monkeypatch):
    """A list; while something is in it, the disk is full."""
    full, real = [], os.fsync

    def sync(file):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file)

    monkeypatch.setattr(edits.os, "fsync", sync)
    yield full
    full.clear()  # or the end would have to wait for what is not saved


def test_a_full_disk_is_said_and_everything_is_saved_once_there_is_space(
    open_main, open_entry, folder, same, until, full
):
    panel = open_main()
    entry = open_entry(panel, folder, "plane")
    full.append(True)
    entry.labels.paint((9, 9), 3)
    until(lambda: "disk is full" in panel.correct.target.text())
    entry.labels.paint((99, 99), 4)
    assert "not saved yet" in panel.correct.target.text()
    assert RETRY_S < 60  # or the next line would be of no use
    full.clear()
    until(lambda: "all is saved" in panel.correct.target.text())
    same(entry)


def test_strokes_that_are_lost_when_an_entry_is_closed_are_told_of_by_napari(
    open_main, open_entry, folder, until, monkeypatch, full
):
    panel = open_main()
    entry = open_entry(panel, folder, "plane")
    monkeypatch.setattr(Autosave.close, "__defaults__", (0.1,))  # of patience
    monkeypatch.setattr(notification_manager, "records", [])
    full.append(True)
    entry.labels.paint((9, 9), 3)
    panel.project.close_entry()
    until(lambda: bool(notification_manager.records))
    told = "The last strokes on plane could not be saved: is the disk full?"
    assert [(record.severity.value, record.message) for record in notification_manager.records] == [("error", told)]


@pytest.mark.qt_no_exception_capture  # see test_nothing_goes_wrong_when_something_is_closed
def test_layers_with_strokes_that_are_not_saved_outlive_the_panel(
    viewer, open_main, open_entry, folder, until, on_disk, is_held, monkeypatch, full
):
    panel = open_main()
    dock = viewer.window.add_dock_widget(panel, name="maskloop")
    entry = open_entry(panel, folder, "plane")
    monkeypatch.setattr(notification_manager, "records", [])
    full.append(True)
    entry.labels.paint((9, 9), 3)
    painted = entry.labels.data.copy()
    until(lambda: bool(entry.problem))
    dock.destroyOnClose()
    until(lambda: not entry.is_open)
    [told] = (record.message for record in notification_manager.records)
    assert told.startswith("The latest strokes on plane are not saved: The disk is full")
    assert [layer.name for layer in viewer.layers] == ["plane", "plane labels", "reviewed"]
    np.testing.assert_array_equal(viewer.layers["plane labels"].data, painted)
    full.clear()
    until(lambda: not is_held(folder))
    np.testing.assert_array_equal(on_disk(folder, "plane").labels, painted)


def test_the_overlay_that_is_made_anew_is_hidden_if_it_was(viewer, open_main, open_entry, folder):
    panel = open_main()
    entry = open_entry(panel, folder, "plane")
    for shown in (False, True):
        panel.correct.form.overlay.setChecked(shown)
        viewer.layers.remove(entry.overlay)
        panel.correct.act("review_image")
        assert entry.overlay in viewer.layers
        assert entry.overlay.visible == shown


def test_a_file_of_edits_that_cannot_be_written_for_another_reason_is_said_too(
    open_main, open_entry, folder, same, until
):
    panel = open_main()
    entry = open_entry(panel, folder, "plane")
    place = folder / "entries" / entry.entry.id
    place.rename(folder / "away")
    entry.labels.paint((9, 9), 3)
    until(lambda: "not saved yet" in panel.correct.target.text())
    (folder / "away").rename(place)
    until(lambda: "all is saved" in panel.correct.target.text())
    same(entry)


@pytest.mark.parametrize("shape", [(200, 100), (400, 400)])
def test_labels_exchanged_for_some_of_another_shape_damage_nothing(open_it, folder, on_disk, viewer, until, shape):
    entry = open_it("plane")
    entry.labels.paint((9, 9), 3)
    painted = entry.labels.data.copy()
    until(lambda: entry.saved)
    entry.labels.data = np.ones(shape, np.int32)
    until(lambda: entry.saved)
    viewer.layers.remove(entry.labels)
    np.testing.assert_array_equal(on_disk(folder, "plane").labels, painted)


def test_labels_of_another_dtype_are_saved_as_they_are(open_it, same):
    entry = open_it("plane")
    for dtype in (np.uint8, np.int64, np.uint16):
        entry.labels.data = entry.labels.data.astype(dtype)  # as napari's menu does
        entry.labels.paint((9, np.dtype(dtype).itemsize * 20), 3)
        same(entry)


def test_nothing_of_an_entry_is_active_any_more_when_it_was_left(open_it, until):
    entry = open_it("plane")
    entry.labels.data[3, 3] = 3  # is found when it is left
    entry.leave()
    assert entry.finish()
    assert [timer.isActive() for timer in entry._watcher.findChildren(QTimer)] == [False] * 3
