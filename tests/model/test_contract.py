"""What every kind of network keeps to: build, save, load, and predict the same."""

import numpy as np
import pytest

from maskloop.config import NetworkConfig, name_classes
from maskloop.inference.model import load_model
from maskloop.model.unet import build_unet
from maskloop.model.weights import load_weights, save_weights
from maskloop.project.model_folder import bundled_models, read_card

KINDS = {
    "usual": NetworkConfig(filters=(4, 8)),
    "no normalisation": NetworkConfig(filters=(4, 8), normalisation="none"),
    "nearest": NetworkConfig(filters=(4, 8), upsampling="nearest"),
    "plain": NetworkConfig(filters=(4, 8), normalisation="none", upsampling="nearest", activation="elu"),
    "dropout": NetworkConfig(filters=(4, 8), dropout=(0.2, 0.5), activation="gelu"),
    "deep": NetworkConfig(filters=(2, 3, 4, 5, 6), activation="silu"),
    "foreground": NetworkConfig(filters=(4, 8), task={"kind": "foreground"}),
    "classes": NetworkConfig(filters=(4, 8), task={"kind": "classes", "classes": name_classes(["liver", "tumour"])}),
    "colour": NetworkConfig(filters=(4, 8), channels=3),
} | {path.name: read_card(path).network for path in bundled_models()}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    """The config of a network, and one with random weights."""
    import keras

    keras.utils.set_random_seed(1)
    network = build_unet(KINDS[request.param])
    rng = np.random.default_rng(1)
    for variable in network.weights:
        if not variable.path.endswith("kernel"):  # not 0 and 1, or it would not show whether they are saved
            variable.assign(variable + 0.1 * rng.random(variable.shape))
    return KINDS[request.param], network


def images(config, size, batch=2):
    shape = (batch, *(n * config.multiple for n in size), config.channels)
    return np.random.default_rng(0).normal(0.5, 0.5, shape).astype(np.float32)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 7)])
def test_maps_have_the_size_of_the_image_and_lie_between_0_and_1(kind, size):
    config, network = kind
    image = images(config, size)
    maps = np.asarray(network.predict_on_batch(image))
    assert maps.shape == (*image.shape[:3], len(config.task.heads))
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert maps.std() > 0


def test_saved_and_loaded_it_predicts_the_same(kind, tmp_path):
    config, network = kind
    save_weights(network, tmp_path / "weights.safetensors")
    again = build_unet(config)
    image = images(config, (2, 2))
    before = again.predict_on_batch(image)
    load_weights(again, tmp_path / "weights.safetensors")
    np.testing.assert_array_equal(again.predict_on_batch(image), network.predict_on_batch(image))
    assert np.abs(before - network.predict_on_batch(image)).max() > 0


def test_images_of_a_batch_do_not_influence_each_other(kind):
    config, network = kind
    image = images(config, (2, 2))
    alone = np.concatenate([network.predict_on_batch(image[i : i + 1]) for i in range(2)])
    np.testing.assert_allclose(network.predict_on_batch(image), alone, atol=1e-5)


def test_nothing_beyond_the_receptive_radius_reaches_a_pixel(kind):
    config, network = kind
    side = 2 * config.receptive_radius // config.multiple + 2
    image = images(config, (1, side), batch=1)
    changed = image.copy()
    changed[:, :, : config.multiple] += 3
    difference = np.abs(network.predict_on_batch(changed) - network.predict_on_batch(image))[0].max(axis=(0, 2))
    assert difference[: config.multiple].max() > 1e-4
    assert difference[config.multiple + config.receptive_radius :].max() < 1e-6


def test_half_precision_differs_little_and_is_stored_in_full(kind):
    config, network = kind
    half = build_unet(config, bfloat16=True)
    for variable, value in zip(half.weights, network.weights, strict=True):
        assert variable.dtype == "float32"
        variable.assign(value)
    image = images(config, (2, 2))
    maps = np.asarray(half.predict_on_batch(image))
    assert maps.dtype == np.float32
    assert (maps.view(np.uint32) & 0xFFFF).any(), "the maps have no more digits than bfloat16"
    assert np.abs(maps - network.predict_on_batch(image)).mean() < 0.02


def test_every_kind_segments_images_of_any_size(kind, make_model, tmp_path):
    from maskloop import segment

    config, _ = kind
    folder = make_model(tmp_path / "model", config)
    model = load_model(folder)
    for size in [(1, 1), (17, 33), (3, 200)]:
        labels = segment(np.random.default_rng(0).random((*size, config.channels)), model, axes="YXC")
        assert labels.shape == size
        assert labels.dtype == np.int32
