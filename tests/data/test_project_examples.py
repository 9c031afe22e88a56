"""What is reviewed in a project is learned from, and what is held out stays held out."""

import json

import numpy as np
import pytest

from maskloop.config import TaskConfig, name_classes
from maskloop.data.project_examples import read_lesson
from maskloop.errors import InputError, ProjectError
from maskloop.project.autosave import Autosave
from maskloop.project.held_out import HeldOut, read_held_out, write_held_out
from maskloop.project.project import Project

SHAPE = (64, 128)


@pytest.fixture
def project(tmp_path):
    with Project.create(tmp_path / "cells") as project:
        yield project


@pytest.fixture
def labels(discs):
    return discs(SHAPE, [(20, 20), (40, 50), (30, 112)], 9)


def add(project, labels, name="a", reviewed=1, image=None):
    return project.add(
        np.full(SHAPE, ord(name[0]), np.uint8) if image is None else image,
        labels,
        name=name,
        reviewed=np.broadcast_to(np.array(reviewed, np.uint8), labels.shape),
    )


def test_a_region_of_few_images_is_held_out_with_a_margin(project, labels):
    entry = add(project, labels)
    lesson = read_lesson(project)
    [learned], [judged] = lesson.training, lesson.validation
    assert learned.name == judged.name == "a"
    assert not (learned.reviewed & judged.reviewed).any()
    gap = np.flatnonzero(judged.reviewed.any(axis=0))[0] - np.flatnonzero(learned.reviewed.any(axis=0))[-1] - 1
    assert gap == 16
    assert judged.reviewed.mean() == pytest.approx(0.2, abs=0.02)
    assert lesson.revisions == {entry.id: 1}


def test_only_what_is_reviewed_is_learned_and_the_rest_of_the_project_is_left_alone(project, labels):
    corner = np.zeros(SHAPE)
    corner[:, 35:] = 1
    corner[:20] = 1
    add(project, labels, reviewed=corner)
    add(project, labels, "not reviewed", reviewed=0)
    lesson = read_lesson(project)
    assert [example.name for example in lesson.training] == ["a"]
    for example in lesson.training + lesson.validation:
        assert not example.reviewed[corner == 0].any()


@pytest.mark.parametrize("kind", ["foreground", "classes"])
def test_of_foreground_and_classes_a_part_is_enough_to_hold_out(kind, tmp_path):
    task = TaskConfig(kind=kind, classes=name_classes(["liver", "tumour"]) if kind == "classes" else ())
    labels = np.zeros(SHAPE, int)
    labels[10:50, 5:125] = 1  # reaches across any cut
    if kind == "classes":
        labels[20:30, 5:60] = 2  # on the left side only
    with Project.create(tmp_path / "organs", task) as project:
        add(project, labels)
        lesson = read_lesson(project)
    [learned], [judged] = lesson.training, lesson.validation
    for example in (learned, judged):
        assert set(np.unique(example.labels[example.reviewed])) >= set(np.unique(labels)) - {0}


def test_a_label_of_no_class_that_was_painted_is_refused_with_the_image(tmp_path):
    task = TaskConfig(kind="classes", classes=name_classes(["liver"]))
    labels = np.zeros(SHAPE, int)
    labels[10:50, 5:125] = 1
    with Project.create(tmp_path / "organs", task) as project:
        entry = add(project, labels)
        annotation = project.annotation(entry)
        autosave = Autosave(project, entry, annotation)
        annotation.labels[20, 20] = 3
        autosave.save([("labels", annotation.labels, (slice(0, 64), slice(0, 128)))])
        assert autosave.close()
        with pytest.raises(InputError, match=r"'a' holds the label 3, which is of no class; wanted is 0 .* to 1"):
            read_lesson(project)


def test_what_is_held_out_stays_so_when_more_is_reviewed_and_added(project, labels):
    for name in "abc":
        add(project, labels, name)
    first = read_lesson(project).validation
    for name in "defghijklmn":
        add(project, labels, name)
    later = read_lesson(project)
    for before, now in zip(first, later.validation[:3], strict=True):
        np.testing.assert_array_equal(before.reviewed, now.reviewed)
    whole = [example.name for example in later.validation if example.reviewed is None]
    assert 2 <= len(whole) <= 3
    assert not {example.name for example in later.training} & set(whole)
    assert read_lesson(project).validation[3:][0].name == later.validation[3:][0].name


