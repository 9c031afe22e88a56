"""The loop: which weights are kept, how the rate falls, when it ends."""

import numpy as np
import pytest

from maskloop.config import TrainConfig
from maskloop.data.dataset import focus, prepare, validation_batches
from maskloop.data.examples import read_examples


@pytest.fixture(scope="module")
def layers(data):
    return [prepare(focus(example, 1)) for example in read_examples(data)]


def fitted(layers, config: TrainConfig, folder, **callbacks):
    """Fit a network of fixed random weights; return it with its history."""
    import keras

    from maskloop.model.unet import build_unet
    from maskloop.training.callbacks import Callbacks
    from maskloop.training.fit import fit

    keras.utils.set_random_seed(0)
    network = build_unet(config.network)
    return network, fit(network, layers[1:], layers[:1], config, folder, Callbacks(**callbacks))


def test_it_ends_when_nothing_gets_better_with_the_weights_of_the_best_epoch(layers, settings, tmp_path):
    config = settings(epochs=100, steps=1, learning_rate=1, patience=2)
    network, history = fitted(layers, config, tmp_path)
    losses = [epoch.val_loss for epoch in history]
    assert len(history) < 100
    assert np.argmin(losses) == len(losses) - 1 - config.patience
    loss = network.evaluate(validation_batches(layers[:1], config), verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(min(losses), rel=1e-4)


def test_each_epoch_sees_other_crops(layers, settings, tmp_path):
    _, history = fitted(layers, settings(learning_rate=1e-9), tmp_path)  # too low to change the network
    losses = [epoch.loss for epoch in history]
    assert np.abs(np.diff(losses)).min() > 1e-3


def test_the_rate_falls_along_a_cosine_after_a_first_gentle_epoch(layers, settings, tmp_path):
    _, history = fitted(layers, settings(epochs=4, steps=1, learning_rate=0.01), tmp_path)
    # A fifth at first; then half of 1 + cos(pi / 4), 1 + cos(pi / 2), 1 + cos(3 pi / 4).
    wanted = [0.002, 0.0085355, 0.005, 0.0014645]
    assert [epoch.learning_rate for epoch in history] == pytest.approx(wanted, rel=1e-4)


def test_minutes_are_a_budget_that_what_went_before_counts_against(layers, settings, tmp_path):
    config = settings(epochs=None, minutes=1e-3, steps=1)
    shares = []
    _, history = fitted(layers, config, tmp_path, on_epoch=lambda _, share: shares.append(share))
    assert len(history) == 1
    assert shares == [1]
    assert fitted(layers, config, tmp_path)[1] == history
