"""Planes of a layer, and the way back to where they came from."""

import threading

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Image

from maskloop.errors import InputError
from maskloop.widgets.snapshot import take_snapshot


@st.composite
def displayed_stacks(draw):
    """An image of two to five axes without two equal pixels, which two axes are shown, and where."""
    shape = tuple(draw(st.lists(st.integers(2, 5), min_size=2, max_size=5)))
    image = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    displayed = tuple(draw(st.permutations(range(len(shape))))[:2])
    return image, displayed, tuple(float(draw(st.integers(0, n - 1))) for n in shape)


def labels_of(snapshot):
    """The pixels themselves as labels, so that each says where it belongs."""
    return np.stack([plane[..., 0] for plane in snapshot.planes()])


@given(displayed_stacks())
def test_all_planes_there_and_back_is_the_identity(stack):
    image, displayed, point = stack
    snapshot = take_snapshot(Image(image), displayed, point, all_planes=True)
    np.testing.assert_array_equal(snapshot.paste(labels_of(snapshot)), image)


@given(displayed_stacks())
def test_the_current_plane_goes_to_its_place_and_the_others_are_kept(stack):
    image, displayed, point = stack
    snapshot = take_snapshot(Image(image), displayed, point, all_planes=False)
    pasted = snapshot.paste(labels_of(snapshot), into=np.full(image.shape, -1, np.int32))
    shown = tuple(slice(None) if a in displayed else int(point[a]) for a in range(image.ndim))
    np.testing.assert_array_equal(pasted[shown], image[shown])
    assert (pasted == -1).sum() == (0 if image.ndim == 2 else image.size - image[shown].size)


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_is_an_axis_of_planes_and_not_of_labels(channels):
    layer = Image(np.zeros((6, 8, 9, channels), np.uint8), rgb=True)
    snapshot = take_snapshot(layer, (1, 2), (4.0, 0.0, 0.0), all_planes=False)
    assert [plane.shape for plane in snapshot.planes()] == [(8, 9, channels)]
    assert snapshot.paste(np.ones((1, 8, 9), np.int32)).shape == (6, 8, 9)


def test_a_lazy_stack_is_computed_plane_by_plane_and_only_where_needed():
    computed = []

    def compute(block_info):
        computed.append(block_info[None]["chunk-location"])
        return np.zeros(block_info[None]["chunk-shape"], np.uint8)

    stack = da.map_blocks(compute, chunks=((1,) * 7, (1,) * 3, (8,), (9,)), dtype=np.uint8, meta=np.zeros((0,), "u1"))
    layer = Image(stack, contrast_limits=(0, 1))
    computed.clear()  # what the layer itself wanted
    snapshot = take_snapshot(layer, (2, 3), (5.0, 2.0, 0.0, 0.0), all_planes=False)
    assert not computed
    list(snapshot.planes())
    assert computed == [(5, 2, 0, 0)]
    every = take_snapshot(layer, (2, 3), (5.0, 2.0, 0.0, 0.0), all_planes=True).planes()
    computed.clear()
    next(every)
    assert computed == [(0, 0, 0, 0)]


def test_the_shown_plane_is_found_by_scale_and_translation():
    layer = Image(np.zeros((9, 8, 9), np.uint8), scale=(2.5, 1, 1), translate=(100, 0, 0))
    assert take_snapshot(layer, (1, 2), (110.0, 0.0, 0.0), all_planes=False).where == (4,)


def test_a_layer_with_fewer_axes_than_the_viewer_has_its_last_ones():
    plane = Image(np.zeros((8, 9), np.uint8))
    assert take_snapshot(plane, (1, 2), (3.0, 0.0, 0.0), all_planes=False).plane_axes == (0, 1)
    with pytest.raises(InputError, match="turn them back"):
        take_snapshot(plane, (0, 2), (3.0, 0.0, 0.0), all_planes=False)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # napari's, over no pixels
def test_an_empty_layer_is_refused_with_its_shape():
    layer = Image(np.zeros((0, 8, 9), np.uint8), contrast_limits=(0, 1))
    with pytest.raises(InputError, match=r"empty.*\(0, 8, 9\)"):
        take_snapshot(layer, (1, 2), (0.0, 0.0, 0.0), all_planes=False)


def test_planes_can_be_read_in_another_thread_while_the_layer_gets_other_data():
    layer = Image(np.full((8, 9), 5, np.uint8))
    snapshot = take_snapshot(layer, (0, 1), (0.0, 0.0), all_planes=False)
    layer.data = np.zeros((2, 2), np.uint8)
    read = []
    thread = threading.Thread(target=lambda: read.extend(snapshot.planes()))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(read[0], np.full((8, 9, 1), 5))