def test_with_many_images_every_fifth_is_held_out_as_a_whole(project, labels):
    for name in "abcdefghij":
        add(project, labels, name)
    lesson = read_lesson(project)
    assert [example.name for example in lesson.validation] == ["e", "j"]
    assert all(example.reviewed is None for example in lesson.training + lesson.validation)


@pytest.mark.parametrize("count", [2, 7])
def test_of_images_with_one_object_each_one_is_held_out_as_a_whole_and_stays_so(project, labels, count):
    alone = np.where(labels == 1, 1, 0)
    names = "abcdefg"[:count]
    for name in names:
        add(project, alone, name)
    add(project, labels * 0, "nothing")
    lesson = read_lesson(project)
    assert [example.name for example in lesson.training] == [*names[:-1], "nothing"]
    assert [example.name for example in lesson.validation] == [names[-1]]
    add(project, alone, "later")
    assert [example.name for example in read_lesson(project).validation] == [names[-1]]


def test_of_images_with_one_object_none_is_held_out_where_a_region_of_another_is(project, labels):
    add(project, labels, "many")
    add(project, np.where(labels == 1, 1, 0), "one")
    lesson = read_lesson(project)
    assert [example.name for example in lesson.training] == ["many", "one"]
    assert [example.name for example in lesson.validation] == ["many"]


def test_where_what_was_held_out_is_removed_an_image_that_no_model_has_learned_from_takes_its_place(project, labels):
    alone = np.where(labels == 1, 1, 0)
    entries = [add(project, alone, name) for name in "abc"]
    read_lesson(project)
    project.remove(entries[2])
    with pytest.raises(InputError, match="review more"):
        read_lesson(project)
    add(project, alone, "d")
    assert [example.name for example in read_lesson(project).validation] == ["d"]


def test_where_nothing_is_decided_nothing_is_written(project, labels):
    for name in "abc":
        add(project, labels, name)
    read_lesson(project)
    record = project.folder / "held_out.json"
    record.write_text(written := json.dumps(json.loads(record.read_text())))  # the same in other words
    read_lesson(project)
    assert record.read_text() == written
    add(project, labels, "d")
    read_lesson(project)
    assert len(read_held_out(project.folder).images) == 4


def test_what_another_process_decides_while_images_are_read_stays_and_each_image_is_read_once(
    project, labels, monkeypatch
):
    a, b = (add(project, labels, name) for name in "ab")
    read, theirs, seen = project.image, HeldOut(images={b.pixels_sha256: "all"}), []

    def image(entry):
        if not seen:
            write_held_out(theirs, project.folder)
        seen.append(entry.name)
        return read(entry)

    monkeypatch.setattr(project, "image", image)
    lesson = read_lesson(project)
    assert seen == ["a", "b"] * 2  # once more, by what was decided meanwhile
    assert [example.name for example in lesson.training] == ["a"]
    assert [example.name for example in lesson.validation] == ["a", "b"]
    decided = read_held_out(project.folder).images
    assert decided.keys() == {a.pixels_sha256, b.pixels_sha256}
    assert decided[b.pixels_sha256] == "all"


@pytest.mark.parametrize(("with_objects", "held_out"), [("abcdfghi", "f"), ("ad", "d")])
def test_of_many_images_only_those_with_objects_are_held_out(project, labels, with_objects, held_out):
    for name in "abcdefghij":
        add(project, labels * (name in with_objects), name)
    assert [example.name for example in read_lesson(project).validation] == [held_out]


def test_the_revisions_are_those_of_what_is_learned_from(project, labels):
    entries = {add(project, labels, name).id: name for name in "abcdefghij"}
    lesson = read_lesson(project)
    assert sorted(entries[entry] for entry in lesson.revisions) == [example.name for example in lesson.training]


def test_of_a_stack_the_reviewed_planes_are_learned(project, labels):
    reviewed = np.zeros((3, *SHAPE))
    reviewed[[0, 2]] = 1
    add(project, np.stack([labels] * 3), reviewed=reviewed, image=np.zeros((3, *SHAPE), np.uint16))
    lesson = read_lesson(project)
    assert [example.name for example in lesson.training] == ["a, plane 0", "a, plane 2"]
    assert lesson.training[0].image.shape == (*SHAPE, 1)


def test_an_image_that_was_removed_and_added_again_keeps_its_part(project, labels):
    for name in "abcdefghij":
        add(project, labels, name)
    read_lesson(project)
    [e] = [entry for entry in project.entries if entry.name == "e"]
    project.remove(e)
    add(project, labels, "e")
    assert [example.name for example in read_lesson(project).validation] == ["j", "e"]


