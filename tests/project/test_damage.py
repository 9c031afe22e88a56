"""Projects that are damaged, half copied, too new, or on a full disk: the rest still opens, and nothing is lost."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maskloop import files
from maskloop.errors import InputError, ProjectError
from maskloop.project.project import Project


@pytest.fixture
def two(project, entry):
    """A closed project of two entries: its folder, and that of the second, which is to be damaged."""
    other = project.add(np.ones((40, 50), np.uint8), np.ones((40, 50), int), name="other")
    project.close()
    return project.folder, project.folder_of(other)


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def drop(path, key):
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != key}))


def hollow(folder):
    shutil.rmtree(folder)
    (folder / "entry.json").mkdir(parents=True)


DAMAGE = {
    "no entry": (lambda folder: (folder / "entry.json").unlink(), r"entry\.json cannot be read"),
    "no image": (lambda folder: (folder / "image.tif").unlink(), r"image\.tif is missing"),
    "no labels": (lambda folder: (folder / "labels-0001.tif").unlink(), r"labels-0001\.tif is missing"),
    "no reviewed": (lambda folder: (folder / "reviewed-0001.tif").unlink(), r"reviewed-0001\.tif is missing"),
    "empty": (lambda folder: (folder / "entry.json").write_bytes(b""), r"entry\.json is damaged: the file"),
    "zeros": (lambda folder: (folder / "entry.json").write_bytes(bytes(900)), r"entry\.json is damaged: the file"),
    "garbage": (lambda folder: (folder / "entry.json").write_bytes(b"\xff\xfe{]"), r"entry\.json is damaged: the file"),
    "a list": (lambda folder: (folder / "entry.json").write_text("[]"), r"entry\.json is damaged: the file"),
    "no shape": (lambda folder: drop(folder / "entry.json", "shape"), r"entry\.json is damaged: shape: Field required"),
    "axes": (lambda folder: change(folder / "entry.json", axes="TYX"), r"entry\.json is damaged: .*axes 'TYX' do not"),
    "no history": (lambda folder: change(folder / "entry.json", revisions=[]), r"entry\.json is damaged: revisions"),
    "too new": (
        lambda folder: change(folder / "entry.json", schema_version=2, soul=1),
        r"from a newer maskloop \(schema 2",
    ),
    "renamed": (lambda folder: folder.rename(folder.with_name("copy")), "copy is not named like the entry in it"),
    "a folder": (hollow, r"entry\.json cannot be read"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_named_and_the_others_open(two, entry, damage, words):
    folder, other = two
    damage(other)
    with Project(folder) as project:
        assert [e.id for e in project.entries] == [entry.id]
        [(name, reason)] = project.damaged.items()
        assert (folder / "entries" / name).is_dir()
        assert re.search(words, reason)
        assert project.annotation(entry).objects == 2


def test_an_entry_copied_by_hand_does_not_take_the_place_of_the_first(two):
    folder, other = two
    shutil.copytree(other, folder / "entries" / "a copy")
    with Project(folder) as project:
        assert len(project.entries) == 2
        assert list(project.damaged) == ["a copy"]


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("change", [cut, lambda path: path.write_bytes(b""), lambda path: path.write_text("x" * 999)])
@pytest.mark.parametrize("name", ["image.tif", "labels-0001.tif", "reviewed-0001.tif"])
def test_damaged_pixels_are_named_when_they_are_read(two, change, name):
    folder, other = two
    change(other / name)
    with Project(folder) as project:
        entry = project.entries[1]
        read = project.image if name == "image.tif" else project.annotation
        with pytest.raises(ProjectError, match=f"other cannot be read: .*{name}"):
            read(entry)
        assert project.image(project.entries[0]).shape == (300, 400)


def test_pixels_of_another_image_are_refused(two):
    folder, other = two
    with Project(folder) as project:
        first, second = project.entries
        for name in ("image.tif", "labels-0001.tif"):
            shutil.copy(project.folder_of(first) / name, other / name)
        for read in (project.image, project.annotation):
            with pytest.raises(ProjectError, match=r"other cannot be read: .*shape"):
                read(second)


def test_what_is_too_large_for_the_memory_is_not_called_damaged(project, entry, monkeypatch):
    def too_large(_):
        raise MemoryError

    monkeypatch.setattr(files, "_read_tiff", too_large)
    for read in (project.image, project.annotation):
        with pytest.raises(ProjectError, match=r"cannot be read: .*tif does not fit into memory") as refusal:
            read(entry)
        assert "damaged" not in str(refusal.value)


def test_edits_of_another_image_are_refused(two):
    from maskloop.project.edits import Block, append_edit

    folder, other = two
    append_edit(other / "edits-0001.log", [Block("labels", (0, 256), np.ones((40, 44), np.int32))])
    with Project(folder) as project, pytest.raises(ProjectError, match="edits of an image of another shape"):
        project.annotation(project.entries[1])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is not a project, or a half copied one: it has no project.json"),
        (b"", r"project\.json is damaged"),
        (b"\xff\x00", r"project\.json is damaged"),
        (b'{"schema_version": 2, "soul": 1}', r"from a newer maskloop \(schema 2; this one reads 1\)"),
        (b'{"schema_version": 1}', r"project\.json is damaged: Field required"),
    ],
)
def test_a_project_that_cannot_be_opened_says_why_and_is_not_held(two, content, words):
    folder, _ = two
    card = folder / "project.json"
    good = card.read_bytes()
    card.unlink()
    if content is not None:
        card.write_bytes(content)
    with pytest.raises(ProjectError, match=words):
        Project(folder)
    card.write_bytes(good)
    with Project(folder) as project:
        assert len(project.entries) == 2
        assert not project.read_only


def test_a_project_file_that_is_there_and_cannot_be_read_is_not_called_missing(two):
    folder, _ = two
    (folder / "project.json").unlink()
    (folder / "project.json").mkdir()
    with pytest.raises(ProjectError, match=r"project\.json cannot be read: ."):
        Project(folder)


def test_what_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for name in ("nowhere", "file"):
        with pytest.raises(ProjectError, match="There is no folder"):
            Project(tmp_path / name)


def test_each_half_of_a_copy_opens_or_says_what_is_missing(two, tmp_path):
    """Copied file by file, in any order, and cut off after each file."""
    folder, _ = two
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    needed = [file for file in files if file.suffix in (".json", ".tif") and file.parent != folder]
    for order in (files, files[::-1]):
        copy = tmp_path / f"copy {order is files}"
        for file in order:
            target = copy / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
            if not (copy / "project.json").exists():
                with pytest.raises(ProjectError, match="half copied"):
                    Project(copy)
                continue
            with Project(copy) as project:
                assert (len(project.entries) == 2) == all((copy / f.relative_to(folder)).exists() for f in needed)
                assert len(project.entries) + len(project.damaged) == len(list((copy / "entries").glob("*")))
                for entry in project.entries:
                    assert project.image(entry).shape == project.annotation(entry).labels.shape


def test_an_image_that_was_being_added_when_something_ended_is_not_there(project, entry):
    unfinished = project.folder / "entries" / ".new-other"
    shutil.copytree(project.folder_of(entry), unfinished)
    project.close()
    with Project(project.folder) as again:
        assert again.entries == [entry]
        assert again.damaged == {}
    assert not unfinished.exists()


# In a process of its own, since pytest's report may go to a file that is longer already.
ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from maskloop.errors import explain
from maskloop.project.project import Project

project = Project(sys.argv[1])
[entry] = project.entries
noise = np.random.default_rng(0).integers(0, 9999, (300, 400))
tasks = {
    "add": lambda: project.add(noise.astype(np.uint16), name="more"),
    "save": lambda: project.save_correction(entry, noise, noise),
    "accept": lambda: project.accept(entry),
    "restore": lambda: project.restore(entry, 2),
}
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    tasks[sys.argv[2]]()
except OSError as error:
    print(explain(error))
assert project.entries == [entry]
"""


@pytest.mark.skipif(os.name != "posix", reason="only Unix can limit the size of a file")
@pytest.mark.parametrize("space", [0, 700, 20_000])
@pytest.mark.parametrize("task", ["add", "save", "accept", "restore"])
def test_on_a_full_disk_nothing_changes_and_nothing_is_left_over(project, entry, task, space):
    noise = np.random.default_rng(1).integers(0, 9999, (300, 400))
    entry = project.save_correction(project.save_correction(entry, noise, noise), noise, noise)
    project.close()
    before = files_of(project.folder)
    command = [sys.executable, "-c", ON_A_FULL_DISK, str(project.folder), task, str(space)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "file" in said
    with Project(project.folder) as again:
        assert (again.entries, again.damaged) == ([entry], {})
        np.testing.assert_array_equal(again.annotation(entry).labels, noise)
    assert files_of(project.folder) == before


def files_of(folder: Path):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.parent != folder}


def test_a_correction_of_another_shape_is_refused(project, entry):
    with pytest.raises(InputError, match=r"of shape \(300, 401\); wanted is that of the image, \(300, 400\)"):
        project.save_correction(entry, np.zeros((300, 401), int), np.zeros((300, 401), int))
