"""The demo: the main job without a screen, and in a real napari with one."""

import os
import shutil
import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest
from typer.testing import CliRunner

from maskloop import evaluate
from maskloop.cli import app
from maskloop.demo import ZOOM, overlay, why_no_window
from maskloop.ops.metrics import pool
from maskloop.resources import resource
from maskloop.samples import SAMPLES

WALK = """
import sys, napari
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

def look():
    layers = napari.current_viewer().layers
    if len(layers) == 2 and layers[1].data.any():
        print(type(layers[1]).__name__, layers[1].data.shape, {"tensorflow", "keras"} & set(sys.modules))
        QApplication.instance().quit()

run = napari.run

def run_and_look():
    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(50)
    run()

napari.run = run_and_look
from maskloop.cli import app
app(["demo"])
"""


def test_without_a_screen_the_samples_are_segmented_and_compared(tmp_path):
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "demo")])
    assert result.exit_code == 0
    assert "QT_QPA_PLATFORM" in result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()[: len(SAMPLES) + 2]] == [
        "image",
        *(sample.key for sample in SAMPLES),
        "pooled",
    ]
    (tmp_path / "labels").mkdir()
    for sample in SAMPLES:
        for made in (f"{sample.key}_labels.tif", f"{sample.key}_overlay.png"):
            assert str(tmp_path / "demo" / made) in result.stdout
        shutil.copy(tmp_path / "demo" / f"{sample.key}_labels.tif", tmp_path / "labels")
        picture = iio.imread(tmp_path / "demo" / f"{sample.key}_overlay.png")
        assert picture.shape == (*(ZOOM * n for n in iio.imread(sample.image).shape[:2]), 3)
    scores = pool(evaluate(tmp_path / "labels", resource("sample_data") / "labels").values())
    assert scores.dice > 0.85
    assert f"{scores.dice:.3f}" in result.stdout.splitlines()[len(SAMPLES) + 1]


def test_headless_does_not_ask_for_a_screen(tmp_path, monkeypatch, tiny_model):
    from maskloop import api

    load = api.load_model
    monkeypatch.setattr(api, "load_model", lambda *_: load(tiny_model))
    result = CliRunner().invoke(app, ["demo", "--headless", "--out", str(tmp_path)])
    assert (result.exit_code, result.stderr) == (0, "")


def test_outlines_are_drawn_on_the_objects_and_nowhere_else():
    labels = np.zeros((20, 30), np.int32)
    labels[5:15, 5:15], labels[5:15, 15:25] = 1, 2
    picture = iio.imread(overlay(np.full((20, 30), 9, np.uint8), labels))
    large = labels.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    coloured = np.ptp(picture, axis=-1) > 0
    assert not coloured[large == 0].any()
    assert {len(np.unique(picture[coloured & (large == n)], axis=0)) for n in (1, 2)} == {1}
    assert not coloured[large == 1].all()
    assert (picture[20, 29] != picture[20, 30]).any()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_why_there_is_no_window(monkeypatch):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert "DISPLAY" in why_no_window()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert why_no_window() is None
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert "QT_QPA_PLATFORM" in why_no_window()


def test_without_qt_there_is_no_window(monkeypatch):
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setitem(sys.modules, "qtpy.QtWidgets", None)
    assert "Qt cannot be loaded" in why_no_window()


@pytest.mark.gl
def test_with_a_screen_napari_opens_and_segments(tmp_path):
    manifest = tmp_path / "maskloop_resources"  # before the installed one, which may be older
    manifest.mkdir()
    shutil.copy(resource("napari.yaml"), manifest)
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    walk = subprocess.run([sys.executable, "-c", WALK], env=env, capture_output=True, text=True, timeout=200)
    assert walk.stdout == "Labels (520, 696) set()\n", walk.stderr
