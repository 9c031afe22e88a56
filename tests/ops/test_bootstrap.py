"""Intervals of scores: cases whose draws one can count, and what must hold of any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from maskloop.ops.bootstrap import bootstrap_interval


def mean(images):
    return np.array([np.mean(images)])


def test_of_two_images_each_pair_is_drawn_as_often():
    # 0 and 1 give 00, 01, 10 and 11: a quarter of the draws has the mean 0, and a quarter has 1.
    assert bootstrap_interval([0, 1], mean).tolist() == [[0], [1]]


def test_a_rare_image_is_in_the_interval_only_if_it_is_drawn_often_enough():
    # One of 10 images is drawn 3 times or more in 7 % of the draws, 4 times or more in 1.3 %, and never in 35 %.
    assert bootstrap_interval([10] + 9 * [0], mean)[:, 0].tolist() == [0, 3]


def test_one_image_says_nothing_of_others():
    assert bootstrap_interval([7], mean) is None
    assert bootstrap_interval([], mean) is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_an_interval_of_a_mean_lies_among_the_images_and_around_their_mean(images):
    low, high = bootstrap_interval(images, mean)[:, 0]
    slack = 1e-9 * max(map(abs, images))
    assert min(images) - slack <= low <= high <= max(images) + slack
    assert low - slack <= np.mean(images) <= high + slack


def test_draws_of_which_a_statistic_is_not_defined_are_left_out():
    def mean_of_known(images):
        known = [image for image in images if image is not None]
        return np.array([np.mean(known) if known else np.nan, np.nan])

    both = bootstrap_interval([0, 1, None], mean_of_known)
    assert both[:, 0].tolist() == [0, 1]
    assert np.isnan(both[:, 1]).all()


def test_images_that_are_all_alike_leave_no_doubt():
    assert bootstrap_interval(5 * [3.0], mean).tolist() == [[3], [3]]


def test_several_statistics_are_of_the_same_draws():
    both = bootstrap_interval([1, 5, 2], lambda images: np.array([np.mean(images), 2 * np.mean(images)]))
    np.testing.assert_allclose(both[:, 1], 2 * both[:, 0])


def test_the_seed_decides():
    images = np.random.default_rng(0).normal(size=30).tolist()
    first, again, other = (bootstrap_interval(images, mean, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_it_agrees_with_scipy_up_to_chance():
    images = np.random.default_rng(0).gamma(2, size=50)
    theirs = stats.bootstrap([images], np.mean, method="percentile", n_resamples=1000).confidence_interval
    width = theirs.high - theirs.low
    assert bootstrap_interval(images.tolist(), mean)[:, 0] == pytest.approx(list(theirs), abs=0.12 * width)
