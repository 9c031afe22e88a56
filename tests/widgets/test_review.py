"""Saying what has been checked, and that nothing touches it afterwards."""

import numpy as np
import pytest
from scipy import ndimage

from maskloop.config import LabelsConfig
from maskloop.project.project import Project

SHAPE = (64, 80)


@pytest.fixture
def labels(discs):
    return discs(SHAPE, [(20, 20), (40, 50)], 8)


@pytest.fixture
def folder(make_project, labels):
    image = np.full(SHAPE, 10, np.uint8)
    image[30:50, 40:60] = 200
    image[5:12, 60:75] = 200
    stack = np.stack([image, image.T[: SHAPE[1], : SHAPE[0]].T, image])
    return make_project(a=(image, labels), stack=(stack, np.stack([labels] * 3)))


@pytest.fixture
def entry(panel, open_entry, folder):
    return open_entry(panel, folder, "a")


@pytest.fixture
def versions(folder, on_disk, panel):
    """A function that returns the versions that are kept of an entry, with the share reviewed."""
    return lambda entry: [
        (revision.number, revision.reviewed) for revision in panel.project.project.entry(entry.entry.id).revisions
    ]


def test_an_object_is_marked_with_the_background_around_it_and_once_more_takes_it_back(panel, entry, mouse, labels):
    panel.correct.act("review_object")
    mouse.on(entry.labels, (20, 20))
    assert panel.correct.message.text() == "Object 1 is reviewed."
    close = ndimage.distance_transform_edt(labels != 1) <= 3
    np.testing.assert_array_equal(entry.reviewed > 0, close & (labels != 2))
    mouse.on(entry.labels, (20, 20))
    assert panel.correct.message.text() == "Object 1 is not reviewed any more."
    assert not entry.reviewed.any()


def test_a_box_is_marked_and_a_part_of_it_completed(panel, entry, mouse):
    panel.correct.act("review_box")
    mouse.on(entry.labels, (30, 40), (10, 20))
    assert panel.correct.message.text() == "The box of 21 x 21 pixels is reviewed."
    wanted = np.zeros(SHAPE, np.uint8)
    wanted[10:31, 20:41] = 1
    np.testing.assert_array_equal(entry.reviewed, wanted)
    mouse.on(entry.labels, (5, 5), (31, 41))  # only a part of it is marked
    assert entry.reviewed[5:32, 5:42].all()
    mouse.on(entry.labels, (31, 41), (5, 5))
    assert not entry.reviewed.any()
    mouse.on(entry.labels, (-30, -20), (500, 900))
    assert panel.correct.message.text() == "The box of 80 x 64 pixels is reviewed."
    assert entry.reviewed.all()


def test_the_whole_image_is_accepted_as_a_version(panel, entry, versions, until, on_disk, folder):
    entry.labels.paint((60, 70), 9)
    panel.correct.act("review_image")
    assert panel.correct.message.text() == "The whole image is reviewed, and a version of it is kept."
    until(lambda: versions(entry) == [(1, 0), (2, 1)])
    kept = on_disk(folder, "a")
    assert kept.labels[60, 70] == 9
    assert kept.reviewed.all()
    panel.correct.act("review_image")
    assert panel.correct.message.text() == "The image is not reviewed any more."
    until(lambda: entry.saved)
    assert not on_disk(folder, "a").reviewed.any()
    assert versions(entry) == [(1, 0), (2, 1)]


def test_the_mark_of_the_image_taken_back_leaves_what_was_reviewed_before(panel, entry, mouse, until, on_disk, folder):
    panel.correct.act("review_box")
    mouse.on(entry.labels, (10, 20), (30, 40))
    before = entry.reviewed.copy()
    for _ in range(2):
        panel.correct.act("review_image")
        assert entry.reviewed.all()
        panel.correct.act("review_image")
        assert "stays reviewed" in panel.correct.message.text()
        np.testing.assert_array_equal(entry.reviewed, before)
    until(lambda: entry.saved and np.array_equal(on_disk(folder, "a").reviewed > 0, before > 0))


