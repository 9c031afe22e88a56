"""Labels go with the image that they were made from, whatever else is in the viewer, is chosen or is called so."""

import numpy as np
import pytest

SHAPE = (64, 80)
LEFT, RIGHT = np.s_[20:40, 10:30], np.s_[20:40, 50:70]


def image(square):
    """Return an image with a bright square, which the fake worker finds."""
    pixels = np.full(SHAPE, 10, np.uint8)
    pixels[square] = 200
    return pixels


@pytest.fixture
def layers(viewer, panel, click):
    """The layers of a viewer: images A and B of one shape, and the labels that were made from each."""
    for name, square in (("A", LEFT), ("B", RIGHT)):
        viewer.add_image(image(square), name=name)
        click(panel.segment)
    return viewer.layers


@pytest.fixture
def correct(panel, layers, mouse, until):
    """A function that uses a tool on the labels of A while the Segment tab shows B; returns what is said."""

    def correct(tool, *pixels):
        layers.selection.active = layers["A labels"]
        assert panel.segment.form.image.name == "B"
        panel.correct.act(tool)
        mouse.on(layers["A labels"], *pixels)
        until(lambda: "…" not in panel.correct.message.text())
        return panel.correct.message.text()

    return correct


def test_each_image_is_added_with_its_own_labels(viewer, layers, add):
    for name in "AB":
        layers.selection.active = layers[name]
        entry = add()
        assert (entry.image.name, entry.labels.name) == (name, f"{name} labels")


def test_an_image_that_was_renamed_keeps_its_labels(viewer, layers, add):
    layers["A"].name, layers["B"].name = "first", "A"
    layers.selection.active = layers["first"]
    assert add().labels.name == "A labels"


def test_an_image_without_labels_gets_none_of_another(viewer, layers, add):
    layers.remove("B labels")
    layers.selection.active = layers["B"]
    entry = add()
    assert not entry.labels.data.any()
    assert "A labels" in layers
    assert entry.labels.name != "A labels"


def test_selected_labels_bring_their_image(viewer, layers, panel, add):
    assert panel.segment.form.image.name == "B"
    layers.selection.active = layers["A labels"]
    entry = add()
    assert (entry.image.name, entry.labels.name) == ("A", "A labels")


def test_other_labels_of_the_open_image_are_not_added_with_the_next(viewer, layers, panel, click, add):
    layers.remove("B labels")
    panel.segment.form.set_image(layers["A"])
    layers["A labels"].paint((60, 70), 9)
    newer = click(panel.segment)
    layers.selection.active = layers["A"]
    assert add().labels == newer
    assert "A labels" in layers
    layers.selection.active = layers["B"]
    assert not add().labels.data.any()


def test_labels_whose_image_is_gone_may_be_those_of_any(viewer, layers, add):
    layers.remove("A")
    layers.selection.active = viewer.add_image(image(LEFT), name="opened again")
    assert add().labels.name == "A labels"


def test_a_box_is_segmented_anew_in_the_image_of_its_labels(layers, correct):
    before = layers["A labels"].data.copy()
    layers["A labels"].data_setitem(np.nonzero(before), 0)
    assert correct("redo_box", (1, 1), (62, 78)) == "The box is segmented anew."
    np.testing.assert_array_equal(layers["A labels"].data > 0, before > 0)


def test_an_object_is_grown_in_the_image_of_its_labels(layers, correct):
    layers["A labels"].data_setitem(np.nonzero(layers["A labels"].data), 0)
    correct("grow", (30, 20))
    grown = layers["A labels"].data > 0
    assert grown[LEFT].sum() == grown.sum() > 390  # all but its corners


def test_a_colour_chosen_for_another_image_is_not_asked_of_that_of_the_labels(viewer, layers, panel, correct):
    layers.remove("B")
    viewer.add_image(np.stack([image(RIGHT)] * 3, axis=-1), rgb=True, name="B")
    panel.segment.form.set_channel(2)
    assert correct("redo_box", (1, 1), (62, 78)) == "Segmenting the box anew changed nothing."
