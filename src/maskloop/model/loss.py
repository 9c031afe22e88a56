"""What training minimises and what it reports; written with keras.ops, so that any Keras backend runs it."""

import keras
from keras import ops


def objects_loss(targets: keras.KerasTensor, maps: keras.KerasTensor) -> keras.KerasTensor:
    """Cross-entropy and Dice loss of the foreground, and absolute error of the distance.

    The distance's error is averaged over objects and background apart, since most pixels are background.

    Parameters
    ----------
    targets, maps : tensor of shape (batch, Y, X, 2), float32
        Foreground and distance, 0 to 1.

    Returns
    -------
    tensor of shape (batch,)
    """
    targets = ops.cast(targets, maps.dtype)
    foreground, distance = targets[..., 0], targets[..., 1]
    predicted, predicted_distance = maps[..., 0], maps[..., 1]
    pixels = (1, 2)

    entropy = ops.mean(ops.binary_crossentropy(foreground, predicted), axis=pixels)

    overlap = ops.sum(foreground * predicted, axis=pixels)
    dice = 1 - (2 * overlap + 1) / (ops.sum(foreground, axis=pixels) + ops.sum(predicted, axis=pixels) + 1)

    error = ops.abs(distance - predicted_distance)
    inside = ops.sum(error * foreground, axis=pixels) / (ops.sum(foreground, axis=pixels) + 1)
    outside = ops.mean(error * (1 - foreground), axis=pixels)
    return entropy + dice + 2 * inside + outside


class ForegroundIoU(keras.metrics.BinaryIoU):
    """Intersection over union of the thresholded foreground, pooled over all pixels since the last reset."""

    def __init__(self, name: str = "iou") -> None:
        super().__init__(target_class_ids=(1,), threshold=0.5, name=name)

    def update_state(
        self,
        y_true: keras.KerasTensor,
        y_pred: keras.KerasTensor,
        sample_weight: keras.KerasTensor | None = None,
    ) -> None:
        """Add a batch of targets and maps, each of shape (batch, Y, X, 2)."""
        return super().update_state(ops.round(y_true[..., 0]), y_pred[..., 0], sample_weight)
