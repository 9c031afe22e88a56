"""Labels out of a project: what training reads is what was painted, and nothing of anybody's is overwritten."""

import numpy as np
import pytest

from maskloop.data.examples import read_examples
from maskloop.errors import InputError
from maskloop.files import read_labels
from maskloop.project.export import export_project


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(sum(shape)).integers(0, 255, shape).astype(dtype)


def assert_same_objects(one, other):
    """Whatever their numbers, which mean nothing to what is read as a mask of one object."""
    np.testing.assert_array_equal(*(np.unique(labels, return_inverse=True)[1] for labels in (one, other)))


@pytest.fixture
def add(project):
    """A function that adds an image with labels, half of which are reviewed."""

    def add(name, image, axes=None):
        entry = project.add(image, name=name, axes=axes)
        blocks = np.random.default_rng(0).integers(0, 99_999, (20, 20))
        labels = np.kron(blocks, np.ones((5, 5), int))[tuple(slice(0, n) for n in entry.labels_shape)]
        reviewed = 1 - np.indices(labels.shape)[-1] % 2
        project.save_correction(entry, labels, reviewed)
        return labels, reviewed

    return add


@pytest.mark.parametrize(
    ("image", "axes"),
    [
        (noise(30, 40), None),
        (noise(30, 40, dtype=np.float32), None),
        (noise(30, 40, 3), None),
        (noise(30, 40, 4), None),
        (noise(30, 40, 2, dtype=np.uint16), "YXC"),
        (noise(2, 30, 40, dtype=np.uint16), "CYX"),
        (noise(3, 30, 40), "CYX"),
        (noise(1, 30, 40), "CYX"),
        (noise(1, 1), None),
    ],
)
def test_training_reads_what_was_painted(project, add, tmp_path, image, axes):
    labels, reviewed = add("cells", image, axes)
    report = export_project(project, tmp_path / "out")
    assert (report.files, report.left_out, report.failed) == (1, (), ())
    [example] = read_examples(tmp_path / "out")
    expected = np.moveaxis(image, 0, -1) if axes == "CYX" else image
    assert example.image.dtype == image.dtype
    np.testing.assert_array_equal(example.image, expected.reshape(*labels.shape, -1))
    known = np.ones(labels.shape) if example.reviewed is None else example.reviewed
    np.testing.assert_array_equal(known, reviewed)
    assert_same_objects(example.labels, labels)
    np.testing.assert_array_equal(read_labels(tmp_path / "out" / "labels" / "cells.tif"), labels)
    np.testing.assert_array_equal(read_labels(tmp_path / "out" / "reviewed" / "cells.tif"), reviewed)


def test_a_stack_becomes_its_labelled_planes(project, tmp_path):
    image, labels, reviewed = noise(4, 30, 40), np.zeros((4, 30, 40), int), np.zeros((4, 30, 40), int)
    labels[1, 3:9, 3:9], reviewed[1, :20], reviewed[3] = 70_000, 1, 1
    project.add(image, labels, name="stack", reviewed=reviewed)
    export_project(project, tmp_path / "out")
    first, last = read_examples(tmp_path / "out")
    assert (first.name, last.name) == ("stack_001", "stack_003")
    np.testing.assert_array_equal(first.image[..., 0], image[1])
    np.testing.assert_array_equal(last.image[..., 0], image[3])
    assert_same_objects(first.labels, labels[1])
    assert not last.labels.any()


def test_what_is_not_labelled_is_left_out_and_named(project, add, tmp_path):
    add("a", noise(5, 5))
    project.add(noise(6, 6), name="empty")
    report = export_project(project, tmp_path / "out")
    assert (report.files, report.left_out) == (1, ("empty",))
    assert [example.name for example in read_examples(tmp_path / "out")] == ["a"]


def test_every_name_becomes_a_file_of_its_own(project, add, tmp_path):
    names = ["a", "A", "a.tif", "a-2", "u/ü:大*?.png", "..", "", ".hidden", "x" * 300, "x" * 299, "v1.2"]
    for side, name in enumerate(names, start=5):
        add(name, noise(side, side))
    export_project(project, tmp_path / "out")
    written = {example.name: len(example.image) for example in read_examples(tmp_path / "out")}
    assert written == {
        "a": 5,
        "A-2": 6,
        "a-3": 7,
        "a-2-2": 8,
        "u-ü-大-": 9,
        "image": 10,
        "image-2": 11,
        "hidden": 12,
        "x" * 50: 13,
        "x" * 50 + "-2": 14,
        "v1.2": 15,
    }
    assert len({name.casefold() for name in written}) == len(names)


def test_a_folder_with_files_is_left_alone(project, add, tmp_path):
    add("a", noise(5, 5))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    for out in (tmp_path / "out", tmp_path / "out" / "mine.txt"):
        with pytest.raises(InputError, match="holds files already; wanted is a new or empty folder"):
            export_project(project, out)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_project_without_labels_is_not_exported(project, tmp_path):
    project.add(noise(5, 5), name="empty")
    with pytest.raises(InputError, match="There are no labels in"):
        export_project(project, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_image_does_not_keep_the_others_from_being_exported(project, add, tmp_path):
    shares = []
    for side, name in enumerate("abc", start=5):
        add(name, noise(side, side))
    (project.folder_of(project.entries[1]) / "image.tif").write_bytes(b"")
    project.damaged["d"] = "d is damaged."
    report = export_project(project, tmp_path / "out", shares.append)
    assert report.files == 2
    assert [reason.split()[0] for reason in report.failed] == ["d", "b"]
    assert [example.name for example in read_examples(tmp_path / "out")] == ["a", "c"]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1])
