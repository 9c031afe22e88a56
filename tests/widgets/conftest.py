"""What the widget tests share: a real viewer, a panel with a worker that has no engine, and patience without sleep."""

import contextlib
import gc
import os
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import psutil
import pytest
from napari._vispy.mouse_event import NapariMouseEvent
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import mouse_move_callbacks, mouse_press_callbacks, mouse_release_callbacks
from qtpy.QtWidgets import QFileDialog
from vispy.app.canvas import MouseEvent

from maskloop.config import NetworkConfig
from maskloop.project.model_folder import ModelCard, save_card
from maskloop.project.project import Project

FAKE = [sys.executable, str(Path(__file__).parents[1] / "jobs" / "fake_worker.py")]
PATIENCE_MS = 60_000  # for a busy machine; a test that works waits for none of it


@pytest.fixture(autouse=True)
def _no_graphics_are_asked_for(monkeypatch):
    """Without a screen there is no OpenGL to ask how large a picture may be: napari gets a usual answer."""
    if os.environ.get("MASKLOOP_TEST_DISPLAY") == "1":
        return
    from napari._vispy.utils import gl

    def answer(question):
        return "GL_ARB_texture_float" if question == gl.gl.GL_EXTENSIONS else 16384

    monkeypatch.setattr(gl.gl, "glGetParameter", answer)
    for asked in (gl.get_gl_extensions, gl.get_max_texture_sizes):
        asked.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _what_is_imported_stays():
    """After each viewer napari's fixture collects garbage: not what was there before the first."""
    import napari._qt.qt_main_window  # noqa: F401

    gc.freeze()


@pytest.fixture(autouse=True)
def _garbage_is_collected_in_the_window_s_thread(request):
    """As napari's fixture does after a viewer: left to chance, a thread of a later test would delete what is Qt's."""
    yield
    if "viewer" not in request.fixturenames:
        gc.collect()


@pytest.fixture
def until(qtbot):
    """A function that lets the window work until something is true."""
    return lambda condition: qtbot.waitUntil(condition, timeout=PATIENCE_MS)


@pytest.fixture
def choose_file(monkeypatch):
    """A function that says which file a person will choose; none, if it is empty."""

    def choose_file(file):
        for question in ("getSaveFileName", "getOpenFileName"):
            monkeypatch.setattr(QFileDialog, question, lambda *_, **__: (str(file), ""))

    return choose_file


@pytest.fixture
def viewer(make_napari_viewer_proxy, request):
    """A napari viewer as plugins get it; shown for the tests that draw."""
    return make_napari_viewer_proxy(show="gl" in request.keywords)


@pytest.fixture
def model_folder(tmp_path):
    """A function that makes a model folder for the fake worker, which acts on its name and needs no weights."""

    def model_folder(name, **card):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True, exist_ok=True)
        usual = {"diameter": 20, "diameter_range": (5, 80), "weights_sha256": "0" * 64, "network": NetworkConfig()}
        save_card(ModelCard(**usual | {"name": name} | card), folder)
        return folder

    return model_folder


@pytest.fixture
def fake_worker():
    """The command that starts a worker without an engine."""
    return FAKE


@pytest.fixture
def open_panel(viewer, model_folder):
    """A function that opens a panel on the viewer, with a model of some name, or none, and a fake worker."""
    from qtpy.QtCore import QCoreApplication, QEvent

    from maskloop.widgets.segment_panel import SegmentPanel
    from maskloop.widgets.worker_session import WorkerSession

    opened = weakref.WeakSet()  # one that is closed is to go, and not to be kept alive by us

    def open_panel(model="plain", command=FAKE):
        panel = SegmentPanel(viewer, WorkerSession(command))
        opened.add(panel)
        if model is not None:
            panel.form.set_model(model_folder(model))
        return panel

    yield open_panel
    for panel in opened:
        with contextlib.suppress(RuntimeError):  # gone already
            panel.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)  # before the viewer goes


