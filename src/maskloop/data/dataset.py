"""Crops to batches: reproducible by seed and epoch, whatever the number of threads."""

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from maskloop.config import TrainConfig
from maskloop.data.augment import DRAWN, draw, vary_greys, warp
from maskloop.data.examples import Example
from maskloop.errors import InputError
from maskloop.ops.axes import choose_channel
from maskloop.ops.normalise import normalise
from maskloop.ops.objects import Box, widen
from maskloop.ops.task import Task, task_of
from maskloop.project.model_folder import Preprocessing

CONTEXT = 256  # pixels around what is reviewed
REHEARSED = 0.4  # share of the crops, where there are any to rehearse
STRIDE = 4  # of the grid on which places to learn from are sought


def normalise_greys(
    example: Example,
    channels: int,
    steps: Preprocessing = Preprocessing(),  # noqa: B008 - frozen
) -> Example:
    """Bring the grey values of an image to a common range, as a whole, in as many channels as a network takes.

    Parameters
    ----------
    example : Example
    channels : int
    steps : Preprocessing, optional
        Which percentiles become 0 and 1.

    Returns
    -------
    Example
        With an image of float32.

    Raises
    ------
    InputError
        If its channels do not fit.
    """
    try:
        image = normalise(choose_channel(example.image, None, channels), steps.low, steps.high)
    except InputError as error:
        raise InputError(f"{example.name!r}: {error}") from error
    return Example(example.name, image, example.labels, example.reviewed)


def focus(example: Example) -> Example:
    """Leave out what is far from anything reviewed; without it the memory of the rest is freed."""
    box = around_reviewed(example)
    reviewed = None if example.reviewed is None else example.reviewed[box]
    return Example(example.name, example.image[box].copy(), example.labels[box].copy(), reviewed)


def prepare(example: Example, task: Task) -> np.ndarray:
    """Lay an image, its targets and their weights behind each other, so that they are cropped and turned alike.

    Parameters
    ----------
    example : Example
        From `normalise_greys`.
    task : Task
        What its labels mean.

    Returns
    -------
    ndarray of shape (Y, X, C + targets + weights), float16
    """
    targets, weights = task.to_targets(example.labels), task.to_weights(example.labels, example.reviewed)
    return np.concatenate([example.image, targets, weights], axis=-1).astype(np.float16)


def around_reviewed(example: Example) -> Box:
    """Return the box of an image with what is reviewed, and what a crop may show around it."""
    if example.reviewed is None:
        return slice(0, example.labels.shape[0]), slice(0, example.labels.shape[1])
    rows, columns = (np.flatnonzero(example.reviewed.any(axis=1 - axis)) for axis in (0, 1))
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return widen(box, CONTEXT, example.labels.shape)


