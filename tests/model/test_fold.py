"""A network without batch normalisation that predicts the same."""

import numpy as np
import pytest

from maskloop.config import NetworkConfig
from maskloop.model.fold import fold_normalisation
from maskloop.model.unet import build_unet


@pytest.mark.parametrize(
    "config",
    [
        NetworkConfig(filters=(4, 8, 8)),
        NetworkConfig(filters=(4, 8), upsampling="nearest", activation="elu", dropout=(0.1, 0.2)),
        NetworkConfig(filters=(4, 8), normalisation="none", channels=3),
    ],
)
def test_it_predicts_the_same_without_normalisation(config):
    rng = np.random.default_rng(0)
    network = build_unet(config)
    for layer in network.layers:
        if layer.name.endswith("_norm"):
            layer.set_weights([rng.uniform(0.5, 2, weights.shape) for weights in layer.get_weights()])
    folded = fold_normalisation(network, config)
    image = rng.normal(size=(2, 32, 48, config.channels)).astype(np.float32)
    maps = network.predict_on_batch(image)
    assert maps.std() > 0.01
    np.testing.assert_allclose(folded.predict_on_batch(image), maps, atol=1e-5)
    assert not any(layer.name.endswith("_norm") for layer in folded.layers)
