"""Make the README's pictures from the real window: ``python docs/make_pictures.py``, with a display or Xvfb."""

import sys
import time
from pathlib import Path

import napari
from qtpy.QtCore import QEventLoop, QTimer

from maskloop.widgets.segment_panel import SegmentPanel

DOCS = Path(__file__).parent
WINDOW = (1280, 760)
PATIENCE_S = 120


def run_window(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()


def wait_for(panel: SegmentPanel, text: str) -> None:
    """Let the window live until the panel's message contains a text."""
    until = time.monotonic() + PATIENCE_S
    while text not in panel.message.text():
        if time.monotonic() > until:
            sys.exit(f"the panel says {panel.message.text()!r}, expected {text!r}")
        run_window(0.1)


def main() -> None:
    viewer = napari.Viewer()
    viewer.window.resize(*WINDOW)
    viewer.open_sample("maskloop", "crowded_nuclei")
    _, main = viewer.window.add_plugin_dock_widget("maskloop", "Segment and correct")
    panel = main.segment
    wait_for(panel, "Ready")
    run_window(1)
    panel.segment()
    wait_for(panel, "object")
    viewer.reset_view()
    run_window(1)
    viewer.screenshot(str(DOCS / "segment.png"), canvas_only=False, flash=False)
    viewer.close()


if __name__ == "__main__":
    main()
