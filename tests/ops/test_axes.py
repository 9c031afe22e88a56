"""Images of any layout to planes and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskloop.errors import InputError
from maskloop.ops.axes import choose_channel, guess_axes, to_planes


@st.composite
def images(draw):
    """An image whose pixels all differ, with axes in any order."""
    leading = draw(st.lists(st.sampled_from("TZSQA"), unique=True, max_size=3))
    channel = draw(st.sampled_from(["", "C"]))
    axes = "".join(draw(st.permutations(["Y", "X", *leading, *channel])))
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=len(axes), max_size=len(axes))))
    return np.arange(np.prod(shape)).reshape(shape), axes


@given(images())
def test_axes_there_and_back_is_the_identity(image_and_axes):
    image, axes = image_and_axes
    planes = to_planes(image, axes)
    size = dict(zip(axes, image.shape, strict=True))
    assert planes.pixels.shape[1:] == (size["Y"], size["X"], size.get("C", 1))
    for c in range(size.get("C", 1)):
        wanted = image.take(c, axis=axes.index("C")) if "C" in axes else image
        np.testing.assert_array_equal(planes.restore(planes.pixels[..., c]), wanted)


@given(images())
def test_a_plane_holds_neighbours_in_y_and_x_and_nothing_else(image_and_axes):
    image, axes = image_and_axes
    plane = to_planes(image, axes).pixels[-1, ..., -1]
    last = tuple(slice(None) if axis in "YX" else -1 for axis in axes)
    wanted = image[last] if axes.index("Y") < axes.index("X") else image[last].T
    np.testing.assert_array_equal(plane, wanted)


@given(images())
def test_small_letters_name_axes_too(image_and_axes):
    image, axes = image_and_axes
    np.testing.assert_array_equal(to_planes(image, axes.lower()).pixels, to_planes(image, axes).pixels)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=6).map(tuple))
def test_guessed_axes_describe_any_shape_of_two_to_six(shape):
    planes = to_planes(np.zeros(shape), guess_axes(shape))
    assert planes.restore(np.zeros(planes.pixels.shape[:-1])).shape == planes.labels_shape


def test_a_stack_is_not_copied():
    image = np.zeros((4, 64, 48), np.uint16)
    assert np.shares_memory(to_planes(image).pixels, image)


@pytest.mark.parametrize("shape", [(), (7,), (2,) * 7])
def test_too_few_or_too_many_axes_are_refused(shape):
    with pytest.raises(InputError, match="wanted is a plane"):
        to_planes(np.zeros(shape))


@pytest.mark.parametrize("axes", ["YY", "ZYX", "Y", "ZC"])
def test_axes_that_do_not_describe_the_image_are_refused(axes):
    with pytest.raises(InputError, match="do not describe an image of shape"):
        to_planes(np.zeros((4, 5)), axes)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 8, 8)])
def test_an_empty_image_is_refused(shape):
    with pytest.raises(InputError, match="empty"):
        to_planes(np.zeros(shape))


@pytest.mark.parametrize(
    ("dtype", "sentence"), [(bool, "a mask"), (complex, "magnitude"), (object, "not numbers"), ("U3", "not numbers")]
)
def test_pixels_that_are_no_intensities_are_refused(dtype, sentence):
    with pytest.raises(InputError, match=sentence):
        to_planes(np.zeros((4, 5), dtype))


@given(st.integers(1, 6), st.integers(1, 6), st.none() | st.integers(0, 7))
def test_a_choice_of_channels_gives_what_the_model_takes_or_says_why_not(count, wanted, channel):
    plane = np.arange(2 * 3 * count, dtype=np.float32).reshape(2, 3, count)
    try:
        chosen = choose_channel(plane, channel, wanted)
    except InputError:
        assert count != wanted or channel is not None
    else:
        assert chosen.shape == (2, 3, wanted)
        if channel is not None:
            np.testing.assert_array_equal(chosen[..., 0], plane[..., channel])


def test_a_model_of_four_channels_takes_an_image_of_four():
    plane = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(choose_channel(plane, None, 4), plane)


def test_transparency_does_not_count_as_colour():
    rgba = np.full((2, 3, 4), [10, 20, 60, 255], np.uint8)
    np.testing.assert_array_equal(choose_channel(rgba, None, 1), np.full((2, 3, 1), 30))


def test_two_channels_need_a_choice():
    with pytest.raises(InputError, match="say which channel"):
        choose_channel(np.zeros((4, 5, 2)), None, 1)


@pytest.mark.parametrize("channel", [-2, -1, 2])
def test_a_channel_that_is_not_there_is_refused(channel):
    with pytest.raises(InputError, match=f"Channel {channel} was asked for, but the image has 2"):
        choose_channel(np.zeros((4, 5, 2)), channel, 1)


def test_a_chosen_channel_fills_all_that_a_model_takes():
    plane = np.arange(2 * 2 * 2).reshape(2, 2, 2)
    np.testing.assert_array_equal(choose_channel(plane, 1, 3), np.repeat(plane[..., [1]], 3, axis=-1))
