"""What a person sees: needs a screen, real or Xvfb."""

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QScrollArea, QWidget

pytestmark = pytest.mark.gl


@pytest.fixture
def colour_at(viewer):
    """A function that returns the colour of the canvas where a pixel of the world is drawn."""

    def colour_at(row, column):
        QApplication.processEvents()
        picture = viewer.screenshot(canvas_only=True, flash=False)
        camera = viewer.scene.camera
        centre = np.array(picture.shape[:2]) / 2
        y, x = np.round(centre + (np.array([row, column]) - camera.center[-2:]) * camera.zoom).astype(int)
        return tuple(int(value) for value in picture[y, x, :3])

    return colour_at


def test_the_canvas_shows_labels_inside_of_objects_only(viewer, open_panel, click, colour_at, spots):
    viewer.add_image(spots(32, 40))
    grey = colour_at(4, 2)
    assert grey[0] == grey[1] == grey[2] > 100
    layer = click(open_panel())
    inside, outside = colour_at(4, 2), colour_at(20, 30)
    assert len(set(inside)) > 1, "no colour inside of an object"
    assert len(set(outside)) == 1, "colour outside of the objects"
    viewer.layers[0].visible = False
    layer.opacity = 1
    wanted = [round(255 * part) for part in layer.get_color(1)[:3]]
    np.testing.assert_allclose(colour_at(4, 2), wanted, atol=2)
    assert colour_at(20, 30) == (0, 0, 0)


def test_the_canvas_follows_the_sliders(viewer, open_panel, click, colour_at, until):
    viewer.add_image(np.tile(np.linspace(0, 1, 41, dtype=np.float32), (32, 1)))
    panel = open_panel()
    layer = click(panel)
    viewer.layers[0].visible = False
    assert colour_at(16, 10) == (0, 0, 0) != colour_at(16, 30)
    panel.adjust.set_value(panel.adjust.value().model_copy(update={"foreground": 0.1}))
    until(lambda: layer.data[16, 10])
    assert colour_at(16, 10) == colour_at(16, 30) != (0, 0, 0)


def clipped(panel):
    """The visible widgets that are smaller than they need to be, or stick out of the panel."""
    QApplication.processEvents()
    frame = panel.rect()
    found = []
    for widget in panel.findChildren(QWidget):
        if not widget.isVisibleTo(panel) or isinstance(widget.parent(), QScrollArea):
            continue
        corner = widget.mapTo(panel, widget.rect().topLeft())
        outside = not frame.contains(widget.rect().translated(corner))
        squeezed = widget.width() < widget.minimumSizeHint().width()
        squeezed |= widget.height() < max(widget.minimumSizeHint().height(), widget.heightForWidth(widget.width()))
        if outside or squeezed:
            found.append((type(widget).__name__, widget.size(), widget.minimumSizeHint(), corner))
    return found


@pytest.fixture
def docked(viewer, open_panel):
    """A function that opens a panel in napari's dock."""

    def docked(model):
        panel = open_panel(model)
        viewer.window.add_dock_widget(panel, name="Segment", area="right")
        return panel

    return docked


def test_nothing_is_clipped_in_any_state(viewer, docked, click, until, model_folder, spots):
    viewer.add_image(np.repeat(spots(3, 32, 40)[..., None], 3, axis=-1), rgb=True, name="a colour stack of some name")
    panel = docked("waits")
    until(lambda: panel.message.text() == "Ready.")
    assert clipped(panel) == [], "idle"
    panel.run_button.click()
    until(lambda: panel.progress.value() > 0)
    assert panel.progress.isVisible()
    assert clipped(panel) == [], "running"
    (panel.form.model / "go").touch()
    until(panel.run_button.isEnabled)
    assert "object" in panel.message.text()
    assert clipped(panel) == [], "done"
    panel.form.set_model(model_folder("dies"))
    click(panel)
    assert "unexpectedly" in panel.message.text()
    assert clipped(panel) == [], "error"


def test_long_sentences_wrap_and_the_panel_stays_as_wide_as_it_was(viewer, docked, until, model_folder, spots):
    viewer.add_image(spots(32, 40))
    panel = docked("plain")
    until(lambda: panel.message.text() == "Ready.")
    width = panel.width()
    panel.form.set_model(model_folder("mine", description="Cells of many kinds in many pictures. " * 8))
    panel.message.setText("Something went wrong, and here is at length what it was. " * 8)
    until(lambda: not clipped(panel))
    assert panel.width() == width
