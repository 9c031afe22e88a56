"""What is displayed of an image."""

import numpy as np
import pytest

from maskloop.ops.metrics import count
from maskloop.ops.overlay import MISSED, RIGHT, WRONG, displayed, draw_mistakes, matching_objects

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


def test_objects_match_as_the_scores_have_it_even_by_just_one_half():
    labels, truth = np.array([[1, 0]]), np.array([[2, 2]])
    assert count(labels, truth).true_positives[0] == 1
    assert [numbers.tolist() for numbers in matching_objects(labels, truth)] == [[1], [2]]


@pytest.mark.parametrize("far", [0, 10**6])
def test_outlines_say_what_is_right_wrong_and_missed(far):
    labels, truth = np.zeros((2, 9, 30), int)
    labels[2:7, 2:8] = 1 + far
    truth[2:7, 2:7] = labels[2:7, 12:18] = 2 + far
    truth[2:7, 22:28] = 3 + far
    drawn = draw_mistakes(np.zeros((9, 30, 1)), labels, truth)
    assert [tuple(drawn[2, x]) for x in (2, 12, 22)] == [RIGHT, WRONG, MISSED]
    assert not drawn[4, [5, 15, 25]].any()  # within
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) == 4
