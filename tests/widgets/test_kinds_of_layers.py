"""Layers of every kind: labels, or a sentence, and a panel that works again."""

import numpy as np
import pytest
from napari.layers import Image


@pytest.fixture
def coloured():
    """An image with a square in each colour; the last channel of four is not transparent anywhere."""
    image = np.zeros((16, 20, 4), np.uint8)
    for channel, column in enumerate((2, 8, 14)):
        image[4:8, column : column + 4, channel] = 240
    image[..., 3] = 255
    return image


def test_of_a_colour_image_with_transparency_one_colour_or_all_are_segmented(viewer, open_panel, click, coloured):
    viewer.add_image(coloured, rgb=True)
    panel = open_panel()
    for channel in range(3):
        panel.form.set_channel(channel)
        layer = click(panel)
        np.testing.assert_array_equal(layer.data, coloured[..., channel] == 240)
        assert layer.metadata["maskloop"]["settings"]["channel"] == channel
    panel.form.set_channel(None)
    assert click(panel).metadata["maskloop"]["settings"]["channel"] is None
    assert len(viewer.layers) == 2


def test_a_colour_chosen_for_one_image_is_not_asked_of_a_grey_one(viewer, open_panel, click, coloured, spots):
    viewer.add_image(coloured, rgb=True, name="colour")
    grey = viewer.add_image(spots(16, 20), name="grey")
    panel = open_panel()
    panel.form.set_image(viewer.layers["colour"])
    panel.form.set_channel(2)
    panel.form.set_image(grey)
    layer = click(panel)
    np.testing.assert_array_equal(layer.data, grey.data == 200)
    assert layer.metadata["maskloop"]["settings"]["channel"] is None


def test_a_stack_in_colour_is_segmented_plane_by_plane(viewer, open_panel, click, coloured):
    stack = np.stack([coloured, coloured[:, ::-1]])[..., :3]
    viewer.add_image(stack, rgb=True)
    panel = open_panel()
    panel.form.set_all_planes(True)
    panel.form.set_channel(0)
    np.testing.assert_array_equal(click(panel).data, stack[..., 0] == 240)


def test_of_a_pyramid_the_finest_level_is_segmented(viewer, open_panel, click, spots):
    image = spots(32, 40)
    pyramid = viewer.add_image([image, image[::2, ::2], image[::4, ::4]], multiscale=True, scale=(0.5, 0.5))
    layer = click(open_panel())
    np.testing.assert_array_equal(layer.data, image == 200)
    np.testing.assert_allclose(layer.data_to_world((3, 2)), pyramid.data_to_world((3, 2)))


def test_a_pyramid_is_segmented_again_into_the_same_layer(viewer, open_panel, click, spots):
    image = spots(32, 40)
    viewer.add_image([image, image[::2, ::2]], multiscale=True)
    panel = open_panel()
    assert click(panel) == click(panel)


def test_a_mask_is_refused_and_the_next_image_is_not(viewer, open_panel, click, spots):
    mask = viewer.add_image(spots(16, 20) == 200, name="mask")
    panel = open_panel()
    assert click(panel) == mask
    assert "bool" in panel.message.text()
    assert "mask" in panel.message.text()
    panel.form.set_image(viewer.add_image(spots(16, 20), name="image"))
    assert click(panel).name == "image labels"


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # napari's, over no pixels
def test_an_empty_image_is_refused_and_the_next_is_not(viewer, open_panel, click, spots):
    stack = viewer.add_image(spots(3, 16, 20))
    panel = open_panel()
    empty = Image(np.zeros((0, 8, 9), np.uint8), contrast_limits=(0, 1), name="nothing")
    panel.form.set_images([empty], None)
    click(panel)
    assert panel.message.text() == "The layer 'nothing' is empty: its shape is (0, 8, 9)."
    panel.form.set_images([stack], None)
    assert click(panel).name == "Image labels"


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_what_napari_itself_refuses_leaves_the_panel_as_it_was(viewer, open_panel, click, spots):
    viewer.add_image(spots(16, 20))
    panel = open_panel()
    for image in (np.zeros(10), np.zeros((0, 10)), np.zeros((8, 9), complex)):
        with pytest.raises((ValueError, NotImplementedError)):
            viewer.add_image(image)
    assert click(panel).name == "Image labels"


def test_the_smallest_images_are_answered(viewer, open_panel, click):
    panel = open_panel()
    for shape in ((1, 1), (1, 50), (3, 2000)):
        panel.form.set_image(viewer.add_image(np.zeros(shape, np.uint8)))
        assert click(panel).data.shape == shape
        assert "Nothing found" in panel.message.text()
