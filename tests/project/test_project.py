"""Images and labels in a project: what is stored comes back, as it was and as it was before that."""

from pathlib import Path

import numpy as np
import pytest

from maskloop.config import TaskConfig, name_classes
from maskloop.errors import InputError, ProjectError
from maskloop.project.annotation import Annotation
from maskloop.project.autosave import Autosave
from maskloop.project.card import read_card
from maskloop.project.project import Project

KINDS = [
    *[((30, 40), None, dtype) for dtype in ("uint8", "uint16", "uint32", "int16", "float16", "float32", "float64")],
    *[((30, 40, 3), None, dtype) for dtype in ("uint8", "uint16", "float32")],
    ((30, 40, 4), None, "uint8"),
    ((5, 30, 40), None, "uint16"),
    ((3, 30, 40), None, "uint8"),
    ((4, 30, 40), None, "uint8"),
    ((3, 30, 40), "CYX", "uint8"),
    ((4, 30, 40), "CYX", "float32"),
    ((2, 30, 40), "CYX", "uint16"),
    ((30, 40, 2), "YXC", "uint8"),
    ((30, 40, 3), "YXZ", "uint8"),
    ((5, 30, 40, 3), None, "uint8"),
    ((2, 3, 30, 40), "TCYX", "int16"),
    ((1, 1), None, "uint8"),
    ((1, 1, 1), None, "float32"),
    ((1, 1, 3), "YXC", "uint8"),
    ((1, 30, 40), None, "uint8"),
]


def assert_same(annotation, labels, reviewed=None):
    assert annotation.labels.dtype == np.int32
    assert annotation.reviewed.dtype == np.uint8
    np.testing.assert_array_equal(annotation.labels, labels)
    np.testing.assert_array_equal(annotation.reviewed, np.zeros_like(labels) if reviewed is None else reviewed)


@pytest.mark.parametrize(("shape", "axes", "dtype"), KINDS)
def test_images_of_all_kinds_come_back_with_their_labels(project, shape, axes, dtype):
    random = np.random.default_rng(0)
    image = random.uniform(-100 if dtype[0] in "if" else 0, 250, shape).astype(dtype)
    added = project.add(image, name="a", axes=axes)
    labels = random.integers(0, 9, added.labels_shape)
    reviewed = random.integers(0, 2, added.labels_shape)
    project.save_correction(added, labels, reviewed)
    project.close()
    with Project(project.folder) as again:
        [entry] = again.entries
        read = again.image(entry)
        assert (read.dtype, entry.shape) == (image.dtype, shape)
        assert entry.axes == (axes or added.axes)
        np.testing.assert_array_equal(read, image)
        assert_same(again.annotation(entry), labels, reviewed)
        assert again.named_like(image) == "a"
        assert (again.folder_of(entry) / "thumbnail.png").is_file()


def test_pixels_that_are_no_numbers_come_back(project):
    image = np.array([[np.nan, np.inf], [-np.inf, 1.5]], np.float32)
    np.testing.assert_array_equal(project.image(project.add(image, name="a")), image)


@pytest.mark.parametrize("highest", [255, 65_535, 65_536, 2**31 - 1])
@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64])
def test_labels_keep_their_numbers(project, highest, dtype):
    labels = np.zeros((4, 5), dtype)
    labels[1, 2], labels[3, 3] = highest, highest - 1
    entry = project.add(np.zeros((4, 5), np.uint8), labels, name="a")
    assert_same(project.annotation(entry), labels)
    assert entry.objects == 2


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros((4, 6), int), r"\(4, 6\).*wanted.*\(4, 5\)"),
        (np.zeros((4, 5)), "float64.*wanted are whole numbers"),
        (np.full((4, 5), -1), "from -1 to -1; wanted is 0 to 2,147,483,647"),
        (np.full((4, 5), 2**31), "from 2147483648"),
    ],
)
def test_labels_that_do_not_fit_are_refused_and_nothing_is_left(project, labels, words):
    with pytest.raises(InputError, match=words):
        project.add(np.zeros((4, 5), np.uint8), labels, name="a")
    assert project.entries == []
    assert not (project.folder / "entries").exists()


@pytest.mark.parametrize(
    "name", ["plain", "zwei Größen 大.png", "a/b\\c:d", " ..", "", "x" * 300, "line\nbreak", "caf\udce9.tif"]
)
def test_an_image_of_any_name_can_be_stored(project, name):
    project.add(np.zeros((4, 5), np.uint8), name=name, source=f"/data/{name}")
    project.close()
    with Project(project.folder) as again:
        [entry] = again.entries
        assert entry.name == name.replace("\udce9", "?")
        assert again.image(entry).shape == (4, 5)


