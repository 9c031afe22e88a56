"""The loss and the metric, worked out by hand."""

import math

import numpy as np
import pytest

from maskloop.model.loss import Overlap, loss_of


def loss(targets, maps, weights=None):
    weights = np.ones_like(targets) if weights is None else weights
    weighted = np.concatenate([targets, weights], axis=-1)
    return np.asarray(loss_of("objects")(np.asarray(weighted, np.float32), np.asarray(maps, np.float32)))


def targets(seed=0):
    foreground = np.random.default_rng(seed).integers(0, 2, (3, 8, 8))
    return np.stack([foreground, foreground * 0.5], axis=-1).astype(np.float32)


def test_perfect_maps_cost_nothing_and_any_change_costs():
    truth = targets()
    assert loss(truth, truth).shape == (3,)
    np.testing.assert_allclose(loss(truth, truth), 0, atol=1e-5)
    for channel in (0, 1):
        spoilt = truth.copy()
        spoilt[:, 2:4, 2:4, channel] = np.abs(spoilt[:, 2:4, 2:4, channel] - 0.9)
        assert (loss(truth, spoilt) > 0.01).all()


def test_an_undecided_map_costs_what_was_worked_out_by_hand():
    # 4 of 16 pixels are an object of distance 1; the maps say 0.5 everywhere.
    truth = np.zeros((1, 4, 4, 2))
    truth[0, :2, :2] = 1
    entropy = math.log(2)
    dice = 1 - (2 * 2 + 1) / (4 + 8 + 1)  # overlap 4 * 0.5; sums 4 and 16 * 0.5; 1 on either side
    inside, outside = 4 * 0.5 / (4 + 1), 12 * 0.5 / 16
    assert loss(truth, np.full((1, 4, 4, 2), 0.5))[0] == pytest.approx(entropy + dice + 2 * inside + outside, rel=1e-4)


def test_images_of_a_batch_are_judged_one_by_one():
    truth, maps = targets(), np.random.default_rng(1).random((3, 8, 8, 2))
    alone = [loss(truth[i : i + 1], maps[i : i + 1])[0] for i in range(3)]
    np.testing.assert_allclose(loss(truth, maps), alone, rtol=1e-5)


def test_what_has_no_weight_changes_nothing_and_the_rest_costs_as_if_it_were_all():
    truth, maps = targets(), np.random.default_rng(1).random((3, 8, 8, 2))
    weights = np.zeros_like(truth)
    weights[:, :4] = 1
    spoilt = truth.copy()
    spoilt[:, 4:] = 1 - spoilt[:, 4:]
    np.testing.assert_allclose(loss(spoilt, maps, weights), loss(truth[:, :4], maps[:, :4]), rtol=1e-5)
    assert np.isfinite(loss(truth, maps, 0 * weights)).all()
    weights[..., 1] = 0  # an object whose outline is not known
    spoilt[..., 1] = 0.3
    np.testing.assert_allclose(loss(spoilt, maps, weights), loss(truth, maps, weights), rtol=1e-5)


def weighted(truth, weights=1.0):
    return np.concatenate([truth, np.broadcast_to(weights, (*truth.shape[:-1], 1))], axis=-1).astype(np.float32)


@pytest.mark.parametrize(("dice", "wanted"), [(True, math.log(2) + 1 - 5 / 13), (False, math.log(2))])
def test_the_foreground_alone_costs_its_entropy_and_dice_if_that_counts(dice, wanted):
    truth = np.zeros((1, 4, 4, 1))
    truth[0, :2, :2] = 1
    maps = np.full((1, 4, 4, 1), 0.5, np.float32)
    assert np.asarray(loss_of("foreground", dice)(weighted(truth), maps))[0] == pytest.approx(wanted, rel=1e-4)


def test_classes_cost_what_was_worked_out_by_hand():
    # 16 pixels: 8 background, 4 of each of two classes; the maps say 0.5, 0.25, 0.25 everywhere.
    numbers = np.repeat([0, 0, 1, 2], 4).reshape(1, 4, 4)
    maps = np.broadcast_to(np.float32([0.5, 0.25, 0.25]), (1, 4, 4, 3))
    entropy = (8 * math.log(2) + 8 * math.log(4)) / 16
    dice = 1 - (2 * 4 * 0.25 + 1) / (4 + 16 * 0.25 + 1)  # of either class
    targets = weighted(np.eye(3)[numbers])
    assert np.asarray(loss_of("classes")(targets, maps))[0] == pytest.approx(entropy + dice, rel=1e-4)
    assert np.asarray(loss_of("classes", dice=False)(targets, maps))[0] == pytest.approx(entropy, rel=1e-4)


def test_pixels_of_classes_without_weight_change_nothing():
    numbers, other = (np.random.default_rng(seed).integers(0, 3, (1, 8, 8)) for seed in (0, 1))
    maps = np.random.default_rng(2).dirichlet([1, 1, 1], (1, 8, 8)).astype(np.float32)
    upper = (np.arange(8) < 4)[None, :, None, None].astype(float)
    mixed = np.where(upper[..., 0] > 0, numbers, other)
    one, two = (np.asarray(loss_of("classes")(weighted(np.eye(3)[n], upper), maps)) for n in (numbers, mixed))
    np.testing.assert_allclose(one, two, rtol=1e-6)


def overlap_of(metric, truth, maps, weights=1.0):
    metric.update_state(weighted(np.asarray(truth), weights), np.asarray(maps, np.float32))
    return {name: float(value) for name, value in metric.result().items()}


def test_dice_and_iou_are_those_of_all_thresholded_pixels_since_the_last_reset():
    metric = Overlap("foreground")

    def update(truth, predicted, weights=1.0):
        truth, predicted = (np.array(part, float)[None, None, :, None] for part in (truth, predicted))
        return overlap_of(metric, truth, predicted, np.array(weights)[..., None])

    # 2 in both, 3 in either, 2 and 3 in each.
    assert update([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.4]) == pytest.approx({"dice": 4 / 5, "iou": 2 / 3})
    assert update([1, 0, 0, 0], [0.1, 0.1, 0.1, 0.1]) == pytest.approx({"dice": 4 / 6, "iou": 2 / 4})
    metric.reset_state()
    assert update([0, 0], [0.1, 0.2]) == {"dice": 1, "iou": 1}
    metric.reset_state()
    assert update([1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0])["iou"] == pytest.approx(1 / 2)


def test_of_classes_it_is_the_mean_of_those_that_occur_and_the_likeliest_class_counts():
    metric = Overlap("classes", classes=3)
    maps = [[[[0.4, 0.3, 0.3, 0], [0.3, 0.4, 0.3, 0], [0, 0.2, 0.7, 0.1], [0.1, 0.2, 0.6, 0.1]]]]
    found = overlap_of(metric, np.eye(4)[[[[0, 1, 2, 1]]]], maps)
    # Class 1: 1 in both of 1 and 2; class 2: 1 of 2 and 1; class 3 occurs nowhere.
    assert found == pytest.approx({"dice": (2 / 3 + 2 / 3) / 2, "iou": (1 / 2 + 1 / 2) / 2})
