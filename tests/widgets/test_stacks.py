"""Stacks and series in the viewer: the plane that is shown, or all of them."""

import dask.array as da
import numpy as np
import psutil

MEGABYTE = 2**20


def test_the_current_plane_of_a_stack_gets_the_labels(viewer, open_panel, click, spots):
    stack = spots(5, 16, 20)
    viewer.add_image(stack)
    viewer.dims.set_current_step(0, 3)
    layer = click(open_panel())
    assert layer.data.shape == stack.shape
    assert layer.data.any(axis=(1, 2)).tolist() == [False, False, False, True, False]
    np.testing.assert_array_equal(layer.data[3], stack[3] == 200)


def test_labels_of_other_planes_are_kept(viewer, open_panel, click, spots):
    stack = spots(5, 16, 20)
    viewer.add_image(stack)
    panel = open_panel()
    for step in (1, 3, 3):
        viewer.dims.set_current_step(0, step)
        layer = click(panel)
    assert len(viewer.layers) == 2
    assert layer.data.any(axis=(1, 2)).tolist() == [False, True, False, True, False]


def test_all_planes_are_segmented_at_once(viewer, open_panel, click, spots):
    panel = open_panel()
    for shape in ((3, 16, 20), (2, 3, 16, 20), (2, 1, 3, 16, 20)):
        stack = spots(*shape)
        panel.form.set_image(viewer.add_image(stack))
        panel.form.set_all_planes(True)
        np.testing.assert_array_equal(click(panel).data, stack == 200)


def test_one_plane_can_be_segmented_again_after_all_of_them(viewer, open_panel, click, spots):
    stack = spots(3, 16, 20)
    viewer.add_image(stack)
    panel = open_panel()
    panel.form.set_all_planes(True)
    click(panel)
    stack[:] = 10
    panel.form.set_all_planes(False)
    viewer.dims.set_current_step(0, 1)
    assert click(panel).data.any(axis=(1, 2)).tolist() == [True, False, True]
    assert len(viewer.layers) == 2


def test_what_a_script_wrote_to_another_plane_stays_and_is_not_overwritten_later(viewer, open_panel, click, spots):
    viewer.add_image(spots(5, 16, 20))
    panel = open_panel()
    viewer.dims.set_current_step(0, 3)
    layer = click(panel)
    layer.data[1, 9, 9] = 7  # and nobody is told
    assert click(panel) == layer
    assert layer.data[1, 9, 9] == 7
    viewer.dims.set_current_step(0, 1)
    assert click(panel) != layer
    assert "painted" in panel.message.text()
    assert layer.data[1].sum() == layer.data[1, 9, 9] == 7
    assert len(viewer.layers) == 3


def test_a_stack_of_labels_that_a_script_has_exchanged_stays_as_it_is(viewer, open_panel, click, spots):
    viewer.add_image(spots(5, 16, 20))
    panel = open_panel()
    viewer.dims.set_current_step(0, 3)
    layer = click(panel)
    layer.data = exchanged = layer.data.copy()
    exchanged[1, 9, 9] = 7
    assert click(panel) != layer
    assert layer.data is exchanged
    assert "painted" in panel.message.text()


def test_labels_of_another_type_with_the_same_numbers_are_not_painted(viewer, open_panel, click, spots):
    viewer.add_image(spots(5, 16, 20))
    panel = open_panel()
    layer = click(panel)
    layer.data = layer.data.astype(np.uint16)
    assert click(panel) == layer
    assert "painted" not in panel.message.text()