def test_entries_are_listed_in_the_order_in_which_they_were_added(project):
    for name in ("c", "a", "b", "a"):
        project.add(np.zeros((4, 5), np.uint8), name=name)
    project.close()
    assert [entry.name for entry in Project(project.folder).entries] == ["c", "a", "b", "a"]


def test_how_an_image_lay_in_the_viewer_comes_back(project):
    view = {"place": {"scale": [0.5, 0.25]}, "image": {"gamma": 1.2}}
    project.add(np.zeros((4, 5), np.uint8), name="a", view=view)
    project.close()
    assert Project(project.folder).entries[0].view == view


def test_a_status_says_how_far_the_work_is(project):
    image, half, full = np.zeros((4, 6), np.uint8), np.zeros((4, 6)), np.ones((4, 6), np.uint8)
    half[:2] = 1
    empty = project.add(image, name="empty")
    assert empty.status == "not segmented"
    assert project.add(image, full, name="predicted").status == "predicted"
    assert project.add(image, full, name="imported", reviewed=full).status == "reviewed"
    assert project.save_correction(empty, full, half.astype(int)).status == "in progress"
    assert project.save_correction(empty, full, full).status == "reviewed"
    nothing = np.zeros((4, 6), np.uint8)
    assert project.save_correction(empty, nothing, nothing).status == "in progress"
    assert project.save_correction(empty, nothing, full).status == "reviewed"


def test_progress_is_noted_for_the_list(project, entry):
    labels, reviewed = project.annotation(entry).labels, np.zeros((300, 400), np.uint8)
    labels[200, 200], reviewed[:150] = 3, 1
    noted = project.note_progress(entry, Annotation(labels, reviewed))
    assert (noted.objects, noted.reviewed, noted.status) == (3, 0.5, "in progress")
    project.close()
    assert Project(project.folder).entries == [noted]


def test_every_revision_stays(project, entry):
    shots = [project.annotation(entry).labels]
    for number in (2, 3, 4):
        shots.append(np.full((300, 400), number))
        project.save_correction(entry, shots[-1], shots[-1] > 3)
    project.close()
    with Project(project.folder) as again:
        [entry] = again.entries
        assert [(r.number, r.reason, r.objects, r.reviewed) for r in entry.revisions] == [
            (1, "added", 2, 0),
            (2, "accepted", 1, 0),
            (3, "accepted", 1, 0),
            (4, "accepted", 1, 1),
        ]
        for number, labels in enumerate(shots, start=1):
            np.testing.assert_array_equal(again.annotation(entry, number).labels, labels)


def paint(project, entry, number, rows):
    """Paint rows of the labels through a new `Autosave`, as a window does."""
    annotation = project.annotation(entry)
    autosave = Autosave(project, entry, annotation)
    annotation.labels[rows] = number
    autosave.save([("labels", annotation.labels, tuple(slice(0, n) for n in annotation.labels.shape))])
    autosave.note_progress(annotation)
    assert autosave.close()
    return annotation.labels


def test_restoring_a_revision_loses_nothing(project, entry):
    added = project.annotation(entry).labels
    accepted = np.full((300, 400), 5)
    project.save_correction(entry, accepted, accepted)
    painted = paint(project, entry, 7, slice(20, 90))
    restored = project.restore(entry, 1)
    assert [(r.number, r.reason) for r in restored.revisions][1:] == [
        (2, "accepted"),
        (3, "before restoring"),
        (4, "restored"),
    ]
    assert_same(project.annotation(entry), added)
    for number, labels in ((1, added), (2, accepted), (3, painted), (4, added)):
        np.testing.assert_array_equal(project.annotation(entry, number).labels, labels)
    project.restore(entry, 3)
    assert_same(project.annotation(entry), painted, np.ones((300, 400)))


def test_a_new_prediction_keeps_what_was_painted_as_a_revision(project, entry):
    painted = paint(project, entry, 7, slice(20, 90))
    predicted = np.zeros((1, 300, 400), np.int32)
    predicted[0, 200:210] = 1
    segmented = project.save_prediction(entry, predicted)
    assert [r.reason for r in segmented.revisions] == ["added", "before segmenting", "segmented"]
    np.testing.assert_array_equal(project.annotation(entry, 2).labels, painted)
    assert 7 not in project.annotation(entry).labels
    assert [r.reason for r in project.save_prediction(entry, predicted).revisions][3:] == ["segmented"]


def test_restoring_adds_no_copy_of_what_is_a_revision_already(project, entry):
    paint(project, entry, 7, slice(20, 90))
    annotation = project.annotation(entry)
    autosave = Autosave(project, entry, annotation)
    autosave.accept()
    assert autosave.close()
    assert [r.number for r in project.restore(entry, 1).revisions] == [1, 2, 3]
    assert project.annotation(entry).labels.max() == 2


