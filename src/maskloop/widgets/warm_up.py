"""What napari loads with its first labels layer, loaded before it is needed."""

import threading

import numpy as np


def warm_up_labels() -> None:
    """Load in a thread what would make the window stand still for half a second at the first labels layer."""
    threading.Thread(target=_load, daemon=True).start()


def _load() -> None:
    from napari.layers import Labels
    from vispy.visuals.line.dash_atlas import DashAtlas

    Labels(np.zeros((1, 1), np.int32))  # imports pandas, and computes colours
    DashAtlas()  # patterns of dashed lines, for the polygon tool; kept by vispy
