"""Scores of classes against cases worked out by hand, scikit-image, and the scores of objects."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import contingency_table

from maskloop.errors import InputError
from maskloop.ops.class_scores import count_classes, foreground, score_classes
from maskloop.ops.metrics import count, pool


def row(text):
    """Classes in one row, one digit a pixel."""
    return np.array([[int(digit) for digit in text]])


def test_a_case_worked_out_by_hand():
    # Background: 3 in both, 4 found, 3 true. 1: 2 in both, 3 and 3. 2: 2 in both, 2 and 3. 3: nowhere.
    counts = count_classes(row("000011122"), row("001011222"), 4)
    assert counts.overlap.tolist() == [3, 2, 2, 0]
    assert counts.predicted.tolist() == [4, 3, 2, 0]
    assert counts.truth.tolist() == [3, 3, 3, 0]
    assert counts.dice.tolist() == [2 * 3 / 7, 2 * 2 / 6, 2 * 2 / 5, 1]
    assert counts.iou.tolist() == [3 / 4, 2 / 4, 2 / 3, 1]
    assert counts.occurs.tolist() == [True, True, True, False]
    assert counts.mean(counts.iou) == pytest.approx((2 / 4 + 2 / 3) / 2)  # neither of background nor of class 3


@given(st.integers(0, 10**6), st.integers(2, 5))
def test_the_counts_are_those_of_the_confusion_matrix_of_scikit_image(seed, classes):
    predicted, truth = np.random.default_rng(seed).integers(0, classes, (2, 3, 4, 5))
    predicted.flat[:classes] = truth.flat[:classes] = range(classes)  # its matrix leaves out classes at the end
    matrix = contingency_table(truth, predicted).toarray()
    counts = count_classes(predicted.astype(np.uint8), truth.astype(np.uint64), classes)
    assert counts.overlap.tolist() == matrix.diagonal().tolist()
    assert counts.predicted.tolist() == matrix.sum(axis=0).tolist()
    assert counts.truth.tolist() == matrix.sum(axis=1).tolist()


@given(st.integers(0, 10**6))
def test_foreground_scores_as_that_of_objects(seed):
    rng = np.random.default_rng(seed)
    predicted, truth = rng.integers(0, 4, (2, 6, 6)) * (rng.random((2, 6, 6)) < rng.random())
    counts, expected = count_classes(predicted > 0, truth > 0, 2), count(predicted, truth)
    assert (counts.dice[1], counts.iou[1]) == (expected.dice, expected.iou)


@pytest.mark.parametrize(
    ("predicted", "truth", "score"), [("000", "000", 1), ("110", "000", 0), ("000", "110", 0), ("110", "110", 1)]
)
def test_empty_masks_agree_with_each_other_and_with_nothing_else(predicted, truth, score):
    counts = count_classes(row(predicted), row(truth), 2)
    assert counts.dice[1] == counts.iou[1] == counts.mean(counts.dice) == counts.mean(counts.iou) == score


def test_pooling_weighs_pixels_and_not_images():
    pooled = pool([count_classes(row("01"), row("10"), 3), count_classes(row("01102"), row("01100"), 3)])
    assert pooled.dice.tolist() == pytest.approx([2 * 2 / (3 + 4), 2 * 2 / (3 + 3), 0])


def test_pooling_leaves_out_of_the_mean_what_occurs_in_no_image():
    pooled = pool(2 * [count_classes(row("0111"), row("0011"), 3)])
    assert pooled.dice[2] == 1
    assert pooled.mean(pooled.dice) == 2 * 4 / (6 + 4)


def test_only_what_is_known_counts():
    truth = np.array([[0, 1, 1, 255]])
    counts = count_classes(row("0012"), truth, 3, truth < 255)
    assert counts.predicted.tolist() == [2, 1, 0]
    assert counts.iou.tolist() == [1 / 2, 1 / 2, 1]


def test_the_mean_leaves_out_what_is_not_defined():
    counts = count_classes(row("0123"), row("0103"), 4)
    assert counts.mean(np.array([9, 1, np.nan, 4])) == 2.5
    assert np.isnan(counts.mean(np.full(4, np.nan)))


def test_distances_are_measured_of_each_class():
    scores = score_classes(row("001020"), row("010003"), 5)
    assert np.isnan(scores.hd95[[0, 2, 3]]).all()  # background, and what is in one of the two only
    assert np.isnan(scores.assd[[0, 2, 3]]).all()
    assert scores.hd95[[1, 4]].tolist() == scores.assd[[1, 4]].tolist() == [1, 0]  # 4 is in neither
    assert scores.counts.mean(scores.hd95) == 1


def test_what_is_not_known_is_as_if_it_were_beyond_the_image():
    predicted, truth = np.random.default_rng(0).integers(0, 4, (2, 9, 12))
    known = np.zeros((9, 12), bool)
    known[:, :7] = True
    part, whole = score_classes(predicted[:, :7], truth[:, :7], 4), score_classes(predicted, truth, 4, known)
    for name in ("hd95", "assd"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(part, name))
    assert whole.counts.overlap.tolist() == part.counts.overlap.tolist()
    assert whole.assd[1] != score_classes(predicted, truth, 4).assd[1]


def test_in_a_stack_no_distance_is_defined_as_that_of_its_planes_is_not_known():
    stack = np.array([row("011"), row("002")])
    scores = score_classes(stack, stack, 4)
    assert np.isnan(scores.hd95[:3]).all()
    assert scores.counts.dice.tolist() == [1, 1, 1, 1]


def test_a_foreground_is_one_whatever_number_it_is_written_with():
    for mask in (row("0110"), row("0110").astype(np.uint8) * 255, row("0110") > 0):
        assert foreground(mask).tolist() == [[False, True, True, False]]
    assert not foreground(row("000")).any()


@pytest.mark.parametrize("mask", [row("0120"), np.arange(256, dtype=np.uint8), row("01") * 0.5])
def test_probabilities_and_instances_are_no_foreground(mask):
    with pytest.raises(InputError, match="Threshold probabilities"):
        foreground(mask)


@pytest.mark.parametrize(
    ("predicted", "truth", "words"),
    [
        (row("013"), row("012"), "prediction holds numbers from 0 to 3; wanted are those of classes, 0 to 2"),
        (row("012"), -row("012"), "truth holds numbers from -2 to 0"),
        (row("01") * 0.9, row("01"), "float64.*Threshold probabilities"),
        (row("01"), row("01").astype(np.float32), "float32.*Threshold probabilities"),
        (row("01"), row("011"), "must agree"),
        (row(""), row(""), "at least one pixel"),
    ],
)
def test_what_is_no_class_is_refused(predicted, truth, words):
    with pytest.raises(InputError, match=words):
        count_classes(predicted, truth, 3)
