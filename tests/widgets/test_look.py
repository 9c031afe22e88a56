"""Going from object to object and from doubt to doubt; showing small or large objects only."""

import numpy as np
import pytest

from maskloop.ops.doubt import Doubt
from maskloop.widgets.labels_plane import take_plane

CENTRES = [(20, 20), (22, 60), (60, 30), (62, 90)]


@pytest.fixture
def image(discs):
    """Four objects: the second is barely seen, and the fourth not at all."""
    labels = discs((80, 120), CENTRES, 9)
    return np.choose(labels, [10, 255, 150, 255, 12]).astype(np.uint8), labels


@pytest.fixture
def scene(viewer, image, open_main):
    """The Correct panel and the labels layer."""
    viewer.add_image(image[0])
    layer = viewer.add_labels(image[1])
    return open_main().correct, layer


def centre(viewer):
    return tuple(round(at) for at in viewer.scene.camera.center[-2:])


def test_next_and_previous_go_round_the_objects(viewer, scene):
    correct, layer = scene
    layer.selected_label = 99
    went = []
    for name in ["next_object"] * 5 + ["previous_object"] * 2:
        correct.act(name)
        went.append(layer.selected_label)
        assert correct.message.text() == f"Object {layer.selected_label}."
        assert centre(viewer) == CENTRES[layer.selected_label - 1]
    assert went == [1, 2, 3, 4, 1, 4, 3]
    layer.selected_label = 99
    correct.act("previous_object")
    assert layer.selected_label == 4


def test_hidden_objects_are_passed_over(scene):
    correct, layer = scene
    layer.data_setitem(np.nonzero((layer.data == 2) & (np.arange(120) > 60)), 0)
    layer.data_setitem(np.nonzero((layer.data == 4) & (np.arange(120) > 90)), 0)
    show_only(correct, "Only smaller than", 200)
    for name, wanted in [("next_object", 2), ("next_object", 4), ("next_object", 2), ("previous_object", 4)]:
        correct.act(name)
        assert layer.selected_label == wanted
    show_only(correct, "Only larger than", 5000)
    correct.act("next_object")
    assert correct.message.text() == "There are no objects shown in this plane."
    correct.form._which.setCurrentText("All objects")
    layer.show_selected_label = True  # hides nothing that is gone to
    correct.act("next_object")
    assert layer.selected_label == 1


@pytest.mark.parametrize("zoom", [0.01, 500])
def test_an_object_too_small_or_too_large_on_screen_is_zoomed_to(viewer, scene, zoom):
    correct, _ = scene
    viewer.scene.camera.zoom = 5
    correct.act("next_object")
    assert viewer.scene.camera.zoom == 5
    viewer.scene.camera.zoom = zoom
    correct.act("next_object")
    assert 2 < viewer.scene.camera.zoom < 20


def test_objects_of_the_plane_on_screen_are_gone_to_where_they_lie(viewer, image, open_main):
    place = {"scale": (3, 0.5, 2), "translate": (7, -100, 50)}
    stack = np.stack([np.zeros_like(image[1]), np.where(image[1] == 3, 3, 0)])
    layer = viewer.add_labels(stack, **place)
    correct = open_main().correct
    viewer.dims.set_current_step(0, 0)
    correct.act("next_object")
    assert correct.message.text() == "There are no objects in this plane."
    viewer.dims.set_current_step(0, 1)
    correct.act("next_object")
    assert layer.selected_label == 3
    assert centre(viewer) == (round(-100 + 0.5 * 60), 50 + 2 * 30)


def test_where_there_are_no_objects_it_is_said(viewer, open_main):
    viewer.add_labels(np.zeros((30, 40), int))
    correct = open_main().correct
    for name in ("next_object", "previous_object"):
        correct.act(name)
        assert correct.message.text() == "There are no objects in this plane."


@pytest.fixture
def next_doubtful(until):
    """A function that goes to the next doubtful place, and returns what is said when it is there."""

    def next_doubtful(correct):
        correct.act("next_doubtful")
        until(lambda: "…" not in correct.message.text())
        return correct.message.text()

    return next_doubtful


def test_the_most_doubtful_come_first_and_each_once(viewer, scene, next_doubtful, until):
    correct, layer = scene
    said = []
    while "No doubtful" not in (text := next_doubtful(correct)):
        said.append(text)
        assert "sketch" in [layer.name for layer in viewer.layers]
        number = layer.selected_label
        assert centre(viewer) == pytest.approx(CENTRES[number - 1], abs=5)  # the middle of what is doubtful
        until(lambda: correct.form.left.text().endswith(" left"))
    assert len(said) == len(set(said)) > 0
    assert said[0].startswith(("Object 2: ", "Object 4: "))
    assert not any(text.startswith(("Object 1:", "Object 3:")) for text in said)
    assert "sketch" not in [layer.name for layer in viewer.layers]
    until(lambda: correct.form.left.text() == "0 left")


@pytest.mark.parametrize("name", ["split", "delete", "new_label", "next_object"])
def test_the_box_of_a_doubtful_place_goes_when_something_else_is_begun(viewer, scene, next_doubtful, name):
    correct, _ = scene
    next_doubtful(correct)
    assert len(viewer.layers["sketch"].data)
    correct.act(name)
    assert "sketch" not in viewer.layers or not len(viewer.layers["sketch"].data)


def test_the_box_of_a_doubtful_place_goes_with_its_plane(viewer, image, open_main, next_doubtful, until):
    viewer.add_image(np.stack([image[0]] * 2))
    viewer.add_labels(np.stack([image[1]] * 2))
    correct = open_main().correct
    viewer.dims.set_current_step(0, 0)
    next_doubtful(correct)
    assert "sketch" in viewer.layers
    viewer.dims.set_current_step(0, 1)
    until(lambda: "sketch" not in viewer.layers)


