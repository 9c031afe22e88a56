"""The average of a network's weights: what it is, and that it is judged and kept, and not what is fitted."""

import numpy as np
import pytest


@pytest.fixture
def network():
    import keras

    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    network.compile("adam", "mse")
    network.optimizer.build(network.trainable_variables)
    return network


@pytest.fixture
def average(network):
    from maskloop.training.average import Average

    return Average(network, momentum=0.99)


def after_a_step(network, average, number):
    """Return what the average is after a step that doubled the weights."""
    network.optimizer.iterations.assign(number)
    network.trainable_variables[0].assign(2 * np.ones((2, 1)))
    average.on_train_batch_end(0)
    return average.spare[0].numpy().ravel()


def test_a_step_counts_for_little_and_the_first_ones_for_much(network, average):
    np.testing.assert_allclose(after_a_step(network, average, 10_000), 1.01)
    np.testing.assert_allclose(after_a_step(network, average, 0), 1.01 + 0.9 * 0.99)


def test_a_swap_is_undone_by_another(network, average):
    after_a_step(network, average, 10_000)
    for fitted, spare in ((1.01, 2), (2, 1.01)):
        average.swap()
        np.testing.assert_allclose(network.trainable_variables[0].numpy(), fitted)
        np.testing.assert_allclose(average.spare[0].numpy(), spare)


def test_a_share_of_the_weights_before_stays_in_it(network):
    from maskloop.training.average import Average

    average = Average(network, momentum=0.0, of_start=0.25)
    np.testing.assert_allclose(after_a_step(network, average, 10_000), 0.75 * 2 + 0.25 * 1)


def test_the_moments_of_batch_normalisation_are_the_last_mixed_with_the_first():
    import keras

    from maskloop.training.average import Average

    network = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)])
    network.compile("adam", "mse")
    network.optimizer.build(network.trainable_variables)
    average, layer = Average(network, momentum=0.99, of_start=0.25), network.layers[0]
    layer.moving_mean.assign([4, 8])
    average.on_train_batch_end(0)
    average.swap()
    np.testing.assert_allclose(layer.moving_mean.numpy(), [3, 6])
    average.swap()
    np.testing.assert_allclose(layer.moving_mean.numpy(), [4, 8])
