"""What is painted is on the disk: in blocks, in order, behind revisions, and as soon as there is space again."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskloop.project.annotation import Annotation
from maskloop.project.autosave import Autosave
from maskloop.project.edits import read_edits
from maskloop.project.layout import edits_file
from maskloop.project.project import Project


@pytest.fixture
def painted(project, entry):
    """The annotation of the entry, and its autosave."""
    annotation = project.annotation(entry)
    autosave = Autosave(project, entry, annotation)
    yield annotation, autosave
    autosave.close()


def whole(array):
    return tuple(slice(0, n) for n in array.shape)


def save_all(autosave, annotation):
    arrays = {"labels": annotation.labels, "reviewed": annotation.reviewed}
    return autosave.save([(name, array, whole(array)) for name, array in arrays.items()])


def assert_same(one, other):
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.reviewed, other.reviewed)


def test_what_is_painted_is_on_the_disk(project, entry, painted):
    annotation, autosave = painted
    annotation.labels[5:90, 200:300] = 7
    annotation.reviewed[:, 399] = 1
    assert save_all(autosave, annotation)
    assert autosave.flush()
    assert (autosave.saved, autosave.problem) == (True, "")
    assert_same(Project(project.folder).annotation(entry), annotation)


def test_what_has_not_changed_is_not_written(project, entry, painted):
    annotation, autosave = painted
    assert not save_all(autosave, annotation)
    annotation.labels[0, 0] = 9
    assert save_all(autosave, annotation)
    annotation.labels[0, 0] = 0
    assert save_all(autosave, annotation)
    assert not save_all(autosave, annotation)
    autosave.flush()
    assert len(list(read_edits(edits_file(project.folder_of(entry), 1)))) == 2


def test_only_blocks_in_the_box_are_touched_in_a_large_image(project):
    entry = project.add(np.zeros((4096, 4096), np.uint8), name="large")
    annotation = project.annotation(entry)
    autosave = Autosave(project, entry, annotation)
    before = Annotation(annotation.labels.copy(), annotation.reviewed)
    annotation.labels[1000:1030, 2040:2060] = 5  # in 4 blocks
    annotation.labels[3000, 3000] = 6  # outside the box
    autosave.save([("labels", annotation.labels, (slice(1000, 1030), slice(2040, 2060)))])
    autosave.close()
    [blocks] = read_edits(edits_file(project.folder_of(entry), 1))
    assert sorted(block.start for block in blocks) == [(768, 1792), (768, 2048), (1024, 1792), (1024, 2048)]
    before.labels[1000:1030, 2040:2060] = 5
    assert_same(project.annotation(entry), before)


def test_a_plane_of_a_stack_is_saved_alone(project):
    entry = project.add(np.zeros((3, 300, 260), np.uint16), name="stack")
    annotation = project.annotation(entry)
    autosave = Autosave(project, entry, annotation)
    annotation.labels[1, 290:, 250:] = 2**31 - 1
    autosave.save([("labels", annotation.labels, (slice(1, 2), slice(290, 300), slice(250, 260)))])
    autosave.close()
    [blocks] = read_edits(edits_file(project.folder_of(entry), 1))
    assert [(block.start, block.pixels.shape) for block in blocks] == [
        ((1, 256, 0), (1, 44, 256)),
        ((1, 256, 256), (1, 44, 4)),
    ]
    assert_same(project.annotation(entry), annotation)


def test_painting_goes_on_while_a_revision_is_written(project, entry, painted):
    annotation, autosave = painted
    annotation.labels[:9] = 7
    save_all(autosave, annotation)
    autosave.accept()
    accepted = annotation.labels.copy()
    annotation.labels[50:60] = 8
    save_all(autosave, annotation)
    assert autosave.flush()
    assert_same(project.annotation(entry), annotation)
    np.testing.assert_array_equal(project.annotation(entry, 2).labels, accepted)
    assert [r.reason for r in project.entry(entry.id).revisions] == ["added", "accepted"]
    assert not edits_file(project.folder_of(entry), 1).exists()


def test_progress_is_noted_behind_the_revision_that_came_before_it(project, entry, painted):
    annotation, autosave = painted
    annotation.labels[:] = np.random.default_rng(0).integers(0, 9999, annotation.labels.shape)  # takes a while
    save_all(autosave, annotation)
    autosave.accept()
    annotation.labels[:] = 7
    annotation.reviewed[:] = 1
    save_all(autosave, annotation)
    autosave.note_progress(annotation)
    assert autosave.close()
    now = project.entry(entry.id)
    assert (now.objects, now.reviewed, now.status) == (1, 1, "reviewed")


def test_closing_waits_for_a_revision_that_takes_long_and_makes_it_once(project, entry, painted, monkeypatch):
    annotation, autosave = painted
    accept = project.accept

    def slowly(*arguments, **named):
        time.sleep(3)
        return accept(*arguments, **named)

    monkeypatch.setattr(project, "accept", slowly)
    autosave.accept()
    assert autosave.close(patience_s=0.01)
    again = Autosave(project, entry, project.annotation(entry))
    assert again.close()
    assert [revision.number for revision in project.entry(entry.id).revisions] == [1, 2]
    assert_same(project.annotation(entry), annotation)


def accept_in_vain(project, entry, times):
    """Accept and paint, where nothing but edits can be written; return what is seen then."""
    annotation = project.annotation(entry)
    project.close()
    autosave = Autosave(project, entry, annotation)
    for number in range(times):
        autosave.accept()
        annotation.labels[10 * number] = 7
        save_all(autosave, annotation)
    autosave.accept()
    assert not autosave.close(patience_s=0.2)
    assert "open for reading only" in autosave.problem
    return annotation


@pytest.mark.parametrize("times", [1, 3])
def test_what_was_painted_after_an_acceptance_that_never_ended_is_there(project, entry, times):
    annotation = accept_in_vain(project, entry, times)
    with Project(project.folder) as again:
        assert_same(again.annotation(entry), annotation)
        assert Autosave(again, entry, annotation).close()
        assert again.entry(entry.id).revision == times + 2
        assert_same(again.annotation(entry), annotation)


def test_restoring_keeps_what_was_painted_after_an_acceptance_that_never_ended(project, entry):
    added = project.annotation(entry)
    annotation = accept_in_vain(project, entry, times=2)
    with Project(project.folder) as again:
        restored = again.restore(entry, 1)
        assert_same(again.annotation(entry), added)
        assert_same(again.annotation(entry, restored.revisions[-2].number), annotation)


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("paint"),
            st.sampled_from(["labels", "reviewed"]),
            st.integers(0, 299),
            st.integers(0, 269),
            st.integers(1, 60),
            st.integers(0, 2**31 - 1),
        ),
        st.tuples(st.just("accept")),
        st.tuples(st.just("restore"), st.integers(0, 9)),
        st.tuples(st.just("reopen")),
        st.tuples(st.just("flush")),
    ),
    max_size=12,
)


class Person:
    """Does to a project what a person does, and remembers what it should hold."""

    def __init__(self, folder):
        self.folder = folder
        with Project.create(folder) as project:
            self.id = project.add(np.zeros((300, 270), np.uint8), name="a").id
        self.revisions = {1: self._now(Annotation(np.zeros((300, 270), np.int32), np.zeros((300, 270), np.uint8)))}
        self.open()

    def open(self):
        self.project = Project(self.folder)
        self.entry = self.project.entry(self.id)
        self.annotation = self.project.annotation(self.entry)
        self.autosave = Autosave(self.project, self.entry, self.annotation)

    def close(self):
        assert self.autosave.close()
        self.check()
        self.project.close()

    def check(self):
        assert_same(self.project.annotation(self.entry), self.annotation)
        kept = {revision.number for revision in self.project.entry(self.id).revisions}
        assert kept == set(self.revisions)
        for number, shot in self.revisions.items():
            assert_same(self.project.annotation(self.entry, number), shot)

    def paint(self, name, y, x, side, value):
        array = getattr(self.annotation, name)
        box = (slice(y, min(300, y + side)), slice(x, min(270, x + side)))
        array[box] = value if name == "labels" else value % 2
        self.autosave.save([(name, array, box)])

    def accept(self):
        self.autosave.accept()
        self.revisions[max(self.revisions) + 1] = self._now(self.annotation)

    def restore(self, choice):
        self.autosave.close()
        number = sorted(self.revisions)[choice % len(self.revisions)]
        before = self.project.entry(self.id).revision
        after = self.project.restore(self.entry, number).revision
        if after == before + 2:
            self.revisions[before + 1] = self._now(self.annotation)
        self.revisions[after] = self.revisions[number]
        self.reopen_entry()

    def reopen_entry(self):
        self.annotation = self.project.annotation(self.entry)
        self.autosave = Autosave(self.project, self.entry, self.annotation)

    def reopen(self):
        self.close()
        self.open()

    def flush(self):
        assert self.autosave.flush()
        self.check()

    @staticmethod
    def _now(annotation):
        return Annotation(annotation.labels.copy(), annotation.reviewed.copy())


@settings(max_examples=40)
@given(OPERATIONS)
def test_what_is_read_back_is_what_was_painted_whatever_is_done(operations):
    with tempfile.TemporaryDirectory() as folder:
        person = Person(Path(folder) / "project")
        for name, *arguments in operations:
            getattr(person, name)(*arguments)
        person.close()
        person.open()
        person.close()


# In a process of its own, since pytest's report may go to a file that is longer already.
ON_A_FULL_DISK = """
import resource, sys
import numpy as np
from maskloop.project import autosave as module, writer
from maskloop.project.edits import read_edits
from maskloop.project.layout import edits_file
from maskloop.project.project import Project

