"""Existing images and masks are found, matched, checked and put into a project."""

import csv
import shutil
import unicodedata
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from scipy import ndimage

from maskloop.config import TaskConfig, name_classes
from maskloop.errors import Cancelled, InputError, ProjectError
from maskloop.project.export import export_project
from maskloop.project.importers import import_matches, plan_import
from maskloop.project.matching import find_matches
from maskloop.project.project import Project

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data are not on this machine")
SHAPE = (24, 30)


@pytest.fixture(scope="module")
def labels(discs):
    """Three objects."""
    return discs(SHAPE, [(6, 6), (16, 10), (12, 22)], 4).astype(np.uint8)


@pytest.fixture
def write(tmp_path, labels):
    """Write files below a folder, images of noise and masks of `labels` where the name or its folder says so."""
    random = np.random.default_rng(0)

    def write(*names):
        for name in names:
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            is_mask = any(word in name.lower() for word in ("mask", "label", "gt", "seg", "annot"))
            pixels = labels if is_mask else random.integers(0, 255, SHAPE, np.uint8)
            tifffile.imwrite(path, pixels) if "tif" in path.suffix else iio.imwrite(path, pixels)
        return tmp_path / "data"

    return write


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "project") as project:
        yield project


def matched(found):
    """Return what was matched, as file names."""
    return {match.image.name: [mask.name for mask in match.masks] for match in found.matches}


def reasons(findings):
    return {finding.path.name: finding.reason for finding in findings}


@needs_data
def test_each_image_of_the_data_science_bowl_has_the_objects_that_it_should(project):
    with (DATA / "dsb2018/index.csv").open() as file:
        expected = {row["id"]: int(row["objects"]) for row in csv.DictReader(file)}
    plan = plan_import(DATA / "dsb2018_raw_layout")
    assert "Data Science Bowl" in plan.layout
    assert plan.refused == plan.notes == ()
    report = import_matches(project, plan)
    assert len(report.entries) == 11
    for entry in report.entries:
        annotation = project.annotation(entry)
        assert annotation.objects == expected[entry.name]
        truth = iio.imread(DATA / f"dsb2018/labels/{entry.name}.png")
        np.testing.assert_array_equal(annotation.labels > 0, truth > 0)
        assert entry.status == "reviewed"


@needs_data
def test_one_folder_of_the_data_science_bowl_is_one_image():
    folder = min((DATA / "dsb2018_raw_layout").iterdir())
    plan = plan_import(folder)
    assert [match.name for match in plan.matches] == [folder.name]
    assert len(plan.matches[0].masks) == len(list((folder / "masks").iterdir()))


def test_an_image_of_one_object_in_two_parts_has_one_in_the_data_science_bowl(write, project, labels):
    plan = plan_import(write("a/images/a.png", "a/masks/0.png", "b/images/b.png", "b/masks/1.png", "c/images/c.png"))
    assert {m.name: m.one_object_each for m in plan.matches} == {"a": True, "b": True, "c": False}
    for mask in (plan.matches[0].masks[0], plan.matches[1].masks[0]):
        iio.imwrite(mask, ((labels > 0) * 255).astype(np.uint8))
    assert [entry.objects for entry in import_matches(project, plan).entries] == [1, 1, 0]


@pytest.mark.parametrize("folders", ["images masks", "IMAGES Labels", "imgs gt", "raw Annotations", "image seg"])
@pytest.mark.parametrize(
    "masks",
    [
        ("a.tif", "b 1.png", "ü.png"),
        ("a_mask.png", "b 1_masks.png", "ü_label.tif"),
        ("a_cp_masks.png", "b 1-seg.png", "ü GT.bmp"),
        ("mask_a.png", "label-b 1.png", "gt_ü.png"),
    ],
)
def test_folders_of_images_and_masks_are_matched_by_name(write, project, labels, folders, masks):
    images, truth = folders.split()
    folder = write(*(f"{images}/{name}" for name in ("a.png", "b 1.tif", "ü.jpg")), *(f"{truth}/{m}" for m in masks))
    plan = plan_import(folder)
    assert matched(plan) == dict(zip(("a.png", "b 1.tif", "ü.jpg"), ([mask] for mask in masks), strict=True))
    assert plan.refused == plan.notes == ()
    for entry in import_matches(project, plan).entries:
        annotation = project.annotation(entry)
        np.testing.assert_array_equal(annotation.labels, labels)
        assert annotation.reviewed.all()


def test_two_folders_of_any_name_are_matched(write):
    folder = write("my cells/a_img.png", "my cells/b_img.png", "Ergebnis/a_mask.png", "Ergebnis/b_mask.png")
    found = plan_import(folder / "my cells", folder / "Ergebnis")
    assert matched(found) == {"a_img.png": ["a_mask.png"], "b_img.png": ["b_mask.png"]}


