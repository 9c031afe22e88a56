"""The kinds of mistakes, on labels of which one knows what is wrong."""

import numpy as np
import pytest

from maskloop.errors import InputError
from maskloop.ops.mistakes import Mistakes, count_mistakes


@pytest.fixture
def truth(discs):
    return discs((80, 120), [(20, 20), (20, 60), (60, 20), (60, 100)], 12)


def test_the_truth_makes_no_mistakes_whatever_its_numbers(truth):
    assert count_mistakes(truth, truth) == Mistakes()
    assert count_mistakes(truth * 1000, truth) == Mistakes()
    assert count_mistakes(np.roll(truth, 2, axis=1), truth) == Mistakes()


def test_what_is_not_found_is_missed_and_what_is_nowhere_is_invented(truth):
    assert count_mistakes(0 * truth, truth) == Mistakes(missed=4)
    assert count_mistakes(truth, 0 * truth) == Mistakes(invented=4)
    assert count_mistakes(np.where(truth == 2, 0, truth), truth) == Mistakes(missed=1)
    assert count_mistakes(truth, np.where(truth == 2, 0, truth)) == Mistakes(invented=1)


def test_an_outline_that_is_far_off_is_a_miss_and_an_invention(truth):
    shifted = np.where(truth == 2, 0, truth)
    shifted[5:35, 63:90] = 9
    assert count_mistakes(shifted, truth) == Mistakes(missed=1, invented=1)


def test_two_in_one_are_merged_and_one_in_two_is_split(truth):
    both = np.where(truth == 2, 1, truth)
    assert count_mistakes(both, truth) == Mistakes(merged=1)
    assert count_mistakes(truth, both) == Mistakes(split=1)


def test_a_crumb_inside_splits_and_one_outside_is_invented(truth):
    with_crumb = truth.copy()
    with_crumb[18:22, 18:22] = 50
    # Both lie in the object by more than half, so it is split.
    assert count_mistakes(with_crumb, truth) == Mistakes(split=1)
    with_crumb = truth.copy()
    with_crumb[1:3, 1:3] = 50
    assert count_mistakes(with_crumb, truth) == Mistakes(invented=1)


def test_other_shapes_are_refused(truth):
    with pytest.raises(InputError, match=r"\(80, 120\).*\(80, 119\)"):
        count_mistakes(truth, truth[:, 1:])