@pytest.fixture
def no_last_project():
    """Napari remembers no project of another test."""
    from napari.settings import get_plugin_settings

    with contextlib.suppress(KeyError):  # napari has loaded no plugins yet
        get_plugin_settings("maskloop").project.last = ""


@pytest.fixture
def close_main(until):
    """A function that closes whole panels, after all that goes on in the background."""
    from qtpy.QtCore import QCoreApplication, QEvent

    def close_main(panels):
        for panel in panels:
            with contextlib.suppress(RuntimeError):  # gone already
                panel.correct.close_tools()
                panel.project.close_project()
                all_done = []
                panel._background.run(lambda: None, all_done.append)
                until(lambda: bool(all_done))  # noqa: B023
                panel.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        panels.clear()

    return close_main


@pytest.fixture
def open_main(viewer, model_folder, close_main, no_last_project):
    """A function that opens the whole panel on the viewer, with a model of some name and a fake worker."""
    from qtpy.QtCore import QCoreApplication

    from maskloop.widgets.main_panel import MainPanel
    from maskloop.widgets.worker_session import WorkerSession

    opened = []  # or one without a dock could be collected by the thread that warms napari up, and Qt would crash
    opened_entries = []  # or the thread that saves one would delete it; see test_closing_an_entry_at_once

    def open_main(model="plain"):
        panel = MainPanel(viewer, WorkerSession(FAKE))
        opened.append(panel)
        panel.setCurrentWidget(panel.correct)  # all tabs are there, as a moment after it is docked
        panel.setCurrentWidget(panel.segment)
        panel.project.entry_changed.connect(opened_entries.append)
        panel.segment.form.set_model(model_folder(model))
        QCoreApplication.processEvents()  # it looks for the last project
        return panel

    yield open_main
    close_main(opened)
    opened_entries.clear()


class Mouse:
    """The mouse over the canvas, given to napari's own functions as its canvas does; places are in world coordinates.

    The canvas itself would need OpenGL to know where in the world it was clicked.
    """

    def __init__(self, viewer):
        self._viewer = viewer

    def move_to(self, position):
        """Let the cursor be somewhere, for the keys."""
        self._viewer.__wrapped__.cursor.position = tuple(position)

    def press(self, position, button=1):
        self._handle(mouse_press_callbacks, "mouse_press", position, button, dragging=True)

    def move(self, position, button=1):
        self._handle(mouse_move_callbacks, "mouse_move", position, button, dragging=True)

    def release(self, position, button=1):
        self._handle(mouse_release_callbacks, "mouse_release", position, button, dragging=False)

    def drag(self, *positions, button=1):
        """Press at the first place, and let go at the last."""
        self.press(positions[0], button)
        for position in positions[1:]:
            self.move(position, button)
        self.release(positions[-1], button)

    def on(self, layer, *pixels, button=1):
        """Drag from pixel to pixel of a layer."""
        self.drag(*(self.place(layer, pixel) for pixel in pixels), button=button)

    def place(self, layer, pixel):
        """Return where in the viewer a pixel of a layer is."""
        hidden = self._viewer.dims.ndim - layer.ndim
        return (0.0,) * hidden + tuple(layer.data_to_world(pixel))

    def _handle(self, callbacks, kind, position, button, dragging):
        press = MouseEvent(kind, pos=(0, 0)) if dragging else None
        dims = self._viewer.dims
        event = NapariMouseEvent(
            MouseEvent(kind, pos=(0, 0), button=button, buttons=[button], press_event=press),
            view_direction=None,
            up_direction=None,
            camera_zoom=self._viewer.scene.camera.zoom,
            position=tuple(position),
            dims_displayed=list(dims.displayed),
            dims_point=list(dims.point),
            viewbox=(0, 0),
        )
        event = ReadOnlyWrapper(event, exceptions=("handled",))
        self.move_to(position)
        callbacks(self._viewer.__wrapped__, event)
        if (layer := self._viewer.__wrapped__.layers.selection.active) is not None:
            callbacks(layer, event)


@pytest.fixture
def mouse(viewer):
    """The mouse over the canvas."""
    return Mouse(viewer)


