"""A training as TensorBoard shows it: scores, a sample prediction and the graph."""

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from maskloop.config import NetworkConfig
from maskloop.ops.examine import outlines
from maskloop.project.history import Epoch
from maskloop.project.model_folder import LOG_FOLDER
from maskloop.project.preview import Preview

Value = tf.compat.v1.Summary.Value
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
        self._folder, self._network, self._channels = folder / LOG_FOLDER, network, config.channels
        self._picture: list[Any] = []

    def add_epoch(self, epoch: Epoch) -> None:
        """Write the scores of an epoch, and the preview that was added last."""
        scores = [Value(tag=name, simple_value=score) for name, score in asdict(epoch).items() if name != "epoch"]
        # Not tf.summary.scalar and image, for which the package of TensorBoard itself must be there.
        summary = tf.compat.v1.Summary(value=scores + self._picture).SerializeToString()
        self._picture = []
        with self._writer.as_default():
            tf.summary.experimental.write_raw_pb(summary, epoch.epoch)
        self._writer.flush()

    def add_preview(self, preview: Preview) -> None:
        """Keep what was found in a crop, in purple, beside the truth, in yellow, for the epoch that is added next."""
        grey = np.uint8(255 * np.clip(preview.image[..., :3].mean(axis=-1, keepdims=True), 0, 1))
        pictures = [np.repeat(grey, 3, axis=-1) for _ in range(2)]
        for picture, labels, colour in zip(pictures, (preview.truth, preview.after), (TRUE, FOUND), strict=True):
            picture[outlines(labels)] = colour
        pair = np.concatenate(pictures, axis=1)
        png = tf.io.encode_png(pair).numpy()
        image = tf.compat.v1.Summary.Image(
            height=pair.shape[0], width=pair.shape[1], colorspace=3, encoded_image_string=png
        )
        self._picture = [Value(tag="true | found", image=image)]

    @cached_property
    def _writer(self) -> tf.summary.SummaryWriter:
        """Begin with the graph, once there is an epoch: a folder in which none has ended stays as it was."""
        writer = tf.summary.create_file_writer(str(self._folder))
        image = tf.TensorSpec((None, None, None, self._channels), tf.float32)
        with writer.as_default():
            tf.summary.graph(tf.function(self._network).get_concrete_function(image).graph)
        return writer
