"""What there is to learn from, counted."""

import numpy as np
import pytest

from maskloop.project.material import Material, MaterialCounter
from maskloop.project.project import Project

SHAPE = (40, 60)
CENTRES = [(10, 10), (30, 10), (20, 45)]


@pytest.fixture
def add(project, discs):
    """A function that adds an image with three discs, of which some columns are reviewed."""

    def add(name, columns=0):
        reviewed = np.zeros(SHAPE, np.uint8)
        reviewed[:, :columns] = 1
        image = np.full(SHAPE, len(project.entries), np.uint8)
        return project.add(image, discs(SHAPE, CENTRES, 6), name=name, reviewed=reviewed)

    return add


def count(project):
    return MaterialCounter().count(project)


def test_in_an_empty_project_there_is_nothing(project):
    assert count(project) == Material(images=0, objects=0, share=0)


def test_what_nobody_vouches_for_is_not_counted_but_left_to_do(project, add):
    add("a"), add("b")
    assert count(project) == Material(images=0, objects=0, share=0)


def test_of_an_image_reviewed_in_part_only_whole_objects_count(project, add):
    add("a", columns=45)  # through the middle of the third disc
    assert count(project) == Material(images=1, objects=2, share=0.75)


def test_an_image_with_none_included_counts_with_all_its_objects(project, add):
    add("a", columns=60), add("b", columns=30), add("c")
    assert count(project) == Material(images=2, objects=5, share=0.75)


def test_the_share_is_one_of_pixels_not_of_images(project, add):
    add("a", columns=60)
    project.add(np.zeros((120, 60), np.uint8), name="large", reviewed=np.eye(120, 60) > 2)
    project.add(np.zeros((120, 60), np.uint8), name="half", reviewed=np.arange(120 * 60).reshape(120, 60) % 2)
    assert count(project).share == pytest.approx((40 * 60 + 120 * 60 / 2) / (40 * 60 + 120 * 60))


def test_planes_of_a_stack_are_one_image(project, discs):
    labels = np.stack([discs(SHAPE, CENTRES, 6)] * 2)
    labels[1] += 3 * (labels[1] > 0)
    reviewed = np.zeros(labels.shape, np.uint8)
    reviewed[0] = 1
    project.add(np.zeros((2, *SHAPE), np.uint8), labels, name="stack", reviewed=reviewed)
    assert count(project) == Material(images=1, objects=3, share=0.5)


@pytest.mark.parametrize("axes", ["ZYX", "YXZ"])
def test_planes_may_share_numbers_and_count_each_by_itself(project, discs, axes):
    plane = discs(SHAPE, CENTRES, 6)
    stacked = axes.index("Z")
    labels = np.stack([plane, plane], axis=stacked)
    reviewed = np.stack([plane >= 0, plane < 0], axis=stacked)
    entry = project.add(np.zeros(labels.shape, np.uint8), labels, name="stack", axes=axes, reviewed=reviewed)
    assert count(project) == Material(images=1, objects=3, share=0.5)
    project.save_correction(entry, labels, np.ones_like(labels))
    assert count(project) == Material(images=1, objects=6, share=1)


def test_a_correction_changes_the_count(project, add):
    entry, counter = add("a", columns=45), MaterialCounter()
    assert counter.count(project).objects == 2
    annotation = project.annotation(entry)
    project.save_correction(entry, np.where(annotation.labels == 1, 0, annotation.labels), annotation.reviewed)
    assert counter.count(project).objects == 1
    project.save_correction(entry, annotation.labels, np.ones_like(annotation.reviewed))
    assert counter.count(project) == Material(images=1, objects=3, share=1)


def test_what_has_not_changed_is_not_read_again(project, add):
    entry, counter = add("a", columns=45), MaterialCounter()
    counter.count(project)
    for file in project.folder_of(entry).glob("labels*"):
        file.unlink()
    assert counter.count(project).objects == 2


def test_one_counter_keeps_projects_apart(project, add, tmp_path, discs):
    counter = MaterialCounter()
    add("a", columns=45)
    assert counter.count(project).objects == 2
    with Project.create(tmp_path / "other") as other:
        reviewed = np.zeros(SHAPE, np.uint8)
        reviewed[:, 15:] = 1
        other.add(np.zeros(SHAPE, np.uint8), discs(SHAPE, CENTRES, 6), name="a", reviewed=reviewed)
        assert counter.count(other).objects == 1


@pytest.mark.parametrize(
    ("material", "sentence"),
    [
        (
            Material(0, 0, 0),
            "Nothing is reviewed yet. Only what you have checked is learned from: say so in the Correct tab.",
        ),
        (Material(1, 1, 0.25), "1 image, 1 reviewed object, 25% of the pixels reviewed."),
        (Material(2, 1234, 1), "2 images, 1,234 reviewed objects, 100% of the pixels reviewed."),
        (Material(3, 0, 0.5), "3 images, 0 reviewed objects, 50% of the pixels reviewed."),
    ],
)
def test_the_sentence_counts_in_singular_and_plural(material, sentence):
    assert str(material) == sentence
