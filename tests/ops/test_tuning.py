"""Thresholds chosen by measurement."""

import numpy as np

from maskloop.ops.instances import maps_to_labels
from maskloop.ops.metrics import count
from maskloop.ops.targets import labels_to_targets
from maskloop.ops.tuning import tune_labels


def test_the_choice_reaches_what_it_says(discs):
    labels = discs((80, 100), [(25, 25), (25, 45), (60, 70)], 11)
    config, ap50, mean_ap = tune_labels([labels_to_targets(labels)], [labels])
    assert (ap50, mean_ap) == (1, 1)
    assert count(maps_to_labels(labels_to_targets(labels), config), labels).ap.mean() == 1


def test_a_network_that_sees_objects_too_faintly_gets_a_lower_threshold(discs):
    labels = discs((60, 60), [(30, 30)], 12)
    maps = labels_to_targets(labels)
    maps[..., 0] *= 0.42
    config, ap50, _ = tune_labels([maps], [labels])
    assert config.foreground < 0.42
    assert ap50 == 1


def test_specks_raise_the_smallest_object(discs):
    labels = discs((60, 60), [(30, 30)], 12)
    maps = labels_to_targets(labels)
    maps[2:6, 2:7] = 1  # 20 pixels that are no object
    config, ap50, _ = tune_labels([maps], [labels])
    assert config.min_size > 20
    assert ap50 == 1


def test_images_without_objects_are_no_obstacle():
    config, ap50, _ = tune_labels([np.zeros((20, 20, 2))], [np.zeros((20, 20), np.int32)])
    assert ap50 == 1
    assert config.min_size > 0
