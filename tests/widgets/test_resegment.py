"""Images of a project segmented anew: around what is reviewed, one after the other, whatever becomes of one of them."""

import numpy as np
import pytest

from maskloop.config import SegmentConfig
from maskloop.project.autosave import Autosave
from maskloop.project.project import Project
from maskloop.widgets.background import Background
from maskloop.widgets.resegment import Resegmentation
from maskloop.widgets.worker_session import WorkerSession

SHAPE = (40, 60)
LEFT, RIGHT = np.s_[5:15, 5:15], np.s_[5:15, 40:50]


def image(*squares):
    """Return a dark image with bright squares, which the fake worker finds as one object."""
    pixels = np.full(SHAPE, 10, np.uint8)
    for square in squares:
        pixels[square] = 200
    return pixels


def marked(number, *squares):
    """Return labels, or a mask, with a number in squares."""
    labels = np.zeros(SHAPE, np.int32)
    for square in squares:
        labels[square] = number
    return labels


@pytest.fixture
def project(tmp_path):
    """A project with two images that nobody has wholly reviewed: a in its left half, b not at all."""
    with Project.create(tmp_path / "cells") as project:
        half = marked(1, np.s_[:, :30])
        project.add(image(LEFT, RIGHT), marked(7, LEFT) + marked(9, np.s_[20:30, 40:50]), name="a", reviewed=half)
        project.add(image(RIGHT), name="b")
        yield project


@pytest.fixture
def begin(project, model_folder, fake_worker, until):
    """A function that begins to segment images of the project anew; what it returns tells what was said."""
    session, background = WorkerSession(fake_worker), Background()
    begun = []

    def begin(names="ab", model="plain", channel=None, **options):
        config = SegmentConfig(model=str(model_folder(model)), channel=channel)
        entries = [named(project, name) for name in names]
        work = Resegmentation(project, entries, config, session, background, **options)
        begun.append(work)
        work.said, work.ends = [], []
        work.told.connect(work.said.append)
        work.finished.connect(work.ends.append)
        work.go_on()
        return work

    yield begin
    background._thread.shutdown()
    session.close()


@pytest.fixture
def done(qtbot):
    """A function that waits until a worker has ended the job it is at."""

    def done(work):
        with qtbot.waitSignal(work._session.reported, check_params_cb=lambda report: report.labels is not None):
            pass

    return done


@pytest.fixture
def segment(begin, until):
    """A function that segments images anew, and returns the sentence at the end."""

    def segment(*names, **options):
        work = begin(*names, **options)
        until(lambda: bool(work.ends))
        return work.ends[0]

    return segment


def named(project, name):
    return next(entry for entry in project.entries if entry.name == name)


def test_what_is_reviewed_stays_and_the_rest_is_as_the_model_sees_it(project, segment):
    assert segment() == "2 of 2 images segmented anew."
    a, b = (project.annotation(named(project, name)) for name in "ab")
    np.testing.assert_array_equal(a.labels > 0, image(LEFT, RIGHT) > 100)
    assert set(np.unique(a.labels[LEFT])) == {7}  # reviewed, and as it was
    assert not a.labels[20:30, 40:50].any()  # not reviewed, and not found again
    np.testing.assert_array_equal(a.reviewed, marked(1, np.s_[:, :30]))
    np.testing.assert_array_equal(b.labels > 0, image(RIGHT) > 100)
    assert not b.reviewed.any()


def test_each_becomes_a_version_and_the_earlier_ones_stay(project, segment):
    before = project.annotation(named(project, "a")).labels
    segment()
    for name in "ab":
        assert [revision.reason for revision in named(project, name).revisions] == ["added", "segmented"]
    np.testing.assert_array_equal(project.annotation(named(project, "a"), revision=1).labels, before)


def test_what_a_model_does_is_no_work_of_a_person(project, segment):
    b = named(project, "b")
    project.save_correction(b, marked(1, LEFT), marked(0))
    segment()
    assert [named(project, name).edited for name in "ab"] == [False, True]
    assert [named(project, name).status for name in "ab"] == ["in progress", "in progress"]
    assert named(project, "b").objects == 1


def test_it_is_told_which_image_is_at_work(segment, begin, until):
    work = begin()
    until(lambda: bool(work.ends))
    assert work.said == ["Segmenting a anew (1 of 2)…", "Segmenting b anew (2 of 2)…"]
    assert segment("b") == "1 of 1 image segmented anew."


def test_one_that_is_stopped_leaves_the_image_at_work_and_the_rest_as_they_are(project, begin, until):
    work = begin(model="waits")
    until(lambda: bool(work.said))
    work.stop()
    until(lambda: bool(work.ends))
    assert work.ends == ["0 of 2 images segmented anew."]
    assert work.said == ["Segmenting a anew (1 of 2)…"]
    assert [named(project, name).revision for name in "ab"] == [1, 1]