def test_masks_beside_their_images_are_matched(write):
    folder = write("a.png", "a_mask.png", "b.tif", "b_labels.tif", "c.png", "d_mask.png")
    plan = plan_import(folder)
    assert plan.layout == "masks beside their images"
    assert matched(plan) == {"a.png": ["a_mask.png"], "b.tif": ["b_labels.tif"], "c.png": []}
    assert reasons(plan.refused) == {"d_mask.png": "It is a mask, and no image has its name."}
    assert reasons(plan.notes) == {"c.png": "It has no mask: it is imported without labels."}
    assert matched(plan_import(folder, folder)) == matched(plan)


def test_images_without_masks_are_imported_without_labels(write, project):
    plan = plan_import(write("a.png", "b.png"))
    assert plan.layout == "images without masks"
    assert len(plan.notes) == 2
    assert [entry.status for entry in import_matches(project, plan).entries] == ["not segmented"] * 2


def test_letters_with_accents_match_however_they_are_written(write):
    apart = unicodedata.normalize("NFD", "é")
    assert len(matched(find_matches(write("images/é.png", f"masks/{apart}_mask.png")))["é.png"]) == 1


def test_several_sets_get_names_of_their_own(write):
    folder = write("train/images/1.png", "train/masks/1.png", "test/images/1.png", "test/masks/1.png", "notes/gt.png")
    found = find_matches(folder)
    assert sorted(match.name for match in found.matches) == ["test 1", "train 1"]
    assert reasons(found.refused) == {"notes": "It has no folder 'images' with images in it."}


def test_files_that_fit_nothing_are_refused(write):
    folder = write("images/a.png", "images/a.tif", "masks/a.png", "masks/a_mask.png", "masks/b.png")
    (folder / "images" / "notes.txt").write_text("no image")
    plan = plan_import(folder)
    assert matched(plan) == {"a.png": ["a.png"]}
    assert reasons(plan.refused) == {
        "a.tif": "a.png has the same name; wanted is one image of a name.",
        "a_mask.png": "a.png has the mask a.png already.",
        "b.png": "It is a mask, and no image has its name.",
        "notes.txt": "It is not TIFF, PNG, JPEG, BMP or NIfTI.",
    }


def test_files_that_cannot_be_used_are_refused_with_a_reason(write):
    folder = write(*(f"{kind}/{name}.png" for kind in ("images", "masks") for name in "abcdef"))
    (folder / "images/a.png").write_bytes(b"broken")
    (folder / "masks/b.png").write_bytes(b"broken")
    iio.imwrite(folder / "masks/c.png", np.zeros((9, 9), np.uint8))
    iio.imwrite(folder / "masks/d.png", iio.imread(folder / "images/d.png"))
    iio.imwrite(folder / "masks/e.png", np.zeros(SHAPE, np.uint8))
    shutil.copy(folder / "images/e.png", folder / "images/f.png")
    plan = plan_import(folder)
    assert matched(plan) == {"e.png": ["e.png"]}
    assert reasons(plan.notes) == {"e.png": "There is nothing but background in the mask."}
    said = {finding.path.relative_to(folder).as_posix(): finding.reason for finding in plan.refused}
    assert list(said) == ["images/a.png", "masks/b.png", "masks/c.png", "masks/d.png", "images/f.png"]
    wanted = ["damaged", "damaged", "24 x 30", "photographs", f"same as those of {folder / 'images/e.png'}"]
    assert all(word in reason for word, reason in zip(wanted, said.values(), strict=True))


def test_pixels_that_the_project_has_are_refused(write, project):
    folder = write("a.png", "b.png")
    import_matches(project, plan_import(folder))
    write("c.png")
    plan = plan_import(folder, known=project.pixel_hashes())
    assert matched(plan) == {"c.png": []}
    assert reasons(plan.refused)["a.png"] == "Its pixels are the same as those of the entry a in the project."


def test_a_plan_that_is_carried_out_twice_adds_nothing(write, project):
    plan = plan_import(write("a.png", "b.png"))
    import_matches(project, plan)
    again = import_matches(project, plan)
    assert again.entries == ()
    assert [finding.path.name for finding in again.failed] == ["a.png", "b.png"]