def test_after_another_mark_the_whole_image_is_taken_back(panel, entry, mouse):
    panel.correct.act("review_box")
    mouse.on(entry.labels, (10, 20), (30, 40))
    panel.correct.act("review_image")
    for _ in range(2):  # off and on
        panel.correct.drawing.end()
        panel.correct.act("review_box")
        mouse.on(entry.labels, (50, 60), (55, 70))
    assert entry.reviewed.all()
    panel.correct.act("review_image")
    assert not entry.reviewed.any()


def test_only_the_plane_on_screen_is_marked(viewer, panel, open_entry, folder, mouse, until):
    entry = open_entry(panel, folder, "stack")
    viewer.dims.set_current_step(0, 1)
    panel.correct.act("review_image")
    assert panel.correct.message.text() == "The whole plane is reviewed, and a version of it is kept."
    assert entry.reviewed.any(axis=(1, 2)).tolist() == [False, True, False]
    until(lambda: panel.correct.form.reviewed.text() == "33% reviewed")
    viewer.dims.set_current_step(0, 2)
    panel.correct.act("review_object")
    mouse.on(entry.labels, (2, 20, 20))
    assert entry.reviewed[2, 20, 20] == 1
    assert not entry.reviewed[0].any()


def test_the_overlay_shows_it_and_can_be_hidden(panel, entry, mouse, until):
    panel.correct.act("review_object")
    mouse.on(entry.labels, (20, 20))
    assert entry.overlay.get_value((20, 20)) == 1
    assert entry.overlay.get_value((60, 70)) == 0
    assert entry.overlay.get_color(1)[3] > 0
    share = np.count_nonzero(entry.reviewed) / entry.reviewed.size
    until(lambda: panel.correct.form.reviewed.text() == f"{share:.0%} reviewed")
    panel.correct.form.overlay.click()
    assert not entry.overlay.visible
    panel.correct.form.overlay.click()
    assert entry.overlay.visible


def test_what_is_painted_on_the_overlay_counts(viewer, panel, entry, mouse, until, on_disk, folder):
    viewer.layers.selection.active = entry.overlay
    entry.overlay.mode = "paint"
    entry.overlay.selected_label = 5
    mouse.on(entry.overlay, (10, 10), (10, 60))
    until(lambda: panel.correct.form.reviewed.text() not in ("", "0% reviewed"))
    until(lambda: entry.saved)
    kept = on_disk(folder, "a").reviewed
    np.testing.assert_array_equal(kept, entry.overlay.data > 0)
    assert kept[10, 10:60].all()
    entry.overlay.undo()
    until(lambda: not on_disk(folder, "a").reviewed.any())
    assert panel.correct.labels == entry.labels  # the tools are for the labels, whatever is selected


def test_an_overlay_that_was_removed_loses_nothing_and_comes_back(viewer, panel, entry, mouse, until, on_disk, folder):
    panel.correct.act("review_box")
    mouse.on(entry.labels, (0, 0), (9, 9))
    viewer.layers.remove(entry.overlay)
    mouse.on(entry.labels, (20, 20), (29, 29))
    assert entry.overlay in viewer.layers
    assert entry.overlay.data[5, 5] == entry.overlay.data[25, 25] == 1
    entry.overlay.paint((60, 70), 1)
    until(lambda: np.count_nonzero(on_disk(folder, "a").reviewed) > 200)
    assert on_disk(folder, "a").reviewed[60, 70]