def test_strokes_since_the_last_version_are_not_lost(project, segment):
    a = named(project, "a")
    annotation = project.annotation(a)
    autosave = Autosave(project, a, annotation)
    annotation.labels[LEFT] = 5
    autosave.save([("labels", annotation.labels, LEFT)])
    autosave.close()
    segment("a")
    assert set(np.unique(project.annotation(a).labels[LEFT])) == {5}


def test_an_image_that_cannot_be_read_is_named_and_the_others_go_on(project, segment):
    [file] = project.folder_of(named(project, "a")).glob("image.*")
    file.write_bytes(file.read_bytes()[:300])
    sentence = segment()
    assert sentence.startswith("1 of 2 images segmented anew. a: ")
    assert "damaged" in sentence
    assert [len(named(project, name).revisions) for name in "ab"] == [1, 2]


def test_a_full_disk_is_said_and_nothing_is_changed(project, segment, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "labels-0002.tif")

    monkeypatch.setattr("maskloop.project.project.write_annotation", full)
    sentence = "0 of 2 images segmented anew. a: The disk is full: labels-0002.tif could not be written."
    assert segment() == sentence
    assert [len(named(project, name).revisions) for name in "ab"] == [1, 1]


@pytest.mark.parametrize(("model", "reason"), [("raises", "It did not work."), ("dies", "The worker process ended")])
def test_a_worker_that_fails_or_dies_ends_no_more_than_one_image(project, segment, model, reason):
    sentence = segment(model=model)
    assert sentence.startswith("0 of 2 images segmented anew. a: ")
    assert reason in sentence
    assert segment(model="plain") == "2 of 2 images segmented anew."


def test_a_stack_is_segmented_plane_by_plane(project, segment):
    stack = project.add(np.stack([image(LEFT), image(), image(RIGHT)]), name="stack", axes="ZYX")
    assert segment(["stack"]) == "1 of 1 image segmented anew."
    labels = project.annotation(stack).labels
    assert [set(np.unique(plane)) - {0} for plane in labels[[0, 2]]] == [{1}, {2}]
    np.testing.assert_array_equal(labels[2] > 0, image(RIGHT) > 100)


def test_colours_and_channels_are_no_planes(project, segment):
    colour, channels = np.stack([image(LEFT)] * 3, axis=-1), np.stack([image(LEFT)] * 2)
    entries = [project.add(colour, name="colour"), project.add(channels, name="channels", axes="CYX")]
    assert segment(["colour", "channels"]) == "2 of 2 images segmented anew."
    for entry in entries:
        np.testing.assert_array_equal(project.annotation(entry).labels > 0, image(LEFT) > 100)


def test_a_channel_is_taken_of_the_images_that_have_some_and_of_colours_all(project, segment):
    colour = np.stack([image(LEFT), image(RIGHT), image()], axis=-1)
    entries = [project.add(colour, name="colour"), project.add(colour[..., :2], name="channels", axes="YXC")]
    assert segment(["colour", "channels"], channel=0) == "2 of 2 images segmented anew."
    found = [project.annotation(entry).labels > 0 for entry in entries]
    np.testing.assert_array_equal(found[0], image(LEFT, RIGHT) > 100)
    np.testing.assert_array_equal(found[1], image(LEFT) > 100)


def test_what_others_have_the_worker_do_is_not_taken_for_one_s_own(project, begin, model_folder, until):
    first, second = begin("a", model="waits"), begin("b")
    (model_folder("waits") / "go").touch()
    until(lambda: bool(first.ends and second.ends))
    np.testing.assert_array_equal(project.annotation(named(project, "b")).labels > 0, image(RIGHT) > 100)
    np.testing.assert_array_equal(project.annotation(named(project, "a")).labels > 0, image(LEFT, RIGHT) > 100)


def test_an_image_that_is_opened_meanwhile_is_left_to_the_viewer(project, begin, model_folder, until):
    opened = []
    work = begin(model="waits", in_viewer=lambda entry: entry.name in opened)
    opened.append("a")
    (model_folder("waits") / "go").touch()
    until(lambda: bool(work.ends))
    assert work.ends == ["1 of 2 images segmented anew."]
    assert [len(named(project, name).revisions) for name in "ab"] == [1, 2]


def test_an_image_that_is_removed_meanwhile_is_left_out(project, begin, model_folder, until):
    work = begin(model="waits")
    project.remove(named(project, "a"))
    (model_folder("waits") / "go").touch()
    until(lambda: bool(work.ends))
    assert work.ends == ["1 of 2 images segmented anew."]


def test_a_project_that_is_closed_meanwhile_is_left_as_it_is(project, begin, model_folder, done):
    work = begin(model="waits")
    project.close()
    (model_folder("waits") / "go").touch()
    done(work)
    assert work.ends == []
    assert work.said == ["Segmenting a anew (1 of 2)…"]
    assert [len(named(project, name).revisions) for name in "ab"] == [1, 1]


def test_of_nothing_nothing_is_said(segment):
    assert segment("") == ""
