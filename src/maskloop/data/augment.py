"""Random variations of a crop: drawn with numpy, so that a seed says it all, and applied with TensorFlow."""

import numpy as np
import tensorflow as tf

from maskloop.config import AugmentConfig

SAME_GREYS = [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0]
DRAWN = len(SAME_GREYS)


def draw(config: AugmentConfig, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw one variation.

    Returns
    -------
    matrix : ndarray of shape (2, 2), float64
        From (x, y) in the crop to (x, y) in the image, both counted from their centre.
    greys : ndarray of shape (11,), float32
        Contrast, brightness, exponent, blur in pixels, noise, sign, shading along y and x, shot noise, saturation,
        share of other channels in each.
    """
    angle = rng.uniform(0, 2 * np.pi) if config.rotation else 0.0
    if config.flips:
        angle += rng.integers(4) * np.pi / 2
    mirror = rng.choice([-1, 1]) if config.flips else 1
    step = config.scale ** rng.uniform(-1, 1)
    [apart] = rng.spawn(1)  # so that all else is drawn as it was when there was nothing of these
    greys = [
        config.contrast ** rng.uniform(-1, 1),
        rng.uniform(-config.brightness, config.brightness),
        config.gamma ** rng.uniform(-1, 1),
        rng.uniform(0, config.blur) * rng.integers(2),
        rng.uniform(0, config.noise) * rng.integers(2),
        -1 if rng.uniform() < config.invert else 1,
        *apart.uniform(-config.shading, config.shading, 2),
        apart.uniform(0, config.shot_noise) * apart.integers(2),
        apart.uniform(0, config.saturation) * apart.integers(2),
    ]
    unvaried = apart.uniform() < config.unvaried
    greys.append(apart.uniform(0, config.colour))
    if unvaried:
        step, greys = 1.0, SAME_GREYS
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = step * np.array([[cos, -sin], [sin, cos]]) @ np.diag([mirror, 1])
    return matrix, np.array(greys, np.float32)


def warp(window: tf.Tensor, transform: tf.Tensor, size: int) -> tf.Tensor:
    """Resample a window of shape (y, x, C) to (size, size, C); beyond its edge it is mirrored."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=window[None],
        transforms=tf.concat([transform, [0.0, 0.0]], 0)[None],
        output_shape=[size, size],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )[0]


def vary_greys(image: tf.Tensor, greys: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Vary the colours, light, focus, noise and exposure of an image of shape (Y, X, C) around 0 to 1."""
    contrast, brightness, exponent, sigma, noise, sign, *shading, shot_noise, saturation, mixed = tf.unstack(greys)
    image = _mix(image, mixed, seed)
    image = tf.where(sign < 0, 1.0 - image, image)
    # Below 0 the power is undefined, so it acts on what lies above.
    image = tf.pow(tf.maximum(image, 1e-6), exponent) + tf.minimum(image, 0.0)
    image = (image - 0.5) * contrast + 0.5 + brightness
    image = _blur(_shade(image, shading), sigma)
    spread = noise + shot_noise * tf.sqrt(tf.maximum(image, 0.0))
    image += spread * tf.random.stateless_normal(tf.shape(image), seed)
    highest = 1.0 - saturation
    return tf.where(saturation > 0, tf.minimum(image, highest) / highest, image)


def _mix(image: tf.Tensor, share: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Replace a share of each channel by a random mean of all; what is grey stays so."""
    depth = image.shape[-1]
    if depth == 1:
        return image
    parts = tf.nn.softmax(2.0 * tf.random.stateless_normal((depth, depth), seed + 1), axis=0)
    return image + share * (image @ parts - image)


def _shade(image: tf.Tensor, shading: list[tf.Tensor]) -> tf.Tensor:
    """Multiply by a ramp that is 1 in the middle."""
    height, width, _ = image.shape
    y, x = (tf.linspace(-0.5, 0.5, n) for n in (height, width))
    return image * (1.0 + shading[0] * y[:, None, None] + shading[1] * x[None, :, None])


def _blur(image: tf.Tensor, sigma: tf.Tensor, radius: int = 4) -> tf.Tensor:
    taps = tf.range(-radius, radius + 1, dtype=tf.float32)
    kernel = tf.exp(-0.5 * (taps / tf.maximum(sigma, 1e-2)) ** 2)
    kernel /= tf.reduce_sum(kernel)
    depth = image.shape[-1]
    padded = tf.pad(image, [[radius, radius], [radius, radius], [0, 0]], "SYMMETRIC")[None]
    for shape in ((2 * radius + 1, 1, 1, 1), (1, 2 * radius + 1, 1, 1)):
        weights = tf.tile(tf.reshape(kernel, shape), [1, 1, depth, 1])
        padded = tf.nn.depthwise_conv2d(padded, weights, [1, 1, 1, 1], "VALID")
    return padded[0]