def wait_until(there):
    while not there():
        pass

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

writer.RETRY_S = 0.5
project = Project(sys.argv[1])
[entry] = project.entries
folder, annotation = project.folder_of(entry), project.annotation(entry)
autosave = module.Autosave(project, entry, annotation)
labels, reviewed = annotation.labels, annotation.reviewed
labels[:] = np.random.default_rng(0).integers(0, 9999, (300, 400))
changes = [("labels", labels, (slice(0, 300), slice(0, 400)))]
"""

A_STROKE = """
limit(5000)
autosave.save(changes)
wait_until(lambda: autosave.problem)
labels[0, 0] = 10_000
autosave.save(changes)
print(autosave.saved, autosave.flush(0.1), bool(autosave.problem))
"""

AN_ACCEPTANCE = """
autosave.save(changes)
autosave.flush()
limit(5000)
autosave.accept()
wait_until(lambda: autosave.problem)
reviewed[0, 0] = 1
autosave.save([("reviewed", reviewed, (slice(0, 1), slice(0, 1)))])
wait_until(lambda: list(read_edits(edits_file(folder, 2))))
print(autosave.saved, autosave.flush(0.1), bool(autosave.problem))
"""

TIDIED = """
limit(resource.RLIM_INFINITY)
print(autosave.flush(), autosave.saved, bool(autosave.problem), autosave.close())
"""

GIVEN_UP = """
print(autosave.close(patience_s=0.1), bool(autosave.problem))
"""


def paint_on_a_full_disk(project, *script):
    project.close()
    command = [sys.executable, "-c", "".join([ON_A_FULL_DISK, *script]), str(project.folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()


def noise(first):
    labels = np.random.default_rng(0).integers(0, 9999, (300, 400)).astype(np.int32)
    labels[0, 0] = first
    return labels


needs_a_limit = pytest.mark.skipif(os.name != "posix", reason="only Unix can limit the size of a file")


@needs_a_limit
def test_strokes_that_found_the_disk_full_are_saved_once_there_is_space(project, entry):
    said = paint_on_a_full_disk(project, A_STROKE, TIDIED)
    assert said == ["False False True", "True True False True"]
    np.testing.assert_array_equal(Project(project.folder).annotation(entry).labels, noise(10_000))


@needs_a_limit
def test_an_acceptance_that_found_the_disk_full_keeps_saying_so_while_strokes_are_saved(project, entry):
    said = paint_on_a_full_disk(project, AN_ACCEPTANCE, TIDIED)
    assert said == ["False False True", "True True False True"]
    again = Project(project.folder)
    assert again.entry(entry.id).revision == 2
    assert again.annotation(entry).reviewed.sum() == 1
    np.testing.assert_array_equal(again.annotation(entry, 2).labels, again.annotation(entry).labels)


@needs_a_limit
def test_what_stays_unsaved_is_told_and_what_was_there_before_is_whole(project, entry):
    before = project.annotation(entry)
    assert paint_on_a_full_disk(project, A_STROKE, GIVEN_UP) == ["False False True", "False True"]
    assert_same(Project(project.folder).annotation(entry), before)


def test_no_trouble_of_whatever_kind_drops_a_stroke(project, entry, monkeypatch):
    import maskloop.project.autosave as module

    annotation = project.annotation(entry)
    autosave = Autosave(project, entry, annotation)
    append, left = module.append_edit, [MemoryError(), RuntimeError("odd")]
    monkeypatch.setattr("maskloop.project.writer.RETRY_S", 0.01)
    monkeypatch.setattr(module, "append_edit", lambda *a: _raise(left.pop()) if left else append(*a))
    annotation.labels[:9] = 7
    save_all(autosave, annotation)
    assert autosave.close()
    assert not left
    assert_same(project.annotation(entry), annotation)


def _raise(error):
    raise error


def test_only_what_a_person_has_changed_since_counts_as_done_by_hand(painted):
    annotation, autosave = painted
    left, right = (slice(0, 256), slice(0, 256)), (slice(0, 256), slice(256, 400))
    annotation.labels[:9, :9] = 7
    save_all(autosave, annotation)
    autosave.note_prediction(left)
    assert not autosave.by_hand(whole(annotation.labels))
    annotation.reviewed[:] = 1
    annotation.labels[5, 300] = 8
    save_all(autosave, annotation)
    assert (autosave.by_hand(left), autosave.by_hand(right)) == (False, True)
    assert autosave.accept("before segmenting") == 2
    assert not autosave.by_hand(whole(annotation.labels))
    annotation.labels[:9, :9] = 0
    save_all(autosave, annotation)
    assert (autosave.by_hand(left), autosave.by_hand(right)) == (True, False)


def test_each_version_that_was_begun_before_a_crash_is_made(project, entry):
    annotation = accept_in_vain(project, entry, times=2)
    with Project(project.folder) as again:
        assert Autosave(again, entry, annotation).close()
        assert [revision.number for revision in again.entry(entry.id).revisions] == [1, 2, 3, 4]
        for number, rows in ((2, []), (3, [0]), (4, [0, 10])):
            found = np.flatnonzero((again.annotation(entry, number).labels == 7).all(axis=1))
            assert found.tolist() == rows
