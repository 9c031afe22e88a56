"""A loaded model applied to planes: tiles, sizes, channels."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from maskloop.config import LabelsConfig, SegmentConfig
from maskloop.errors import Cancelled, InputError
from maskloop.inference import predict_maps as inference
from maskloop.inference.model import load_model
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.metrics import count
from maskloop.project.model_folder import bundled_models


@pytest.fixture(scope="module")
def tiny(tiny_model):
    return load_model(tiny_model)


def nuclei_like(labels, noise=0.02):
    """A plane of blurred discs of several brightnesses on a dark, noisy ground."""
    bright = np.where(labels > 0, 0.5 + 0.05 * (labels % 8), 0.05)
    blurred = ndimage.gaussian_filter(bright, 1.0)
    return (blurred + noise * np.random.default_rng(0).normal(size=labels.shape)).astype(np.float32)[..., None]


def on_a_grid(discs, shape, radius):
    """Discs of one radius, apart, not quite on a grid."""
    step = 3 * radius
    corners = [(y, x) for y in range(step, shape[0] - step, step) for x in range(step, shape[1] - step, step)]
    return discs(shape, [(y + x % 7, x + y % 5) for y, x in corners], radius)


@pytest.mark.parametrize("name", ["tiny", *(path.name for path in bundled_models())])
def test_tiled_equals_whole(name, tiny, discs, monkeypatch):
    model = tiny if name == "tiny" else load_model(name)
    plane = nuclei_like(np.tile(on_a_grid(discs, (300, 220), 11), (5, 5)))
    results, tiles = [], []
    for tile in (512, 10**6):
        monkeypatch.setattr(inference, "TILE", tile)
        config = SegmentConfig(diameter=model.card.diameter)
        shares = []
        results.append(model.segment_plane(plane, config, shares.append))
        tiles.append(len(shares) - 1)
    assert tiles == [9, 1]
    tiled, whole = results
    np.testing.assert_allclose(tiled.maps, whole.maps, atol=1e-3)
    np.testing.assert_array_equal(tiled.labels, whole.labels)
    assert whole.labels.max() > 100


def test_the_kept_maps_give_the_labels_that_were_shown(tiny):
    # Adjusting starts from the kept maps: unchanged settings must not change the labels.
    plane = np.random.default_rng(3).random((200, 200, 1))
    result = tiny.segment_plane(plane, SegmentConfig())
    np.testing.assert_array_equal(maps_to_labels(result.maps, tiny.card.labels, result.rescaled), result.labels)


def test_the_labels_follow_the_settings(tiny):
    plane = np.random.default_rng(3).random((200, 200, 1))
    maps = tiny.segment_plane(plane, SegmentConfig(diameter=20)).maps
    config = LabelsConfig(foreground=float(np.median(maps[..., 0])), min_size=50)
    labels = tiny.segment_plane(plane, SegmentConfig(labels=config, diameter=20)).labels
    assert 0.2 < (labels > 0).mean() < 0.6
    assert np.bincount(labels.ravel()).min() >= 50


def test_a_warm_model_is_traced_for_planes_of_any_size(tiny_model):
    model = load_model(tiny_model)
    model.warm()
    traced = model.network.predict_function.experimental_get_tracing_count()
    for size in ((32, 48), (90, 70), (300, 20)):
        model.segment_plane(np.random.default_rng(0).random((*size, 1)), SegmentConfig(diameter=20))
    assert model.network.predict_function.experimental_get_tracing_count() == traced


@pytest.mark.parametrize(("diameter", "factor"), [(10, 2), (20, 1), (80, 0.25), (2000, 0.01)])
def test_the_plane_is_rescaled_by_the_diameter_and_the_maps_are_scaled_back(tiny, diameter, factor):
    result = tiny.segment_plane(np.random.default_rng(0).random((90, 70, 1)), SegmentConfig(diameter=diameter))
    assert result.rescaled == factor
    assert result.maps.shape == (90, 70, 2)
    assert result.labels.shape == (90, 70)
    assert 0 <= result.maps.min() <= result.maps.max() <= 1


def test_an_image_enlarged_twice_gives_the_same_objects_at_twice_the_diameter(tiny):
    plane = ndimage.gaussian_filter(np.random.default_rng(0).random((64, 64)), 3)[..., None]
    large = ndimage.zoom(plane, (2, 2, 1), order=1, grid_mode=True, mode="nearest")
    small_maps = tiny.segment_plane(plane, SegmentConfig(diameter=20)).maps.astype(float)
    large_maps = tiny.segment_plane(large, SegmentConfig(diameter=40)).maps.astype(float)
    alike = np.corrcoef(small_maps[8:-8, 8:-8, 0].ravel(), large_maps[16:-16:2, 16:-16:2, 0].ravel())[0, 1]
    native = tiny.segment_plane(large, SegmentConfig(diameter=20)).maps.astype(float)
    unlike = np.corrcoef(small_maps[8:-8, 8:-8, 0].ravel(), native[16:-16:2, 16:-16:2, 0].ravel())[0, 1]
    assert alike > 0.9 > unlike


class Shortsighted:
    """A network of discs that sees nothing beyond some pixels around the middle, and nothing in too small a plane."""

    def __init__(self, sees=15, smallest=0):
        self.sees, self.smallest = sees, smallest

    def predict_on_batch(self, images):
        height, width = images.shape[1:3]
        y, x = np.ogrid[:height, :width]
        away = np.hypot(y - height / 2, x - width / 2)
        near = (images[..., 0] > 0.5) & (away < self.sees) & (min(height, width) >= self.smallest)
        return np.stack([near, near * np.maximum(1 - away / self.sees, 0.01)], axis=-1).astype(np.float32)


def test_what_float16_holds_with_less_precision_counts_as_nothing(tiny):
    def predict(images):
        return np.tile(np.float32([1e-5, 1e-4]), (*images.shape[:3], 1))

    result = replace(tiny, network=SimpleNamespace(predict_on_batch=predict)).segment_plane(
        np.random.default_rng(0).random((32, 32, 1)), SegmentConfig()
    )
    assert np.unique(result.maps[..., 0]) == 0
    assert np.unique(result.maps[..., 1]) == np.float16(1e-4)


def with_network(model, network, diameter):
    return replace(model, network=network, card=model.card.model_copy(update={"diameter": diameter}))


@pytest.mark.parametrize(("diameter", "factor"), [(10, 2.6), (14, 1.86), (16, 1), (48, 1), (53, 0.377), (60, 0.333)])
def test_objects_of_unusual_size_are_brought_to_a_usual_one(tiny, discs, diameter, factor):
    plane = (discs((192, 192), [(96, 48), (96, 144)], diameter / 2) > 0).astype(np.uint8)[..., None]
    model, seen = with_network(tiny, Shortsighted(sees=1000), 20), []
    result = model.segment_plane(plane, SegmentConfig(), seen.append)
    assert result.rescaled == pytest.approx(factor, rel=0.05)
    assert seen == sorted(seen), "progress goes back when the plane is predicted again"
    assert seen[-1] == 1
    assert any(0.5 < share < 1 for share in seen) == (factor != 1)


def test_a_speck_alone_enlarges_nothing(tiny, discs):
    plane = discs((192, 192), [(96, 96)], 5)[..., None]
    assert with_network(tiny, Shortsighted(sees=1000), 20).segment_plane(plane, SegmentConfig()).rescaled == 1


def test_what_was_rescaled_is_measured_again(tiny, discs):
    plane = discs((192, 192), [(96, 96)], 60)[..., None]
    model = with_network(tiny, Shortsighted(sees=20), 12)
    # Of 120 pixels 40 are seen at first, so it is shrunk to 0.3, where all 36 are.
    assert model.segment_plane(plane, SegmentConfig()).rescaled == pytest.approx(0.1, rel=0.1)


def test_what_is_found_no_more_when_it_is_enlarged_stays_as_it_was(tiny, discs):
    plane = (discs((192, 192), [(96, 66), (96, 96), (96, 126)], 5) > 0).astype(np.uint8)[..., None]
    result = with_network(tiny, Shortsighted(sees=40), 20).segment_plane(plane, SegmentConfig())
    assert result.rescaled == 1
    assert result.labels.max() == 3


def test_what_is_not_found_again_when_it_is_rescaled_stays_as_it_was(tiny, discs):
    plane = discs((192, 192), [(96, 96)], 60)[..., None]
    model = with_network(tiny, Shortsighted(smallest=192), 12)
    result = model.segment_plane(plane, SegmentConfig())
    assert result.rescaled == 1
    assert result.labels.max() == 1


@pytest.mark.parametrize("path", bundled_models(), ids=lambda path: path.name)
@pytest.mark.parametrize("radius", [7, 12])
def test_a_bundled_model_finds_round_objects_of_its_sizes(path, radius, discs):
    truth = on_a_grid(discs, (256, 256), radius)
    counts = count(load_model(path).segment_plane(nuclei_like(truth), SegmentConfig()).labels, truth)
    assert counts.f1 > 0.95
    assert counts.dice > {"nuclei": 0.95, "nuclei-colour": 0.93}[path.name]  # which outlines flat grey discs narrowly


@pytest.mark.parametrize("path", bundled_models(), ids=lambda path: path.name)
@pytest.mark.parametrize(("radius", "diameter"), [(4, None), (3, 6), (2, 4)])
def test_small_objects_are_found(path, radius, diameter, discs):
    # Of 13 pixels each the smallest, where the model's smallest object, at its own scale, is larger than that.
    truth = on_a_grid(discs, (128, 128), radius)
    labels = load_model(path).segment_plane(nuclei_like(truth), SegmentConfig(diameter=diameter)).labels
    assert labels.max() > 0.5 * truth.max()


def test_the_chosen_channel_alone_is_segmented(tiny):
    plane = np.random.default_rng(0).random((60, 70, 3))
    for channel in range(3):
        chosen = tiny.segment_plane(plane, SegmentConfig(channel=channel))
        alone = tiny.segment_plane(plane[..., channel : channel + 1], SegmentConfig())
        np.testing.assert_array_equal(chosen.maps, alone.maps)


def test_colour_is_segmented_as_grey(tiny):
    plane = np.random.default_rng(0).random((60, 70, 3))
    colour = tiny.segment_plane(plane, SegmentConfig())
    grey = tiny.segment_plane(plane.mean(axis=-1, keepdims=True), SegmentConfig())
    np.testing.assert_allclose(colour.maps, grey.maps, atol=1e-3)


def test_a_diameter_that_would_make_the_image_too_large_is_refused(tiny):
    with pytest.raises(InputError, match=r"2500 x 2000 pixels would become 25000 x 20000.*trained on objects of 20"):
        tiny.segment_plane(np.zeros((2000, 2500, 1), np.uint8), SegmentConfig(diameter=2))


def test_it_stops_at_the_tile_at_which_it_is_asked_to(tiny, monkeypatch):
    monkeypatch.setattr(inference, "TILE", 16)
    done = []
    with pytest.raises(Cancelled):
        tiny.segment_plane(
            np.random.default_rng(0).random((100, 100, 1)),
            SegmentConfig(),
            done.append,
            lambda: len(done) == 4,
        )
    np.testing.assert_allclose(done, np.arange(4) / 49 / 2)