def steps_of(config: TrainConfig, images: int) -> int:
    """Return the steps of an epoch: those that are asked for, or as many as show each of so many images once."""
    return config.steps or -(-images // config.batch)


def training_batches(
    layers: Sequence[np.ndarray], config: TrainConfig, epoch: int, rehearsal: Sequence[np.ndarray] = ()
) -> tf.data.Dataset:
    """Make the batches of one epoch: random crops, varied.

    Larger images are drawn more often, by the square root of their reviewed area: by area, a few large ones would
    drown the rest; evenly, most of their pixels would never be seen. In an image that is reviewed in part, crops lie
    where it is.

    Parameters
    ----------
    layers : sequence of ndarray of shape (Y, X, C + targets + weights)
        From `prepare`.
    config : TrainConfig
    epoch : int
        With ``config.seed`` it determines every batch.
    rehearsal : sequence of ndarray of shape (Y, X, C + targets + weights), optional
        What a base model has learned before; some of the crops show it, so that it is not forgotten.

    Returns
    -------
    tf.data.Dataset
        As many as `steps_of` says: pairs of images (batch, crop, crop, C) and targets
        (batch, crop, crop, targets + weights), float32.
    """
    depth = layers[0].shape[-1]
    weights = task_of(config.network.task).weights
    image = depth - task_of(config.network.task).targets - weights
    places = [_reviewed_places(a, weights) for a in layers] + [None] * len(rehearsal)
    chances, count = _chances(layers, places), steps_of(config, len(layers)) * config.batch
    if rehearsal:
        chances = np.append((1 - REHEARSED) * chances, np.full(len(rehearsal), REHEARSED / len(rehearsal)))
        layers = [*layers, *rehearsal]

    def windows() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        rng = np.random.default_rng([config.seed, epoch])
        for i in _order(rng, count, chances, each_once=config.steps is None and not rehearsal):
            matrix, greys = draw(config.augment, rng)
            window, transform = _window(layers[i], places[i], matrix, config.crop, rng)
            yield window, transform, greys, rng.integers(2**31, size=2, dtype=np.int32)

    def vary(window: tf.Tensor, transform: tf.Tensor, greys: tf.Tensor, seed: tf.Tensor) -> tuple:
        crop = warp(tf.cast(window, tf.float32), transform, config.crop)
        crop.set_shape((config.crop, config.crop, depth))
        # A pixel between a reviewed and another one is not reviewed.
        weight = tf.where(crop[..., -weights:] > 0.99, tf.maximum(crop[..., -weights:], 1.0), 0.0)
        return vary_greys(crop[..., :image], greys, seed), tf.concat([crop[..., image:-weights], weight], axis=-1)

    signature = (
        tf.TensorSpec((None, None, depth), tf.float16),
        tf.TensorSpec((6,), tf.float32),
        tf.TensorSpec((DRAWN,), tf.float32),
        tf.TensorSpec((2,), tf.int32),
    )
    dataset = tf.data.Dataset.from_generator(windows, output_signature=signature)
    # Without autotune (see below) it must be said how much is done at once: the crops of a batch.
    dataset = dataset.map(vary, num_parallel_calls=config.batch, deterministic=True)
    return _untuned(dataset.batch(config.batch, drop_remainder=True).prefetch(2))


def _untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Keep TensorFlow from tuning a pipeline: its thread for that sleeps, and the end of each epoch waits for it."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def _order(rng: np.random.Generator, count: int, chances: np.ndarray, each_once: bool) -> np.ndarray:
    """Draw images by chance, or in random order all of them, until there are enough."""
    if not each_once:
        return rng.choice(len(chances), count, p=chances)
    rounds = -(-count // len(chances))
    return np.concatenate([rng.permutation(len(chances)) for _ in range(rounds)])[:count]


def _chances(layers: Sequence[np.ndarray], places: Sequence[np.ndarray | None]) -> np.ndarray:
    areas = [a[..., 0].size if p is None else len(p) * STRIDE**2 for a, p in zip(layers, places, strict=False)]
    return np.sqrt(areas) / np.sqrt(areas).sum()


def _reviewed_places(layers: np.ndarray, weights: int) -> np.ndarray | None:
    """Return pixels (y, x) to learn from, or None where all are."""
    weight = layers[..., -weights] > 0
    if weight.all():
        return None
    places = STRIDE * np.argwhere(weight[::STRIDE, ::STRIDE])
    return places if len(places) else np.argwhere(weight)[:: STRIDE**2]  # of what lies between, as many for its area


def _window(
    layers: np.ndarray, places: np.ndarray | None, matrix: np.ndarray, crop: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cut what one varied crop needs; return it with the transform from the crop to it."""
    reach = int(np.ceil(np.abs(matrix).sum(axis=1).max() * crop / 2)) + 1
    aim = None if places is None else rng.choice(places) + rng.uniform(-crop / 4, crop / 4, 2)
    corner, centre = [], []
    for axis, length in enumerate(layers.shape[:2]):
        # A crop reaches over the edge only where the image is smaller than the crop.
        low, high = min(crop / 2, length / 2), max(length - crop / 2, length / 2)
        middle = rng.uniform(low, high) if aim is None else np.clip(aim[axis], low, high)
        start = int(max(middle - reach, 0))
        corner.append(slice(start, int(middle + reach) + 1))
        centre.append(middle - start)
    offset = np.array(centre[::-1]) - matrix @ np.full(2, (crop - 1) / 2)
    transform = np.concatenate([matrix[0], offset[:1], matrix[1], offset[1:]]).astype(np.float32)
    return layers[corner[0], corner[1]], transform


def validation_batches(layers: Sequence[np.ndarray], config: TrainConfig) -> tf.data.Dataset:
    """Make the batches of validation: the same unvaried crops at every call, at most four an image, where reviewed.

    Returns
    -------
    tf.data.Dataset
        Pairs of images (batch, crop, crop, C) and targets (batch, crop, crop, targets + weights), float32.
    """
    task = task_of(config.network.task)
    crops = np.stack([part for one in layers for part in _grid(one, config.crop, task.weights)]).astype(np.float32)
    image = crops.shape[-1] - task.targets - task.weights
    pairs = tf.data.Dataset.from_tensor_slices((crops[..., :image], crops[..., image:]))
    return _untuned(pairs.batch(config.batch))


def _grid(layers: np.ndarray, crop: int, weights: int) -> list[np.ndarray]:
    """Cut crops out of the corners of the box around what is reviewed; if nothing is reviewed there, around places."""
    reviewed = layers[..., -weights] > 0
    box = [_range_around(np.any(reviewed, axis=1 - axis), crop) for axis in (0, 1)]
    corners = [(start,) if stop - start < 1.5 * crop else (start, stop - crop) for start, stop in box]
    crops = [_cut(layers, y, x, crop) for y in corners[0] for x in corners[1]]
    crops = [piece for piece in crops if piece[..., -weights].any()]
    return crops or [_cut(layers, y - crop // 2, x - crop // 2, crop) for y, x in _spread(np.argwhere(reviewed))]


def _cut(layers: np.ndarray, y: int, x: int, crop: int) -> np.ndarray:
    """Cut a crop that begins at a place, or where there is room for it; a smaller image is mirrored."""
    y, x = (max(min(start, n - crop), 0) for start, n in zip((y, x), layers.shape[:2], strict=True))
    piece = layers[y : y + crop, x : x + crop]
    return np.pad(piece, [*((0, crop - n) for n in piece.shape[:2]), (0, 0)], mode="symmetric")


def _spread(places: np.ndarray) -> np.ndarray:
    return places[np.linspace(0, len(places) - 1, 4).round().astype(int)]


def _range_around(reviewed: np.ndarray, crop: int) -> tuple[int, int]:
    """Return the range of the reviewed places along an axis, widened to a crop where the image is large enough."""
    places = np.flatnonzero(reviewed)
    start, stop = int(places[0]), int(places[-1]) + 1
    start = max(min(start, len(reviewed) - crop), 0)
    return start, min(max(stop, start + crop), len(reviewed))