def test_an_object_almost_seen_is_told_of_in_a_sentence(scene):
    correct, layer = scene
    place = (slice(0, 5), slice(0, 5))
    doubt = Doubt(0, (2, 2), place, 0.5, "The model almost saw an object here")
    plane = take_plane(layer, correct._viewer.dims)
    assert correct._look._start_visiting(plane, [doubt]) == "The model almost saw an object here."


def test_what_was_repaired_is_not_gone_to(scene, next_doubtful):
    correct, layer = scene
    first = next_doubtful(correct)
    number = layer.selected_label
    other = {2: 4, 4: 2}[number]
    assert f"Object {number}" in first
    layer.data_setitem(np.nonzero(layer.data == other), 0)
    rest = []
    while "No doubtful" not in (text := next_doubtful(correct)):
        rest.append(text)
    assert not any(f"Object {other}:" in text for text in rest)


def test_a_layer_removed_while_it_is_looked_at_is_said_to_be_gone(viewer, scene, until):
    correct, layer = scene
    correct.act("next_doubtful")
    viewer.layers.remove(layer)
    until(lambda: "was removed meanwhile; nothing was changed" in correct.message.text())


def test_labels_of_another_image_are_not_ranked_by_it(viewer, scene, next_doubtful):
    correct, _ = scene
    viewer.add_labels(np.ones((9, 9), int), name="others")
    assert "choose the image of these labels in the Segment tab" in next_doubtful(correct)


def show_only(correct, which, size):
    correct.form._which.setCurrentText(which)
    correct.form._size.setValue(size)


def visible(layer):
    return [n for n in range(1, 5) if layer.get_color(n) is not None and layer.get_color(n)[3] > 0]


def test_small_or_large_objects_are_shown_alone_and_no_pixel_changes(scene, viewer):
    correct, layer = scene
    layer.data_setitem(np.nonzero((layer.data == 2) & (np.arange(120) > 60)), 0)
    before, colours = layer.data.copy(), layer.colormap
    show_only(correct, "Only smaller than", 200)
    assert visible(layer) == [2]
    assert correct.message.text() == "1 object is shown."
    show_only(correct, "Only larger than", 200)
    assert visible(layer) == [1, 3, 4]
    show_only(correct, "Only larger than", 5000)
    assert visible(layer) == []
    correct.form._which.setCurrentText("All objects")
    assert visible(layer) == [1, 2, 3, 4]
    assert layer.colormap is colours or layer.colormap == colours
    np.testing.assert_array_equal(layer.data, before)


def test_all_objects_are_shown_again_when_other_labels_are_selected(viewer, scene):
    correct, layer = scene
    show_only(correct, "Only larger than", 5000)
    assert visible(layer) == []
    other = viewer.add_labels(layer.data.copy())
    assert correct.form.which is None
    assert visible(layer) == visible(other) == [1, 2, 3, 4]


def test_labels_without_objects_have_nothing_to_show(viewer, open_main):
    viewer.add_labels(np.zeros((30, 40), int))
    correct = open_main().correct
    show_only(correct, "Only smaller than", 50)
    assert correct.message.text() == "0 objects are shown."


def test_in_3d_it_is_said_that_objects_cannot_be_chosen_by_size(viewer, open_main, discs):
    viewer.add_labels(np.stack([discs((30, 40), [(15, 15)], 8)] * 3))
    viewer.dims.ndisplay = 3
    correct = open_main().correct
    show_only(correct, "Only smaller than", 50)
    assert "shows 3-D" in correct.message.text()


def test_what_is_painted_while_objects_are_hidden_is_seen(scene, until):
    correct, layer = scene
    usual = layer.get_color(5)
    show_only(correct, "Only larger than", 5000)
    correct.act("new_label")
    layer.paint((40, 100), 5)
    assert layer.get_color(5)[3] > 0
    until(lambda: np.array_equal(layer.get_color(5), usual))
    assert visible(layer) == []
    layer.mode = "pan_zoom"  # not being painted any more, it is an object like the others
    until(lambda: layer.get_color(5)[3] == 0)


def test_the_filter_follows_what_becomes_smaller_or_comes_and_undo(scene, until):
    correct, layer = scene
    show_only(correct, "Only smaller than", 200)
    assert visible(layer) == []
    layer.data_setitem(np.nonzero((layer.data == 2) & (np.arange(120) > 60)), 77)
    until(lambda: visible(layer) == [2])
    assert layer.get_color(77)[3] > 0
    layer.undo()
    until(lambda: visible(layer) == [])


def test_the_filter_follows_to_another_plane(viewer, image, open_main, until):
    layer = viewer.add_labels(np.stack([image[1], np.where((image[1] == 2) & (np.arange(120) > 60), 0, image[1])]))
    correct = open_main().correct
    viewer.dims.set_current_step(0, 0)
    show_only(correct, "Only smaller than", 200)
    assert visible(layer) == []
    viewer.dims.set_current_step(0, 1)
    until(lambda: visible(layer) == [2])
    viewer.dims.set_current_step(0, 0)
    until(lambda: visible(layer) == [])


def test_in_3d_all_objects_can_be_shown_again(viewer, image, open_main):
    layer = viewer.add_labels(np.stack([image[1]] * 3))
    correct = open_main().correct
    show_only(correct, "Only larger than", 5000)
    viewer.dims.ndisplay = 3
    correct.form._which.setCurrentText("All objects")
    assert visible(layer) == [1, 2, 3, 4]
