"""What a lesson comes to for a network: the size of crops, and what is shown."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from maskloop.config import OBJECTS, NetworkConfig, TaskConfig
from maskloop.data.examples import Example
from maskloop.data.lesson import Lesson
from maskloop.errors import InputError
from maskloop.ops.normalise import normalise
from maskloop.ops.targets import object_diameters
from maskloop.project.model_folder import Preprocessing, read_card, save_card
from maskloop.training.course import LARGEST_SIDE, Course


@pytest.fixture
def course(example_of_discs, make_model, settings, tmp_path):
    """A function that makes a course from a base of some diameter, itself trained with a crop of 64 pixels."""

    def course(diameter, task=OBJECTS, preprocessing=Preprocessing(), lesson=None, **choices):  # noqa: B008 - frozen
        network = NetworkConfig(filters=(4, 8), task=task)
        base = make_model(tmp_path / "base", network, diameter=diameter, preprocessing=preprocessing)
        card = read_card(base)
        training = card.training.model_copy(update={"recipe": settings(crop=64)})
        save_card(card.model_copy(update={"training": training}), base)
        lesson = lesson or Lesson(example_of_discs, example_of_discs)
        return Course(lesson, settings(base=str(base), steps=40, **choices))

    return course


@pytest.fixture
def example_of_discs(discs):
    labels = discs((64, 64), [(20, 20), (45, 40)], 9)
    image = (labels > 0)[..., None] + np.random.default_rng(0).random((64, 64, 1))
    return [Example("a", image, labels)]


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


def test_images_are_shown_as_the_base_sees_them(course, example_of_discs):
    steps = Preprocessing(low=5, high=90)
    found = course(18, preprocessing=steps)
    assert found.preprocessing == steps
    seen = normalise(example_of_discs[0].image, 5, 90)
    np.testing.assert_array_equal(found.training[0][..., :1], seen.astype(np.float16))
    np.testing.assert_array_equal(found.exam.examples[0].image, seen)


def test_what_is_too_thin_to_be_seen_when_it_is_shrunk_is_left_out_and_refused_where_nothing_else_is(discs, settings):
    labels = discs((160, 160), [(40, 40), (110, 100)], 20)
    whole = Example("a", (labels > 0)[..., None] * 9, labels)
    reviewed = np.zeros(labels.shape, bool)
    reviewed[0] = True
    thin, config = replace(whole, reviewed=reviewed), settings(whole=True)
    assert len(Course(Lesson([whole, thin], [whole]), config).training) == 1
    assert len(Course(Lesson([whole], [whole, thin]), config).exam.examples) == 1
    with pytest.raises(InputError, match=r"nothing is left of it .* to judge by"):
        Course(Lesson([whole], [thin]), config)


def four(discs, radius, side=96):
    """An image of four discs in a corner."""
    labels = discs((side, side), [(y, x) for y in (20, 70) for x in (20, 70)], radius)
    return Example(f"of radius {radius}", (labels > 0)[..., None] * 9, labels)


def test_images_of_unusual_objects_are_learned_from_as_they_come_and_as_they_are_segmented_then(discs, settings):
    usual, small = four(discs, 12), four(discs, 4)
    found = Course(Lesson([usual, usual, small], [usual, small]), settings())
    enlarged = round(96 * 1.3 * found.diameter / np.median(object_diameters(small.labels)))
    assert [layers.shape[:2] for layers in found.training] == [(96, 96)] * 3 + [(enlarged, enlarged)]
    assert found.images == 3
    assert [example.labels.shape for example in found.exam.examples] == [(96, 96), (enlarged, enlarged)]


def test_of_a_large_image_the_part_with_the_objects_is_shown_enlarged(discs, settings):
    usual, small = four(discs, 12), four(discs, 4, side=900)
    *_, enlarged = Course(Lesson([usual, usual, small], [usual]), settings()).training
    assert max(enlarged.shape) <= LARGEST_SIDE + 3
    assert ndimage.label(enlarged[..., 1] > 0.5)[1] == 4


def test_what_is_unusual_goes_by_the_size_that_the_new_model_will_know(course, discs):
    learned = [four(discs, 12), replace(four(discs, 12), name="again"), four(discs, 8)]
    found = course(20, lesson=Lesson(learned, learned))
    assert (found.factor, round(found.diameter)) == (1, 24)
    assert len(found.training) == 4  # it is small beside 24 pixels, not beside 20
