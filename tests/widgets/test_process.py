"""TensorFlow crashes the window's process on many Linux desktops: it must never get there."""

import subprocess
import sys

SCRIPT = """
import importlib, pkgutil, sys, threading
import napari
import maskloop.widgets
from qtpy.QtWidgets import QApplication

for module in pkgutil.walk_packages(maskloop.widgets.__path__, "maskloop.widgets."):
    importlib.import_module(module.name)
from maskloop.widgets.segment_panel import SegmentPanel

viewer = napari.Viewer(show=False)
panel = SegmentPanel(viewer)
viewer.window.add_dock_widget(panel)
while "Loading" in panel.message.text():
    QApplication.processEvents()
assert panel.message.text() == "Ready.", panel.message.text()
panel.segment()
for thread in threading.enumerate():
    if thread.daemon and thread.name.endswith("(_load)"):
        thread.join()
print(sorted({name.partition(".")[0] for name in sys.modules} & {"tensorflow", "keras", "torch", "jax"}))
viewer.close()
"""


def test_neither_tensorflow_nor_keras_reaches_the_windows_process():
    """With the bundled model loaded in the real worker."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
