"""Labels that a person has painted on are never overwritten."""

import numpy as np
import pytest


def undo_painting(layer):
    layer.paint((9, 9), 3)
    layer.undo()


def write_in_place(layer):
    layer.data[9, 9] = 3


def exchange(layer):
    layer.data = np.full_like(layer.data, 7)


EDITS = {
    "paint": lambda layer: layer.paint((9, 9), 3),
    "fill": lambda layer: layer.fill((9, 9), 3),
    "data_setitem": lambda layer: layer.data_setitem((np.array([9]), np.array([9])), 3),
    "in place": write_in_place,
    "undone": undo_painting,
    "exchanged": exchange,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_painted_labels_stay_and_new_ones_get_a_new_layer(viewer, open_panel, click, until, spots, edit):
    viewer.add_image(spots(16, 20))
    panel = open_panel()
    first = click(panel)
    edit(first)
    painted = first.data.copy()
    second = click(panel)
    assert len(viewer.layers) == 3
    assert "painted" in panel.message.text()
    edit(second)
    panel.adjust.set_value(panel.adjust.value().model_copy(update={"foreground": 0.9}))
    until(lambda: len(viewer.layers) == 4)
    assert "painted" in panel.message.text()
    for layer in (first, second):
        np.testing.assert_array_equal(layer.data, painted)


def test_the_new_layer_is_replaced_in_place_again(viewer, open_panel, click, spots):
    viewer.add_image(spots(16, 20))
    panel = open_panel()
    click(panel).paint((9, 9), 3)
    click(panel)
    click(panel)
    assert len(viewer.layers) == 3
    assert "painted" not in panel.message.text()


def test_painting_on_an_older_layer_is_no_painting_on_the_new_one(viewer, open_panel, click, spots):
    viewer.add_image(spots(16, 20))
    panel = open_panel()
    older = click(panel)
    older.paint((9, 9), 3)
    click(panel)
    older.paint((12, 12), 3)
    click(panel)
    assert len(viewer.layers) == 3
    assert "painted" not in panel.message.text()


def test_labels_painted_on_while_a_segmentation_runs_stay(viewer, open_panel, click, until, spots):
    viewer.add_image(spots(16, 20))
    panel = open_panel("waits")
    go = panel.form.model / "go"
    go.touch()
    layer = click(panel)
    go.unlink()
    panel.run_button.click()
    layer.paint((9, 9), 3)
    painted = layer.data.copy()
    go.touch()
    until(panel.run_button.isEnabled)
    assert len(viewer.layers) == 3
    np.testing.assert_array_equal(layer.data, painted)
