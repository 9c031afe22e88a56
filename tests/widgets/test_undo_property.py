"""Whatever is done to labels in whatever order, undo leads back to the start, and the disk follows."""

import numpy as np
import pytest

SHAPE = (80, 100)
STEPS = 50


@pytest.fixture
def scene(discs, make_project, open_main, open_entry):
    """The panel with an entry open: touching objects, holes, and a bright place without object."""
    random = np.random.default_rng(7)
    labels = discs(SHAPE, random.uniform(8, 72, (14, 2)) * [1, 1.25], 9)
    labels[discs(SHAPE, random.uniform(8, 72, (14, 2)) * [1, 1.25], 2) > 0] = 0
    image = np.where(labels > 0, 180, 10) + random.integers(0, 20, SHAPE)
    image[60:75, 75:95] = 230
    folder = make_project(
        plane=(image.astype(np.uint8), labels),
        stack=(np.stack([image] * 2).astype(np.uint8), np.stack([labels] * 2)),
    )
    panel = open_main()
    return lambda name: (panel, open_entry(panel, folder, name), folder)


class Person:
    """Does things at random, in a plane that is on screen."""

    def __init__(self, seed, viewer, panel, layer, mouse, until):
        self.random = np.random.default_rng(seed)
        self.viewer, self.panel, self.layer, self.mouse, self.until = viewer, panel, layer, mouse, until
        self.done = []

    def place(self):
        """Return a pixel of the plane on screen: mostly one of an object."""
        plane = self.layer.data[self.where()]
        y, x = np.nonzero(plane) if self.random.random() < 0.7 and plane.any() else np.indices(SHAPE).reshape(2, -1)
        at = self.random.integers(len(y))
        return int(y[at]), int(x[at])

    def where(self):
        return () if self.layer.ndim == 2 else (self.viewer.dims.current_step[0],)

    def points(self, number):
        return [(*self.where(), *self.place()) for _ in range(number)]

    def paint(self):
        self.layer.selected_label = int(self.random.integers(0, 30))
        self.layer.brush_size = int(self.random.integers(1, 12))
        self.layer.mode = "paint"
        self.mouse.on(self.layer, *self.points(3))

    def erase(self):
        self.layer.mode = "erase"
        self.mouse.on(self.layer, *self.points(2))

    def fill(self):
        self.layer.mode = "fill"
        self.layer.selected_label = int(self.random.integers(0, 30))
        self.mouse.on(self.layer, *self.points(1))

    def paint_polygon(self):
        corners = np.array([self.place() for _ in range(4)])
        self.layer.paint_polygon(corners, int(self.random.integers(0, 30)))

    def fill_api(self):
        self.layer.fill(self.points(1)[0], int(self.random.integers(0, 30)))

    def draw(self, name):
        self.panel.correct.act(name)
        self.mouse.on(self.layer, *self.points(3))
        self.panel.correct.drawing.end()

    def press(self, name):
        self.mouse.move_to(self.mouse.place(self.layer, self.points(1)[0]))
        self.panel.correct.press(name)

    def turn_page(self):
        self.viewer.dims.set_current_step(0, int(self.random.integers(self.viewer.dims.nsteps[0])))

    def do_something(self):
        mine = ["paint", "erase", "fill", "paint_polygon", "fill_api", "new_label"]
        drawn, pressed = ["outline", "split", "merge", "redo_box"], ["delete", "fill_holes", "smooth", "grow"]
        if self.layer.ndim > 2:
            mine.append("turn_page")
            mine.remove("paint_polygon")
        name = str(self.random.choice(mine + 2 * drawn + 2 * pressed))
        before = self.layer.data.copy()
        if name in drawn:
            self.draw(name)
        elif name in pressed:
            self.press(name)
        elif name == "new_label":
            self.panel.correct.act(name)
        else:
            getattr(self, name)()
        self.until(lambda: "…" not in self.panel.correct.message.text())
        changed = not np.array_equal(before, self.layer.data)
        self.done.append((name, changed))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["plane", "stack"])
def test_undo_leads_back_to_the_start_and_redo_to_the_end(viewer, scene, mouse, until, on_disk, undo_all, name, seed):
    panel, entry, folder = scene(name)
    layer = entry.labels
    layer.n_edit_dimensions = 2
    start = layer.data.copy()
    person = Person(seed, viewer, panel, layer, mouse, until)
    for _ in range(STEPS):
        person.do_something()
    end = layer.data.copy()
    assert len({name for name, changed in person.done if changed}) > 6, person.done
    until(lambda: np.array_equal(on_disk(folder, name).labels, end))
    steps = undo_all(layer)
    assert steps >= sum(changed for _, changed in person.done) > 15
    np.testing.assert_array_equal(layer.data, start)
    until(lambda: np.array_equal(on_disk(folder, name).labels, start))
    for _ in range(steps):
        layer.redo()
    np.testing.assert_array_equal(layer.data, end)
    until(lambda: np.array_equal(on_disk(folder, name).labels, end))


def test_each_step_back_is_a_state_that_was_there(viewer, scene, mouse, until):
    """So each tool is one step: no more, no less."""
    panel, entry, _ = scene("plane")
    layer = entry.labels
    person = Person(99, viewer, panel, layer, mouse, until)
    history = [layer.data.copy()]
    for _ in range(STEPS):
        person.do_something()
        if person.done[-1][1]:
            history.append(layer.data.copy())
    assert len(history) > 15
    while len(history) > 1:
        history.pop()
        layer.undo()
        np.testing.assert_array_equal(layer.data, history[-1])
