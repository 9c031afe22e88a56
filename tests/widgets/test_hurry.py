"""Things done in a hurry: while something else is still on its way, or all at once."""

import numpy as np
import pytest

PLANE = np.zeros((64, 80), np.uint8)


@pytest.fixture
def labels(discs):
    return discs((64, 80), [(20, 20), (40, 50)], 8)


@pytest.fixture
def folder(make_project, labels):
    return make_project(a=(PLANE, labels), b=(PLANE + 1, labels), stack=np.zeros((3, 64, 80), np.uint8))


def ids(panel):
    return {entry.name: entry.id for entry in panel.project.project.entries}


@pytest.fixture
def ready(open_main, folder, until):
    """The panel with the project open."""
    panel = open_main()
    panel.project.open_project(folder)
    until(lambda: panel.project.project is not None)
    return panel


def test_of_two_entries_opened_in_a_hurry_the_last_one_is_open(viewer, ready, hold_up, done_in_background):
    go = hold_up(ready)
    for name in ("a", "b", "a", "b"):
        ready.project.open(ids(ready)[name])
    go()
    done_in_background(ready)
    assert ready.project.open_entry.entry.name == "b"
    assert [layer.name for layer in viewer.layers] == ["b", "b labels", "reviewed"]


def test_an_image_added_while_another_is_being_opened_takes_its_place(viewer, ready, hold_up, done_in_background):
    viewer.add_image(PLANE + 7, name="new")
    go = hold_up(ready)
    ready.project.open(ids(ready)["stack"])
    ready.project.add()
    go()
    done_in_background(ready)
    assert ready.project.open_entry.entry.name == "new"
    assert "stack" not in [layer.name for layer in viewer.layers]


def test_an_image_that_is_added_by_a_double_click_is_open_and_listed(viewer, ready, hold_up, done_in_background):
    image = viewer.add_image(PLANE + 7, name="new")
    go = hold_up(ready)
    ready.project.form.add_button.click()
    ready.project.form.add_button.click()
    go()
    done_in_background(ready)
    assert ready.project.open_entry.image == image
    assert ready.project.message.text() == "new is open."
    assert ready.project.form.list.selected.name == "new"
    ready.project.close_entry()
    image = viewer.add_image(PLANE + 8, name="newer")
    ready.project.form.add_button.click()
    done_in_background(ready)
    assert ready.project.open_entry.image == image


def test_an_entry_that_was_being_opened_when_its_project_was_closed_is_not_shown(
    viewer, ready, hold_up, done_in_background
):
    go = hold_up(ready)
    ready.project.open(ids(ready)["a"])
    ready.project.close_project()
    go()
    done_in_background(ready)
    assert ready.project.open_entry is None
    assert len(viewer.layers) == 0


def test_an_entry_that_was_being_opened_when_it_was_removed_is_not_shown(viewer, ready, hold_up, done_in_background):
    go = hold_up(ready)
    entry = ready.project.project.entry(ids(ready)["a"])
    ready.project.open(entry.id)
    ready.project.remove(entry)
    go()
    done_in_background(ready)
    assert ready.project.open_entry is None


def test_all_layers_removed_at_once_close_the_entry_and_lose_nothing(viewer, ready, open_entry, folder, on_disk, until):
    entry = open_entry(ready, folder, "stack")
    viewer.dims.set_current_step(0, 2)
    entry.labels.paint((2, 60, 70), 9)
    painted = entry.labels.data.copy()
    viewer.layers.clear()
    assert len(viewer.layers) == 0
    until(lambda: ready.project.open_entry is None)
    until(lambda: np.array_equal(on_disk(folder, "stack").labels, painted))
    np.testing.assert_array_equal(open_entry(ready, folder, "stack").labels.data, painted)


def test_all_layers_may_be_selected_and_removed_with_an_entry_open(viewer, ready, open_entry, folder, until):
    open_entry(ready, folder, "a")
    viewer.layers.select_all()
    viewer.layers.remove_selected()
    assert len(viewer.layers) == 0
    until(lambda: "nothing is lost" in ready.project.message.text())


def test_removing_one_layer_closes_the_entry_but_the_overlay_may_go(viewer, ready, open_entry, folder, until):
    for wanted in ("image", "labels"):
        entry = open_entry(ready, folder, "a")
        viewer.layers.remove(entry.overlay)
        assert ready.project.open_entry is not None
        viewer.layers.remove(getattr(entry, wanted))
        until(lambda: ready.project.open_entry is None)
        assert "a was closed, since its layer" in ready.project.message.text()
        assert len(viewer.layers) == 0


def test_a_project_that_is_opened_twice_in_a_hurry_can_be_written(panel, make_project, hold_up, until, is_held):
    folder = make_project(a=np.zeros((9, 9), np.uint8))
    other = make_project("other", a=np.zeros((9, 9), np.uint8))
    go = hold_up(panel)
    for each in (folder, other, folder):
        panel.project.open_project(each)
    go()
    until(lambda: panel.project.project is not None and not is_held(other))
    assert panel.project.project.folder == folder
    assert not panel.project.project.read_only
