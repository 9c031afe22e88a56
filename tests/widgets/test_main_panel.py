"""The whole panel: closed and opened at any moment, on viewers and layers of any kind."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from maskloop.project.registry import Registry
from maskloop.widgets.actions import ACTIONS

ROOT = Path(__file__).parents[2]
PLANE = np.zeros((64, 80), np.uint8)
NEED_MOUSE = [action.name for action in ACTIONS if action.mouse != "nothing"]


@pytest.fixture
def labels(discs):
    return discs((64, 80), [(20, 20), (40, 50)], 8)


@pytest.fixture
def folder(make_project, labels):
    return make_project(a=(PLANE, labels), b=(PLANE + 1, labels), stack=np.zeros((3, 64, 80), np.uint8))


@pytest.fixture
def docked(viewer, open_main, until):
    """The panel in a dock; and the dock."""
    panel = open_main()
    return panel, viewer.window.add_dock_widget(panel, name="maskloop")


def test_layers_may_be_renamed_and_moved_while_a_tool_has_the_mouse(viewer, open_main, mouse, labels):
    panel = open_main()
    layer = viewer.add_labels(labels)
    for name in NEED_MOUSE[:6]:
        panel.correct.act(name)
        layer.name = f"renamed for {name}"
        viewer.layers.move(0, 1)
        assert panel.correct.drawing.action is not None
        panel.correct.act(name)


@pytest.mark.qt_no_exception_capture  # see test_nothing_goes_wrong_when_something_is_closed
def test_closing_the_dock_saves_everything_and_takes_the_entry_out_of_the_viewer(
    viewer, docked, folder, open_entry, on_disk, until, is_held
):
    panel, dock = docked
    entry = open_entry(panel, folder, "a")
    other = viewer.add_labels(np.ones((9, 9), int))
    viewer.layers.selection.active = entry.labels
    panel.correct.act("split")
    entry.labels.paint((60, 70), 9)
    painted = entry.labels.data.copy()
    dock.destroyOnClose()
    until(lambda: [layer.name for layer in viewer.layers] == [other.name])
    until(lambda: np.array_equal(on_disk(folder, "a").labels, painted))
    until(lambda: not is_held(folder))
    viewer.add_labels(np.ones((9, 9), int), name="new")
    viewer.layers.remove("new")


@pytest.mark.qt_no_exception_capture  # see test_nothing_goes_wrong_when_something_is_closed
def test_closing_the_dock_takes_the_keys_off_the_layers(viewer, docked, folder, open_entry, press_key, until, is_held):
    panel, dock = docked
    entry = open_entry(panel, folder, "a")
    other = viewer.add_labels(np.ones((9, 9), int))
    viewer.layers.selection.active = entry.labels
    dock.destroyOnClose()
    until(lambda: [layer.name for layer in viewer.layers] == [other.name])
    until(lambda: not is_held(folder))
    viewer.layers.selection.active = other
    assert not entry.labels.keymap
    assert not other.keymap
    assert not press_key("S")


def test_closing_the_dock_without_a_project_takes_the_keys_off_the_layers(viewer, docked, labels, press_key, until):
    panel, dock = docked
    layer = viewer.add_labels(labels)
    before = list(layer.mouse_drag_callbacks)
    panel.correct.act("split")
    assert layer.keymap
    assert layer.mouse_drag_callbacks != before
    dock.destroyOnClose()
    until(lambda: not layer.keymap)
    assert layer.mouse_drag_callbacks == before
    assert layer.mouse_pan
    assert [layer.name for layer in viewer.layers] == ["labels"]
    assert not press_key("S")


@pytest.mark.qt_no_exception_capture  # see test_nothing_goes_wrong_when_something_is_closed
def test_closing_the_viewer_saves_everything(viewer, docked, folder, open_entry, on_disk, until):
    panel, _ = docked
    entry = open_entry(panel, folder, "a")
    entry.labels.paint((60, 70), 9)
    painted = entry.labels.data.copy()
    viewer.close()
    until(lambda: np.array_equal(on_disk(folder, "a").labels, painted))


@pytest.mark.qt_no_exception_capture  # see test_nothing_goes_wrong_when_something_is_closed
def test_closing_the_viewer_lets_go_of_the_project(viewer, docked, folder, open_entry, qtbot, is_held):
    open_entry(docked[0], folder, "a")
    viewer.close()
    qtbot.waitUntil(lambda: not is_held(folder), timeout=5000)


@pytest.mark.parametrize("what", ["dock", "viewer"])
def test_nothing_goes_wrong_when_something_is_closed_with_an_entry_open(
    viewer, docked, folder, open_entry, until, qtbot, what, hold_up, is_held
):
    panel, dock = docked
    open_entry(panel, folder, "a")
    go = hold_up(panel)
    with qtbot.captureExceptions() as exceptions:
        (dock.destroyOnClose if what == "dock" else viewer.close)()
        QApplication.processEvents()
        go()
        until(lambda: not is_held(folder))
    assert exceptions == []


START = """
import os, sys, time
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from pathlib import Path
from napari._vispy.utils import gl
gl.gl.glGetParameter = lambda asked: "GL_ARB_texture_float" if asked == gl.gl.GL_EXTENSIONS else 16384
import napari, numpy as np
from qtpy.QtWidgets import QApplication
from maskloop.widgets.main_panel import MainPanel
from maskloop.widgets.worker_session import WorkerSession

viewer = napari.Viewer(show=False)
panel = MainPanel(viewer, WorkerSession(sys.argv[2:]))
viewer.window.add_dock_widget(panel)

def until(condition):
    end = time.monotonic() + 60
    while not condition():
        QApplication.processEvents()
        assert time.monotonic() < end