def test_labels_of_a_long_series_take_memory_only_where_there_are_some(viewer, open_panel, click, spots):
    plane = spots(1, 1024, 1024)
    series = da.map_blocks(lambda: plane, chunks=((1,) * 300, (1024,), (1024,)), dtype=np.uint8, meta=plane[:0])
    viewer.add_image(series, contrast_limits=(0, 255))
    panel = open_panel()
    viewer.dims.set_current_step(0, 7)
    before = psutil.Process().memory_info().rss
    layer = click(panel)
    data = layer.data
    viewer.dims.set_current_step(0, 9)
    assert click(panel) == layer
    assert layer.data is data
    assert psutil.Process().memory_info().rss - before < 600 * MEGABYTE
    assert data.nbytes == 1200 * MEGABYTE
    assert data.any(axis=(1, 2)).nonzero()[0].tolist() == [7, 9]


def test_a_stack_with_steps_of_its_own_is_labelled_where_it_is_shown(viewer, open_panel, click, spots):
    stack = spots(5, 16, 20)
    image = viewer.add_image(stack, scale=(2.5, 0.5, 0.5), translate=(100, 7, -7))
    panel = open_panel()
    for plane in (1, 4):
        viewer.dims.set_point(0, 100 + 2.5 * plane)
        assert image.get_value(image.data_to_world((plane, 3, plane)), world=True) == 200  # napari shows this plane
        layer = click(panel)
        np.testing.assert_array_equal(layer.data[plane], stack[plane] == 200)
    np.testing.assert_allclose(layer.data_to_world((4, 3, 2)), image.data_to_world((4, 3, 2)))


def test_planes_lie_across_the_stack_when_the_axes_are_turned(viewer, open_panel, click, spots):
    stack = spots(8, 16, 20)
    viewer.add_image(stack)
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_current_step(1, 4)
    layer = click(open_panel())
    wanted = np.zeros(stack.shape, int)
    wanted[:, 4] = stack[:, 4] == 200
    np.testing.assert_array_equal(layer.data, wanted)


def test_a_transposed_display_changes_nothing(viewer, open_panel, click, spots):
    image = spots(16, 20)
    viewer.add_image(image)
    viewer.dims.transpose()
    np.testing.assert_array_equal(click(open_panel()).data, image == 200)


def test_a_plane_beside_a_stack_is_segmented_as_a_plane(viewer, open_panel, click, spots):
    viewer.add_image(spots(5, 16, 20))
    plane = viewer.add_image(spots(12, 18), name="plane")
    panel = open_panel()
    panel.form.set_image(plane)
    viewer.dims.set_current_step(0, 4)
    np.testing.assert_array_equal(click(panel).data, plane.data == 200)


def test_a_plane_that_is_seen_from_its_edge_is_refused(viewer, open_panel, click, spots):
    viewer.add_image(spots(5, 16, 20))
    plane = viewer.add_image(spots(12, 18), name="plane")
    panel = open_panel()
    panel.form.set_image(plane)
    viewer.dims.order = (1, 0, 2)
    click(panel)
    assert "turn them back" in panel.message.text()
    viewer.dims.order = (0, 1, 2)
    assert click(panel).name == "plane labels"


def test_a_3d_display_is_refused_until_it_is_switched_back(viewer, open_panel, click, spots):
    viewer.add_image(spots(5, 16, 20))
    panel = open_panel()
    viewer.dims.ndisplay = 3
    assert click(panel).name == "Image"
    assert "3-D" in panel.message.text()
    viewer.dims.ndisplay = 2
    assert click(panel).name == "Image labels"


def test_of_a_lazy_stack_only_the_shown_plane_is_computed(viewer, open_panel, click, spots):
    computed = set()

    def compute(block_info):
        computed.add(block_info[None]["chunk-location"][0])
        return spots(1, 16, 20)

    stack = da.map_blocks(compute, chunks=((1,) * 9, (16,), (20,)), dtype=np.uint8, meta=np.zeros((0,), "u1"))
    image = viewer.add_image(stack, contrast_limits=(0, 255))
    viewer.dims.set_current_step(0, 6)
    computed.clear()
    layer = click(open_panel())
    assert computed <= {6}
    assert image.data is stack
    assert layer.data.any(axis=(1, 2)).nonzero()[0].tolist() == [6]
