"""What a lesson comes to for a network: the size of crops."""

import pytest

from maskloop.config import OBJECTS, NetworkConfig, TaskConfig
from maskloop.data.lesson import Lesson
from maskloop.project.model_folder import read_card, save_card
from maskloop.training.course import Course


@pytest.fixture
def course(example_of_discs, make_model, settings, tmp_path):
    """A function that makes a course from a base of some diameter, itself trained with a crop of 64 pixels."""

    def course(diameter, task=OBJECTS, **choices):
        base = make_model(tmp_path / "base", NetworkConfig(filters=(4, 8), task=task), diameter=diameter)
        card = read_card(base)
        training = card.training.model_copy(update={"recipe": settings(crop=64)})
        save_card(card.model_copy(update={"training": training}), base)
        return Course(Lesson(example_of_discs, example_of_discs), settings(base=str(base), steps=40, **choices))

    return course


@pytest.fixture
def example_of_discs(discs):
    from maskloop.data.examples import Example

    labels = discs((64, 64), [(20, 20), (45, 40)], 9)
    return [Example("a", (labels > 0).astype("float32")[..., None], labels)]


def test_crops_that_hold_the_objects_of_the_base_stay(course):
    found = course(24)
    assert (found.config.crop, found.config.steps) == (32, 40)


@pytest.mark.parametrize(("diameter", "crop", "steps"), [(25, 48, 18), (47, 64, 10), (60, 64, 10)])
def test_crops_that_do_not_grow_up_to_those_of_the_base_with_as_many_pixels_an_epoch(course, diameter, crop, steps):
    found = course(diameter)
    assert (found.config.crop, found.config.steps) == (crop, steps)


def test_a_larger_crop_than_the_bases_stays(course):
    found = course(60, crop=96)
    assert (found.config.crop, found.config.steps) == (96, 40)


def test_a_foreground_is_told_by_what_lies_around_it_and_keeps_the_crops_of_its_base(course):
    assert course(5, TaskConfig(kind="foreground")).config.crop == 64