@pytest.mark.parametrize("shown", [True, False])
def test_marking_is_taken_back_by_undo(panel, entry, mouse, shown, until, on_disk, folder):
    panel.correct.form.overlay.setChecked(shown)
    panel.correct.act("review_box")
    mouse.on(entry.labels, (0, 0), (9, 9))
    box = entry.reviewed.copy()
    panel.correct.act("review_object")
    mouse.on(entry.labels, (20, 20))
    both = entry.reviewed.copy()
    panel.correct.act("review_image")
    assert entry.reviewed.all()
    until(lambda: on_disk(folder, "a").reviewed.all())
    for before in (both, box, np.zeros(SHAPE)):
        entry.overlay.undo()
        np.testing.assert_array_equal(entry.reviewed, before)
    entry.overlay.redo()
    np.testing.assert_array_equal(entry.reviewed, box)


@pytest.mark.parametrize(("setting", "value"), [("n_edit_dimensions", 3), ("preserve_labels", True)])
def test_napari_settings_of_the_brush_change_no_mark(viewer, panel, open_entry, folder, setting, value):
    entry = open_entry(panel, folder, "stack")
    viewer.dims.set_current_step(0, 1)
    setattr(entry.overlay, setting, value)
    for wanted in ([False, True, False], [False] * 3):
        panel.correct.act("review_image")
        assert entry.reviewed.all(axis=(1, 2)).tolist() == entry.reviewed.any(axis=(1, 2)).tolist() == wanted


def test_without_a_project_there_is_a_sentence(viewer, panel, labels, mouse):
    layer = viewer.add_labels(labels)
    for name in ("review_object", "review_box", "review_image"):
        panel.correct.message.setText("")
        panel.correct.act(name)
        assert "add this image to one in the Project tab" in panel.correct.message.text()
        assert panel.correct.drawing.action is None
    mouse.move_to((20, 20))
    panel.correct.message.setText("")
    panel.correct.press("review_object")
    assert "add this image to one in the Project tab" in panel.correct.message.text()
    assert layer in viewer.layers


@pytest.mark.parametrize("kind", ["elsewhere", "larger"])
def test_other_labels_are_not_reviewed_in_the_open_entry(viewer, panel, entry, mouse, labels, kind):
    place = {"translate": (0, 100)} if kind == "elsewhere" else {}
    other = viewer.add_labels(np.pad(labels, (0, 0 if kind == "elsewhere" else 100)), name="other", **place)
    viewer.layers.selection.active = other
    panel.correct.act("review_box")
    mouse.on(other, *([(0, 0), (9, 9)] if kind == "elsewhere" else [(70, 90), (120, 130)]))
    assert not entry.reviewed.any()
    assert panel.correct.message.text()


def test_segment_leaves_what_is_reviewed_alone_and_is_one_step_of_undo(
    panel, entry, mouse, until, labels, on_disk, folder
):
    panel.correct.act("review_object")
    mouse.on(entry.labels, (20, 20))
    before = entry.labels.data.copy()
    panel.segment.run_button.click()
    until(lambda: "What is reviewed was left alone." in panel.segment.message.text())
    after = entry.labels.data.copy()
    reviewed = entry.reviewed > 0
    np.testing.assert_array_equal(after[reviewed], before[reviewed])
    assert (after == 1).sum() == (labels == 1).sum()  # though the model sees nothing there
    assert (after[31:49, 41:59] > 1).all()
    assert (after[6:11, 61:74] > 1).all()
    until(lambda: np.array_equal(on_disk(folder, "a").labels, after))
    entry.labels.undo()
    np.testing.assert_array_equal(entry.labels.data, before)
    until(lambda: np.array_equal(on_disk(folder, "a").labels, before))


def test_what_is_reviewed_while_labels_are_written_is_left_alone_too(panel, entry, mouse, until, labels, hold_up):
    go = hold_up(panel)
    panel.segment.run_button.click()
    until(lambda: "Writing" in panel.segment.message.text())
    panel.correct.act("review_object")
    mouse.on(entry.labels, (20, 20))
    go()
    until(lambda: "What is reviewed was left alone." in panel.segment.message.text())
    np.testing.assert_array_equal(entry.labels.data == 1, labels == 1)
    assert (entry.labels.data[31:49, 41:59] > 1).all()


