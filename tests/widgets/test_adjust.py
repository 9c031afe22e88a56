"""The sliders act on the kept maps."""

import numpy as np
import psutil
import pytest
from qtpy.QtWidgets import QApplication

from maskloop.config import LabelsConfig


@pytest.fixture
def ramp():
    """Grey values whose threshold can be read off the labels: the share of a column's place in the row."""
    return np.tile(np.linspace(0, 1, 101, dtype=np.float32), (8, 1))


@pytest.fixture
def shows(until, ramp):
    """A function that waits until a layer shows the ramp's pixels above a threshold."""

    def shows(layer, threshold):
        wanted = ramp.astype(np.float16) >= threshold
        until(lambda: np.array_equal(layer.data, wanted))

    return shows


def move(panel, foreground):
    panel.adjust.set_value(panel.adjust.value().model_copy(update={"foreground": foreground}))


def test_new_labels_come_from_the_kept_maps_without_a_new_segmentation(viewer, open_panel, click, shows, ramp):
    image = ramp.copy()
    viewer.add_image(image)
    panel = open_panel()
    layer = click(panel)
    shows(layer, 0.5)
    image[:] = 0  # a new segmentation would find nothing
    move(panel, 0.75)
    shows(layer, 0.75)
    assert layer.metadata["maskloop"]["settings"]["labels"]["foreground"] == 0.75
    assert panel.message.text() == "1 object, about 12 pixels across."


def test_many_quick_changes_end_with_the_labels_of_the_last(viewer, open_panel, click, shows, ramp):
    viewer.add_image(ramp)
    panel = open_panel()
    layer = click(panel)
    for step in range(40):
        move(panel, 0.1 + step / 50)
        QApplication.processEvents()
    shows(layer, panel.adjust.value().foreground)
    assert len(viewer.layers) == 2


def test_a_slider_moved_while_an_answer_is_on_its_way_is_answered_too(viewer, open_panel, click, until, shows, ramp):
    viewer.add_image(ramp)
    panel = open_panel()
    layer = click(panel)
    before = layer.data.sum()
    move(panel, 0.3)
    until(lambda: layer.data.sum() != before)
    move(panel, 0.6)
    move(panel, 0.8)
    shows(layer, 0.8)


def test_a_slider_moved_while_a_segmentation_runs_is_not_forgotten(viewer, open_panel, until, shows, ramp):
    viewer.add_image(ramp)
    panel = open_panel("waits")
    panel.run_button.click()
    until(lambda: panel.progress.value() > 0)
    move(panel, 0.8)
    until(lambda: not panel._adjust_delay.isActive())
    (panel.form.model / "go").touch()
    until(panel.run_button.isEnabled)
    shows(viewer.layers[-1], 0.8)


def test_a_slider_moved_before_a_cancelled_segmentation_ends_acts_on_the_kept_maps(
    viewer, open_panel, until, click, shows, ramp
):
    viewer.add_image(ramp)
    panel = open_panel("waits")
    go = panel.form.model / "go"
    go.touch()
    layer = click(panel)
    go.unlink()
    panel.run_button.click()
    move(panel, 0.8)
    until(lambda: not panel._adjust_delay.isActive())
    panel.cancel_button.click()
    until(panel.run_button.isEnabled)
    shows(layer, 0.8)


def test_before_the_first_segmentation_the_sliders_only_choose(viewer, open_panel, click, shows, ramp):
    viewer.add_image(ramp)
    panel = open_panel()
    move(panel, 0.2)
    shows(click(panel), 0.2)


def test_another_model_brings_its_tuned_values_and_leaves_the_labels(
    viewer, open_panel, click, until, model_folder, ramp
):
    viewer.add_image(ramp)
    panel = open_panel()
    layer = click(panel)
    before = layer.data.copy()
    tuned = LabelsConfig(foreground=0.35, splitting=0.9, min_size=24)
    panel.form.set_model(model_folder("tuned", labels=tuned))
    assert panel.adjust.value() == tuned
    until(lambda: not panel._adjust_delay.isActive() and panel.segmentations._adjusting is None)
    np.testing.assert_array_equal(layer.data, before)
    click(panel)
    np.testing.assert_array_equal(layer.data, ramp.astype(np.float16) >= 0.35)


def test_after_the_worker_died_the_sliders_still_act_on_the_kept_maps(viewer, open_panel, click, shows, until, ramp):
    viewer.add_image(ramp)
    panel = open_panel("plain")
    layer = click(panel)
    psutil.Process(panel.session.pid).kill()
    until(lambda: not panel.session._client.alive)
    move(panel, 0.25)
    shows(layer, 0.25)


def test_adjusting_after_the_labels_were_removed_brings_them_back(viewer, open_panel, click, until, shows, ramp):
    viewer.add_image(ramp)
    panel = open_panel()
    viewer.layers.remove(click(panel))
    move(panel, 0.75)
    until(lambda: len(viewer.layers) == 2)
    shows(viewer.layers[-1], 0.75)


def test_without_the_image_the_sliders_only_choose(viewer, open_panel, click, until, shows, ramp):
    viewer.add_image(ramp, name="a")
    panel = open_panel()
    click(panel)
    viewer.layers.clear()
    viewer.add_image(ramp.copy(), name="b")
    move(panel, 0.75)
    until(lambda: not panel._adjust_delay.isActive())
    shows(click(panel), 0.75)
    assert [layer.name for layer in viewer.layers] == ["b", "b labels"]


def test_of_an_entry_that_was_closed_nothing_is_adjusted(open_main, open_entry, make_project, click, until, ramp):
    folder = make_project(a=ramp, b=ramp * 2)
    panel, said = open_main(), []
    segment = panel.segment
    segment.segmentations.said.connect(said.append)
    segment.segmentations.segmented.connect(lambda: said.append("segmented"))
    open_entry(panel, folder, "a")
    click(segment)
    until(lambda: said.count("segmented") == 1)
    entry = open_entry(panel, folder, "b")
    move(segment, 0.75)
    until(lambda: not segment._adjust_delay.isActive())
    assert not entry.labels.data.any()
    click(segment)
    until(lambda: said.count("segmented") == 2)
    np.testing.assert_array_equal(entry.labels.data > 0, ramp.astype(np.float16) >= 0.75)
    assert not any("closed" in sentence for sentence in said)
