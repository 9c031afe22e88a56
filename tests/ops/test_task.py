"""What labels mean: there and back again, for each task."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskloop.config import LabelsConfig, TaskConfig, name_classes
from maskloop.errors import InputError
from maskloop.ops.task import lay_unreviewed, require_task, task_of
from maskloop.ops.task_kinds import Classes, Foreground, Objects

KEEP_ALL = LabelsConfig(min_size=0)
NUMBERS = arrays(np.int32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 3))
TASKS = [Objects(), Foreground(), Classes(4)]


@pytest.mark.parametrize("task", TASKS)
@given(labels=NUMBERS)
def test_targets_and_weights_are_as_many_as_is_said_and_what_is_unknown_weighs_nothing(task, labels):
    reviewed = labels != 2
    targets, weights = task.to_targets(labels), task.to_weights(labels, reviewed)
    assert targets.shape == (*labels.shape, task.targets)
    assert weights.shape == (*labels.shape, task.weights)
    assert targets.dtype == weights.dtype == np.float32
    assert targets.min() >= 0
    assert targets.max() <= 1
    np.testing.assert_array_equal(weights[..., 0], reviewed)
    assert not weights[~reviewed].any()
    everywhere = task.to_weights(labels, None)
    assert (everywhere >= 1).all()
    assert (everywhere[..., 0] == 1).all()


@given(NUMBERS)
def test_perfect_maps_of_classes_and_foreground_become_the_labels_that_they_were_made_of(labels):
    np.testing.assert_array_equal(Classes(4).to_labels(Classes(4).to_targets(labels), KEEP_ALL), labels)
    foreground = Foreground()
    np.testing.assert_array_equal(foreground.to_labels(foreground.to_targets(labels), KEEP_ALL), labels > 0)


def test_the_likeliest_class_wins_whatever_its_probability():
    maps = np.array([[[0.4, 0.3, 0.3], [0.1, 0.2, 0.7], [0.34, 0.35, 0.31]]])
    np.testing.assert_array_equal(Classes(3).to_labels(maps, KEEP_ALL), [[0, 2, 1]])


def test_the_foreground_is_what_reaches_its_threshold_without_specks_of_the_size_of_the_network():
    maps = np.zeros((8, 8, 1))
    maps[:3, :3], maps[6, 6] = 0.6, 0.9
    config = LabelsConfig(foreground=0.55, min_size=4)
    found = Foreground().to_labels(maps, config)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, (maps[..., 0] == 0.6))
    assert Foreground().to_labels(maps, LabelsConfig(foreground=0.65, min_size=0)).sum() == 1
    assert Foreground().to_labels(maps, LabelsConfig(min_size=0, certainty=0.8)).sum() == 1
    # Enlarged twofold for the network, one pixel of the plane is four there.
    np.testing.assert_array_equal(Foreground().to_labels(maps, config, rescaled=2), maps[..., 0] > 0)


def test_what_hangs_together_is_an_object_and_touching_classes_are_two():
    labels = np.array([[1, 1, 2, 0, 1], [0, 0, 2, 0, 1], [3, 0, 0, 0, 0]])
    np.testing.assert_array_equal(Classes(4).to_objects(labels), [[1, 1, 3, 0, 2], [0, 0, 3, 0, 2], [4, 0, 0, 0, 0]])
    np.testing.assert_array_equal(Foreground().to_objects(labels), [[1, 1, 1, 0, 2], [0, 0, 1, 0, 2], [3, 0, 0, 0, 0]])
    np.testing.assert_array_equal(Objects().to_objects(labels), labels)


def test_a_description_finds_its_task():
    kinds = [TaskConfig(), TaskConfig(kind="foreground"), TaskConfig(kind="classes", classes=name_classes("abc"))]
    for config, task in zip(kinds, TASKS, strict=True):
        assert type(task_of(config)) is type(task)
        assert task_of(config).targets == task.targets == len(config.heads)


def test_parts_are_as_large_as_they_are_thick_so_that_a_net_of_membranes_is_small():
    labels = np.zeros((60, 60), int)
    labels[5:16, 5:40] = 1
    np.testing.assert_allclose(Foreground().diameters(labels), [11])
    labels[5:16, 40:45] = 2  # touches the first one
    np.testing.assert_allclose(Classes(3).diameters(labels), [11, 5])
    net = np.zeros((60, 60), int)
    net[::10] = net[:, ::10] = 1
    assert Foreground().diameters(net) < 4 < Objects().diameters(net)
    for task in TASKS:
        assert task.diameters(np.zeros((5, 5), int)).shape == (0,)


def test_a_prediction_is_laid_around_what_is_reviewed():
    labels, predicted = np.array([[1, 1, 2, 2, 0]]), np.array([[2, 0, 1, 1, 1]])
    box = slice(0, 1), slice(0, 5)
    for task in (Foreground(), Classes(3)):
        np.testing.assert_array_equal(task.lay(labels, box, predicted, labels == 2, 9).labels, [[2, 0, 2, 2, 1]])
    np.testing.assert_array_equal(Objects().lay(labels, box, predicted, labels == 2, 9).labels, [[9, 0, 2, 2, 0]])


def test_planes_are_laid_one_by_one_and_must_agree_in_shape():
    labels, reviewed = np.zeros((2, 3, 4), int), np.zeros((2, 3, 4), bool)
    reviewed[0] = True
    found = np.ones((2, 3, 4), int)
    np.testing.assert_array_equal(lay_unreviewed(labels, found, reviewed, Classes(2))[:, 0, 0], [0, 1])
    with pytest.raises(InputError, match="wanted is that of the labels"):
        lay_unreviewed(labels, found[:1], reviewed, Classes(2))


def test_labels_of_more_classes_than_there_are_make_no_targets():
    with pytest.raises(InputError, match="label 3; wanted is 0 for background to 2"):
        Classes(3).to_targets(np.array([[3]]))


def test_what_there_is_to_judge_by_is_what_is_reviewed():
    labels = np.array([[[1, 1, 0, 2], [3, 0, 0, 2]]])
    for columns, classes in {4: {1, 2, 3}, 3: {1, 3}, 1: {1, 3}, 0: set()}.items():
        reviewed = np.indices(labels.shape)[2] < columns
        some = {1} if columns else set()
        assert [task.kinds(labels, reviewed) for task in TASKS] == [some, some, classes]
    beside = np.indices(labels.shape)[2] == 1  # a part of the first object
    assert [task.kinds(labels, beside) for task in TASKS] == [set(), {1}, {1}]


def test_a_task_is_told_by_its_kind_and_by_the_names_and_order_of_its_classes():
    one, other = (TaskConfig(kind="classes", classes=name_classes(names)) for names in ("ab", "ba"))
    recoloured = [
        {"name": of.name, "colour": colour.colour} for of, colour in zip(one.classes, other.classes[::-1], strict=True)
    ]
    require_task(one, TaskConfig(kind="classes", classes=recoloured), "It", "these labels")
    for made in (other, TaskConfig(), TaskConfig(kind="foreground")):
        with pytest.raises(InputError, match=r"It makes .*, and these labels mean classes \(a, b\): choose a model"):
            require_task(made, one, "It", "these labels")
