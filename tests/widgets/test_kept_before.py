"""What a person has painted is kept as a version before a model replaces it."""

import threading

import numpy as np
import pytest

from maskloop.project.project import Project

SHAPE = (40, 60)
KEPT = "What you had painted is kept: Earlier versions, {}."


@pytest.fixture
def folder(make_project):
    """A project of images in which the fake worker finds one object: at a lower threshold, a larger one."""
    image = np.full(SHAPE, 10, np.uint8)
    image[5:15, 20:40] = np.linspace(60, 200, 20)
    return make_project(a=image, stack=np.stack([image] * 3), large=np.pad(image, (0, 300), mode="edge"))


@pytest.fixture
def entry(panel, open_entry, folder):
    return open_entry(panel, folder, "a")


@pytest.fixture
def told_after(panel, until):
    """A function that does something, waits until labels are written, and returns the message."""
    told = []
    panel.segment.segmentations.segmented.connect(lambda: told.append(panel.segment.message.text()))

    def told_after(do):
        before = len(told)
        do()
        until(lambda: len(told) > before)
        return told[-1]

    return told_after


@pytest.fixture
def segment(panel, told_after):
    """A function that clicks Segment, and returns the message at the end."""
    return lambda: told_after(panel.segment.run_button.click)


@pytest.fixture
def move(panel, told_after):
    """A function that moves a slider of Adjust, and returns the message at the end."""

    def move(foreground):
        adjust = panel.segment.adjust
        return told_after(lambda: adjust.set_value(adjust.value().model_copy(update={"foreground": foreground})))

    return move


@pytest.fixture
def versions(panel, saved):
    """A function that returns the numbers and reasons of all versions of the open entry."""

    def versions():
        entry = panel.project.open_entry
        saved(entry)
        return [(r.number, r.reason) for r in panel.project.project.entry(entry.entry.id).revisions]

    return versions


@pytest.fixture
def version(panel):
    """A function that returns the labels of a version of the open entry."""

    def version(number):
        project, entry = panel.project.project, panel.project.open_entry.entry
        return project.annotation(entry, number).labels

    return version


def test_a_painted_object_is_in_a_version_after_segment(entry, segment, versions, version, folder, on_disk, panel):
    entry.labels.data_setitem((np.array([30, 31]), np.array([5, 5])), 7)
    painted = entry.labels.data.copy()
    assert segment().endswith(KEPT.format(2))
    assert 7 not in entry.labels.data[30:32]  # the model sees nothing there
    assert versions() == [(1, "added"), (2, "before segmenting")]
    np.testing.assert_array_equal(version(2), painted)
    np.testing.assert_array_equal(on_disk(folder, "a").labels, entry.labels.data)
    form = panel.project.form
    form.versions_button.menu().aboutToShow.emit()
    latest = form.versions_button.menu().actions()[0].text()
    assert latest.startswith("2: ")
    assert "before segmenting, 1 object" in latest


def test_a_painted_object_is_in_one_version_after_several_moves_of_a_slider(entry, segment, move, versions, version):
    segment()
    entry.labels.paint((30, 5), 7)
    painted = entry.labels.data.copy()
    for foreground in (0.7, 0.4, 0.6):
        assert move(foreground).endswith(KEPT.format(2))  # or nobody who drags a slider could read it
    assert not entry.labels.data[30].any()
    assert versions() == [(1, "added"), (2, "before segmenting")]
    np.testing.assert_array_equal(version(2), painted)
    entry.labels.paint((35, 50), 8)
    again = entry.labels.data.copy()
    assert move(0.8).endswith(KEPT.format(3))
    assert versions()[2:] == [(3, "before segmenting")]
    np.testing.assert_array_equal(version(3), again)


def test_predictions_alone_make_no_version(entry, segment, move, versions):
    assert "kept" not in segment()
    assert "kept" not in move(0.7)
    assert "kept" not in segment()
    entry.labels.undo()
    entry.labels.redo()
    assert "kept" not in move(0.4)
    assert versions() == [(1, "added")]


def test_what_was_taken_back_makes_no_other_version(entry, segment, move, versions):
    entry.labels.paint((30, 5), 7)
    segment()
    entry.labels.undo()  # what was painted is back, and in a version
    assert entry.labels.data[30, 5] == 7
    assert move(0.7).endswith(KEPT.format(2))
    assert versions() == [(1, "added"), (2, "before segmenting")]


