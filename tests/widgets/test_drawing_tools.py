"""The mouse while a tool has it: what is drawn, and how it goes back to napari."""

import numpy as np
import pytest

from maskloop.widgets.actions import ACTIONS

WITH_MOUSE = [action.name for action in ACTIONS if action.mouse != "nothing" and action.group == "repair"]
DRAWN = [action.name for action in ACTIONS if action.mouse in ("path", "loop", "box") and action.group == "repair"]


@pytest.fixture
def layer(viewer, discs):
    viewer.add_image(np.zeros((64, 80), np.uint8))
    return viewer.add_labels(discs((64, 80), [(20, 20), (40, 50)], 8))


@pytest.fixture
def correct(layer, open_main):
    return open_main().correct


def names(viewer):
    return [layer.name for layer in viewer.layers]


@pytest.mark.parametrize("name", ["outline", "split", "delete", "redo_box"])
def test_a_tool_has_the_mouse_until_its_button_is_clicked_again(viewer, layer, correct, name):
    layer.mode = "paint"
    before = list(layer.mouse_drag_callbacks)
    correct.form.buttons[name].click()
    assert correct.drawing.action.name == name
    assert correct.form.buttons[name].isChecked()
    assert layer.mode == "pan_zoom"
    assert not layer.mouse_pan  # or the picture would move with the line
    assert viewer.layers.selection.active == layer
    assert ("sketch" in names(viewer)) == (name in DRAWN)
    correct.form.buttons[name].click()
    assert correct.drawing.action is None
    assert not any(button.isChecked() for button in correct.form.buttons.values())
    assert layer.mouse_pan
    assert "sketch" not in names(viewer)
    layer.mode = "paint"
    assert layer.mouse_drag_callbacks == before


def test_another_tool_takes_the_mouse_from_the_first(viewer, correct, layer):
    count = len(layer.mouse_drag_callbacks)
    for name in WITH_MOUSE * 2:
        correct.act(name)
        assert correct.drawing.action.name == name
        assert [n for n, button in correct.form.buttons.items() if button.isChecked()] == [name]
        assert len(layer.mouse_drag_callbacks) == count + 1
        assert names(viewer).count("sketch") == (name in DRAWN)


@pytest.mark.parametrize("name", ["split", "delete"])
def test_the_mouse_goes_back_to_napari_when_one_of_its_tools_is_chosen(viewer, layer, correct, name):
    for mode in ("paint", "erase", "fill", "pick", "polygon", "transform"):
        layer.mode = mode
        napari = list(layer.mouse_drag_callbacks), layer.mouse_pan
        layer.mode = "pan_zoom"
        correct.act(name)
        assert correct.drawing.action is not None
        layer.mode = mode
        assert correct.drawing.action is None
        assert not correct.form.buttons[name].isChecked()
        assert "sketch" not in names(viewer)
        assert (layer.mouse_drag_callbacks, layer.mouse_pan) == napari


@pytest.mark.parametrize("name", ["merge", "delete"])
def test_the_mouse_goes_back_when_another_layer_is_selected(viewer, layer, correct, name, until):
    correct.act(name)
    viewer.layers.selection.active = viewer.layers[0]
    until(lambda: correct.drawing.action is None)
    assert layer.mouse_pan
    assert "sketch" not in names(viewer)
    assert viewer.layers.selection.active == viewer.layers[0]


def test_the_sketch_shows_what_is_drawn_and_is_empty_again_afterwards(viewer, layer, correct, mouse):
    correct.act("split")
    sketch = viewer.layers["sketch"]
    mouse.press((5, 20))
    mouse.move((20, 20))
    mouse.move((35, 30))
    np.testing.assert_allclose(sketch.data, [[[5, 20], [15, 0]], [[20, 20], [15, 10]]])
    mouse.release((35, 30))
    assert len(sketch.data) == 0
    assert layer.data.max() == 3
    correct.act("redo_box")
    mouse.press((50, 70))
    mouse.move((40, 60))
    corners = viewer.layers["sketch"].data[:, 0]
    assert (corners.min(axis=0).tolist(), corners.max(axis=0).tolist()) == ([39.5, 59.5], [50.5, 70.5])
    mouse.release((40, 60))


