import numpy as np
import pytest

from maskloop.model.batch_normalisation import BatchNormalisation

X = np.random.default_rng(0).normal(3, 2, (4, 16, 16, 5)).astype(np.float32)
SETTINGS = {"momentum": 0.9, "epsilon": 1e-3}


def with_moments(layer):
    layer.build(X.shape)
    layer.set_weights([np.linspace(0.5, 2, 5), np.arange(5), np.full(5, 2.5), np.full(5, 3.0)])
    return layer


@pytest.fixture
def ours():
    return with_moments(BatchNormalisation(**SETTINGS))


@pytest.fixture
def plain():
    import keras

    return with_moments(keras.layers.BatchNormalization(**SETTINGS))


@pytest.mark.parametrize("training", [True, False])
def test_as_the_layer_of_keras(ours, plain, training):
    for _ in range(3):
        np.testing.assert_allclose(ours(X, training=training), plain(X, training=training), atol=1e-4)
    np.testing.assert_allclose(ours.get_weights()[2], plain.get_weights()[2], rtol=1e-5)


def test_the_variance_that_is_kept_is_unbiased(ours):
    few = X[:2, :2, :2]
    ours(few, training=True)
    wanted = 0.9 * 3.0 + 0.1 * np.var(few, axis=(0, 1, 2), ddof=1)
    np.testing.assert_allclose(ours.get_weights()[3], wanted, rtol=1e-5)


def test_gradients_are_those_of_the_layer_of_keras(ours, plain):
    import tensorflow as tf

    def gradients(layer):
        inputs = tf.constant(X)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(layer(inputs, training=True) ** 3)
        return tape.gradient(loss, [inputs, *layer.trainable_variables])

    for one, other in zip(gradients(ours), gradients(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=0.05)


def test_moments_stay_where_it_is_not_trained(ours):
    ours.trainable = False
    ours(X, training=True)
    np.testing.assert_array_equal(ours.get_weights()[2], np.full(5, 2.5, np.float32))


def test_half_precision_stays_near(ours):
    half = with_moments(BatchNormalisation(**SETTINGS, dtype="mixed_bfloat16"))
    found = half(X, training=True)
    assert found.dtype.name == "bfloat16"
    np.testing.assert_allclose(np.float32(found), ours(X, training=True), atol=0.05)