def test_what_was_painted_after_a_restored_revision_belongs_to_it(project, entry):
    painted = paint(project, entry, 7, slice(20, 90))
    project.restore(entry, 1)
    again = paint(project, entry, 9, slice(200, 210))
    assert (again == 7).sum() == 0
    assert_same(project.annotation(entry), again)
    np.testing.assert_array_equal(project.annotation(entry, 2).labels, painted)


def test_an_entry_in_the_trash_can_be_brought_back(project, entry):
    painted = paint(project, entry, 7, slice(20, 90))
    entry = project.entry(entry.id)
    other = project.add(np.zeros((4, 5), np.uint8), name="other")
    project.remove(entry)
    project.remove(other)
    project.close()
    with Project(project.folder) as again:
        assert again.entries == []
        assert again.removed() == [other, entry]
        again.bring_back(entry)
        assert again.entries == [entry]
        assert again.removed() == [other]
        assert_same(again.annotation(entry), painted)
        again.remove(entry)
        assert again.removed() == [entry, other]


def test_of_an_entry_that_is_gone_it_is_said_that_it_is(project, entry):
    known = project.annotation(entry)
    project.remove(entry)
    for ask in (
        lambda: project.annotation(entry),
        lambda: project.save_correction(entry, known.labels, known.reviewed),
        lambda: project.save_prediction(entry, known.labels[None]),
        lambda: project.accept(entry),
    ):
        with pytest.raises(ProjectError, match=f"no image {entry.id} .* any more"):
            ask()
    assert project.removed() == [entry]


def test_a_damaged_entry_in_the_trash_does_not_hide_the_others(project, entry):
    other = project.add(np.zeros((4, 5), np.uint8), name="other")
    project.remove(entry)
    project.remove(other)
    (project.folder / "trash" / other.id / "entry.json").write_text("{")
    assert project.removed() == [entry]


def test_a_folder_with_other_files_is_no_new_project(tmp_path, project):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ProjectError, match="holds other files; wanted is a new or empty folder"):
        Project.create(tmp_path)
    with pytest.raises(ProjectError, match="is a project already: open it"):
        Project.create(project.folder)
    with pytest.raises(ProjectError, match="is a file; wanted is a new or empty folder"):
        Project.create(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_project_can_be_moved(project, entry, tmp_path):
    project.close()
    project.folder.rename(tmp_path / "moved")
    with Project(str(tmp_path / "moved")) as moved:
        assert moved.folder == Path(tmp_path / "moved")
        assert moved.image(entry).shape == (300, 400)


@pytest.mark.parametrize(
    ("task", "highest"),
    [
        (TaskConfig(kind="foreground"), 1),
        (TaskConfig(kind="classes", classes=name_classes(["liver", "tumour"])), 2),
    ],
)
def test_labels_that_mean_nothing_are_not_kept(tmp_path, task, highest):
    image, labels = np.zeros((4, 5), np.uint8), np.full((4, 5), highest)
    with Project.create(tmp_path / "organs", task) as project:
        entry = project.add(image, labels, name="a")
        sentence = f"go up to {highest + 1}; wanted is 0 for background to {highest}, since .* mean {task.kind}"
        with pytest.raises(InputError, match=sentence):
            project.add(image, labels + 1, name="b")
        with pytest.raises(InputError, match=sentence):
            project.save_correction(entry, labels + 1, labels)
        assert len(project.entries) == 1
    with Project(tmp_path / "organs") as project:
        assert project.task == task


def test_a_class_is_given_another_colour_and_nothing_else_changes(tmp_path):
    liver, tumour = name_classes(["liver", "tumour"])
    folder = tmp_path / "organs"
    with Project.create(folder, TaskConfig(kind="classes", classes=(liver, tumour))) as project:
        before = read_card(folder)
        project.recolour(2, "#123456")
        changed = TaskConfig(kind="classes", classes=(liver, tumour.model_copy(update={"colour": "#123456"})))
        assert project.task == changed
        assert read_card(folder) == before.model_copy(update={"task": changed})
        for number, colour, said in (
            (2, liver.colour, "tumour cannot be shown in #e69f00: two classes have one colour"),
            (1, "#000000", "black is the background's"),
            (1, "red", "liver cannot be shown in red"),
            (3, "#654321", "There is no class 3; wanted is one of the 2"),
            (0, "#654321", "There is no class 0"),
        ):
            with pytest.raises(InputError, match=said):
                project.recolour(number, colour)
        with Project(folder) as other, pytest.raises(ProjectError, match="reading only"):
            other.recolour(1, "#654321")
        assert read_card(folder).task == project.task == changed
