"""An image of the viewer, with its labels, into a project and back."""

import dask.array as da
import numpy as np
import pytest
from napari.utils import Colormap
from napari.utils.colormaps import AVAILABLE_COLORMAPS

from maskloop.config import TaskConfig, name_classes
from maskloop.widgets.class_look import show_classes

PLANE = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80)


@pytest.fixture
def labels(discs):
    return discs((64, 80), [(20, 20), (40, 50)], 8)


@pytest.fixture
def reopen(project, panel, done_in_background):
    """A function that takes an entry out of the viewer and brings it back by a click on the list."""

    def reopen(entry):
        project.close_entry()
        project.form.list.chosen.emit(entry.entry.id)
        done_in_background(panel)
        return project.open_entry

    return reopen


def place_flat(viewer):
    place = {"scale": (0.5, 2), "translate": (3, -4), "rotate": 10, "units": ("um", "um")}
    look = {"contrast_limits": (7, 3000), "colormap": "magenta", "gamma": 0.5, "opacity": 0.7}
    return viewer.add_image(PLANE, name="eine Größe 大", **place, **look), place


def colour(viewer):
    place = {"scale": (0.5, 0.5), "units": ("nm", "nm")}
    return viewer.add_image(np.stack([PLANE.astype(np.uint8)] * 3, -1), rgb=True, **place), place


def stacked(viewer):
    place = {"scale": (4, 0.5, 0.5), "translate": (100, 3, -4)}
    return viewer.add_image(np.stack([PLANE, PLANE + 1, PLANE + 2]).astype(np.float32), **place), place


def series(viewer):
    return viewer.add_image(np.stack([np.stack([PLANE, PLANE + 1])] * 3).astype(np.int16)), {}


@pytest.mark.parametrize("make", [place_flat, colour, stacked, series])
def test_an_image_comes_back_as_it_was(viewer, add, reopen, make, labels):
    image, place = make(viewer)
    shape = image.data.shape[:-1] if image.rgb else image.data.shape
    painted = np.broadcast_to(labels, shape).copy()
    viewer.add_labels(painted.copy(), name="meine", opacity=0.3, **place)
    names = ("name", "opacity", "gamma", "contrast_limits", "scale", "translate", "rotate", "units", "axis_labels")
    before = {name: getattr(image, name) for name in (*names, "rgb")}
    pixels, colormap = image.data.copy(), None if image.rgb else image.colormap.name
    entry = add()
    assert entry.image == image
    entry = reopen(entry)
    assert entry.image != image
    assert entry.image.data.dtype == pixels.dtype
    np.testing.assert_array_equal(entry.image.data, pixels)
    np.testing.assert_array_equal(entry.labels.data, painted)
    for name, value in before.items():
        assert np.all(np.asarray(getattr(entry.image, name) == value)), name
    assert image.rgb or entry.image.colormap.name == colormap
    assert (entry.labels.name, entry.labels.opacity) == ("meine", 0.3)
    for name in ("scale", "translate", "rotate", "units"):
        assert np.all(np.asarray(getattr(entry.labels, name) == getattr(entry.image, name))), name


@pytest.fixture
def forget_colours():
    """A function that forgets a colormap, as when napari is started the next time."""
    yield lambda: AVAILABLE_COLORMAPS.pop("my channel")
    AVAILABLE_COLORMAPS.pop("my channel", None)


@pytest.mark.parametrize("interpolation", ["linear", "zero"])
def test_an_image_with_colours_of_its_own_can_be_opened_again(viewer, add, reopen, forget_colours, interpolation):
    colours = [[0, 0, 0, 1], [0.2, 0.9, 0.6, 1], [1, 1, 1, 0.5]]
    controls = [0, 0.1, 0.4, 1] if interpolation == "zero" else [0, 0.1, 1]
    colormap = Colormap(colours, name="my channel", controls=controls, interpolation=interpolation, high_color="red")
    viewer.add_image(PLANE, colormap=colormap)
    entry = add()
    forget_colours()
    again = reopen(entry).image.colormap
    assert again is not colormap
    assert again == colormap


def test_a_colormap_that_is_known_no_more_does_not_stop_the_opening(viewer, add, reopen):
    viewer.add_image(PLANE, name="a")
    entry = add()
    entry.entry.view["image"]["colormap"] = "of a plugin that is gone"
    entry = reopen(entry)
    assert entry.image.colormap.name == "gray"
    np.testing.assert_array_equal(entry.image.data, PLANE)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.uint16, bool, "dask"])
