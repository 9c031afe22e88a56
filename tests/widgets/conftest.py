"""What the widget tests share: a real viewer, a panel with a worker that has no engine, and patience without sleep."""

import contextlib
import gc
import os
import sys
import weakref
from pathlib import Path

import numpy as np
import psutil
import pytest

from maskloop.config import NetworkConfig
from maskloop.project.model_folder import ModelCard, save_card

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


@pytest.fixture
def until(qtbot):
    """A function that lets the window work until something is true."""
    return lambda condition: qtbot.waitUntil(condition, timeout=PATIENCE_MS)


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
        card = {"diameter": 20, "diameter_range": (5, 80), "weights_sha256": "0" * 64} | card
        save_card(ModelCard(name=name, network=NetworkConfig(), **card), folder)
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