def test_stacks_go_with_stacks_of_masks(tmp_path, project, labels):
    for name, pixels in (("a.tif", np.random.default_rng(0).random((4, 2, *SHAPE))), ("a_mask.tif", [labels] * 4)):
        axes = "ZYX" if "mask" in name else "ZCYX"
        tifffile.imwrite(tmp_path / name, np.asarray(pixels), ome=True, metadata={"axes": axes})
    plan = plan_import(tmp_path, known=project.pixel_hashes())
    entry = import_matches(project, plan).entries[0]
    assert entry.axes == "ZCYX"
    np.testing.assert_array_equal(project.annotation(entry).labels, np.stack([labels] * 4))


def test_of_many_files_exactly_the_broken_ones_are_named(write, project):
    names = [f"{number:03d}.png" for number in range(300)]
    folder = write(*(f"images/{name}" for name in names), *(f"masks/{name}" for name in names))
    broken = [folder / "images/007.png", folder / "masks/100.png", folder / "images/299.png"]
    for path in broken:
        path.write_bytes(path.read_bytes()[:60])
    shares = []
    plan = plan_import(folder, on_file=shares.append)
    assert [finding.path for finding in plan.refused] == broken
    assert plan.notes == ()
    assert shares == [done / 300 for done in range(1, 301)]
    report = import_matches(project, plan, on_file=shares.append)
    assert len(report.entries) == len(project.entries) == 297
    assert report.failed == ()
    assert not report.stopped
    assert shares[-1] == 1


def test_files_that_went_bad_since_the_plan_are_named_and_the_others_imported(write, project):
    folder = write(*(f"{kind}/{name}.png" for kind in ("images", "masks") for name in "abcd"))
    plan = plan_import(folder)
    (folder / "images/b.png").unlink()
    (folder / "masks/c.png").write_bytes(b"broken")
    report = import_matches(project, plan)
    assert [entry.name for entry in report.entries] == ["a", "d"]
    assert [finding.path for finding in report.failed] == [folder / "images/b.png", folder / "masks/c.png"]
    assert [finding.reason.count("no file") for finding in report.failed] == [1, 0]


def test_stopping_keeps_what_was_imported(write, project):
    folder = write("a.png", "b.png", "c.png")
    plan = plan_import(folder)
    report = import_matches(project, plan, should_stop=lambda: len(project.entries) == 2)
    assert report.stopped
    assert [entry.name for entry in report.entries] == [entry.name for entry in project.entries] == ["a", "b"]
    with pytest.raises(Cancelled):
        plan_import(folder, should_stop=lambda: True)


def test_a_project_that_is_read_only_refuses_at_once(write, project):
    plan = plan_import(write("a.png", "b.png"))
    project.close()
    with pytest.raises(ProjectError, match="reading only"):
        import_matches(project, plan)


