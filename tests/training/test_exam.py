"""Validation images as an exam: what is asked, and that a network that knows the answers passes."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from maskloop.config import LabelsConfig, NetworkConfig
from maskloop.data.examples import Example
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.objects import count_objects
from maskloop.ops.targets import labels_to_targets
from maskloop.training.exam import EXCERPTS, SIDE, Exam
from maskloop.training.train import _tune_on

CONFIG = NetworkConfig(filters=(4, 8))
SHAPE = (64, 96)
CENTRES = [(16, 16), (44, 20), (30, 48), (18, 76), (46, 72)]


class Oracle:
    """In place of a network: sees in an image, in which labels are written, the maps that a perfect one would predict.

    Parameters
    ----------
    faint : float
        What is left of the foreground.
    """

    def __init__(self, faint=1.0):
        self.faint = faint

    def predict_on_batch(self, batch):
        maps = [labels_to_targets(image[..., 0].round().astype(np.int32)) for image in batch]
        return np.stack(maps) * (self.faint, 1)


@pytest.fixture
def example(discs):
    """A function that makes an example of which the oracle sees all discs, or those that are given."""

    def example(name="a", centres=CENTRES, seen=None, reviewed=None, shape=SHAPE):
        image = discs(shape, centres if seen is None else seen, 9).astype(np.float32)[..., None]
        return Example(name, image, discs(shape, centres, 9), reviewed)

    return example


def ap50(*examples):
    exam = Exam(CONFIG, examples)
    return exam.ap(exam.segment(Oracle(), LabelsConfig()))[0]


def test_a_network_that_knows_the_answers_passes(example):
    exam = Exam(CONFIG, [example(), example("b", CENTRES[:2])])
    found = exam.segment(Oracle(), LabelsConfig())
    for labels, truth in zip(found, exam.examples, strict=True):
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(labels > 0, truth.labels > 0)
        assert count_objects(labels) == count_objects(truth.labels)
    assert exam.ap(found)[0] == 1


def test_each_object_weighs_the_same_whatever_image_it_is_in(example):
    # 4 of 5 in one image and none of 1 in the other: 4 of 6 together.
    assert ap50(example(seen=CENTRES[:4]), example("b", CENTRES[:1], seen=[])) == pytest.approx(4 / 6)


def test_what_nobody_vouches_for_is_not_asked(example):
    reviewed = np.zeros(SHAPE, bool)
    reviewed[:, :34] = True  # around the first two
    assert ap50(example(seen=CENTRES[:2], reviewed=reviewed)) == 1
    assert ap50(example(seen=CENTRES[1:], reviewed=reviewed)) == 0.5


def test_thresholds_are_chosen_by_which_the_network_passes_best(example):
    exam = Exam(CONFIG, [example()])
    maps = exam.maps(Oracle(faint=0.42))
    labels = exam.tune(maps, LabelsConfig(), False, lambda: False)
    assert labels.foreground < 0.42
    np.testing.assert_allclose(exam.ap([maps_to_labels(maps[0], labels)]), 1)


def test_maps_are_those_that_are_kept_when_somebody_segments(example):
    from maskloop.inference.predict_maps import as_kept

    [maps] = Exam(CONFIG, [example()]).maps(Oracle(faint=1e-6))  # which float16 holds as a subnormal number
    assert maps.dtype == np.float16
    assert not maps[..., 0].any()
    assert maps[..., 1].max() == 1
    np.testing.assert_array_equal(as_kept(maps.astype(np.float32)), maps)


def test_in_a_hurry_what_was_known_before_is_kept(example):
    first = LabelsConfig(foreground=0.5)
    exam = Exam(CONFIG, [example(), example("b", CENTRES[:2])])
    maps = exam.maps(Oracle(faint=0.42))
    assert exam.tune(maps, first, True, lambda: True) == first
    assert exam.tune(maps, first, True, lambda: False).foreground < 0.42


def test_an_excerpt_is_of_a_few_small_crops_amid_objects_the_fullest_first(example):
    shape = (600, 700)
    examples = [example(str(n), [(500, 80 + 25 * i) for i in range(n % 7)], shape=shape) for n in range(40)]
    crops = Exam(CONFIG, examples).excerpt().examples
    assert len(crops) == EXCERPTS
    assert {crop.labels.shape for crop in crops} == {(SIDE, SIDE)}
    assert all(crop.image.shape == (SIDE, SIDE, 1) for crop in crops)
    counts = [count_objects(crop.labels) for crop in crops]
    assert counts == sorted(counts, reverse=True)
    assert counts == sorted((int(crop.name) % 7 for crop in crops), reverse=True)  # none was cut away
    assert {crop.name for crop in crops} >= {"0", "39"}  # from all over the exam


def test_in_an_excerpt_image_truth_and_what_is_reviewed_stay_together(example):
    shape = (300, 400)
    reviewed = np.zeros(shape, bool)
    reviewed[200:, 300:] = True
    [crop] = Exam(CONFIG, [example(centres=[(40, 40), (250, 350)], reviewed=reviewed, shape=shape)]).excerpt().examples
    np.testing.assert_array_equal(crop.image[..., 0], crop.labels)
    assert set(np.unique(crop.labels[crop.reviewed])) == {0, 2}
    assert crop.reviewed.sum() == reviewed.sum()


def test_of_a_small_exam_the_excerpt_is_the_whole(example):
    exam = Exam(CONFIG, [example(), example("b", CENTRES[:2])])
    assert [crop.name for crop in exam.excerpt().examples] == ["a", "b"]
    np.testing.assert_array_equal(exam.excerpt().examples[0].labels, exam.examples[0].labels)


def test_a_real_network_takes_images_of_any_size(example):
    from maskloop.model.unet import build_unet

    exam = Exam(CONFIG, [example(shape=(61, 47), centres=CENTRES[:1])])
    [labels] = exam.segment(build_unet(CONFIG), LabelsConfig())
    assert labels.shape == (61, 47)


def test_what_the_base_was_judged_by_has_a_say_in_the_thresholds_but_not_in_the_scores(example, discs):
    exam, course = Exam(CONFIG, [example()]), SimpleNamespace(base=object(), labels=LabelsConfig(min_size=8))
    speck = discs(SHAPE, [(6, 60)], 3)  # which the network takes for an object, where only the base's crops have it
    known = example()
    known = replace(known, image=known.image + (speck * 9)[..., None])
    for before, min_size in (([], 8), ([known] * 4, 40)):
        tuned, scores = _tune_on(exam, before, course, Oracle(), lambda: False, math.inf)
        assert tuned.min_size == min_size
        assert scores == {"ap50": 1, "mean_ap": 1}
