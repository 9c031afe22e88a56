"""A training as TensorBoard shows it: scores, a sample prediction and the graph."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from maskloop.config import NetworkConfig
from maskloop.ops.examine import outlines
from maskloop.project.history import Epoch
from maskloop.project.preview import Preview

Value = tf.compat.v1.Summary.Value
LOG_FOLDER = "tensorboard"  # in the model folder
TRUE, FOUND = (240, 228, 66), (204, 121, 167)  # yellow and purple


class TensorBoardLog:
    """Writes events that ``tensorboard --logdir MODEL_FOLDER`` reads.

    Parameters
    ----------
    folder : Path
        Of the model.
    network : keras.Model
    config : NetworkConfig
        How it was built.
    """

    def __init__(self, folder: Path, network: keras.Model, config: NetworkConfig) -> None:
        self._writer = tf.summary.create_file_writer(str(folder / LOG_FOLDER))
        self._epoch = 0
        image = tf.TensorSpec((None, None, None, config.channels), tf.float32)
        with self._writer.as_default():
            tf.summary.graph(tf.function(network).get_concrete_function(image).graph)

    def add_epoch(self, epoch: Epoch) -> None:
        """Write the scores of an epoch."""
        self._epoch = epoch.epoch
        scores = (Value(tag=name, simple_value=score) for name, score in asdict(epoch).items() if name != "epoch")
        self._write(epoch.epoch, scores)
        self._writer.flush()

    def add_preview(self, preview: Preview) -> None:
        """Write what was found in a crop, in purple, beside the truth, in yellow; to be called before `add_epoch`."""
        grey = np.uint8(255 * np.clip(preview.image[..., :3].mean(axis=-1, keepdims=True), 0, 1))
        pictures = [np.repeat(grey, 3, axis=-1) for _ in range(2)]
        for picture, labels, colour in zip(pictures, (preview.truth, preview.after), (TRUE, FOUND), strict=True):
            picture[outlines(labels)] = colour
        pair = np.concatenate(pictures, axis=1)
        png = tf.io.encode_png(pair).numpy()
        image = tf.compat.v1.Summary.Image(
            height=pair.shape[0], width=pair.shape[1], colorspace=3, encoded_image_string=png
        )
        self._write(self._epoch + 1, [Value(tag="true | found", image=image)])

    def _write(self, step: int, values: Iterable[Any]) -> None:
        # Not tf.summary.scalar and image, for which the package of TensorBoard itself must be there.
        summary = tf.compat.v1.Summary(value=list(values)).SerializeToString()
        with self._writer.as_default():
            tf.summary.experimental.write_raw_pb(summary, step)