@pytest.mark.parametrize("axes", ["CYX", "YXC"])
def test_of_channels_that_are_no_colours_one_is_learned_from(project, labels, axes):
    image = np.stack([np.full(SHAPE, i, np.uint8) for i in range(2)], axis=axes.index("C"))
    project.add(image, labels, name="two", axes=axes, reviewed=np.ones(SHAPE, np.uint8))
    with pytest.raises(InputError, match="'two' has 2 channels: say which"):
        read_lesson(project)
    with pytest.raises(InputError, match="'two' has no channel 2"):
        read_lesson(project, channel=2)
    assert not (project.folder / "held_out.json").exists()
    [example] = read_lesson(project, channel=1).training
    assert example.image.shape == (*SHAPE, 1)
    assert (example.image == 1).all()


def test_colour_images_keep_their_channels(project, labels):
    add(project, labels, image=np.zeros((*SHAPE, 3), np.uint8))
    assert read_lesson(project).training[0].image.shape == (*SHAPE, 3)


def test_where_all_images_are_in_colour_one_of_the_colours_can_be_learned_from(project, labels):
    add(project, labels, image=np.stack([np.full(SHAPE, value, np.uint8) for value in (10, 20, 60)], axis=-1))
    [example] = read_lesson(project, channel=1).training
    assert (example.image == 20).all()
    assert example.image.shape == (*SHAPE, 1)


def test_a_channel_is_taken_of_the_images_that_have_some_and_of_colours_all(project, labels):
    colour = np.stack([np.full(SHAPE, value, np.uint8) for value in (10, 20, 60)], axis=-1)
    add(project, labels, "grey")
    project.add(colour[..., :2], labels, name="two", axes="YXC", reviewed=np.ones(SHAPE, np.uint8))
    add(project, labels, "colour", image=colour)
    grey, two, rgb = (example.image for example in read_lesson(project, channel=0).training)
    assert grey.shape == two.shape == (*SHAPE, 1)
    assert (two == 10).all()
    np.testing.assert_array_equal(rgb, colour)


def test_without_anything_reviewed_there_is_a_sentence(project, labels):
    with pytest.raises(InputError, match=r"Nothing in .* is reviewed yet"):
        read_lesson(project)
    add(project, labels, reviewed=0)
    with pytest.raises(InputError, match=r"Nothing in .* is reviewed yet"):
        read_lesson(project)


@pytest.mark.parametrize(
    ("objects", "said"), [(0, "There are no reviewed objects"), (1, "There is 1 reviewed object;")]
)
def test_with_too_few_objects_there_is_a_sentence(project, labels, objects, said):
    add(project, np.where(labels <= objects, labels, 0))
    with pytest.raises(InputError, match=said):
        read_lesson(project)
    assert not (project.folder / "held_out.json").exists()


def test_a_damaged_record_of_what_is_held_out_is_not_replaced(project, labels):
    add(project, labels)
    (project.folder / "held_out.json").write_text("{")
    with pytest.raises(ProjectError, match=r"held_out\.json cannot be used"):
        read_lesson(project)
    assert (project.folder / "held_out.json").read_text() == "{"


def test_what_is_held_out_of_few_images_of_classes_holds_all_that_it_can(tmp_path):
    classes = TaskConfig(kind="classes", classes=name_classes(["organ", "tumour"]))
    labels = np.zeros(SHAPE, np.int32)
    labels[10:50] = 1
    labels[20:30, 4:10], labels[20:30, 60:64] = 2, 2  # to the right there is no tumour
    with Project.create(tmp_path / "organs", classes) as project:
        add(project, labels)
        lesson = read_lesson(project)
        for [example] in (lesson.training, lesson.validation):
            assert set(np.unique(example.labels[example.reviewed])) == {0, 1, 2}
        add(project, np.where(labels == 2, 1, labels), "b")
        assert [example.name for example in read_lesson(project).validation] == ["a", "b"]


def test_a_foreground_of_one_piece_is_learned_and_judged_by(tmp_path):
    with Project.create(tmp_path / "tissue", TaskConfig(kind="foreground")) as project:
        add(project, np.ones(SHAPE, np.int32))
        lesson = read_lesson(project)
    assert (len(lesson.training), len(lesson.validation)) == (1, 1)
