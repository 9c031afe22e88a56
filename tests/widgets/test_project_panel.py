"""Projects in the window: made, opened, listed; entries removed, brought back and restored."""

import numpy as np
import pytest

from maskloop.project.project import Project

PLANE = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80)


@pytest.fixture
def labels(discs):
    return discs((64, 80), [(20, 20), (40, 50)], 8)


@pytest.fixture
def listed(project):
    """A function that returns what the list shows."""
    model = project.form.list.model()
    return lambda: [model.data(model.index(row)) for row in range(model.rowCount())]


def test_without_a_project_it_is_said_what_one_is(panel, viewer):
    assert "folder that keeps images" in panel.project.message.text()
    viewer.add_image(PLANE)
    panel.project.form.add_button.click()
    assert panel.project.message.text() == "There is no project yet: click New… to make one."
    assert not panel.project.form.import_button.isEnabled()


def test_a_new_project_is_made_and_a_folder_with_other_files_is_refused(project, tmp_path, until):
    assert (project.project.folder / "project.json").exists()
    assert project.form.title.text() == "大"
    assert project.message.text() == "Add an image, or import a folder."
    project.new_project(tmp_path)
    until(lambda: "holds other files" in project.message.text())
    assert list(tmp_path.glob("*.json")) == []
    project.open_project(tmp_path / "nowhere")
    until(lambda: "There is no folder" in project.message.text())


def test_the_list_says_how_far_each_image_is(viewer, add, project, listed, until, panel, labels):
    viewer.add_image(PLANE, name="a")
    entry = add()
    assert listed() == ["a\n○ not segmented"]
    entry.labels.paint((10, 10), 1)
    until(lambda: listed() == ["a\n◐ in progress, 1 object"])
    entry.labels.fill((0, 0), 2)
    panel.correct.act("review_object")
    entry.overlay.fill((0, 0), 1)
    until(lambda: listed() == ["a\n● reviewed, 2 objects"])
    project.close_entry()
    viewer.add_image(PLANE + 1, name="b")
    viewer.add_labels(labels)
    add()
    assert listed() == ["a\n● reviewed, 2 objects", "b\n○ predicted, 2 objects"]


def test_what_comes_into_the_project_from_elsewhere_is_listed_and_the_open_image_stays_selected(
    viewer, add, project, listed
):
    viewer.add_image(PLANE, name="b")
    add()
    project.project.add(PLANE + 1, name="a")
    project.show_entries()
    assert listed() == ["b\n○ not segmented", "a\n○ not segmented"]
    assert project.form.list.selected.name == "b"


def test_a_name_with_an_ampersand_is_in_the_menu_of_the_trash_as_it_is(viewer, add, project, until):
    viewer.add_image(PLANE, name="cells & nuclei")
    add()
    project.form.remove_button.click()
    until(lambda: project.message.text() == "cells & nuclei is in the trash of the project.")
    project.form.trash_button.menu().aboutToShow.emit()
    [back] = project.form.trash_button.menu().actions()
    assert back.text() == "Bring back cells && nuclei"  # which Qt shows as one


def test_an_image_is_removed_and_brought_back_and_a_version_restored(viewer, add, project, listed, until, labels):
    viewer.add_image(PLANE, name="a")
    viewer.add_labels(labels)
    entry = add().entry
    project.open_entry.labels.fill((20, 20), 0)
    project.form.remove_button.click()
    until(lambda: project.message.text() == "a is in the trash of the project.")
    assert listed() == []
    assert len(viewer.layers) == 0
    project.form.trash_button.menu().aboutToShow.emit()
    [back] = project.form.trash_button.menu().actions()
    assert back.text() == "Bring back a"
    back.trigger()
    until(lambda: len(listed()) == 1)
    project.open(entry.id)
    until(lambda: project.open_entry is not None)
    assert project.open_entry.labels.data.max() == 2
    assert project.open_entry.labels.data[20, 20] == 0
    project.form.versions_button.menu().aboutToShow.emit()
    [first] = project.form.versions_button.menu().actions()
    assert first.text().startswith("1: ")
    first.trigger()
    until(lambda: project.open_entry is not None and project.open_entry.labels.data[20, 20] == 1)
    reasons = [revision.reason for revision in project.project.entry(entry.id).revisions]
    assert reasons == ["added", "before restoring", "restored"]


def test_a_second_window_reads_only_and_says_who_has_the_project(open_main, open_entry, make_project, until):
    folder = make_project(a=PLANE)
    with Project(folder):
        panel = open_main()
        panel.project.open_project(folder)
        until(lambda: "(process " in panel.project.message.text())
        entry = open_entry(panel, folder, "a")
        text = panel.project.message.text()
        assert text == "a is open for reading only."
        assert "open for reading only" in panel.correct.target.text()
        assert not entry.labels.editable
        for button in ("add_button", "import_button", "remove_button", "trash_button", "versions_button"):
            assert not getattr(panel.project.form, button).isEnabled()
    panel.project.open_project(folder)
    until(lambda: panel.project.project is not None and not panel.project.project.read_only)
    assert open_entry(panel, folder, "a").labels.editable


def test_damaged_entries_are_named_and_the_others_open(open_main, open_entry, make_project, until):
    folder = make_project(a=PLANE, b=PLANE + 1, c=PLANE + 2)
    [file] = folder.glob("entries/b-*/entry.json")
    file.write_text("{")
    [image] = folder.glob("entries/c-*/image.tif")
    image.write_bytes(image.read_bytes()[:500])
    panel = open_main()
    panel.project.open_project(folder)
    until(lambda: "Cannot be read" in panel.project.message.text())
    assert str(file) in panel.project.message.text()
    [c] = (e.id for e in panel.project.project.entries if e.name == "c")
    panel.project.open(c)
    until(lambda: "damaged" in panel.project.message.text())
    assert not panel.project.has_in_hand(c)
    assert open_entry(panel, folder, "a").image.data.shape == PLANE.shape


def test_a_damaged_entry_in_the_trash_hides_no_other(viewer, panel, make_project, until):
    folder = make_project(a=PLANE, b=PLANE + 1)
    with Project(folder) as project:
        for entry in project.entries:
            project.remove(entry)
    [damaged] = folder.glob("trash/a-*/entry.json")
    damaged.write_text("{")
    panel.project.open_project(folder)
    until(lambda: panel.project.project is not None)
    panel.project.form._list_trash()
    assert [action.text() for action in panel.project.form.trash_button.menu().actions()] == ["Bring back b"]


def test_a_version_that_cannot_be_restored_is_said(panel, make_project, open_entry, done_in_background):
    folder = make_project(a=PLANE)
    entry = open_entry(panel, folder, "a").entry
    panel.project.restore(entry, 7)
    done_in_background(panel)
    assert "labels-0007" in panel.project.message.text()


def test_an_entry_open_for_reading_only_stays_so_after_a_look_in_3d(viewer, panel, make_project, open_entry):
    folder = make_project(a=np.stack([PLANE] * 3))
    with Project(folder):
        entry = open_entry(panel, folder, "a")
        viewer.dims.ndisplay = 3
        viewer.dims.ndisplay = 2
        assert not entry.labels.editable
