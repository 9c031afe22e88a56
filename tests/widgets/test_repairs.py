"""Each tool of the Correct panel, by button and by key, on planes that lie in the viewer in many ways."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

SHAPE = (96, 120)
DRAWN = {  # what is drawn for each tool, in pixels (y, x)
    "outline": [(60.5, 70), (88.5, 70), (88.5, 97), (60.5, 97)],
    "split": [(36, 30), (50, 30), (64, 30)],
    "merge": [(20, 20), (20, 30), (20, 40)],
    "delete": [(20, 20)],
    "fill_holes": [(20, 60)],
    "smooth": [(55, 80)],
    "grow": [(80, 20)],
    "redo_box": [(68, 70), (80, 80), (92, 112)],
}
KEYS = {
    "outline": "C",
    "split": "S",
    "merge": "J",
    "delete": "D",
    "fill_holes": "H",
    "smooth": "O",
    "grow": "G",
    "redo_box": "R",
}


@pytest.fixture
def plane(discs):
    """Labels of six objects with something to repair in each, and the image that belongs to them."""
    labels = discs(SHAPE, [(20, 20), (20, 40)], 9)
    ring = discs(SHAPE, [(20, 70)], 12) - discs(SHAPE, [(20, 70)], 4)
    labels[ring > 0] = 3
    labels[42:58, 10:50] = 4
    labels[46:65, 70:90] = 5
    labels[38:46, 79:81] = 5  # a spike
    labels[76:86, 85:95] = 6
    image = np.where(labels > 0, 200, 10).astype(np.uint8)
    image[72:90, 78:108] = 200
    image[discs(SHAPE, [(80, 20)], 8) > 0] = 200
    return image, labels


def expected(name, before):
    """Return where a tool may change the plane, and which numbers are there afterwards."""
    where = {
        "outline": (before == 6) | (before == 5) | (before == 0),
        "split": before == 4,
        "merge": (before == 2) | (before == 0),
        "delete": before == 1,
        "fill_holes": before == 0,
        "smooth": (before == 5) | (before == 0),
        "grow": before == 0,
        "redo_box": (before == 6) | (before == 0),
    }[name]
    numbers = {
        "split": {1, 2, 3, 4, 5, 6, 7},
        "merge": {1, 3, 4, 5, 6},
        "delete": {2, 3, 4, 5, 6},
        "grow": {1, 2, 3, 4, 5, 6, 7},
        "redo_box": {1, 2, 3, 4, 5, 7},
    }.get(name, {1, 2, 3, 4, 5, 6})
    return where, numbers


@dataclass
class Scene:
    """A labels layer in a viewer, and which plane of it is on screen."""

    layer: Any
    index: tuple

    @property
    def shown(self):
        return self.layer.data[self.index]

    def pixels(self, points):
        """Return points of the plane as points of the layer."""
        found = []
        for point in points:
            steps = iter(point)
            found.append(tuple(next(steps) if isinstance(i, slice) else i for i in self.index))
        return found


def flat(viewer, image, labels):
    viewer.add_image(image)
    return Scene(viewer.add_labels(labels), (slice(None), slice(None)))


def stack(viewer, image, labels):
    viewer.add_image(np.stack([image] * 3))
    layer = viewer.add_labels(np.stack([labels] * 3))
    viewer.dims.set_current_step(0, 2)
    return Scene(layer, (2, slice(None), slice(None)))


def placed(viewer, image, labels):
    place = {"scale": (0.5, 2.5), "translate": (100, -7), "rotate": 30, "units": ("um", "um")}
    viewer.add_image(image, **place)
    return Scene(viewer.add_labels(labels, **place), (slice(None), slice(None)))


def placed_stack(viewer, image, labels):
    place = {"scale": (4, 0.5, 0.5), "translate": (-9, 100, -7), "units": ("um", "um", "um")}
    viewer.add_image(np.stack([image] * 3), **place)
    layer = viewer.add_labels(np.stack([labels] * 3), **place)
    viewer.dims.set_point(0, -9 + 4)
    return Scene(layer, (1, slice(None), slice(None)))


def fewer_axes(viewer, image, labels):
    viewer.add_image(np.zeros((2, 3, 9, 9), np.uint8), name="of more axes")
    viewer.add_image(image)
    viewer.dims.set_current_step(0, 1)
    return Scene(viewer.add_labels(labels), (slice(None), slice(None)))


def rolled(viewer, image, labels):
    viewer.add_image(np.stack([image] * 3, axis=1))
    layer = viewer.add_labels(np.stack([labels] * 3, axis=1))
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_current_step(1, 2)
    return Scene(layer, (slice(None), 2, slice(None)))


def transposed(viewer, image, labels):
    viewer.add_image(image)
    viewer.dims.order = (1, 0)
    return Scene(viewer.add_labels(labels), (slice(None), slice(None)))


SCENES = [flat, stack, placed, placed_stack, fewer_axes, rolled, transposed]


@pytest.fixture
def make_scene(viewer, plane, open_main):
    """A function that shows the plane in some way; returns the panel and the scene."""

    def make_scene(make):
        image, labels = plane
        scene = make(viewer, image.copy(), labels.copy())
        panel = open_main()
        panel.segment.form.set_image(next(layer for layer in viewer.layers if layer.name in ("image", "Image")))
        viewer.layers.selection.active = scene.layer
        return panel, scene

    return make_scene


@pytest.fixture
def do(mouse, press_key, until):
    """A function that does something with a tool, by button or key, and waits for an answer of the model."""

    def do(panel, scene, name, how):
        places = [mouse.place(scene.layer, pixel) for pixel in scene.pixels(DRAWN[name])]
        if how == "button":
            panel.correct.act(name)
        else:
            mouse.move_to(places[0])
            assert press_key(KEYS[name])
        if how == "button" or name in ("outline", "split", "merge", "redo_box"):
            mouse.drag(*places)
        until(lambda: "…" not in panel.correct.message.text())

    return do


@pytest.mark.parametrize(
    ("make", "how"), [(make, "button") for make in SCENES] + [(make, "key") for make in (flat, placed_stack, rolled)]
)
@pytest.mark.parametrize("name", DRAWN)
def test_a_tool_changes_what_was_pointed_at_and_is_one_step_of_undo(make_scene, do, make, name, how):
    panel, scene = make_scene(make)
    scene.layer.paint(scene.pixels([(5, 100)])[0], 3)  # an older step, which must stay
    before, shown = scene.layer.data.copy(), scene.shown.copy()
    do(panel, scene, name, how)
    after = scene.layer.data.copy()
    where, numbers = expected(name, shown)
    changed = scene.shown != shown
    assert changed.any(), panel.correct.message.text()
    assert not (changed & ~where).any()
    assert set(np.unique(scene.shown)) == numbers | {0}
    others = np.ones(before.shape, bool)
    others[scene.index] = False
    np.testing.assert_array_equal(after[others], before[others])
    scene.layer.undo()
    np.testing.assert_array_equal(scene.layer.data, before)
    scene.layer.redo()
    np.testing.assert_array_equal(scene.layer.data, after)


def test_the_parts_of_a_split_are_those_on_both_sides_of_the_line(make_scene, do):
    panel, scene = make_scene(flat)
    do(panel, scene, "split", "button")
    left, right = scene.layer.data[50, 20], scene.layer.data[50, 45]
    assert {left, right} == {4, 7}
    assert "Split off 1 object." in panel.correct.message.text()


def test_outline_follows_outline_and_undo_leads_back_exactly(make_scene, mouse):
    panel, scene = make_scene(placed)
    before = scene.layer.data.copy()
    panel.correct.act("outline")
    mouse.on(scene.layer, (41.5, 9.5), (60.5, 9.5), (60.5, 20.5), (41.5, 20.5))  # the left end of a long object
    mouse.on(scene.layer, (9.5, 9.5), (9.5, 51.5), (30.5, 51.5), (30.5, 9.5))  # two objects and what is between
    mouse.on(scene.layer, (70.5, 9.5), (70.5, 30.5), (90.5, 30.5), (90.5, 9.5))  # a missed object
    assert panel.correct.drawing.action.name == "outline"
    after = before.copy()
    after[42:61, 10:21] = 7
    after[before == 1] = after[before == 2] = 0
    after[10:31, 10:52] = 1
    after[71:91, 10:31] = 8
    np.testing.assert_array_equal(scene.layer.data, after)
    for _ in range(3):
        scene.layer.undo()
    np.testing.assert_array_equal(scene.layer.data, before)


def test_a_grown_object_has_the_edge_that_the_model_sees(make_scene, do, discs):
    panel, scene = make_scene(flat)
    do(panel, scene, "grow", "key")
    wanted = discs(SHAPE, [(80, 20)], 8) > 0
    found = scene.layer.data == 7
    assert (found & wanted).sum() / (found | wanted).sum() > 0.85


def test_a_box_is_segmented_with_the_settings_of_the_segment_tab(make_scene, do, plane):
    panel, scene = make_scene(flat)
    plane[0][72:90, 78:108] = 100  # of the image in the viewer a copy was taken
    do(panel, scene, "redo_box", "button")
    wanted = np.zeros(SHAPE, bool)
    wanted[72:90, 78:108] = True
    np.testing.assert_array_equal(scene.layer.data == 7, wanted)


def test_a_new_label_goes_to_the_brush_and_changes_no_pixel(make_scene, press_key):
    panel, scene = make_scene(stack)
    scene.layer.data[0, 90, 110] = 40  # in another plane
    before = scene.layer.data.copy()
    assert press_key("U")
    assert scene.layer.selected_label == 41
    assert scene.layer.mode == "paint"
    np.testing.assert_array_equal(scene.layer.data, before)
    panel.correct.act("new_label")
    assert scene.layer.selected_label == 41  # nothing was painted with it yet


@pytest.mark.parametrize("name", ["delete", "fill_holes", "smooth"])
def test_on_the_background_and_outside_there_is_a_sentence(make_scene, mouse, name):
    panel, scene = make_scene(flat)
    before = scene.layer.data.copy()
    for pixel in ((5, 110), (-30, -30), (95.6, 5)):
        mouse.move_to(mouse.place(scene.layer, pixel))
        panel.correct.message.setText("")
        panel.correct.press(name)
        assert panel.correct.message.text() == "There is no object under the cursor; point at one."
    np.testing.assert_array_equal(scene.layer.data, before)


def test_a_tool_that_finds_nothing_to_do_says_so_and_takes_no_step_of_undo(make_scene, mouse, do):
    panel, scene = make_scene(flat)
    scene.layer.paint((5, 100), 3)
    painted = scene.layer.data.copy()
    panel.correct.act("fill_holes")
    mouse.on(scene.layer, (20, 20))
    assert panel.correct.message.text() == "Object 1 has no holes."
    np.testing.assert_array_equal(scene.layer.data, painted)
    scene.layer.undo()  # the stroke, then
    assert scene.layer.data[5, 100] == 0
