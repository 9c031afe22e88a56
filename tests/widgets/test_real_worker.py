"""Walks with the real worker and a small network of random weights."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from maskloop import segment
from maskloop.config import LabelsConfig

ROOT = Path(__file__).parents[2]


@pytest.fixture
def image():
    return np.random.default_rng(0).random((48, 64), np.float32)


def test_the_menu_opens_the_panel_beside_the_viewer(npe2pm, viewer, image):
    viewer.add_image(image)
    with npe2pm.tmp_plugin(manifest=ROOT / "napari.yaml"):
        _, panel = viewer.window.add_plugin_dock_widget("maskloop", "Segment and correct")
    assert panel.segment.form.image == viewer.layers[0]
    assert "Loading nuclei" in panel.segment.message.text()


@pytest.fixture
def tampered(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model, tmp_path / "tampered")
    (folder / "weights.safetensors").write_bytes(b"0" * 500)
    return folder


def test_the_panel_gives_the_labels_of_the_plain_function(
    viewer, open_panel, click, until, image, tiny_model, tampered
):
    viewer.add_image(image)
    panel = open_panel(None, None)
    panel.form.set_model(tampered)
    click(panel)
    assert "tampered" in panel.message.text()

    panel.form.set_model(tiny_model)
    labels = LabelsConfig(foreground=0.4, min_size=4)
    panel.adjust.set_value(labels)
    layer = click(panel)
    expected = segment(image, tiny_model, labels=labels)
    assert expected.any()
    np.testing.assert_array_equal(layer.data, expected)
    assert panel.message.text().startswith(f"{expected.max()} object")

    panel.adjust.set_value(LabelsConfig(foreground=0.95, min_size=0))
    until(lambda: not layer.data.any())
    assert "below the foreground threshold of 0.95" in panel.message.text()
    panel.adjust.set_value(labels)
    until(lambda: layer.data.any())
    assert len(viewer.layers) == 2


def test_where_nothing_is_found_the_panel_says_why(viewer, open_panel, click, until, image, tiny_model):
    viewer.add_image(image, name="image")
    viewer.add_image(np.full((48, 64), 7, np.uint8), name="constant")
    panel = open_panel(None, None)
    panel.form.set_model(tiny_model)

    def says(words, image="image", diameter=None, **labels):
        panel.form.set_image(viewer.layers[image])
        panel.form.set_diameter(diameter)
        panel.adjust.set_value(LabelsConfig(**labels))
        layer = click(panel)
        assert not layer.data.any()
        assert panel.message.text().startswith("Nothing found: ")
        assert words in panel.message.text()

    says("below the foreground threshold of 0.95", foreground=0.95)
    says("fewer than 100000 pixels", foreground=0.05, min_size=100_000)
    says("enlarged 10.0 times", foreground=0.95, diameter=2)
    says("shrunk to 0.10", foreground=0.05, min_size=100_000, diameter=200)
    says("same grey value", "constant", foreground=0.95)


SHIM = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {name!r}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Missing())
"""


@pytest.mark.parametrize("missing", ["tensorflow", "keras"])
def test_where_tensorflow_is_missing_the_panel_says_so(
    viewer, open_panel, click, until, image, monkeypatch, tmp_path, missing
):
    (tmp_path / "sitecustomize.py").write_text(SHIM.format(name=missing))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    viewer.add_image(image)
    panel = open_panel(None, None)
    sentence = f"TensorFlow cannot be started, since {missing!r} is not installed: pip install tensorflow"
    until(lambda: panel.message.text() == sentence)
    panel.adjust.set_value(LabelsConfig())
    click(panel)
    assert panel.message.text() == sentence
    assert panel.run_button.isEnabled()
    assert len(viewer.layers) == 1
