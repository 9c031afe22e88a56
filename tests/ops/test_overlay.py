"""What is displayed of an image."""

import numpy as np
import pytest

from maskloop.ops.overlay import displayed

TISSUE = np.random.default_rng(0).normal((220, 180, 225), 8, (40, 50, 3)).clip(0, 255)


@pytest.mark.parametrize("scale", [1, 257, 1 / 255])
def test_colours_keep_their_order_and_their_hue(scale):
    shown = displayed(scale * TISSUE)
    red, green, blue = shown.mean(axis=(0, 1))
    assert green < red < blue
    assert blue - red < 0.2 * (blue - green)


def test_how_opaque_an_image_is_is_not_shown():
    opaque = np.concatenate([TISSUE, np.full((40, 50, 1), 255.0)], axis=-1)
    np.testing.assert_array_equal(displayed(opaque), displayed(TISSUE))


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_other_channels_are_shown_as_grey_each_as_bright_as_the_others(channels):
    image = np.random.default_rng(0).random((40, 50, channels))
    shown = displayed(image * 10.0 ** np.arange(channels))
    assert shown.shape == (40, 50, 1)
    assert shown.max() <= 1
    np.testing.assert_allclose(shown, displayed(image), atol=1e-5)
