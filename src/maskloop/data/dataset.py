"""Crops to batches: reproducible by seed and epoch, whatever the number of threads."""

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from maskloop.config import TrainConfig
from maskloop.data.augment import draw, vary_greys, warp
from maskloop.data.examples import Example
from maskloop.ops.axes import choose_channel
from maskloop.ops.normalise import normalise
from maskloop.ops.targets import labels_to_targets

TARGETS = 2


def prepare(example: Example, channels: int) -> np.ndarray:
    """Lay the normalised image and its targets behind each other, so that they are cropped and turned alike.

    Returns
    -------
    ndarray of shape (Y, X, channels + 2), float16
    """
    image = normalise(choose_channel(example.image, None, channels))
    return np.concatenate([image, labels_to_targets(example.labels)], axis=-1).astype(np.float16)


def training_batches(layers: Sequence[np.ndarray], config: TrainConfig, epoch: int) -> tf.data.Dataset:
    """Make the batches of one epoch: random crops, varied.

    Larger images are drawn more often, by the square root of their area: by area, a few large ones would drown the
    rest; evenly, most of their pixels would never be seen.

    Parameters
    ----------
    layers : sequence of ndarray of shape (Y, X, C + 2)
        From `prepare`.
    config : TrainConfig
    epoch : int
        With ``config.seed`` it determines every batch.

    Returns
    -------
    tf.data.Dataset
        ``config.steps`` pairs of images (batch, crop, crop, C) and targets (batch, crop, crop, 2), float32.
    """
    depth = layers[0].shape[-1]
    chances = np.sqrt([a.shape[0] * a.shape[1] for a in layers])
    chances /= chances.sum()

    def windows() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        rng = np.random.default_rng([config.seed, epoch])
        for i in rng.choice(len(layers), config.steps * config.batch, p=chances):
            matrix, greys = draw(config.augment, rng)
            window, transform = _window(layers[i], matrix, config.crop, rng)
            yield window, transform, greys, rng.integers(2**31, size=2, dtype=np.int32)

    def vary(window: tf.Tensor, transform: tf.Tensor, greys: tf.Tensor, seed: tf.Tensor) -> tuple:
        crop = warp(tf.cast(window, tf.float32), transform, config.crop)
        crop.set_shape((config.crop, config.crop, depth))
        return vary_greys(crop[..., :-TARGETS], greys, seed), crop[..., -TARGETS:]

    signature = (
        tf.TensorSpec((None, None, depth), tf.float16),
        tf.TensorSpec((6,), tf.float32),
        tf.TensorSpec((6,), tf.float32),
        tf.TensorSpec((2,), tf.int32),
    )
    dataset = tf.data.Dataset.from_generator(windows, output_signature=signature)
    dataset = dataset.map(vary, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return dataset.batch(config.batch, drop_remainder=True).prefetch(2)


def _window(
    layers: np.ndarray, matrix: np.ndarray, crop: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut what one varied crop needs; return it with the transform from the crop to it."""
    reach = int(np.ceil(np.abs(matrix).sum(axis=1).max() * crop / 2)) + 1
    corner, centre = [], []
    for length in layers.shape[:2]:
        # A crop reaches over the edge only where the image is smaller than the crop.
        low, high = min(crop / 2, length / 2), max(length - crop / 2, length / 2)
        middle = rng.uniform(low, high)
        start = int(max(middle - reach, 0))
        corner.append(slice(start, int(middle + reach) + 1))
        centre.append(middle - start)
    offset = np.array(centre[::-1]) - matrix @ np.full(2, (crop - 1) / 2)
    transform = np.concatenate([matrix[0], offset[:1], matrix[1], offset[1:]]).astype(np.float32)
    return layers[corner[0], corner[1]], transform


def validation_batches(layers: Sequence[np.ndarray], config: TrainConfig) -> tf.data.Dataset:
    """Make the batches of validation: the same unvaried crops at every call, at most four an image.

    Returns
    -------
    tf.data.Dataset
        Pairs of images (batch, crop, crop, C) and targets (batch, crop, crop, 2), float32.
    """
    crops = np.stack([crop for image in layers for crop in _grid(image, config.crop)]).astype(np.float32)
    return tf.data.Dataset.from_tensor_slices((crops[..., :-TARGETS], crops[..., -TARGETS:])).batch(config.batch)


def _grid(layers: np.ndarray, crop: int) -> list[np.ndarray]:
    margins = [(0, max(crop - n, 0)) for n in layers.shape[:2]]
    layers = np.pad(layers, [*margins, (0, 0)], mode="symmetric")
    corners = [(0,) if n < 1.5 * crop else (0, n - crop) for n in layers.shape[:2]]
    return [layers[y : y + crop, x : x + crop] for y in corners[0] for x in corners[1]]
