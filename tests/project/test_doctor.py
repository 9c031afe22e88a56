"""The doctor: one planted fault in each dataset is found, and nothing in a sound one."""

import shutil
import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from scipy import ndimage

from maskloop.config import OBJECTS, NetworkConfig, TaskConfig, TrainConfig, name_classes
from maskloop.errors import ModelError
from maskloop.project.autosave import Autosave
from maskloop.project.doctor import check_data
from maskloop.project.entry import hash_pixels
from maskloop.project.held_out import HeldOut
from maskloop.project.model_folder import BUNDLED
from maskloop.project.project import Project

SHAPE = (128, 160)
RADIUS = 9
NAMES = "abcd"


@pytest.fixture
def sound(discs, tmp_path):
    """A folder of four images and their masks, without a fault; a function makes another one of its name."""

    def sound(name="sound", radius=RADIUS, per_side=(4, 5)):
        folder = tmp_path / name
        for part in ("images", "masks"):
            (folder / part).mkdir(parents=True)
        for seed, image in enumerate(NAMES):
            rng = np.random.default_rng(seed)
            steps = np.array(SHAPE) / per_side
            grid = (np.argwhere(np.ones(per_side)) + 0.5) * steps
            chosen = rng.permutation(grid)[: max(2 * len(grid) // 3, 1)] + rng.integers(-4, 5, 2)
            labels = discs(SHAPE, [tuple(centre) for centre in chosen], radius)
            write(folder, image, np.where(labels > 0, 150, 40) + rng.normal(0, 8, SHAPE), labels)
        return folder

    return sound


def write(folder, name, image=None, labels=None):
    if image is not None:
        iio.imwrite(folder / "images" / f"{name}.png", np.clip(image, 0, 255).astype(np.uint8))
    if labels is not None:
        iio.imwrite(folder / "masks" / f"{name}.png", labels.astype(np.uint8))


def read(folder, name):
    return (iio.imread(folder / part / f"{name}.png") for part in ("images", "masks"))


def test_nothing_is_wrong_with_a_sound_dataset(sound):
    checkup = check_data(sound())
    assert checkup.problems == ()
    assert (checkup.images, checkup.objects) == (4, 4 * 13)


def no_mask(folder):
    (folder / "masks" / "b.png").unlink()


def another_size(folder):
    write(folder, "b", labels=next(iter(read(folder, "b")))[:-3] > 99)


def a_photograph_for_a_mask(folder):
    write(folder, "b", labels=next(iter(read(folder, "b"))))


def no_objects(folder):
    write(folder, "b", labels=np.zeros(SHAPE))


def the_same_image_twice(folder):
    write(folder, "e", *read(folder, "a"))


def nearly_the_same_image_twice(folder):
    image, labels = read(folder, "a")
    write(folder, "e", image + np.random.default_rng(9).normal(0, 3, SHAPE), labels)


def a_shifted_mask(folder):
    write(folder, "b", labels=ndimage.shift(list(read(folder, "b"))[1], (6, -5), order=0))


def overexposed(folder):
    image, _ = read(folder, "b")
    write(folder, "b", image * 1.7)


def resampled_labels(folder):
    _, labels = read(folder, "b")
    write(folder, "b", labels=ndimage.uniform_filter(6 * labels, 3))


def channels_of_another_count(folder):
    image, _ = read(folder, "b")
    iio.imwrite(folder / "images" / "b.png", np.stack([image, image // 2, image // 3], axis=-1))


def a_damaged_file(folder):
    (folder / "images" / "b.png").write_bytes(b"no picture")


def labels_without_image(folder):
    write(folder, "z", labels=list(read(folder, "a"))[1])


FAULTS = {
    no_mask: ("error", "It has no mask"),
    another_size: ("error", "The mask is 125 x 160 pixels"),
    a_photograph_for_a_mask: ("error", "as photographs, probabilities, interpolated labels and classes do"),
    no_objects: ("warning", "There is nothing but background in the mask"),
    the_same_image_twice: ("error", "Its pixels are the same as those of"),
    nearly_the_same_image_twice: ("warning", "It is nearly the same picture as"),
    a_shifted_mask: ("warning", "Its labels would fit better 6 pixels up and 5 pixels to the right."),
    overexposed: ("warning", "of its pixels have the highest value, 255"),
    resampled_labels: ("error", "as photographs, probabilities, interpolated labels and classes do"),
    channels_of_another_count: ("warning", "Its channels: 3; usual here: 1."),
    a_damaged_file: ("error", "is damaged or not the image that its name says"),
    labels_without_image: ("error", "no image has its name"),
}


@pytest.mark.parametrize(("plant", "wanted"), FAULTS.items(), ids=lambda v: getattr(v, "__name__", ""))
def test_a_planted_fault_is_found_and_named(sound, plant, wanted):
    folder = sound()
    plant(folder)
    checkup = check_data(folder)
    assert [problem.gravity for problem in checkup.problems] == [wanted[0]], checkup.problems
    [problem] = checkup.problems
    assert wanted[1] in problem.reason
    assert problem.advice
    assert {path.stem for path in problem.paths} <= {"b", "e", "z"}
    if plant is not a_damaged_file:
        assert checkup.draw(problem.paths[0]).shape[-1] == 3


@pytest.mark.parametrize(
    ("radius", "per_side", "wanted"),
    [
        (1.5, (2, 2), "All but 0.1% of the pixels"),
        (2, (10, 12), "pixels across"),
        (30, (1, 2), "a crop to learn from has 64"),
    ],
)
def test_objects_that_do_not_suit_what_learns_are_noticed(sound, radius, per_side, wanted):
    checkup = check_data(sound("odd", radius, per_side), config=TrainConfig(crop=64))
    reasons = [problem.reason for problem in checkup.problems]
    assert any(wanted in reason for reason in reasons), reasons


def test_the_gravest_comes_first_and_what_is_the_same_of_several_files_is_said_once(sound):
    folder = sound()
    for name in "bc":
        write(folder, name, labels=np.zeros(SHAPE))
    a_damaged_file(folder)
    write(folder, "d", labels=np.zeros(SHAPE))
    problems = check_data(folder).problems
    assert [problem.gravity for problem in problems][:1] == ["error"]
    [empty] = [problem for problem in problems if "nothing but" in problem.reason]
    assert [path.stem for path in empty.paths] == ["c", "d"]


def test_a_project_is_examined_as_far_as_it_is_reviewed(sound, tmp_path):
    folder = sound()
    with Project.create(tmp_path / "project") as project:
        for name in NAMES:
            image, labels = read(folder, name)
            moved = np.roll(labels, 7, 0) if name in "bc" else labels
            reviewed = np.full(SHAPE, name != "c", np.uint8)
            project.add(image, moved.astype(np.int32), name=name, reviewed=reviewed)
    [problem] = check_data(tmp_path / "project").problems
    assert problem.reason == "Its labels would fit better 7 pixels up."
    assert problem.paths[0].name.startswith("b-")


def test_planes_of_a_stack_may_share_numbers_whether_they_are_reviewed_or_not(sound, tmp_path):
    image, labels = (np.stack([plane, plane]) for plane in read(sound(), "a"))
    reviewed = np.zeros(labels.shape, np.uint8)
    reviewed[0] = 1
    with Project.create(tmp_path / "project") as project:
        project.add(image, labels.astype(np.int32), name="stack", reviewed=reviewed)
    checkup = check_data(tmp_path / "project")
    assert (checkup.objects, checkup.problems) == (13, ())


def test_of_a_folder_only_what_is_reviewed_is_examined(sound):
    folder = sound()
    checkup = check_data(folder)
    (folder / "reviewed").mkdir()
    for name in "ab":
        parts = np.zeros(SHAPE, np.uint8)
        parts[:, : SHAPE[1] // 2] = name == "a"
        iio.imwrite(folder / "reviewed" / f"{name}.png", parts)
    _, labels = read(folder, "b")
    write(folder, "b", labels=np.pad(labels, ((7, 0), (0, 0)))[: SHAPE[0]])  # beside the objects, but nobody has looked
    of_parts = check_data(folder)
    assert of_parts.images == checkup.images - 1
    assert 0 < checkup.objects - of_parts.objects < checkup.objects / 2
    assert of_parts.problems == ()


def test_one_reviewed_image_of_a_project_will_do_and_none_will_not(sound, tmp_path):
    folder = sound()
    with Project.create(tmp_path / "project") as project:
        for name in NAMES:
            image, labels = read(folder, name)
            project.add(image, labels.astype(np.int32), name=name)
    [problem] = check_data(tmp_path / "project").problems
    assert (problem.gravity, problem.reason) == ("error", "There is nothing labelled to learn from in any image.")
    with Project(tmp_path / "project") as project:
        entry = project.entries[0]
        project.save_correction(entry, project.annotation(entry).labels, np.ones(SHAPE, np.uint8))
    checkup = check_data(tmp_path / "project")
    assert (checkup.images, checkup.objects, checkup.problems) == (1, 13, ())


def reviewed_project(folder, images, task=OBJECTS):
    """Make a project of images with labels that are reviewed."""
    with Project.create(folder, task) as project:
        for name, (image, labels) in images.items():
            project.add(image, labels.astype(np.int32), name=name, reviewed=np.ones(labels.shape, np.uint8))
    return folder


@pytest.mark.parametrize(("first", "second", "flatters"), [(0, 4, True), (0, 7, False), (4, 9, False), (4, 10, True)])
def test_of_a_project_those_are_alike_of_which_one_is_learned_from_and_one_held_out(
    sound, tmp_path, first, second, flatters
):
    image, labels = read(sound(), "a")
    images = {str(n): [np.roll(a, (13 * n, 29 * n), (0, 1)) for a in (image, labels)] for n in range(11)}
    images[str(second)] = (images[str(first)][0] + np.uint8(1), images[str(first)][1])
    problems = check_data(reviewed_project(tmp_path / "project", images)).problems  # 4 and 9 are held out
    wanted = [f"It is nearly the same picture as {first}."] if flatters else []
    assert [problem.reason for problem in problems] == wanted


def test_of_few_images_the_same_region_is_held_out_of_both_or_they_are_too_much_alike(sound, tmp_path):
    image, labels = read(sound(), "a")
    noisy = image + np.random.default_rng(0).integers(0, 3, SHAPE, np.uint8)
    folder = reviewed_project(tmp_path / "project", {"a": (image, labels), "b": (noisy, labels)})
    assert check_data(folder).problems == ()
    (folder / "held_out.json").write_text(
        HeldOut(images={hash_pixels(image): (0, 40, 0, 40), hash_pixels(noisy): (60, 128, 0, 40)}).model_dump_json()
    )
    [problem] = check_data(folder).problems
    assert problem.reason == "It is nearly the same picture as a."
    assert "what is held out of one is learned from in the other" in problem.advice
    (folder / "held_out.json").write_text("no json")
    [problem] = check_data(folder).problems
    assert (problem.gravity, problem.paths) == ("error", (folder / "held_out.json",))


@pytest.mark.parametrize(("second", "flatters"), [("b", False), ("d", True)])
def test_of_images_with_one_object_each_the_one_is_known_that_training_will_hold_out(sound, tmp_path, second, flatters):
    folder = sound(per_side=(1, 1))
    images = {name: tuple(read(folder, name)) for name in NAMES}
    images[second] = (images["a"][0] + np.uint8(1), images["a"][1])
    problems = check_data(reviewed_project(tmp_path / "project", images)).problems  # d is held out
    assert [problem.reason for problem in problems] == ["It is nearly the same picture as a."] * flatters


def test_what_a_project_says_of_held_out_pixels_is_read_and_not_decided(sound, tmp_path):
    folder = reviewed_project(tmp_path / "project", {name: read(sound(name), name) for name in NAMES})
    before = sorted(path.name for path in folder.rglob("*"))
    check_data(folder)
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_entries_that_are_damaged_are_named_and_those_that_are_empty_are_asked_about(sound, tmp_path):
    images = {name: read(sound(name), name) for name in NAMES}
    images["c"] = (next(iter(images["c"])), np.zeros(SHAPE))
    folder = reviewed_project(tmp_path / "project", images)
    a, b, c, _ = (next((folder / "entries").glob(f"{name}-*")) for name in NAMES)
    (a / "image.tif").write_bytes(b"no picture")
    (b / "entry.json").write_text("no json")
    problems = check_data(folder).problems
    assert [(problem.gravity, problem.paths) for problem in problems] == [
        ("error", (b,)),
        ("error", (a,)),
        ("hint", (c,)),
    ]
    assert all("backup" in problem.advice for problem in problems[:2])
    assert "nothing but background" in problems[2].reason


def test_an_entry_that_is_removed_meanwhile_is_no_fault(sound, tmp_path):
    folder = reviewed_project(tmp_path / "project", {name: read(sound(name), name) for name in NAMES})
    with Project(folder) as project:
        last = project.entries[-1]
        checkup = check_data(folder, on_file=lambda _: project.entries[-1] == last and project.remove(last))
    assert (checkup.images, checkup.problems) == (3, ())


def test_the_numbers_of_a_project_that_lie_in_between_are_noticed(sound, tmp_path):
    images = {name: list(read(sound(name), name)) for name in NAMES}
    images["b"][1] = np.rint(ndimage.gaussian_filter(images["b"][1].astype(float), 1))
    [problem] = check_data(reviewed_project(tmp_path / "project", images)).problems
    assert problem.paths[0].name.startswith("b-")
    assert "have numbers between those around them" in problem.reason
    assert "without interpolation" in problem.advice


@pytest.mark.parametrize(("filters", "crop", "seen"), [((4, 8), 256, 20), ((4, 8, 16, 32, 64), 32, 32)])
def test_objects_that_the_network_never_sees_as_a_whole_are_noticed(sound, discs, filters, crop, seen):
    folder = sound()
    config = TrainConfig(base="none", crop=crop, network=NetworkConfig(filters=filters))
    assert check_data(folder, config=config).problems == ()
    labels = discs(SHAPE, [(40, 40), (100, 40), (30, 120), (90, 110)], 12)
    labels[60:120, 80:150] = 4
    write(folder, "b", np.where(labels > 0, 150, 40) + np.random.default_rng(0).normal(0, 8, SHAPE), labels)
    [problem] = check_data(folder, config=config).problems
    assert problem.paths[0].stem == "b"
    assert f"more than {seen} pixels across" in problem.reason
    assert check_data(folder).problems == ()  # a deeper network sees more, and a base shrinks nothing here


def test_the_base_that_is_to_be_learned_from_must_be_there(sound):
    with pytest.raises(ModelError, match="nobody"):
        check_data(sound(), config=TrainConfig(base="nobody"))


def test_the_base_is_looked_for_as_training_looks_for_it(sound, tmp_path):
    folder = reviewed_project(tmp_path / "project", {name: read(sound(name), name) for name in NAMES})
    shutil.copytree(BUNDLED / "nuclei", folder / "models" / "mine")
    for base in ("nuclei", "mine", str(BUNDLED / "nuclei")):
        assert check_data(folder, config=TrainConfig(base=base)).problems == ()
    for base in ("nobody", "x" * 300):
        with pytest.raises(ModelError, match="no model"):
            check_data(folder, config=TrainConfig(base=base))


def test_files_that_are_no_images_and_values_that_are_no_numbers_are_no_errors(sound):
    folder = sound()
    (folder / "images" / "notes.txt").write_text("Hi")
    image, _ = read(folder, "b")
    spoilt = image.astype(np.float32)
    spoilt[3, 4] = np.nan
    (folder / "images" / "b.png").unlink()
    tifffile.imwrite(folder / "images" / "b.tif", spoilt)
    checkup = check_data(folder)
    problems = checkup.problems
    assert [problem.gravity for problem in problems] == ["warning", "hint", "hint"]
    assert "no numbers" in problems[0].reason
    assert checkup.draw(problems[0].paths[0]).shape == (*SHAPE, 3)


def test_stopped_it_says_what_it_has_found_until_then_and_nothing_of_all_together(sound):
    folder = sound()
    a_shifted_mask(folder)
    nearly_the_same_image_twice(folder)
    image, labels = read(folder, "a")
    write(folder, "aa", image + np.uint8(1), labels)  # is nearly the same as a too
    done = []
    checkup = check_data(folder, on_file=done.append, should_stop=lambda: len(done) == 3)
    assert (checkup.examined, checkup.total, checkup.images) == (3, 6, 3)
    [problem] = checkup.problems
    assert problem.reason.startswith("Its labels would fit better")
    assert checkup.draw(problem.paths[0]).shape == (*SHAPE, 3)
    nothing = check_data(folder, should_stop=lambda: True)
    assert (nothing.examined, nothing.problems) == (0, ())  # nothing is labelled in any, but nobody looked


def test_the_terminal_tells_it_writes_pictures_and_fails_for_an_error(sound, tmp_path):
    def check(folder, *options):
        command = [sys.executable, "-m", "maskloop", "check", str(folder), *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    folder = sound()
    done = check(folder)
    assert done.returncode == 0, done.stderr
    assert "images: 4; objects: 52; nothing is wrong with them" in done.stdout
    a_shifted_mask(folder)
    a_damaged_file(sound("damaged"))
    done = check(folder, "--pictures", str(tmp_path / "pictures"))
    assert done.returncode == 0
    assert "b.png: Its labels would fit better 6 pixels up and 5 pixels to the right. Move the" in done.stdout
    assert iio.imread(tmp_path / "pictures" / "001 b.png").shape == (*SHAPE, 3)
    done = check(tmp_path / "damaged")
    assert done.returncode == 1
    assert done.stdout.startswith("error: ")
    assert "images: 4; parts: " in check(folder, "--task", "foreground").stdout


@pytest.fixture
def organs(tmp_path):
    """A project of two classes with one image, half of which is reviewed."""
    task = TaskConfig(kind="classes", classes=name_classes(["liver", "tumour"]))
    labels = np.zeros(SHAPE, int)
    labels[10:60, 10:140], labels[60:70, 10:30] = 1, 2
    reviewed = np.zeros(SHAPE, np.uint8)
    reviewed[:80] = 1
    image = np.array([40, 150, 220])[labels] + np.random.default_rng(0).normal(0, 8, SHAPE)
    with Project.create(tmp_path / "organs", task) as project:
        entry = project.add(image.clip(0, 255).astype(np.uint8), labels, name="a", reviewed=reviewed)
        yield project, entry


def test_nothing_is_wrong_with_classes_of_one_image_in_a_project_and_only_reviewed_pixels_count(organs):
    assert check_data(organs[0].folder).problems == ()  # 2 % of what is reviewed are tumour, and 1 % of everything


def test_a_painted_label_of_no_class_is_found(organs):
    project, entry = organs
    annotation = project.annotation(entry)
    autosave = Autosave(project, entry, annotation)
    annotation.labels[5, 5] = 9
    autosave.save([("labels", annotation.labels, (slice(0, SHAPE[0]), slice(0, SHAPE[1])))])
    assert autosave.close()
    [problem] = check_data(project.folder).problems
    assert (problem.gravity, problem.reason) == ("error", "It holds the label 9, which is of no class.")


def test_a_class_that_is_nowhere_or_in_one_image_only_is_found(tmp_path):
    classes = TaskConfig(kind="classes", classes=name_classes(["liver", "tumour", "vessel"]))
    for name, seed in (("a", 0), ("b", 1), ("c", 2)):
        labels = np.zeros(SHAPE, int)
        labels[20:100, 20:120] = 1
        labels[30:60, 30:60] = 2 if name == "b" else 1
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "masks").mkdir(exist_ok=True)
        rng = np.random.default_rng(seed)
        write(tmp_path, name, np.array([40, 150, 220])[labels] + rng.normal(0, 8, SHAPE) + 20 * seed, labels)
    config = TrainConfig(base="none", network=NetworkConfig(task=classes))
    found = {(p.gravity, p.reason) for p in check_data(tmp_path, config=config).problems}
    assert ("error", "No pixel is vessel, label 3.") in found
    assert ("warning", "It is the only image with tumour, label 2.") in found


@pytest.mark.parametrize("kind", ["foreground", "classes"])
def test_what_is_said_of_other_tasks_speaks_of_no_objects(sound, tmp_path, kind):
    task = TaskConfig(kind=kind, classes=name_classes(["liver"] if kind == "classes" else []))
    config = TrainConfig(base="none", network=NetworkConfig(task=task))
    folder = sound("shifted")
    for name in "acd":
        image, labels = read(folder, name)
        write(folder, name, image, labels > 0)
    write(folder, "b", labels=np.roll(list(read(folder, "b"))[1] > 0, 6, 0))
    write(folder, "c", labels=np.zeros(SHAPE))
    (folder / "masks" / "d.png").unlink()
    scarce = sound("scarce", 1.5, (2, 2))
    for name in NAMES:
        write(scarce, name, labels=list(read(scarce, name))[1] > 0)
    nothing = {name: (next(iter(read(folder, name))), np.zeros(SHAPE)) for name in NAMES}
    project = reviewed_project(tmp_path / "nothing", nothing, task)
    checkups = [check_data(data, config=config) for data in (folder, scarce, project)]
    reasons = {problem.reason for checkup in checkups for problem in checkup.problems}
    assert {
        "Its labels would fit better 6 pixels up.",
        "It has no mask: it is imported without labels.",
        "All but 0.1% of the pixels are background.",
        "It is reviewed, and there is nothing but background in it.",
        "There is nothing labelled to learn from in any image.",
    } <= reasons
    said = [text for checkup in checkups for p in checkup.problems for text in (p.reason, p.advice)]
    assert not [text for text in said if "object" in text]


@pytest.mark.parametrize("kind", ["foreground", "classes"])
def test_masks_that_are_labelled_nearly_everywhere_are_exchanged_with_background_but_for_classes(sound, kind):
    task = TaskConfig(kind=kind, classes=name_classes(["liver"] if kind == "classes" else []))
    folder = sound()
    for name in NAMES:
        write(folder, name, labels=list(read(folder, name))[1] != 1)
    problems = check_data(folder, config=TrainConfig(base="none", network=NetworkConfig(task=task))).problems
    assert ("Only 1% of the pixels are background." in {p.reason for p in problems}) == (kind == "foreground")
