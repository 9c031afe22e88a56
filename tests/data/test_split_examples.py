"""Training and validation images, kept apart by groups that look alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskloop.config import TrainConfig
from maskloop.data.examples import Example
from maskloop.data.split_examples import hold_out, look_alikes, split_examples
from maskloop.errors import InputError

PLATES = st.tuples(st.sampled_from([(8, 8), (8, 12), (16, 8)]), st.sampled_from([10, 200, 4000]))


def examples(plates):
    """Images of the given size and brightness, all a little different."""
    rng = np.random.default_rng(0)
    return [
        Example(f"{i:02}", bright * rng.uniform(0.98, 1.02, (*size, 1)), np.ones(size, np.int32))
        for i, (size, bright) in enumerate(plates)
    ]


@given(st.lists(PLATES, min_size=2, max_size=12))
def test_images_of_one_size_and_brightness_look_alike(plates):
    groups = look_alikes(examples(plates))
    for i, first in enumerate(plates):
        for j, second in enumerate(plates):
            assert (groups[i] == groups[j]) == (first == second)


@given(st.lists(PLATES, min_size=2, max_size=12), st.floats(0.01, 0.99), st.integers(0, 9))
def test_groups_stay_together_and_no_side_is_empty(plates, share, seed):
    held = hold_out(examples(plates), share, seed)
    assert held.any()
    assert not held.all()
    if len(set(plates)) > 1:
        assert not {p for p, h in zip(plates, held, strict=True) if h} & {
            p for p, h in zip(plates, held, strict=True) if not h
        }


@given(st.lists(PLATES, min_size=2, max_size=12), st.integers(0, 9))
def test_the_same_seed_holds_out_the_same(plates, seed):
    np.testing.assert_array_equal(hold_out(examples(plates), 0.3, seed), hold_out(examples(plates), 0.3, seed))


def test_another_seed_holds_out_others_and_about_the_share_that_is_wanted():
    plates = examples([((8, 8), 10 * 2**i) for i in range(20)])
    held = [hold_out(plates, 0.25, seed) for seed in range(8)]
    assert len({tuple(h) for h in held}) > 1
    assert all(h.sum() == 5 for h in held)


def test_how_alike_the_images_of_a_group_are_can_be_chosen():
    plates = examples([((8, 8), bright) for bright in (1000, 1120, 1250, 9000)])
    assert len(set(look_alikes(plates))) == 2
    assert len(set(look_alikes(plates, 0.05))) == 4
    assert not hold_out(plates, 0.5, 0)[:3].any()  # more than half of the images would be too many
    assert hold_out(plates, 0.5, 0, distance=0.05).sum() == 2


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_are_refused(count):
    with pytest.raises(InputError, match="at least two"):
        hold_out(examples([((8, 8), 10)] * count), 0.2, 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -5])
def test_pixels_that_are_not_finite_or_negative_are_no_obstacle(bad):
    images = examples([((8, 8), 10), ((8, 8), 10), ((8, 8), 4000)])
    images[0].image[2, 3] = bad
    held = hold_out(images, 0.4, 0)
    assert 0 < held.sum() < 3


def test_groups_by_name_stay_together_whatever_their_size_and_brightness():
    rng = np.random.default_rng(0)
    images = [
        Example(f"{patient}_{i}", rng.uniform(0, patient + 1, ((8, 8), (8, 12))[i % 2] + (1,)), np.ones((8, 8), int))
        for patient in range(9)
        for i in range(3)
    ]
    held = hold_out(images, 0.35, 0, group_before="_")
    patients = {side: {e.name.split("_")[0] for e, h in zip(images, held, strict=True) if h == side} for side in (0, 1)}
    assert len(patients[1]) == 3
    assert not patients[0] & patients[1]


@pytest.mark.parametrize(("wanted", "count"), [(0.5, 5), (3, 3), (1, 1), (8, 5)])
def test_validation_is_a_share_or_a_number_of_at_most_half_of_the_images(wanted, count):
    plates = examples([((8, 8), 10 * 2**i) for i in range(10)])
    lesson = split_examples(plates, TrainConfig(validation=wanted))
    assert (len(lesson.training), len(lesson.validation)) == (10 - count, count)


def test_a_number_of_images_is_held_out_whatever_their_sizes():
    plates = examples([((8, 8 + i % 7), 10 * 2**i) for i in range(40)])
    lesson = split_examples(plates, TrainConfig(validation=10))
    assert len(lesson.validation) == 10


def planes_of(*volumes):
    """Ten planes of each volume, each a little brighter than the one before."""
    return [
        Example(f"{name}, plane {i}", np.full((8, 8, 1), 10.0 * 2**i), np.ones((8, 8), int), stack=name)
        for name in volumes
        for i in range(10)
    ]


@pytest.mark.parametrize("group_before", ["", "_"])
def test_planes_of_a_stack_stay_together(group_before):
    planes = planes_of("a_1", "a_2", "b_1")
    held = hold_out(planes, 0.35, 0, group_before)
    sides = {side: {e.stack for e, h in zip(planes, held, strict=True) if h == side} for side in (False, True)}
    assert sides[True]
    assert not sides[True] & sides[False]


def test_of_a_single_stack_the_last_planes_are_held_out():
    held = hold_out(planes_of("a"), 0.3, 0)
    np.testing.assert_array_equal(held, np.arange(10) >= 7)