def test_the_sketch_of_an_outline_is_closed(viewer, layer, correct, mouse):
    correct.act("outline")
    mouse.press((5, 20))
    mouse.move((20, 20))
    mouse.move((35, 30))
    sketch = viewer.layers["sketch"]
    np.testing.assert_allclose(sketch.data, [[[5, 20], [15, 0]], [[20, 20], [15, 10]], [[35, 30], [-30, -10]]])
    mouse.release((35, 30))
    assert len(sketch.data) == 0
    assert set(np.unique(layer.data)) == {0, 1, 2, 3}


def test_the_sketch_lies_where_the_labels_lie(viewer, open_main, mouse):
    place = {"scale": (3, 0.5, 2), "translate": (5, -9, 70), "units": ("um", "um", "um")}
    layer = viewer.add_labels(np.zeros((4, 64, 80), int), **place)
    viewer.dims.set_point(0, 5 + 3 * 2)
    panel = open_main()
    panel.correct.act("merge")
    mouse.press(mouse.place(layer, (2, 10, 10)))
    mouse.move(mouse.place(layer, (2, 30, 40)))
    sketch = viewer.layers["sketch"]
    np.testing.assert_allclose(sketch.data, [[[2, 10, 10], [0, 20, 30]]])
    np.testing.assert_allclose(sketch.data_to_world((2, 10, 10)), layer.data_to_world((2, 10, 10)))
    assert sketch.units == layer.units


@pytest.mark.parametrize("button", [2, 3])
def test_another_button_of_the_mouse_does_nothing(viewer, layer, correct, mouse, button):
    before = layer.data.copy()
    for name in WITH_MOUSE:
        correct.act(name)
        correct.message.setText("")
        mouse.on(layer, (20, 20), (40, 50), (40, 70), button=button)
        np.testing.assert_array_equal(layer.data, before)
        assert correct.message.text() == ""
        assert correct.drawing.action.name == name


def test_a_line_may_be_drawn_out_of_the_picture(layer, correct, mouse):
    correct.act("split")
    mouse.on(layer, (-50, 20), (20, 20), (500, 20))
    assert (np.unique(layer.data) == [0, 1, 2, 3]).all()


def test_a_click_where_a_line_is_wanted_says_so(layer, correct, mouse):
    before = layer.data.copy()
    for name in ("outline", "split", "merge"):
        correct.act(name)
        mouse.on(layer, (20, 20))
        assert correct.message.text()
        assert correct.drawing.action.name == name
    np.testing.assert_array_equal(layer.data, before)


def test_the_plane_that_was_pressed_on_is_the_one_that_is_changed(viewer, open_main, mouse, discs):
    layer = viewer.add_labels(np.stack([discs((64, 80), [(20, 20)], 8)] * 3))
    panel = open_main()
    viewer.dims.set_current_step(0, 1)
    panel.correct.act("split")
    mouse.press((1, 5, 20))
    viewer.dims.set_current_step(0, 2)
    mouse.move((2, 20, 20))
    mouse.move((2, 35, 20))
    mouse.release((2, 35, 20))
    assert layer.data.max(axis=(1, 2)).tolist() == [1, 2, 1]


def test_a_tool_given_up_while_its_line_is_drawn_changes_nothing(viewer, layer, correct, mouse, press_key):
    before = layer.data.copy()
    correct.act("split")
    mouse.press((5, 20))
    mouse.move((20, 20))
    assert press_key("S")  # gives the tool back
    mouse.move((35, 20))
    mouse.release((35, 20))
    np.testing.assert_array_equal(layer.data, before)
    assert "sketch" not in names(viewer)


@pytest.mark.parametrize("name", ["split", "delete"])
def test_escape_puts_the_tool_down_and_is_otherwise_napari_s(viewer, layer, correct, press_key, name):
    before = set(layer.keymap)
    correct.form.buttons[name].click()
    assert press_key("Escape")
    assert correct.drawing.action is None
    assert not correct.form.buttons[name].isChecked()
    assert "sketch" not in names(viewer)
    assert set(layer.keymap) == before


def test_a_tool_put_down_while_its_line_is_drawn_changes_nothing(viewer, layer, correct, mouse, press_key):
    before = layer.data.copy()
    correct.act("split")
    mouse.press((5, 20))
    mouse.move((35, 20))
    assert press_key("Escape")
    mouse.release((35, 20))  # with no move in between
    np.testing.assert_array_equal(layer.data, before)
    assert "sketch" not in names(viewer)


def test_to_grow_one_clicks_where_no_object_is(correct):
    correct.act("grow")
    assert correct.message.text() == "Click beside the objects, on one that the model has missed."
    correct.act("delete")
    assert correct.message.text() == "Click an object."
