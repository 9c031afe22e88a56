"""What training minimises and what it reports; written with keras.ops, so that any Keras backend runs it."""

import keras
from keras import ops


def objects_loss(targets: keras.KerasTensor, maps: keras.KerasTensor) -> keras.KerasTensor:
    """Cross-entropy and Dice loss of the foreground, and absolute error of the distance.

    The distance's error is averaged over objects and background apart, since most pixels are background.

    Parameters
    ----------
    targets : tensor of shape (batch, Y, X, 4), float32
        Foreground and distance, 0 to 1, and the weights of both; a pixel of weight 0 changes nothing.
    maps : tensor of shape (batch, Y, X, 2), float32
        The predicted foreground and distance.

    Returns
    -------
    tensor of shape (batch,)
    """
    targets = ops.cast(targets, maps.dtype)
    foreground, distance, weight, distance_weight = (targets[..., i] for i in range(4))
    predicted, predicted_distance = maps[..., 0], maps[..., 1]
    pixels = (1, 2)

    def mean(values: keras.KerasTensor, weights: keras.KerasTensor) -> keras.KerasTensor:
        return ops.sum(values * weights, axis=pixels) / ops.maximum(ops.sum(weights, axis=pixels), 1)

    entropy = mean(ops.binary_crossentropy(foreground, predicted), weight)

    overlap = ops.sum(foreground * predicted * weight, axis=pixels)
    total = ops.sum((foreground + predicted) * weight, axis=pixels)
    dice = 1 - (2 * overlap + 1) / (total + 1)

    error = ops.abs(distance - predicted_distance)
    objects = foreground * distance_weight
    inside = ops.sum(error * objects, axis=pixels) / (ops.sum(objects, axis=pixels) + 1)
    outside = mean(error * (1 - foreground), distance_weight)
    return entropy + dice + 2 * inside + outside


class ForegroundIoU(keras.metrics.BinaryIoU):
    """Intersection over union of the thresholded foreground, pooled over all weighted pixels since the last reset."""

    def __init__(self, name: str = "iou") -> None:
        super().__init__(target_class_ids=(1,), threshold=0.5, name=name)

    def update_state(
        self,
        y_true: keras.KerasTensor,
        y_pred: keras.KerasTensor,
        sample_weight: None = None,  # noqa: ARG002 - Keras's
    ) -> None:
        """Add a batch of targets of shape (batch, Y, X, 4) and maps of shape (batch, Y, X, 2)."""
        return super().update_state(ops.round(y_true[..., 0]), y_pred[..., 0], ops.cast(y_true[..., 2], "int32"))
