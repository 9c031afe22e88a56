"""Crops to batches: reproducible, and image and target varied alike."""

import numpy as np
import pytest

from maskloop.config import AugmentConfig, NetworkConfig, TrainConfig
from maskloop.data.dataset import (
    REHEARSED,
    focus,
    normalise_greys,
    prepare,
    training_batches,
    validation_batches,
)
from maskloop.data.examples import Example
from maskloop.ops.targets import NEAR
from maskloop.ops.task_kinds import Objects

SAME_GREYS = {"brightness": 0, "contrast": 1, "gamma": 1, "blur": 0, "noise": 0}
UNVARIED = AugmentConfig(flips=False, rotation=False, scale=1, **SAME_GREYS)


def settings(augment=AugmentConfig(), **choices):  # noqa: B008 - frozen
    network = NetworkConfig(filters=(4, 8))
    return TrainConfig(**{"crop": 32, "batch": 4, "steps": 3, "augment": augment, "network": network} | choices)


def batches(layers, config, epoch=0):
    images, targets = zip(*training_batches(layers, config, epoch).as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(targets)


@pytest.fixture(scope="module")
def layers(discs):
    """Two images of different sizes with their targets."""
    rng = np.random.default_rng(0)
    shapes = {(90, 100): [(20, 20), (50, 60), (70, 30)], (60, 70): [(30, 30)]}
    labels = [discs(shape, centres, 11) for shape, centres in shapes.items()]
    examples = [Example("x", (n > 0)[..., None] + rng.normal(0, 0.1, (*n.shape, 1)), n) for n in labels]
    return [prepare(normalise_greys(example, 1), Objects()) for example in examples]


def test_prepared_layers_are_the_image_from_0_to_1_and_its_targets(layers):
    assert layers[0].shape == (90, 100, 5)
    assert layers[0].dtype == np.float16
    image, foreground, distance, *weights = np.moveaxis(layers[0].astype(float), -1, 0)
    assert np.median(image[foreground == 1]) > 0.7
    assert np.median(image[foreground == 0]) < 0.3
    assert set(np.unique(foreground)) == {0, 1}
    assert distance.max() == 1
    assert np.all(weights == np.ones((2, 90, 100)))


def test_of_a_large_image_what_is_far_from_anything_reviewed_is_left_out():
    reviewed = np.zeros((900, 1000), bool)
    reviewed[500:510, 0:20] = True
    image = np.zeros((900, 1000, 1))
    image[0, 0] = 1000  # it is normalised as a whole all the same
    example = focus(normalise_greys(Example("x", image, np.zeros((900, 1000), int), reviewed), 1))
    assert example.image.shape == (522, 276, 1)
    assert example.labels.shape == example.reviewed.shape == (522, 276)
    assert prepare(example, Objects())[..., -1].sum() == 200


def test_batches_have_the_shapes_and_types_that_a_network_takes(layers):
    seen = list(training_batches(layers, settings(), 0).as_numpy_iterator())
    assert [(x.shape, y.shape) for x, y in seen] == 3 * [((4, 32, 32, 1), (4, 32, 32, 4))]
    assert {a.dtype for pair in seen for a in pair} == {np.dtype(np.float32)}
    assert all(np.isfinite(a).all() for pair in seen for a in pair)


def test_seed_and_epoch_determine_every_batch(layers):
    first = batches(layers, settings(seed=5), epoch=2)
    for one, again in zip(first, batches(layers, settings(seed=5), epoch=2), strict=True):
        np.testing.assert_array_equal(one, again)
    for other in (batches(layers, settings(seed=5), epoch=3), batches(layers, settings(seed=6), epoch=2)):
        assert (np.abs(first[0] - other[0]).max(axis=(1, 2, 3)) > 0.1).all()


def test_no_epoch_waits_for_the_tuning_of_a_pipeline(layers):
    for dataset in (training_batches(layers, settings(), 0), validation_batches(layers, settings())):
        assert dataset.options().autotune.enabled is False


def test_crops_of_an_epoch_differ(layers):
    images, _ = batches(layers, settings(steps=8))
    assert len(np.unique(images, axis=0)) == len(images)


@pytest.mark.parametrize("size", [(90, 100), (20, 25), (33, 200), (1, 1)])
def test_image_and_target_are_warped_alike(size, discs):
    foreground = discs(size, [(size[0] // 2, size[1] // 3)], 9) > 0
    same = weighted(np.repeat(foreground[..., None], 3, axis=-1))
    images, targets = batches([same], settings(AugmentConfig(scale=2, **SAME_GREYS)))
    np.testing.assert_allclose(images[..., 0], targets[..., 0], atol=1e-4)
    np.testing.assert_array_equal(targets[..., 0], targets[..., 1])
    assert images.max() > 0.5


def weighted(layers):
    return np.concatenate([layers, np.ones((*layers.shape[:2], 2))], axis=-1).astype(np.float16)


def positions(shape):
    """Layers whose targets are each pixel's own y and x."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return weighted(np.stack([y, y, x], axis=-1))


def test_without_variation_a_crop_is_a_piece_of_the_image():
    _, targets = batches([positions((50, 60))], settings(UNVARIED))
    np.testing.assert_allclose(np.diff(targets[:, :-1, :, 0], axis=1), 1, atol=0.05)
    np.testing.assert_allclose(np.diff(targets[:, :, :-1, 1], axis=2), 1, atol=0.05)
    assert targets[..., 0].min() < 6
    assert targets[..., 0].max() > 43


@pytest.mark.parametrize(
    ("choices", "mirrored", "turned"),
    [({"scale": 1}, True, True), ({"rotation": False, "scale": 1}, True, False), ({"flips": False}, False, True)],
)
def test_crops_are_turned_mirrored_and_scaled_and_not_sheared(choices, mirrored, turned):
    config = settings(AugmentConfig(**SAME_GREYS | choices), steps=16)
    _, targets = batches([positions((90, 100))], config)
    middle = targets[:, 12:20, 12:20, :2]
    margin = 16 - 6 * config.augment.scale  # half a crop, less half the diagonal of the 8 x 8 pixels in its middle
    assert margin < middle.min()
    assert (middle.max(axis=(0, 1, 2)) < np.array([90, 100]) - margin).all()
    steps = np.stack([np.diff(middle, axis=axis).mean(axis=(1, 2)) for axis in (1, 2)], axis=-1)
    areas = np.linalg.det(steps)
    limit = config.augment.scale**2 * 1.1
    assert (np.abs(areas) > 1 / limit).all()
    assert (np.abs(areas) < limit).all()
    assert (areas < 0).any() == mirrored
    squares = steps.transpose(0, 2, 1) @ steps / np.abs(areas)[:, None, None]
    np.testing.assert_allclose(squares, np.tile(np.eye(2), (len(steps), 1, 1)), atol=0.1)
    by_quarters = (np.abs(steps / np.sqrt(np.abs(areas))[:, None, None]).max(axis=(1, 2)) > 0.99).all()
    assert by_quarters != turned


@pytest.mark.parametrize(
    "vary",
    [
        {"brightness": 0.3},
        {"contrast": 2},
        {"gamma": 2},
        {"blur": 3},
        {"noise": 0.1},
        {"shading": 0.5},
        {"shot_noise": 0.2},
        {"saturation": 0.5},
    ],
)
def test_each_variation_of_greys_changes_the_image_and_not_the_target(layers, vary):
    same = batches(layers, settings(AugmentConfig(**SAME_GREYS)))
    varied = batches(layers, settings(AugmentConfig(**SAME_GREYS | vary)))
    np.testing.assert_array_equal(same[1], varied[1])
    assert np.abs(same[0] - varied[0]).mean() > 0.01


def test_inversion_swaps_bright_and_dark(layers):
    same, _ = batches(layers, settings(AugmentConfig(**SAME_GREYS)))
    inverted, _ = batches(layers, settings(AugmentConfig(**SAME_GREYS, invert=1)))
    np.testing.assert_allclose(inverted, 1 - same, atol=1e-4)


def varied_bars(**vary):
    """Crops of an image with bars of grey values 0, 1/2 and 1, as they are varied."""
    bars = np.repeat(np.repeat([0, 0.5, 1], 100)[:, None, None], 300, axis=1)
    layers = weighted(np.concatenate([bars, np.zeros((300, 300, 2))], axis=-1))
    same, varied = (
        batches([layers], settings(AugmentConfig(**SAME_GREYS | how, scale=1, rotation=False), steps=8))[0]
        for how in ({}, vary)
    )
    return same.round(4), varied


def test_shading_is_a_ramp_that_is_1_in_the_middle():
    same, varied = varied_bars(shading=0.8)
    lit = same[..., 0] == 1
    assert varied[lit].min() < 0.8
    assert varied[lit].max() > 1.2
    np.testing.assert_allclose(varied[same == 0], 0, atol=1e-5)
    whole = lit.all(axis=(1, 2))
    assert whole.any()
    np.testing.assert_allclose(varied[whole].mean(axis=(1, 2, 3)), 1, atol=0.01)
    np.testing.assert_allclose(np.diff(varied[whole], n=2, axis=1), 0, atol=1e-5)


def test_shot_noise_grows_with_light():
    same, varied = varied_bars(shot_noise=0.4)
    np.testing.assert_allclose(varied[same == 0], 0, atol=5e-3)
    ratios = []
    for was, now in zip(same, varied, strict=True):
        dim, bright = ((now - was)[was == grey] for grey in (0.5, 1))
        if min(dim.size, bright.size) > 100 and dim.std() > 0:
            ratios.append(bright.std() / dim.std())
    assert ratios
    np.testing.assert_allclose(ratios, np.sqrt(2), rtol=0.2)


def test_saturation_cuts_off_what_is_bright():
    same, varied = varied_bars(saturation=0.9)
    assert varied.max() == 1
    assert (varied[same == 0.5] > 0.9).any()
    np.testing.assert_allclose(varied[same == 0], 0, atol=1e-4)


def test_validation_crops_are_the_same_each_time_and_come_from_every_corner():
    image = positions((100, 90))
    first, again = (
        np.concatenate([y for _, y in validation_batches([image], settings()).as_numpy_iterator()]) for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    assert sorted(tuple(crop[0, 0, :2]) for crop in first) == [(0, 0), (0, 58), (68, 0), (68, 58)]


def test_validation_finds_what_is_reviewed_away_from_the_corners_too():
    layers = part((300, 300), (0, 5), (148, 152))
    for rows, columns in (((295, 300), (148, 152)), ((148, 152), (0, 5)), ((148, 152), (295, 300))):
        layers[slice(*rows), slice(*columns), -2:] = 1
    crops = np.concatenate([y for _, y in validation_batches([layers], settings()).as_numpy_iterator()])
    assert crops.shape == (4, 32, 32, 4)
    assert crops[..., 2].any(axis=(1, 2)).all()


@pytest.mark.parametrize(("size", "crops"), [((1, 1), 1), ((20, 30), 1), ((32, 32), 1), ((40, 100), 2)])
def test_small_images_are_mirrored_to_a_crop(size, crops):
    images = [x for x, _ in validation_batches([positions(size)], settings()).as_numpy_iterator()]
    assert np.concatenate(images).shape == (crops, 32, 32, 1)


def part(size, rows, columns):
    """Layers of an image of which a box is reviewed; the target is where a pixel is."""
    layers = positions(size)
    layers[..., -2:] = 0
    layers[slice(*rows), slice(*columns), -2:] = 1
    return layers


def test_crops_of_an_image_that_is_reviewed_in_part_show_what_is_reviewed_and_weigh_nothing_else():
    layers = part((300, 200), (250, 290), (10, 60))
    _, targets = batches([layers], settings(AugmentConfig(scale=1.2, **SAME_GREYS), steps=8))
    y, x, weight, _ = np.moveaxis(targets, -1, 0)
    assert weight.any(axis=(1, 2)).all()
    assert set(np.unique(weight)) == {0, 1}
    assert y[weight == 1].min() >= 249.5
    assert x[weight == 1].max() <= 60
    assert len(np.unique(y[weight == 1].round())) == 40  # each reviewed row is seen


def test_what_is_reviewed_between_the_lines_of_a_coarse_grid_is_seen_too():
    strip = part((300, 200), (249, 252), (10, 60))
    _, targets = batches([strip], settings(UNVARIED, steps=8))
    assert (targets[..., 2] > 0).any(axis=(1, 2)).all()
    _, targets = batches([strip, part((300, 200), (0, 12), (0, 12))], settings(UNVARIED, steps=60))
    assert 0.3 < (targets[..., 0] > 200).all(axis=(1, 2)).mean() < 0.7  # as large as the other


def test_what_tells_two_objects_apart_weighs_more_and_what_is_unknown_never_anything():
    labels = np.kron(np.arange(1, 37).reshape(6, 6), np.ones((20, 20), int))  # they touch all over
    reviewed = np.ones(labels.shape, bool)
    reviewed[:50, :50] = False
    example = Example("", reviewed[..., None].astype(np.float32), labels, reviewed)
    prepared = prepare(example, Objects())
    seen, targets = batches([prepared], settings(AugmentConfig(**SAME_GREYS), steps=8))
    weight = targets[..., -1]
    assert weight.max() == NEAR
    assert 0.2 < (weight == NEAR).mean() < 0.7
    assert not ((weight > 0) & (weight < 1)).any()
    assert not weight[seen[..., 0] < 0.98].any()


def test_an_image_of_which_little_is_reviewed_is_drawn_less_often():
    _, targets = batches([part((200, 200), (0, 40), (0, 40)), positions((200, 200))], settings(steps=60))
    of_part = (targets[..., 2] == 0).any(axis=(1, 2)).mean()
    assert 0.1 < of_part < 0.25  # the sides are as 1 to 5


def test_validation_crops_lie_where_an_image_is_reviewed():
    layers = part((300, 200), (250, 290), (170, 200))
    [crop, *others] = np.concatenate([y for _, y in validation_batches([layers], settings()).as_numpy_iterator()])
    assert others == []
    assert crop[0, 0, :2].tolist() == [250, 168]
    corners = part((100, 100), (0, 9), (0, 9))
    corners[90:, 90:, -2:] = 1
    found = np.concatenate([y for _, y in validation_batches([corners], settings()).as_numpy_iterator()])
    assert sorted(tuple(crop[0, 0, :2]) for crop in found) == [(0, 0), (68, 68)]


def test_a_part_of_the_crops_is_rehearsed():
    mine, known = positions((60, 60)), positions((60, 60))
    known[..., 1] += 1000
    layers = training_batches([mine] * 9, settings(steps=60), 0, [known, known]).as_numpy_iterator()
    targets = np.concatenate([y for _, y in layers])
    assert (targets[..., 0] > 500).all(axis=(1, 2)).mean() == pytest.approx(REHEARSED, abs=0.06)


def test_without_a_number_of_steps_each_image_is_shown_once_and_some_again_to_fill_the_last_batch():
    images = [positions((40, 40)) for _ in range(7)]
    for number, image in enumerate(images):
        image[..., 0] = number
    config = settings(UNVARIED, steps=None, batch=4)
    shown = np.concatenate([x for x, _ in training_batches(images, config, 0).as_numpy_iterator()])
    numbers = np.median(shown[..., 0], axis=(1, 2)).round().astype(int)
    assert len(numbers) == 8
    assert set(numbers[:7]) == set(range(7))
    again = np.concatenate([x for x, _ in training_batches(images, config, 1).as_numpy_iterator()])
    assert not np.array_equal(again, shown)
