"""A click on Segment, and the layer that comes of it."""

import numpy as np
from napari.layers import Labels


def test_a_click_makes_a_labels_layer_that_says_what_made_it(viewer, open_panel, click, spots):
    image = spots(16, 20)
    viewer.add_image(image, name="cells")
    panel = open_panel()
    panel.form.set_diameter(12)
    layer = click(panel)
    assert isinstance(layer, Labels)
    assert layer.name == "cells labels"
    assert layer.data.dtype == np.int32
    np.testing.assert_array_equal(layer.data, image == 200)
    note = layer.metadata["maskloop"]
    assert (note["image"], note["objects"]) == ("cells", 1)
    assert note["settings"]["model"] == str(panel.form.model)
    assert note["settings"]["diameter"] == 12
    assert note["settings"]["labels"] == panel.adjust.value().model_dump()
    assert panel.message.text().startswith("1 object, about 12 pixels across")


def test_the_labels_lie_where_the_image_lies(viewer, open_panel, click, spots):
    affine = [[0.9, 0.1, 4], [-0.1, 1.1, 5], [0, 0, 1]]
    place = {"scale": (2, 3), "translate": (7, -3), "rotate": 30, "shear": [0.2], "affine": affine}
    image = viewer.add_image(spots(16, 20), units=("um", "um"), axis_labels=("down", "right"), **place)
    layer = click(open_panel())
    assert layer.units == image.units
    assert layer.axis_labels == image.axis_labels == ("down", "right")
    for name in ("scale", "translate", "rotate", "shear"):
        np.testing.assert_allclose(getattr(layer, name), getattr(image, name))
    np.testing.assert_allclose(layer.affine.affine_matrix, affine)
    for pixel in ((0, 0), (3, 2), (15, 19)):
        np.testing.assert_allclose(layer.data_to_world(pixel), image.data_to_world(pixel))


def test_a_second_click_replaces_an_untouched_layer_in_place(viewer, open_panel, click, spots):
    image = spots(16, 20)
    viewer.add_image(image)
    panel = open_panel()
    first = click(panel)
    first.metadata["mine"] = 1
    image[:] = 10
    image[9:12, 9:14] = 200
    assert click(panel) == first
    assert len(viewer.layers) == 2
    assert first.metadata["mine"] == 1
    np.testing.assert_array_equal(first.data, image == 200)


def test_a_click_while_a_segmentation_runs_does_nothing(viewer, open_panel, until, spots):
    viewer.add_image(spots(16, 20))
    panel = open_panel("waits")
    panel.segment()
    panel.segment()
    (panel.form.model / "go").touch()
    until(panel.run_button.isEnabled)
    assert len(viewer.layers) == 2


def test_two_panels_on_one_viewer_have_a_layer_each(viewer, open_panel, click, spots):
    viewer.add_image(spots(16, 20))
    one, other = open_panel(), open_panel()
    first, second = click(one), click(other)
    one.form.set_diameter(30)
    click(one)
    assert len(viewer.layers) == 3
    assert first.metadata["maskloop"]["settings"]["diameter"] == 30
    assert second.metadata["maskloop"]["settings"]["diameter"] is None


def test_labels_follow_an_image_that_was_moved_at_the_next_click(viewer, open_panel, click, spots):
    image = viewer.add_image(spots(16, 20), units=("um", "um"))
    panel = open_panel()
    click(panel)
    image.scale, image.units = (0.5, 0.5), ("nm", "nm")
    layer = click(panel)
    assert layer.units == image.units
    np.testing.assert_allclose(layer.data_to_world((3, 2)), image.data_to_world((3, 2)))


def test_each_image_gets_a_labels_layer_of_its_own(viewer, open_panel, click, spots):
    viewer.add_image(spots(16, 20), name="a")
    viewer.add_image(spots(12, 18), name="b")
    panel = open_panel()
    for name, shape in (("a", (16, 20)), ("b", (12, 18))):
        panel.form.set_image(viewer.layers[name])
        assert click(panel).name == f"{name} labels"
        assert viewer.layers[f"{name} labels"].data.shape == shape
    assert len(viewer.layers) == 4
