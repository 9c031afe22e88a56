"""Metrics against cases worked out by hand, and against trying every matching."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskloop.errors import InputError
from maskloop.ops.metrics import THRESHOLDS, count, pool


def row(text):
    """Labels in one row, one digit a pixel."""
    return np.array([[int(digit) for digit in text]])


def test_a_case_worked_out_by_hand():
    # 5 and 1 share 3 of 4 pixels: IoU 0.75. 7 and 2 share 1 of 2: IoU 0.5. Nothing else overlaps.
    counts = count(row("5550007"), row("1111022"))
    assert counts.true_positives.tolist() == [2, 1, 1, 1, 1, 1, 0, 0, 0]
    assert counts.ap.tolist() == pytest.approx([1] + 5 * [1 / 3] + 3 * [0])  # 2 / 2, then 1 / (2 + 2 - 1)
    assert counts.f1 == 1
    assert counts.pq == (0.75 + 0.5) / 2  # mean IoU of the matched times F1
    assert counts.dice == 2 * 4 / (4 + 6)  # 4 pixels in both; 4 predicted, 6 true
    assert counts.iou == 4 / 6


def test_a_missed_an_invented_and_a_split_object_worked_out_by_hand():
    # 1 is found as it is; 2 is split into 8 (IoU 3/5) and 9 (2/5); 3 is missed; 6 is invented.
    counts = count(row("4440888990006"), row("1110222220330"))
    assert counts.true_positives[THRESHOLDS.index(0.6)] == 2
    assert counts.true_positives[THRESHOLDS.index(0.65)] == 1
    assert counts.ap[0] == 2 / (4 + 3 - 2)
    assert counts.f1 == 2 * 2 / (4 + 3)
    assert counts.pq == pytest.approx((1 + 3 / 5) / 2 * 4 / 7)
    assert counts.dice == 2 * 8 / (9 + 10)
    assert counts.iou == 8 / (9 + 10 - 8)


@pytest.mark.parametrize("pair", [("5555", "1122"), ("1122", "5555")])
def test_one_object_in_place_of_two_matches_one_of_them_at_most(pair):
    # 1 and 2 fill half of 5 each: IoU 0.5 with both, but one object is not two.
    counts = count(*map(row, pair))
    assert counts.true_positives.tolist() == [1] + 8 * [0]
    assert counts.pq == 2 * 0.5 / 3


@pytest.mark.parametrize(
    ("predicted", "truth", "score"), [("000", "000", 1), ("110", "000", 0), ("000", "110", 0), ("110", "990", 1)]
)
def test_empty_masks_agree_with_each_other_and_with_nothing_else(predicted, truth, score):
    counts = count(row(predicted), row(truth))
    assert counts.ap.tolist() == 9 * [score]
    assert (counts.f1, counts.pq, counts.dice, counts.iou) == (score, score, score, score)


def brute_force(predicted, truth):
    """The most matches at each threshold, and the largest sum of IoU at 0.5, over all one-to-one matchings."""
    objects = [[labels == n for n in np.unique(labels) if n] for labels in (predicted, truth)]
    iou = [[Fraction(int((p & t).sum()), int((p | t).sum())) for t in objects[1]] for p in objects[0]]

    def matchings(i=0, used=frozenset()):
        if i == len(iou):
            yield ()
            return
        yield from matchings(i + 1, used)
        for j in set(range(len(objects[1]))) - used:
            for rest in matchings(i + 1, used | {j}):
                yield (iou[i][j], *rest)

    tried = list(matchings())
    most = [max(sum(v >= Fraction(str(t)) for v in m) for m in tried) for t in THRESHOLDS]
    return most, max(sum(v for v in m if v >= Fraction(1, 2)) for m in tried)


@given(st.integers(0, 10**6))
def test_the_matches_are_the_best_of_all_matchings(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, (3, 3)).repeat(2, axis=0).repeat(2, axis=1)
    changed = rng.random(truth.shape) < rng.uniform(0, 0.6)
    predicted = np.where(changed, rng.integers(0, 5, truth.shape), (truth * 3) % 7)
    counts = count(predicted, truth)
    most, best_sum = brute_force(predicted, truth)
    assert counts.true_positives.tolist() == most
    assert counts.matched_iou == pytest.approx(float(best_sum))


@given(st.integers(0, 10**6))
def test_numbers_and_the_order_of_the_two_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    predicted, truth = rng.integers(0, 4, (2, 6, 6))
    counts, mirrored = count(predicted, truth), count(truth * 1000, predicted)
    np.testing.assert_array_equal(counts.ap, mirrored.ap)
    assert (counts.f1, counts.dice, counts.iou) == (mirrored.f1, mirrored.dice, mirrored.iou)


def test_pooling_weighs_objects_and_not_images():
    one_wrong = count(row("10"), row("01"))  # 1 predicted, 1 true, none matched
    three_right = count(row("10203"), row("10203"))
    pooled = pool([one_wrong, three_right])
    assert pooled.ap[0] == 3 / (4 + 4 - 3)
    assert pooled.dice == 2 * 3 / (4 + 4)
    assert pooled.pq == 3 / 4


def test_pooling_nothing_is_refused():
    with pytest.raises(InputError, match="nothing to evaluate"):
        pool([])


def test_shapes_that_differ_are_refused():
    with pytest.raises(InputError, match="must agree"):
        count(np.zeros((3, 4), int), np.zeros((4, 3), int))