def test_what_is_a_version_already_makes_no_other(panel, entry, segment, versions):
    entry.labels.paint((30, 5), 7)
    panel.correct.act("review_image")
    panel.correct.act("review_image")  # not reviewed any more
    assert "kept" not in segment()
    assert not entry.labels.data[30].any()
    assert versions() == [(1, "added"), (2, "accepted")]


def test_what_a_script_wrote_without_a_word_is_kept_too(entry, segment, versions, version):
    entry.labels.data[30, 5] = 7
    assert segment().endswith(KEPT.format(2))
    assert versions()[1:] == [(2, "before segmenting")]
    assert version(2)[30, 5] == 7


def test_what_is_reviewed_stays_as_before(panel, entry, segment, move, mouse, versions):
    entry.labels.paint((30, 5), 7)
    painted = entry.labels.data == 7
    panel.correct.act("review_object")
    mouse.on(entry.labels, (30, 5))
    assert segment() == f"1 object, about 12 pixels across. What is reviewed was left alone. {KEPT.format(2)}"
    move(0.7)
    np.testing.assert_array_equal(entry.labels.data == 7, painted)
    assert versions() == [(1, "added"), (2, "before segmenting")]


def test_what_is_painted_while_labels_are_made_is_kept(panel, entry, hold_up, until, versions, version):
    go = hold_up(panel)
    panel.segment.run_button.click()
    until(lambda: "Writing" in panel.segment.message.text())
    entry.labels.paint((30, 5), 7)
    go()
    until(lambda: panel.segment.message.text().endswith(KEPT.format(2)))
    assert not entry.labels.data[30].any()
    assert versions()[1:] == [(2, "before segmenting")]
    assert version(2)[30, 5] == 7


@pytest.mark.parametrize("painted", [0, 1, 2])
def test_one_version_keeps_what_was_painted_on_any_plane_of_a_stack(
    panel, open_entry, folder, segment, versions, version, painted
):
    entry = open_entry(panel, folder, "stack")
    entry.labels.data_setitem((np.array([painted]), np.array([30]), np.array([5])), 7)
    before = entry.labels.data.copy()
    panel.segment.form.set_all_planes(True)
    assert segment().endswith(KEPT.format(2))
    assert entry.labels.data[:, 5:15].any(axis=(1, 2)).all()
    assert not entry.labels.data[:, 30].any()
    assert versions() == [(1, "added"), (2, "before segmenting")]
    np.testing.assert_array_equal(version(2), before)


def test_a_plane_that_nobody_painted_is_replaced_without_a_version(
    viewer, panel, open_entry, folder, segment, versions
):
    entry = open_entry(panel, folder, "stack")
    entry.labels.data_setitem((np.array([0]), np.array([30]), np.array([5])), 7)
    viewer.dims.set_current_step(0, 2)
    assert "kept" not in segment()
    assert entry.labels.data[0, 30, 5] == 7
    assert versions() == [(1, "added")]


def test_the_window_does_not_wait_while_all_planes_are_searched_for_the_highest_number(
    viewer, panel, open_entry, folder, segment
):
    searched = []

    class Watched(np.ndarray):
        def max(self, *given, **options):
            if self.ndim == 3:
                searched.append(threading.current_thread())
            return super().max(*given, **options)

    entry = open_entry(panel, folder, "stack")
    viewer.dims.set_current_step(0, 0)
    entry.labels.data = entry.labels.data.view(Watched)
    entry.labels.data[2, 30, 5] = 40
    segment()
    assert {40, 41} <= set(np.unique(entry.labels.data))
    assert searched
    assert threading.main_thread() not in searched


def test_what_was_painted_before_the_entry_was_opened_is_kept(
    panel, open_entry, folder, segment, versions, version, saved
):
    entry = open_entry(panel, folder, "large")  # of more than one block
    entry.labels.paint((30, 5), 7)
    panel.project.close_entry()
    entry = open_entry(panel, folder, "large")
    assert entry.labels.data[30, 5] == 7
    assert segment().endswith(KEPT.format(2))
    assert not entry.labels.data[30].any()
    assert versions() == [(1, "added"), (2, "before segmenting")]
    assert version(2)[30, 5] == 7


def test_a_project_that_is_read_only_stays_as_it_is(panel, open_entry, folder, until):
    with Project(folder) as project:
        entry = open_entry(panel, folder, "a")
        assert entry.read_only
        panel.segment.run_button.click()
        until(lambda: "opened for reading only" in panel.segment.message.text())
        assert not entry.labels.data.any()
        assert [r.number for r in project.entry(entry.entry.id).revisions] == [1]
