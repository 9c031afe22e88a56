"""Foreground and classes, from a folder to a model that segments, with what tutorials ask for."""

import math

import numpy as np
import pytest

from maskloop import Project, compare, load_model, segment, train
from maskloop.config import AugmentConfig, TaskConfig, name_classes
from maskloop.data.examples import read_examples
from maskloop.errors import InputError
from maskloop.project.model_folder import read_card

CLASSES = TaskConfig(kind="classes", classes=name_classes(["inside", "border"]))
FOREGROUND = TaskConfig(kind="foreground")


def with_task(settings, task, **choices):
    config = settings(**{"epochs": 12, "steps": 12} | choices)
    return config.model_copy(update={"network": config.network.model_copy(update={"task": task})})


def dice(found, true):
    return 2 * np.count_nonzero(found & true) / (np.count_nonzero(found) + np.count_nonzero(true))


@pytest.fixture(scope="module")
def of_classes(class_data, settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "model"
    card = train(class_data, folder, with_task(settings, CLASSES))
    return folder, card


def test_classes_are_learned_each(class_data, of_classes):
    folder, card = of_classes
    assert read_card(folder).network.task == CLASSES
    assert card.training.scores["dice"] > 0.8
    assert all(card.training.scores[f"dice of {name}"] > 0.7 for name in ("inside", "border"))
    held_out = read_examples(class_data, card.training.held_out, CLASSES)
    assert held_out
    for example in held_out:
        labels = segment(example.image[..., 0], folder)
        assert all(dice(labels == number, example.labels == number) > 0.7 for number in (1, 2))


def test_a_model_of_classes_can_be_gone_on_with_and_stays_at_its_scale(class_data, of_classes, settings, tmp_path):
    config = settings(base=str(of_classes[0]), epochs=1)
    card = train(class_data, tmp_path / "model", config)
    assert card.network == of_classes[1].network
    assert card.usual_diameter == of_classes[1].usual_diameter
    assert math.isclose(card.diameter, of_classes[1].diameter, rel_tol=0.2)


def test_classes_in_other_colours_are_the_same_training_to_go_on_with(class_data, settings, tmp_path):
    def cut_off(*_):
        raise KeyboardInterrupt

    config = with_task(settings, CLASSES, epochs=2, steps=1)
    with pytest.raises(KeyboardInterrupt):
        train(class_data, tmp_path / "model", config, on_epoch=cut_off)
    first, second = CLASSES.classes
    brighter = CLASSES.model_copy(update={"classes": (first.model_copy(update={"colour": "#ff00ff"}), second)})
    card = train(class_data, tmp_path / "model", with_task(settings, brighter, epochs=2, steps=1))
    assert card.training.epochs == 2
    assert card.network.task == brighter


def test_masks_with_more_classes_are_refused_before_anything_is_trained(class_data, settings, tmp_path):
    one = TaskConfig(kind="classes", classes=name_classes(["inside"]))
    with pytest.raises(InputError, match=r"\.png: It holds 0, 1, 2; wanted is 0 for background, 1 for inside"):
        train(class_data, tmp_path / "model", with_task(settings, one))
    assert not (tmp_path / "model").exists()


def test_the_foreground_of_whole_images_is_learned_at_one_size(data, settings, tmp_path):
    config = with_task(settings, FOREGROUND, whole=True, epochs=16, batch=3, steps=8, augment=AugmentConfig(scale=1))
    card = train(data, tmp_path / "model", config)
    assert card.preprocessing.side == config.crop
    assert card.training.scores.keys() == {"dice", "iou"}
    [example] = read_examples(data, card.training.held_out)
    labels = segment(example.image[..., 0], tmp_path / "model")
    assert set(np.unique(labels)) <= {0, 1}
    assert dice(labels > 0, example.labels > 0) > 0.7
    again = train(data, tmp_path / "again", settings(base=str(tmp_path / "model"), epochs=1, crop=64))
    assert again.preprocessing == card.preprocessing
    assert again.training.recipe.whole
    # The network sees images at its own size, whatever theirs is.
    twice = np.kron(example.image[..., 0], np.ones((2, 2), np.uint8))
    assert dice(segment(twice, tmp_path / "model")[::2, ::2] > 0, labels > 0) > 0.9


@pytest.mark.parametrize("kind", ["objects", "classes"])
def test_tensorboard_gets_scores_a_sample_prediction_and_the_graph(kind, data, class_data, settings, tmp_path):
    from tensorflow.python.summary.summary_iterator import summary_iterator

    folder, task = {"objects": (data, TaskConfig()), "classes": (class_data, CLASSES)}[kind]
    train(folder, tmp_path / "model", with_task(settings, task, tensorboard=True, epochs=2, steps=1))
    [log] = (tmp_path / "model" / "tensorboard").glob("events.out.tfevents.*")
    events = list(summary_iterator(str(log)))
    seen = {(event.step, value.tag) for event in events for value in event.summary.value}
    assert {(1, "val_loss"), (2, "val_loss"), (1, "true | found"), (2, "true | found"), (2, "val_dice")} <= seen
    assert any(event.graph_def for event in events)
    assert load_model(tmp_path / "model")


def test_a_training_that_is_gone_on_with_is_logged_from_where_it_was(data, settings, tmp_path):
    from tensorflow.python.summary.summary_iterator import summary_iterator

    class CutOffError(Exception):
        pass

    def cut_off(*_):
        raise CutOffError

    config = settings(tensorboard=True, epochs=2, steps=1)
    with pytest.raises(InputError):
        train(data, tmp_path / "model", config, should_stop=lambda: True)
    assert not (tmp_path / "model").exists()
    with pytest.raises(CutOffError):
        train(data, tmp_path / "model", config, on_epoch=cut_off)
    train(data, tmp_path / "model", config)
    *_, last = sorted((tmp_path / "model" / "tensorboard").iterdir(), key=lambda path: path.stat().st_mtime)
    assert {event.step for event in summary_iterator(str(last)) if event.summary.value} == {2}


def test_of_an_image_that_is_reviewed_in_a_corner_the_network_is_shown_all_the_same(settings):
    from maskloop.data.examples import Example
    from maskloop.data.lesson import Lesson
    from maskloop.training.course import Course

    reviewed = np.zeros((900, 600), bool)
    reviewed[:100, :100] = True
    labels = np.zeros((900, 600), int)
    labels[20:40, 20:40] = 1
    image = np.random.default_rng(0).random((900, 600, 1))
    lesson = Lesson(*2 * [[Example("x", image, labels, reviewed)]])
    configs = {whole: with_task(settings, FOREGROUND, whole=whole, crop=128) for whole in (True, False)}
    shown = {whole: Course(lesson, config).training[0] for whole, config in configs.items()}
    assert shown[True].shape == (128, 128, 3)
    assert np.count_nonzero(shown[True][..., -1]) == pytest.approx(128 * 128 / 54, rel=0.3)
    assert shown[False].shape == (356, 356, 3)


def test_a_model_that_makes_something_else_than_a_project_means_is_neither_a_base_nor_compared(
    of_classes, make_model, settings, tmp_path
):
    folder, classes = tmp_path / "cells", of_classes[0]
    other = make_model(tmp_path / "other")
    with Project.create(folder, FOREGROUND) as project:
        project.add(np.eye(64), np.eye(64, dtype=int), name="a", reviewed=np.ones((64, 64), np.uint8))
    sentence = r"makes classes \(inside, border\), and the labels of this project mean foreground: choose"
    with pytest.raises(InputError, match=sentence):
        train(folder, tmp_path / "new", settings(base=str(classes)))
    with pytest.raises(InputError, match=sentence):
        compare(classes, other, folder)
    with pytest.raises(InputError, match="'other' makes objects"):
        train(folder, tmp_path / "new", settings(base=str(other)))