def test_labels_of_many_kinds_are_added_and_can_be_painted_on(viewer, add, saved, on_disk, project, labels, kind):
    viewer.add_image(PLANE)
    viewer.add_labels(da.from_array(labels) if kind == "dask" else labels.astype(kind))
    entry = add()
    entry.labels.paint((60, 70), 300)
    assert entry.labels.data[60, 70] == 300
    saved(entry)
    wanted = labels.astype(bool) if kind is bool else labels
    kept = on_disk(project.project.folder, entry.entry.name).labels
    np.testing.assert_array_equal(np.where(kept == 300, 0, kept), np.where(kept == 300, 0, wanted))
    assert kept[60, 70] == 300


def test_labels_of_another_shape_and_a_viewer_without_image_are_refused(viewer, add, project):
    add()
    assert "There is no image to add" in project.message.text()
    viewer.add_image(PLANE)
    viewer.add_labels(np.zeros((9, 9), int))
    add()
    assert "are of shape (9, 9)" in project.message.text()
    assert project.project.entries == []


def test_labels_that_mean_something_else_than_those_of_the_project_are_not_added(viewer, add, project, labels):
    viewer.add_image(PLANE)
    layer = viewer.add_labels(labels)
    show_classes(layer, TaskConfig(kind="classes", classes=name_classes(["liver", "tumour"])))
    add()
    said = "makes classes (liver, tumour), and the labels of this project mean objects"
    assert said in project.message.text()
    assert project.project.entries == []


def test_the_same_pixels_are_not_added_twice(viewer, add, project):
    viewer.add_image(PLANE, name="first")
    entry = add()
    viewer.layers.selection.active = viewer.add_image(PLANE.copy(), name="second")
    project._image = lambda: viewer.layers["second"]
    add()
    assert "is in the project already, as 'first'" in project.message.text()
    assert [e.name for e in project.project.entries] == ["first"] == [entry.entry.name]


def test_a_second_image_of_the_same_shape_does_not_get_the_labels_of_the_open_one(viewer, add, panel, labels, project):
    viewer.add_image(PLANE, name="first")
    viewer.add_labels(labels)
    add().overlay.fill((0, 0), 1)
    second = viewer.add_image(PLANE[::-1].copy(), name="second")
    viewer.layers.selection.active = second
    panel.segment.form.set_image(second)
    entry = add()
    assert entry.entry.name == "second"
    assert not entry.labels.data.any()


def test_a_click_on_add_while_that_image_is_open_closes_nothing(viewer, add, project):
    viewer.add_image(PLANE, name="first")
    add()
    add()
    assert project.open_entry is not None
    assert "first" in viewer.layers


def test_labels_of_several_resolutions_are_refused_with_a_sentence(viewer, project, labels):
    viewer.add_image([PLANE, PLANE[::2, ::2]], multiscale=True)
    viewer.add_labels([labels, labels[::2, ::2]], multiscale=True)
    project.add()
    assert "resolutions" in project.message.text()
    assert project.project.entries == []


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_channels_in_the_last_axis_are_not_taken_for_planes(viewer, project, channels):
    viewer.add_image(np.stack([PLANE] * channels, -1), rgb=False)
    project.add()
    assert f"looks like {channels} channel" in project.message.text()
    assert project.project.entries == []


def test_an_image_of_several_resolutions_is_added_at_the_finest(viewer, add, reopen):
    viewer.add_image([PLANE, PLANE[::2, ::2]], multiscale=True)
    np.testing.assert_array_equal(reopen(add()).image.data, PLANE)


def test_what_is_painted_while_an_image_is_being_added_is_kept(
    viewer, panel, project, hold_up, until, saved, on_disk, labels
):
    viewer.add_image(PLANE, name="a")
    layer = viewer.add_labels(labels)
    go = hold_up(panel)
    project.form.add_button.click()
    layer.paint((60, 70), 9)
    go()
    until(lambda: project.open_entry is not None)
    assert project.open_entry.labels == layer
    saved(project.open_entry)
    np.testing.assert_array_equal(on_disk(project.project.folder, "a").labels, layer.data)
    assert layer.data[60, 70] == 9


def test_what_is_painted_in_another_plane_while_a_stack_is_added_is_kept(
    viewer, panel, project, hold_up, until, saved, on_disk, labels
):
    viewer.add_image(np.stack([PLANE] * 3), name="a")
    layer = viewer.add_labels(np.stack([labels] * 3))
    go = hold_up(panel)
    project.form.add_button.click()
    layer.paint((2, 60, 70), 9)
    viewer.dims.set_current_step(0, 0)
    go()
    until(lambda: project.open_entry is not None)
    saved(project.open_entry)
    np.testing.assert_array_equal(on_disk(project.project.folder, "a").labels, layer.data)