def test_all_planes_of_a_stack_are_written_around_what_is_reviewed_and_undone(panel, open_entry, folder, until, labels):
    entry = open_entry(panel, folder, "stack")
    before = entry.labels.data.copy()
    entry.reviewed[1] = 1
    panel.segment.form.set_all_planes(True)
    panel.segment.run_button.click()
    until(lambda: "What is reviewed was left alone." in panel.segment.message.text())
    np.testing.assert_array_equal(entry.labels.data[1], before[1])
    assert (entry.labels.data[[0, 2], 31:49, 41:59] > 2).all()
    while entry.labels._undo_history:
        entry.labels.undo()
    np.testing.assert_array_equal(entry.labels.data, before)


def test_of_two_results_that_are_being_written_the_latest_stays(panel, open_entry, folder, until, hold_up):
    entry = open_entry(panel, folder, "stack")
    panel.segment.form.set_all_planes(True)
    go = hold_up(panel)
    panel.segment.run_button.click()
    until(lambda: "Writing" in panel.segment.message.text())
    panel.segment.adjust.set_value(LabelsConfig(foreground=0.95, min_size=0))
    panel.segment.run_button.click()
    until(panel.segment.run_button.isEnabled)
    go()
    until(lambda: "object" in panel.segment.message.text())
    planes = len(entry.labels.data)
    assert len(entry.labels._undo_history) <= planes
    found = [np.unique(plane[plane > 2]) for plane in entry.labels.data]
    assert len(np.unique(np.concatenate(found))) == sum(map(len, found))  # numbered apart


def test_a_box_segmented_anew_goes_around_what_is_reviewed(panel, entry, mouse, until, labels):
    panel.correct.act("review_object")
    mouse.on(entry.labels, (20, 20))
    panel.correct.act("redo_box")
    mouse.on(entry.labels, (2, 2), (62, 78))
    until(lambda: "…" not in panel.correct.message.text())
    np.testing.assert_array_equal(entry.labels.data == 1, labels == 1)
    assert (entry.labels.data[31:49, 41:59] > 1).all()


def test_a_result_for_an_entry_that_was_closed_meanwhile_changes_nothing(
    viewer, open_main, open_entry, folder, until, on_disk, labels
):
    panel = open_main("waits")
    open_entry(panel, folder, "a")
    panel.segment.run_button.click()
    until(lambda: panel.segment.progress.value() > 0)
    panel.project.close_entry()
    (panel.segment.form.model / "go").touch()
    until(panel.segment.run_button.isEnabled)
    assert panel.segment.message.text() == "'a' was closed meanwhile; no more of its labels was changed."
    np.testing.assert_array_equal(on_disk(folder, "a").labels, labels)
    assert len(viewer.layers) == 0


@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize("axis", [0, -1])
def test_an_image_of_two_channels_is_shown_and_segmented_channel_by_channel(
    viewer, panel, tmp_path, open_entry, until, axis, channel
):
    image = np.zeros((2, *SHAPE), np.uint8)
    image[0, 30:50, 40:60] = image[1, 5:12, 60:75] = 200
    with Project.create(tmp_path / "channels") as project:
        project.add(np.moveaxis(image, 0, axis), name="two", axes="CYX" if axis == 0 else "YXC")
    entry = open_entry(panel, project.folder, "two")
    assert [layer.name for layer in viewer.layers[:2]] == ["two, channel 0", "two, channel 1"]
    assert [layer.visible for layer in viewer.layers[:2]] == [True, False]
    panel.segment.form.set_image(entry.images[channel])
    panel.segment.run_button.click()
    until(lambda: "object" in panel.segment.message.text())
    found = entry.labels.data > 0
    assert found[31:49, 41:59].all() == (channel == 0)
    assert found[6:11, 61:74].all() == (channel == 1)
    panel.project.close_entry()
    assert len(viewer.layers) == 0