QApplication.processEvents()
panel.project.open_project(Path(sys.argv[1]))
until(lambda: panel.project.project is not None)
first = panel.project.project.entries[0].id
panel.project.open(first)
until(lambda: panel.project.open_entry is not None)
entry = panel.project.open_entry
"""
CLOSE_AT_ONCE = """
del entry
for number in range(5):
    panel.project.open_entry.labels.paint((5, 5), number + 1)
    panel.project.close_entry()
    ended = []
    panel._background.run(lambda: time.sleep(1.2), ended.append)
    until(lambda: ended)
    panel.project.open(first)
    until(lambda: panel.project.open_entry is not None)
"""
REMOVE_WHILE_DRAWING = """
panel.project.close_entry()
layer = viewer.add_labels(np.zeros((9, 9), int))
QApplication.processEvents()
panel.correct.act("split")
viewer.layers.remove(layer)
QApplication.processEvents()
assert panel.correct.drawing.action is None
assert [layer.name for layer in viewer.layers] == []
"""
FULL_DISK = """
from maskloop.project import autosave

def append_edit(*_):
    raise OSError(28, "No space left on device")

autosave.append_edit = append_edit
entry.labels.paint((5, 5), 7)
until(lambda: entry.problem)
viewer.close()
print("alive", flush=True)
sys.exit()
"""
EVERYTHING = """
from maskloop.widgets.actions import ACTIONS
from maskloop.widgets.import_dialog import ImportDialog

for action in ACTIONS:
    viewer.cursor.position = (20, 20)
    panel.correct.press(action.name)
    until(lambda: "…" not in panel.correct.message.text())
panel.segment.segment()
until(panel.segment.run_button.isEnabled)
panel.project.form.import_button.click()
[dialog] = panel.project.findChildren(ImportDialog)
dialog.choose(Path(sys.argv[1]))
until(lambda: "Reading" not in dialog.text.toPlainText())
dialog.reject()
panel.project.restore(entry.entry, 1)
until(lambda: panel.project.open_entry is not None)
panel.project.remove(entry.entry)
until(lambda: "trash" in panel.project.message.text())
assert not {"tensorflow", "keras", "torch"} & set(sys.modules)
"""
END = """
print("alive", flush=True)
os._exit(0)
"""


QUIT_AT_ONCE = """
panel.setCurrentWidget(panel.train)
viewer.show()
QApplication.processEvents()
del entry
viewer.close()
"""


def test_a_script_may_end_with_an_entry_open(folder, fake_worker, tmp_path):
    command = [sys.executable, "-c", START + QUIT_AT_ONCE, str(folder), *fake_worker]
    settings = {"NAPARI_CONFIG": str(tmp_path / "settings.yaml")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, env=os.environ | settings)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


LOST = "\nERROR: The last strokes on a could not be saved: is the disk full?"


@pytest.mark.parametrize(
    ("script", "told"),
    [(CLOSE_AT_ONCE, ""), (REMOVE_WHILE_DRAWING, ""), (FULL_DISK, LOST), (EVERYTHING, "")],
    ids=[
        "an entry closed at once after a stroke",
        "labels removed while a tool draws on them",
        "closed while the disk is full",
        "everything without an engine",
    ],
)
def test_napari_neither_crashes_nor_hangs(folder, fake_worker, script, told, tmp_path):
    command = [sys.executable, "-c", START + script + END, str(folder), *fake_worker]
    settings = {"NAPARI_CONFIG": str(tmp_path / "settings.yaml")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, env=os.environ | settings)
    assert (done.stdout.strip(), done.returncode) == (f"alive{told}", 0), done.stderr


def test_a_panel_closed_while_a_project_is_being_opened_is_heard_of_no_more(
    viewer, docked, folder, until, qtbot, hold_up, is_held
):
    panel, dock = docked
    go = hold_up(panel)
    panel.project.open_project(folder)
    opened = panel._background._thread.submit(lambda: is_held(folder))
    dock.destroyOnClose()
    QApplication.processEvents()
    with qtbot.captureExceptions() as exceptions:
        go()
        until(lambda: opened.done() and not is_held(folder))
    assert exceptions == []


def test_of_two_projects_with_models_of_one_name_the_segment_tab_has_those_of_the_open_one(
    open_main, make_project, make_model, until, done_in_background
):
    cells, others = make_project("cells"), make_project("others")
    for folder in (cells, others):
        (folder / "models").mkdir()
        make_model(folder / "models" / "nuclei-2")
    Registry(cells).adopt("nuclei-2")
    panel = open_main()
    form = panel.segment.form
    panel.project.open_project(cells)
    until(lambda: form.model == cells / "models" / "nuclei-2")
    panel.project.open_project(others)
    until(lambda: panel.project.project is not None and panel.project.project.folder == others)
    done_in_background(panel)
    assert form.model.name == "nuclei"
    form._model.native.setCurrentText("nuclei-2")
    assert form.model == others / "models" / "nuclei-2"
    panel.project.close_project()
    assert form.model.name == "nuclei"


def test_the_menu_of_napari_opens_the_panel_and_the_last_project(npe2pm, viewer, open_main, folder, until):
    from maskloop.widgets.last_project import remember, remembered

    with npe2pm.tmp_plugin(manifest=ROOT / "napari.yaml"):
        panel = open_main()
        panel.project.open_project(folder)
        until(lambda: panel.project.project is not None)
        assert remembered() == folder.resolve()
        panel.project.close_project()
        _, second = viewer.window.add_plugin_dock_widget("maskloop", "Segment and correct")
        until(lambda: second.project.project is not None)
        assert second.project.project.folder == folder.resolve()
        second.project.close_project()
        remember(folder / "moved away")
        second.project.open_last()
        assert "not there any more" in second.project.message.text()
