"""Projects in the terminal: made, filled, listed and exported, with what is broken named and the rest done."""

import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from maskloop import cli
from maskloop.config import COLOURS
from maskloop.data.examples import read_examples
from maskloop.project.project import Project


def run(*arguments):
    return CliRunner().invoke(cli.app, ["project", *map(str, arguments)])


def refusal(result, code=1):
    """The one line on stderr with which a command ended."""
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("maskloop: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def project(tmp_path):
    """A folder with a new project."""
    folder = tmp_path / "my prö ject"
    assert run("new", folder).exit_code == 0
    return folder


@pytest.fixture
def data(tmp_path, discs):
    """A folder of images and masks: two pairs and an image without."""
    random = np.random.default_rng(0)
    for name in ("images", "masks"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for number, name in enumerate(("a", "bö", "c d")):
        iio.imwrite(tmp_path / "data" / "images" / f"{name}.png", random.integers(0, 255, (40, 50), np.uint8))
        if name != "c d":
            mask = discs((40, 50), [(10, 10), (25, 30), (10, 40)][: 2 + number], 5)
            tifffile.imwrite(tmp_path / "data" / "masks" / f"{name}.tif", mask.astype(np.uint16))
    return tmp_path / "data"


@pytest.fixture
def damaged(data):
    """The same folder with an image that is none, and a mask of another size."""
    (data / "images" / "words.png").write_text("not an image")
    tifffile.imwrite(data / "masks" / "bö.tif", np.eye(5, dtype=np.uint8))
    return data


def entries(folder):
    with Project(folder) as project:
        return {entry.name: (entry.objects, entry.status) for entry in project.entries}


def test_a_folder_of_images_and_masks_is_added(project, data):
    result = run("add", project, data)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert {"  a.png with a.tif", "  bö.png with bö.tif", "  c d.png without a mask"} <= set(lines)
    assert lines[-1] == f"3 images added to {project}."
    assert entries(project) == {"a": (2, "reviewed"), "bö": (3, "reviewed"), "c d": (0, "not segmented")}


def test_a_dry_run_says_the_same_and_changes_nothing(project, data):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.name == "project.json"}
    dry = run("add", project, data, "--dry-run")
    assert dry.exit_code == 0
    assert dry.stdout.splitlines()[-1] == f"3 images would be added to {project}."
    assert entries(project) == {}
    assert {path: path.read_bytes() for path in before} == before
    assert not (project / "entries").exists()
    assert run("add", project, data).stdout.splitlines()[:-1] == dry.stdout.splitlines()[:-1]


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_what_is_broken_is_named_and_the_rest_is_added(project, damaged, options):
    result = run("add", project, damaged, *options)
    assert result.exit_code == 1
    image, mask = sorted(result.stderr.splitlines())
    assert image.startswith(f"maskloop: {damaged / 'images' / 'words.png'} is damaged")
    assert mask.startswith(f"maskloop: {damaged / 'masks' / 'bö.tif'}: The mask is 5 x 5 pixels")
    added = {} if options else {"a": (2, "reviewed"), "c d": (0, "not segmented")}
    assert entries(project) == added


def test_masks_may_lie_in_another_folder(project, data):
    assert run("add", project, data / "images", "--masks", data / "masks").exit_code == 0
    assert entries(project)["bö"] == (3, "reviewed")


def test_images_named_one_by_one_are_added_plainly(project, data, tmp_path):
    tifffile.imwrite(tmp_path / "stack.tif", np.random.default_rng(0).integers(0, 99, (5, 30, 40), np.uint16))
    result = run("add", project, data / "images" / "a.png", tmp_path / "stack.tif")
    assert (result.exit_code, result.stderr) == (0, "")
    assert entries(project) == {"a": (0, "not segmented"), "stack": (0, "not segmented")}


def test_bad_images_named_one_by_one_do_not_keep_the_others_from_being_added(project, damaged, tmp_path):
    images, twin = damaged / "images", tmp_path / "twin.png"
    twin.write_bytes((images / "a.png").read_bytes())
    given = (images / "words.png", tmp_path / "missing.png", images / "a.png", twin)
    for options in (["--dry-run"], []):
        result = run("add", project, *given, *options)
        assert result.exit_code == 1
        words, missing, same = result.stderr.splitlines()
        assert words.startswith(f"maskloop: {images / 'words.png'} is damaged")
        assert missing.endswith(f"There is no file {tmp_path / 'missing.png'}.")
        assert same == f"maskloop: {twin}: Its pixels are the same as those of {images / 'a.png'}."
    assert list(entries(project)) == ["a"]


def test_what_is_in_the_project_already_is_not_added_again(project, data):
    run("add", project, data)
    result = run("add", project, data, data / "images" / "a.png")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 4
    assert "the same as those of the entry c d in the project" in result.stderr
    assert result.stdout.splitlines()[-1] == f"0 images added to {project}."
    assert len(entries(project)) == 3


def test_an_image_that_is_given_twice_is_added_once(project, data):
    result = run("add", project, data / "images" / "a.png", data / "images" / "a.png")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == f"1 image added to {project}."


def test_what_cannot_be_added_is_one_sentence(project, data, tmp_path):
    image = data / "images" / "a.png"
    assert "--masks goes with one folder" in refusal(run("add", project, image, "--masks", data / "masks"), 2)
    assert "--masks goes with one folder" in refusal(run("add", project, data, data, "--masks", data / "masks"), 2)
    (tmp_path / "nothing").mkdir()
    assert "No images were found in" in refusal(run("add", project, image, tmp_path / "nothing"))
    assert entries(project) == {}
    assert "is not a project" in refusal(run("add", data, image))
    assert run("add", project).exit_code == 2


def test_a_project_that_is_open_elsewhere_is_not_added_to(project, data):
    with Project(project):
        assert "is open for reading only. It is open in" in refusal(run("add", project, data))
        assert run("add", project, data, "--dry-run").exit_code == 0
        assert run("list", project).exit_code == 0


def test_a_folder_that_is_taken_does_not_become_a_project(project, data):
    assert "is a project already" in refusal(run("new", project))
    assert "holds other files" in refusal(run("new", data))


def test_the_list_says_how_far_the_work_is(project, data):
    run("add", project, data)
    with Project(project) as opened:
        entry = opened.entries[2]
        reviewed = np.zeros((40, 50), np.uint8)
        reviewed[0, 0] = 1
        opened.save_correction(entry, np.ones((40, 50), int), reviewed)
    result = run("list", project)
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert rows == [
        "image size objects reviewed state",
        "a 40 x 50 2 100 % reviewed",
        "bö 40 x 50 3 100 % reviewed",
        "c d 40 x 50 1 < 1 % in progress",
        "",
        "3 images, 6 objects, 2 reviewed",
    ]


def test_who_lists_a_project_does_not_take_it(project):
    for file in (".lock", ".holder.json"):
        (project / file).unlink(missing_ok=True)
    assert run("list", project).exit_code == 0
    assert [path.name for path in project.iterdir()] == ["project.json"]


def test_the_list_names_what_is_damaged(project, data):
    run("add", project, data)
    next(project.glob("entries/a-*/entry.json")).write_text("{")
    result = run("list", project)
    assert "entry.json is damaged" in refusal(result)
    assert result.stdout.splitlines()[-1] == "2 images, 3 objects, 1 reviewed, 1 damaged"


def test_an_empty_project_is_listed_too(project):
    assert run("list", project).stdout == "0 images, 0 objects, 0 reviewed\n"


def test_what_is_exported_is_what_training_reads(project, data, tmp_path):
    run("add", project, data)
    result = run("export", project, "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{tmp_path / 'out'}: 2 images with labels.",
        "1 image without labels left out: c d.",
    ]
    for example in read_examples(tmp_path / "out"):
        np.testing.assert_array_equal(example.image[..., 0], iio.imread(data / "images" / f"{example.name}.png"))
        np.testing.assert_array_equal(example.labels, tifffile.imread(data / "masks" / f"{example.name}.tif"))
        assert tifffile.imread(tmp_path / "out" / "reviewed" / f"{example.name}.tif").all()
    assert "holds files already" in refusal(run("export", project, "--out", tmp_path / "out"))


def test_the_export_names_what_is_damaged_and_writes_the_rest(project, data, tmp_path):
    run("add", project, data)
    next(project.glob("entries/a-*/image.tif")).write_bytes(b"")
    result = run("export", project, "--out", tmp_path / "out")
    assert "a cannot be read" in refusal(result)
    assert [path.name for path in (tmp_path / "out" / "images").iterdir()] == ["bö.tif"]


def test_nothing_heavy_is_imported_for_projects(project, data):
    script = f"""
import sys
from maskloop.cli import app
from maskloop import Project
app(["project", "add", {str(project)!r}, {str(data)!r}], standalone_mode=False)
print({{"tensorflow", "keras", "napari"}} & set(sys.modules), Project.__name__)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "set() Project"


def test_importing_the_package_does_not_import_projects():
    script = "import sys, maskloop; print('maskloop.project' in sys.modules, 'Project' in maskloop.__all__)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "False True\n"


ORGANS = "liver, tumour=#00FF00"


def test_a_project_says_what_its_labels_mean(tmp_path):
    result = run("new", tmp_path / "a", "--task", "classes", "--classes", ORGANS)
    assert result.stdout == f"{tmp_path / 'a'} is a project of classes (liver, tumour) now.\n"
    assert run("new", tmp_path / "b", "--classes", ORGANS).exit_code == 0
    with Project(tmp_path / "a") as first, Project(tmp_path / "b") as second:
        assert first.task == second.task
        assert [(of.name, of.colour) for of in first.task.classes] == [("liver", COLOURS[0]), ("tumour", "#00ff00")]
    run("new", tmp_path / "c", "--task", "foreground")
    assert run("list", tmp_path / "c").stdout == "0 images, 0 reviewed, labels mean foreground\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--task", "classes"), "no classes are named; wanted is at least one"),
        (("--classes", "a,b,a"), "two classes have one name"),
        (("--classes", "background"), "two classes have one name; the background, 0, need not be named"),
        (("--classes", "a=#00ff00,b=#00FF00"), "two classes have one colour"),
        (("--classes", "a=green"), "'green' is no colour; wanted is one as #b42828"),
        (("--classes", f"a={COLOURS[1]},=#00ff00"), "at least 1 character"),
        (("--task", "foreground", "--classes", "a"), "1 classes are named; wanted is none, for foreground"),
    ],
)
def test_classes_that_are_not_told_apart_make_no_project(tmp_path, options, sentence):
    assert sentence in refusal(run("new", tmp_path / "a", *options), code=2)
    assert not (tmp_path / "a").exists()


def test_a_usual_colour_that_is_given_to_another_class_is_not_given_twice(tmp_path):
    run("new", tmp_path / "a", "--classes", f"a={COLOURS[0]},b,c")
    with Project(tmp_path / "a") as project:
        assert [of.colour for of in project.task.classes] == list(COLOURS[:3])


def test_masks_of_classes_are_added_and_no_objects_are_counted(tmp_path, data):
    run("new", tmp_path / "a", "--classes", "liver,tumour,vessel")
    result = run("add", tmp_path / "a", data)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, f"3 images added to {tmp_path / 'a'}.")
    rows = [" ".join(line.split()) for line in run("list", tmp_path / "a").stdout.splitlines()]
    assert rows[0] == "image size reviewed state"
    assert rows[1] == "a 40 x 50 100 % reviewed"
    assert rows[-1] == "3 images, 2 reviewed, labels mean classes (liver, tumour, vessel)"
    run("new", tmp_path / "b", "--classes", "liver,tumour")
    refused = run("add", tmp_path / "b", data)
    assert "It holds 0, 1, 2, 3; wanted is 0 for background, 1 for liver, 2 for tumour." in refused.stderr
    assert refused.exit_code == 1
