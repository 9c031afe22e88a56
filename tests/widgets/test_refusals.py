"""Layers that cannot be corrected: a sentence, and they stay as they were."""

import numpy as np
import pytest

from maskloop.widgets.actions import ACTIONS

PLANE = np.zeros((64, 80), np.uint8)


@pytest.fixture
def labels(discs):
    return discs((64, 80), [(20, 20), (40, 50)], 8)


def act_everywhere(panel, viewer, mouse, layer):
    """Use each tool by button and by key; return the sentences."""
    said = []
    for action in ACTIONS:
        for use in (panel.correct.act, panel.correct.press):
            panel.correct.message.setText("")
            if layer is not None:
                mouse.move_to(mouse.place(layer, (20,) * layer.ndim))
            use(action.name)
            if layer is not None and panel.correct.drawing.action is not None:
                mouse.on(layer, (5,) * layer.ndim, (20,) * layer.ndim)
            panel.correct.drawing.end()
            said.append(panel.correct.message.text())
    return said


def test_without_labels_each_tool_says_what_to_do(viewer, open_main, mouse):
    panel = open_main()
    assert all(
        "no labels to correct" in text or "in a project" in text for text in act_everywhere(panel, viewer, mouse, None)
    )
    viewer.add_image(PLANE)
    said = act_everywhere(panel, viewer, mouse, None)
    assert all(said)
    assert [type(layer).__name__ for layer in viewer.layers] == ["Image"]


@pytest.mark.parametrize("kind", ["locked", "multiscale", "in 3-D"])
def test_labels_that_cannot_be_written_stay_as_they_are_and_it_is_said(viewer, open_main, mouse, labels, kind):
    panel = open_main()
    if kind == "multiscale":
        layer = viewer.add_labels([labels, labels[::2, ::2]], multiscale=True)
    else:
        layer = viewer.add_labels(np.stack([labels] * 3))
    if kind == "locked":
        layer.editable = False
    if kind == "in 3-D":
        viewer.dims.ndisplay = 3
    before = np.array(layer.data[0]) if kind == "multiscale" else layer.data.copy()
    repairs = [action.name for action in ACTIONS if action.group == "repair"]
    for name in repairs:
        for use in (panel.correct.act, panel.correct.press):
            panel.correct.message.setText("")
            mouse.move_to(mouse.place(layer, (1, 20, 20)[-layer.ndim :]))
            use(name)
            assert {"locked": "locked", "multiscale": "several resolutions", "in 3-D": "shows 3-D"}[kind] in (
                panel.correct.message.text()
            ) or (name == "grow" and "no image" in panel.correct.message.text())
            assert panel.correct.drawing.action is None
    np.testing.assert_array_equal(layer.data[0] if kind == "multiscale" else layer.data, before)


@pytest.mark.parametrize("name", ["split", "grow", "redo_box"])
def test_a_layer_of_8_bits_that_is_full_is_refused_and_stays_as_it_was(viewer, open_main, mouse, labels, until, name):
    image = np.where(labels > 0, 200, 10).astype(np.uint8)
    image[48:60, 8:24] = 200
    viewer.add_image(image)
    labels = labels.astype(np.uint8)
    labels[0, 79] = 255
    layer = viewer.add_labels(labels.copy())
    panel = open_main()
    panel.correct.act(name)
    points = {"split": [(8, 20), (32, 20)], "grow": [(54, 16)], "redo_box": [(46, 2), (62, 30)]}[name]
    mouse.on(layer, *points)
    until(lambda: "…" not in panel.correct.message.text())
    assert "is of type uint8, which ends at 255" in panel.correct.message.text()
    np.testing.assert_array_equal(layer.data, labels)


def test_a_new_label_in_a_full_layer_of_8_bits_is_refused_with_a_sentence(viewer, open_main, labels):
    labels[0, 79] = 255
    viewer.add_labels(labels.astype(np.uint8))
    panel = open_main()
    panel.correct.act("new_label")
    assert "uint8" in panel.correct.message.text()


@pytest.mark.parametrize(("pixel", "left"), [((12, 12), 2**33 + 1), ((25, 25), 1)])
def test_of_labels_above_int32_the_one_pointed_at_is_deleted_and_no_other(viewer, open_main, mouse, pixel, left):
    labels = np.zeros((64, 80), np.int64)
    labels[10:40, 10:40] = 1
    labels[20:30, 20:30] = 2**33 + 1  # in 32 bits it would be 1 too
    layer = viewer.add_labels(labels.copy())
    panel = open_main()
    panel.correct.act("delete")
    mouse.on(layer, pixel)
    np.testing.assert_array_equal(layer.data, np.where(labels == left, left, 0), panel.correct.message.text())


def test_images_of_one_pixel_and_labels_without_objects_are_no_trouble(viewer, open_main, mouse, until):
    panel = open_main()
    for shape in ((1, 1), (1, 1, 1), (64, 80)):
        viewer.layers.clear()
        viewer.add_image(np.zeros(shape, np.uint8))
        layer = viewer.add_labels(np.zeros(shape, np.int32))
        assert all(text for text in act_everywhere(panel, viewer, mouse, layer))
        until(lambda: "…" not in panel.correct.message.text())
        assert not layer.data.any()


def test_hidden_labels_are_repaired_all_the_same(viewer, open_main, mouse, labels):
    layer = viewer.add_labels(np.stack([labels] * 3))
    panel = open_main()
    layer.visible = False
    viewer.dims.set_current_step(0, 0)  # napari makes no picture of it
    mouse.move_to((0, 20, 20))
    panel.correct.press("delete")
    assert panel.correct.message.text() == "Deleted object 1."
    assert [np.unique(plane).tolist() for plane in layer.data] == [[0, 2], [0, 1, 2], [0, 1, 2]]