@pytest.fixture
def press_key(viewer):
    """A function that presses a key over the canvas; returns whether anything listened."""
    window = viewer.__wrapped__.window
    return lambda key: window._qt_viewer.canvas._key_map_handler.press_key(key)


@pytest.fixture
def make_project(tmp_path):
    """A function that makes a project of images in a folder whose name is not plain; returns the folder."""

    def make_project(name="Größe 大 of cells", **images):
        with Project.create(tmp_path / name) as project:
            for title, image in images.items():
                image, labels = image if isinstance(image, tuple) else (image, None)
                project.add(image, labels, name=title)
        return project.folder

    return make_project


@pytest.fixture
def panel(open_main):
    """The whole panel, without a project."""
    return open_main()


@pytest.fixture
def project(panel, tmp_path, until):
    """The Project panel, with a new project."""
    panel.project.new_project(tmp_path / "my cells, größer" / "大")
    until(lambda: panel.project.project is not None)
    return panel.project


@pytest.fixture
def add(project, viewer, until):
    """A function that adds what is in the viewer, and waits for the end."""

    def add():
        project.message.setText("")
        project.form.add_button.click()
        until(lambda: project.message.text() not in ("", "Adding…"))
        return project.open_entry

    return add


@pytest.fixture
def open_entry(until):
    """A function that opens an entry of a project in a panel, by its name, and returns the open entry."""

    def open_entry(panel, folder, name):
        project = panel.project
        if project.project is None or project.project.folder != folder:
            project.open_project(folder)
            until(lambda: project.project is not None)
        wanted = next(entry for entry in project.project.entries if entry.name == name)
        project.open(wanted.id)
        until(lambda: project.open_entry is not None and project.open_entry.entry.id == wanted.id)
        return project.open_entry

    return open_entry


@pytest.fixture
def on_disk():
    """A function that reads the labels and reviewed pixels of an entry as they are in a project's folder now."""

    def on_disk(folder, name):
        with Project(folder) as project:
            return project.annotation(next(entry for entry in project.entries if entry.name == name))

    return on_disk


@pytest.fixture
def done_in_background(until):
    """A function that waits until a panel has done all that it does in the background."""

    def done_in_background(panel):
        ended = []
        panel._background.run(lambda: None, ended.append)
        until(lambda: bool(ended))

    return done_in_background


@pytest.fixture
def hold_up():
    """A function that lets all work in a panel's background wait, until what it returns is called."""
    held = []

    def hold_up(panel):
        go = threading.Event()
        held.append(go)
        panel._background.run(go.wait)
        return go.set

    yield hold_up
    for go in held:  # or a test that fails would never end
        go.set()


@pytest.fixture
def is_held():
    """A function that tells whether somebody works on a project."""

    def is_held(folder):
        with Project(folder) as project:
            return project.read_only

    return is_held


@pytest.fixture
def saved(until):
    """A function that waits until an open entry is on the disk."""
    return lambda entry: until(lambda: entry.saved)


@pytest.fixture
def undo_all():
    """A function that takes back all of napari's steps on a layer; returns how many there were."""

    def undo_all(layer):
        steps = len(layer._undo_history)
        for _ in range(steps):
            layer.undo()
        return steps

    return undo_all


@pytest.fixture
def click(viewer, until):
    """A function that clicks Segment, waits for the end, and returns the topmost layer."""

    def click(panel):
        panel.run_button.click()
        until(panel.run_button.isEnabled)
        return viewer.layers[-1]

    return click


@pytest.fixture
def spots():
    """A function that makes planes of an image: dark, with one bright square that moves on from plane to plane."""

    def spots(*shape):
        image = np.full(shape, 10, np.uint8)
        planes = image.reshape(-1, *shape[-2:])
        for i, plane in enumerate(planes):
            plane[2:6, i : i + 4] = 200
        return image

    return spots


@pytest.fixture
def ended(until):
    """A function that waits until a process has ended."""

    def gone(pid):
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return lambda pid: until(lambda: gone(pid))