def test_where_nothing_is_found_the_layouts_are_named(tmp_path):
    (tmp_path / "notes.czi").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        InputError, match=r"No images were found .* x_mask\.png.*'images' and 'masks'.*Data Science Bowl"
    ):
        plan_import(tmp_path)
    with pytest.raises(InputError, match="No images were found"):
        plan_import(tmp_path / "empty", tmp_path)
    with pytest.raises(InputError, match="no folder"):
        plan_import(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no folder"):
        plan_import(tmp_path, tmp_path / "nowhere")


ORGANS = TaskConfig(kind="classes", classes=name_classes(["liver", "tumour", "vessel"]))


@pytest.fixture
def organs(tmp_path):
    with Project.create(tmp_path / "organs", ORGANS) as project:
        yield project


def test_masks_of_classes_come_in_by_number_and_by_colour_and_others_are_refused_before(
    organs, write, tmp_path, labels
):
    data = write("images/numbers.png", "images/colours.png", "images/foreign.png", "images/many.png")
    (data / "masks").mkdir()
    colours = np.array([(0, 0, 0), *(tuple(bytes.fromhex(of.colour[1:])) for of in ORGANS.classes)], np.uint8)
    masks = {
        "numbers": labels,
        "colours": colours[labels],
        "foreign": colours[labels] // 2,
        "many": labels + np.uint8(1),
    }
    for name, mask in masks.items():
        iio.imwrite(data / "masks" / f"{name}.png", mask)
    plan = plan_import(data, task=ORGANS)
    found = reasons(plan.refused)
    assert "It holds the colours" in found["foreign.png"]
    assert '--classes "liver=#' in found["foreign.png"]
    assert "It holds 1, 2, 3, 4; wanted is 0 for background, 1 for liver" in found["many.png"]
    assert organs.entries == []
    report = import_matches(organs, plan)
    assert report.failed == ()
    assert {entry.name for entry in organs.entries} == {"numbers", "colours"}
    for entry in organs.entries:
        np.testing.assert_array_equal(organs.annotation(entry).labels, labels)
        assert entry.status == "reviewed"


def test_what_is_exported_of_classes_comes_in_again_as_it_was(organs, write, tmp_path):
    scattered = np.random.default_rng(0).integers(0, 4, SHAPE)
    organs.add(np.arange(720, dtype=np.uint16).reshape(SHAPE), scattered, name="a", reviewed=scattered >= 0)
    export_project(organs, tmp_path / "out")
    with Project.create(tmp_path / "again", ORGANS) as again:
        plan = plan_import(tmp_path / "out", task=again.task)
        assert (plan.refused, plan.notes) == ((), ())
        [entry] = import_matches(again, plan).entries
        np.testing.assert_array_equal(again.annotation(entry).labels, scattered)
        np.testing.assert_array_equal(again.image(entry), organs.image(organs.entries[0]))


def test_what_is_reviewed_comes_in_again_as_it_was_exported(project, tmp_path, labels):
    stack, reviewed = np.stack([labels] * 3), np.zeros((3, *SHAPE), np.uint8)
    reviewed[0], reviewed[1, :9] = 1, 1
    project.add(np.arange(stack.size, dtype=np.uint16).reshape(stack.shape), stack, name="a", reviewed=reviewed)
    export_project(project, out := tmp_path / "out")
    for name, plan in (("whole", plan_import(out)), ("parts", plan_import(out / "images", out / "labels"))):
        with Project.create(tmp_path / name) as again:
            assert plan.refused == ()
            entries = import_matches(again, plan).entries
            np.testing.assert_array_equal([again.annotation(entry).reviewed for entry in entries], reviewed)
            assert [entry.status for entry in entries] == ["reviewed", "in progress", "predicted"]


def test_a_file_in_reviewed_without_its_image_is_said_to_be_one(project, tmp_path, labels):
    project.add(labels.astype(np.uint16), labels, name="a")
    export_project(project, out := tmp_path / "out")
    (out / "reviewed" / "b.tif").write_bytes((out / "reviewed" / "a.tif").read_bytes())
    [finding] = plan_import(out).refused
    assert (finding.path.name, finding.reason) == (
        "b.tif",
        "It is a mask of what is reviewed, and no image has its name.",
    )


def test_masks_in_a_folder_named_reviewed_are_masks(write, project):
    folder = write("raw/a.png", "masks/a.png")
    (folder / "masks").rename(folder / "reviewed")
    plan = plan_import(folder / "raw", folder / "reviewed")
    assert plan.refused == ()
    [entry] = import_matches(project, plan).entries
    assert (entry.objects, entry.status) == (3, "reviewed")


@pytest.mark.parametrize(
    ("spoil", "refused", "noted"),
    [
        (
            lambda labels: np.random.default_rng(1).integers(0, 255, labels.shape),
            "as photographs, probabilities and masks with soft edges do",
            "",
        ),
        (lambda labels: ndimage.gaussian_filter(255.0 * (labels > 0), 4), "masks with soft edges do", ""),
        (lambda labels: 60 * ndimage.zoom(4 * (labels[::2, ::2] > 0), 2, order=1), "", "taken for the foreground"),
    ],
)
def test_a_mask_of_foreground_with_several_values_is_refused_or_noted(tmp_path, write, labels, spoil, refused, noted):
    data = write("images/a.png")
    (data / "masks").mkdir()
    large = np.kron(labels, np.ones((4, 4), int))
    iio.imwrite(data / "images" / "a.png", (large * 30).astype(np.uint8))
    iio.imwrite(data / "masks" / "a.png", spoil(large).astype(np.uint8))
    plan = plan_import(data, task=TaskConfig(kind="foreground"))
    assert all(refused in finding.reason for finding in plan.refused)
    assert all(noted in finding.reason for finding in plan.notes)
    assert (len(plan.refused), len(plan.notes)) == (bool(refused), bool(noted))


def test_a_mask_of_foreground_needs_no_second_look(tmp_path, write, labels):
    data = write("images/binary.png", "images/numbered.png", "images/inverse.png")
    (data / "masks").mkdir()
    iio.imwrite(data / "masks" / "binary.png", 255 * (labels > 0).astype(np.uint8))
    iio.imwrite(data / "masks" / "numbered.png", labels)
    iio.imwrite(data / "masks" / "inverse.png", 255 * (labels == 0).astype(np.uint8))
    with Project.create(tmp_path / "tissue", TaskConfig(kind="foreground")) as project:
        plan = plan_import(data, task=project.task)
        assert reasons(plan.notes) == {
            "inverse.png": "The whole border of the image is labelled; are labels and background exchanged?"
        }
        for entry in import_matches(project, plan).entries:
            known = labels == 0 if entry.name == "inverse" else labels > 0
            np.testing.assert_array_equal(project.annotation(entry).labels, known)
