"""Thresholds chosen by measurement."""

import numpy as np
import pytest

from maskloop.config import LabelsConfig
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.metrics import count
from maskloop.ops.targets import labels_to_targets
from maskloop.ops.tuning import tune_foreground, tune_labels


def test_what_is_perfect_stays_so(discs):
    labels = discs((80, 100), [(25, 25), (25, 45), (60, 70)], 11)
    config = tune_labels([labels_to_targets(labels)], [labels])
    assert count(maps_to_labels(labels_to_targets(labels), config), labels).ap.mean() == 1


def test_a_network_that_sees_objects_too_faintly_gets_a_lower_threshold(discs):
    labels = discs((60, 60), [(30, 30)], 12)
    maps = labels_to_targets(labels)
    maps[..., 0] *= 0.42
    config = tune_labels([maps], [labels])
    assert config.foreground < 0.42
    assert count(maps_to_labels(maps, config), labels).ap[0] == 1


def test_specks_raise_the_smallest_object(discs):
    labels = discs((60, 60), [(30, 30)], 12)
    maps = labels_to_targets(labels)
    maps[2:6, 2:7] = 1  # 20 pixels that are no object
    config = tune_labels([maps], [labels])
    assert config.min_size > 20
    assert count(maps_to_labels(maps, config), labels).ap[0] == 1


def test_what_is_seen_too_faintly_to_be_an_object_raises_the_certainty(discs):
    labels = discs((60, 90), [(30, 30)], 12)
    maps = labels_to_targets(discs((60, 90), [(30, 30), (30, 70)], 12))
    maps[:, 45:, 0] *= 0.85
    config = tune_labels([maps], [labels])
    assert config.certainty > 0.85
    assert count(maps_to_labels(maps, config), labels).ap[0] == 1


@pytest.mark.parametrize("images", [1, 3])
def test_a_certainty_that_has_served_is_left_by_a_network_that_is_less_sure(discs, images):
    labels = discs((60, 60), [(30, 30)], 12)
    maps = labels_to_targets(labels)
    maps[..., 0] *= 0.97
    first = LabelsConfig(certainty=0.99)
    tuned = tune_labels([maps] * images, [labels] * images, first=first)
    assert tuned == first.model_copy(update={"certainty": 0.95})
    maps[..., 0] /= 0.97
    assert tune_labels([maps] * images, [labels] * images, first=first) == first


def test_images_without_objects_are_no_obstacle():
    config = tune_labels([np.zeros((20, 20, 2))], [np.zeros((20, 20), np.int32)])
    assert config == LabelsConfig()


def specked(discs, specks):
    """Maps of a disc and of specks of 20 pixels, which are no objects; and their truth."""
    labels = discs((60, 60), [(40, 40)], 12)
    maps = labels_to_targets(labels)
    for i in range(specks):
        maps[2:6, 2 + 9 * i : 7 + 9 * i] = 1
    return maps, labels


@pytest.mark.parametrize(("others", "min_size"), [(1, 16), (3, 16), (6, 24)])
def test_what_has_served_before_stays_where_images_disagree(discs, others, min_size):
    small, truth = specked(discs, 1)
    truth = truth.copy()
    truth[2:6, 2:7] = 2  # here it is one
    maps, labels = zip((small, truth), *[specked(discs, 2)] * others, strict=True)
    assert tune_labels(maps, labels, first=LabelsConfig(min_size=16)).min_size == min_size
    assert tune_labels(maps, labels).min_size > 20  # which is a little better


def test_what_has_served_before_stays_where_there_is_one_image(discs):
    maps, labels = specked(discs, 2)
    first = LabelsConfig(min_size=16)
    assert tune_labels([maps], [labels], first=first) == first
    assert tune_labels([maps], [labels]).min_size > 20


def test_what_has_served_before_is_left_for_what_is_clearly_better(discs):
    maps, labels = zip(*[specked(discs, 2)] * 4, strict=True)
    first = LabelsConfig(foreground=0.4, splitting=0.55, min_size=16)
    tuned = tune_labels(maps, labels, first=first)
    assert (tuned.foreground, tuned.splitting, tuned.min_size) == (0.4, 0.55, 24)  # no farther than it must be


def test_when_time_runs_out_what_was_tried_until_then_counts(discs):
    labels = discs((60, 80), [(30, 30), (30, 51)], 12)
    maps = labels_to_targets(labels)
    maps[..., 1] = np.where(labels > 0, 0.93 + 0.07 * maps[..., 1], 0)  # a waist too shallow at first
    asked = []

    def should_stop():
        asked.append(True)
        return len(asked) > 1  # after the first foreground

    config = tune_labels([maps], [labels], should_stop=should_stop)
    assert (config.foreground, config.splitting) == (LabelsConfig().foreground, 0.8)
    assert count(maps_to_labels(maps, config), labels).ap[0] == 1


@pytest.mark.parametrize(("inside", "outside", "low", "high"), [(0.95, 0.85, 0.85, 0.95), (0.12, 0.04, 0.04, 0.12)])
def test_a_foreground_is_thresholded_wherever_it_is_told_best(discs, inside, outside, low, high):
    labels = discs((40, 40), [(20, 20)], 10)
    maps = np.where(labels > 0, inside, outside)[..., None]
    assert low < tune_foreground([maps], [labels], [None], LabelsConfig(), False).foreground <= high


def test_only_what_is_known_has_a_say_in_the_threshold(discs):
    labels = discs((40, 40), [(20, 20)], 10)
    maps = np.where(labels > 0, 0.9, 0.8)[..., None]
    elsewhere = np.zeros((40, 40), bool)
    elsewhere[:4] = True  # where there is nothing, and 0.8 would be something
    assert tune_foreground([maps], [labels], [~elsewhere], LabelsConfig(), False).foreground == pytest.approx(0.85)
    first = LabelsConfig(foreground=0.5)
    assert tune_foreground([maps], [labels], [labels > 0], first, False) == first  # any below is as good


def test_of_thresholds_that_are_as_good_the_nearest_is_taken(discs):
    labels = discs((40, 40), [(20, 20)], 10)
    maps = np.where(labels > 0, 0.4, 0.1)[..., None]
    assert tune_foreground([maps], [labels], [None], LabelsConfig(foreground=0.52), False).foreground == 0.4


@pytest.mark.parametrize(("faint", "threshold"), [(1, 0.5), (4, 0.4)])
def test_a_threshold_that_has_served_is_left_where_images_agree(discs, faint, threshold):
    labels = discs((40, 40), [(20, 20)], 10)
    maps = [np.where(labels > 0, 0.42 if number < faint else 0.9, 0.1)[..., None] for number in range(4)]
    for one in maps:
        one[20, 20] = 0.07  # a single pixel tells nothing
    options = ([labels] * 4, [None] * 4, LabelsConfig(foreground=0.5), True)
    assert tune_foreground(maps, *options).foreground == threshold


def test_a_threshold_that_has_served_stays_where_there_is_one_image(discs):
    labels = discs((40, 40), [(20, 20)], 10)
    maps = [np.where(labels > 0, 0.42, 0.1)[..., None]]
    first = LabelsConfig(foreground=0.5)
    assert tune_foreground(maps, [labels], [None], first, True) == first
    assert tune_foreground(maps, [labels], [None], first, False).foreground == 0.4
