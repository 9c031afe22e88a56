"""The loss and the metric, worked out by hand."""

import math

import numpy as np
import pytest

from maskloop.model.loss import ForegroundIoU, objects_loss


def loss(targets, maps, weights=None):
    weights = np.ones_like(targets) if weights is None else weights
    weighted = np.concatenate([targets, weights], axis=-1)
    return np.asarray(objects_loss(np.asarray(weighted, np.float32), np.asarray(maps, np.float32)))


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


def test_the_iou_is_that_of_all_pixels_since_the_last_reset():
    metric = ForegroundIoU()

    def update(truth, predicted, weights=1):
        truth, predicted, weights = np.broadcast_arrays(truth, np.array(predicted, np.float32), weights)
        targets = np.stack([truth, truth, weights, weights], axis=-1)[None, None].astype(np.float32)
        metric.update_state(targets, np.stack([predicted] * 2, axis=-1)[None, None])
        return float(metric.result())

    # 2 in both, 3 in either; the distance and values beyond the threshold do not count.
    assert update([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.4]) == pytest.approx(2 / 3)
    assert update([1, 0, 0, 0], [0.1, 0.1, 0.1, 0.1]) == pytest.approx(2 / 4)
    metric.reset_state()
    assert update([1, 1, 0, 0], [1, 0, 0, 0]) == pytest.approx(1 / 2)
    metric.reset_state()
    assert update([1, 1, 0, 0], [1, 0, 1, 0], weights=[1, 1, 0, 0]) == pytest.approx(1 / 2)
