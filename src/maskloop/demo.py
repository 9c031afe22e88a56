"""The main job on the sample images: in napari where there is a screen, else in the terminal."""

import functools
import os
import sys
from pathlib import Path

import numpy as np

from maskloop.files import read_image, read_labels, write_atomically, write_labels
from maskloop.ops.axes import to_planes
from maskloop.ops.metrics import count
from maskloop.ops.overlay import displayed
from maskloop.project.suggested_model import GREY_MODEL, suggested_model
from maskloop.samples import SAMPLES
from maskloop.scores_of_objects import ObjectScoring
from maskloop.terminal import progress, without_noise

BRIGHTENED = 0.7  # exponent of grey values
ZOOM = 2  # an outline one pixel wide hides small nuclei
OUTLINES = np.array(
    [[255, 190, 11], [251, 86, 7], [255, 0, 110], [58, 134, 255], [0, 187, 119], [175, 110, 255]], np.uint8
)


def why_no_window() -> str | None:
    """Say why no window can be opened; None where one can."""
    if os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal"):
        return "Qt is set to draw no window (QT_QPA_PLATFORM)"
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "there is no screen (DISPLAY is not set)"
    try:
        import qtpy.QtWidgets  # noqa: F401
    except ImportError as error:
        return f"Qt cannot be loaded ({str(error).splitlines()[0]})"
    return None


def open_window() -> None:
    """Open napari on the first sample with the panel docked, and segment; return when it is closed."""
    import napari
    from qtpy.QtCore import QTimer

    viewer = napari.Viewer()
    viewer.open_sample("maskloop", SAMPLES[0].key)
    _, panel = viewer.window.add_plugin_dock_widget("maskloop", "Segment and correct")
    panel.segment.segment()
    QTimer.singleShot(0, viewer.reset_view)  # the panel has taken its place by then
    napari.run()


def segment_samples(folder: Path) -> str:
    """Segment the samples and compare them with their truth.

    Parameters
    ----------
    folder : Path
        An existing folder for labels and overlays.

    Returns
    -------
    str
        A table, and what was written.

    Raises
    ------
    MaskloopError, OSError
        If the engine cannot be started, or the folder cannot be written.
    """
    from maskloop import api

    with without_noise():
        load = functools.cache(api.load_model)
        load(GREY_MODEL)  # what is wrong with the engine is said before all else
    counts, written = {}, []
    with progress("Segmenting", len(SAMPLES)) as reach:
        for done, sample in enumerate(SAMPLES):
            reach(done, sample.title)
            image, _ = read_image(sample.image)
            labels = api.segment(image, load(suggested_model(to_planes(image))))
            counts[sample.key] = count(labels, read_labels(sample.truth))
            written += [folder / f"{sample.key}_labels.tif", folder / f"{sample.key}_overlay.png"]
            write_labels(written[-2], labels)
            write_atomically(written[-1], overlay(image, labels))
    return "\n".join([ObjectScoring().table(counts), "", "Written:", *(f"  {path}" for path in written)])


def overlay(image: np.ndarray, labels: np.ndarray) -> bytes:
    """Draw the outlines of objects on their image.

    Parameters
    ----------
    image : ndarray of shape (Y, X) or (Y, X, 3)
    labels : ndarray of shape (Y, X), int
        0 is background.

    Returns
    -------
    bytes
        A PNG file.
    """
    import imageio.v3 as iio
    from skimage.segmentation import find_boundaries

    shown = displayed(to_planes(image).pixels[0])
    if shown.shape[-1] == 1:
        shown = np.repeat(shown**BRIGHTENED, 3, axis=-1)
    colours = _enlarge((255 * shown).astype(np.uint8))
    large = _enlarge(labels)
    outline = find_boundaries(large, connectivity=2, mode="inner")
    colours[outline] = OUTLINES[large[outline] % len(OUTLINES)]
    return bytes(iio.imwrite("<bytes>", colours, extension=".png"))


def _enlarge(array: np.ndarray) -> np.ndarray:
    return array.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
