"""What training minimises and what it reports; written with keras.ops, so that any Keras backend runs it."""

from collections.abc import Callable

import keras
from keras import ops

from maskloop.config import TaskKind

Loss = Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]
PIXELS = (1, 2)  # axes


def loss_of(kind: TaskKind, dice: bool = True) -> Loss:
    """Return what training minimises.

    It is the cross-entropy of the foreground or of the classes, and one minus their soft Dice (Milletari et al. 2016,
    https://doi.org/10.1109/3DV.2016.79), averaged over classes other than the background; for objects also the absolute
    error of the distance, averaged over the weights of objects and of all pixels apart, since most are background.

    Parameters
    ----------
    kind : str
    dice : bool
        Whether Dice counts.

    Returns
    -------
    callable
        From targets of shape (batch, Y, X, targets + weights), float32, and maps of shape (batch, Y, X, heads) to the
        loss of each image, of shape (batch,). A pixel of weight 0 changes nothing.
    """

    def loss(targets: keras.KerasTensor, maps: keras.KerasTensor) -> keras.KerasTensor:
        targets = ops.cast(targets, maps.dtype)
        known = maps.shape[-1]
        truth, weight = targets[..., :known], targets[..., known]
        if kind == "classes":
            entropy = _mean(ops.categorical_crossentropy(truth, maps), weight)
            truth, maps = truth[..., 1:], maps[..., 1:]
        else:
            entropy = _mean(ops.binary_crossentropy(truth[..., 0], maps[..., 0]), weight)
        total = entropy
        if dice:
            total += _dice(truth if kind == "classes" else truth[..., :1], maps, weight)
        if kind == "objects":
            total += _distance_error(truth[..., 0], ops.abs(truth[..., 1] - maps[..., 1]), targets[..., -1])
        return total

    return loss


def _mean(values: keras.KerasTensor, weight: keras.KerasTensor) -> keras.KerasTensor:
    return ops.sum(values * weight, axis=PIXELS) / ops.maximum(ops.sum(weight, axis=PIXELS), 1)


def _dice(truth: keras.KerasTensor, maps: keras.KerasTensor, weight: keras.KerasTensor) -> keras.KerasTensor:
    maps, weight = maps[..., : truth.shape[-1]], weight[..., None]
    overlap = ops.sum(truth * maps * weight, axis=PIXELS)
    total = ops.sum((truth + maps) * weight, axis=PIXELS)
    return ops.mean(1 - (2 * overlap + 1) / (total + 1), axis=-1)


def _distance_error(
    foreground: keras.KerasTensor, error: keras.KerasTensor, weight: keras.KerasTensor
) -> keras.KerasTensor:
    objects = foreground * weight
    inside = ops.sum(error * objects, axis=PIXELS) / (ops.sum(objects, axis=PIXELS) + 1)
    return 2 * inside + _mean(error * (1 - foreground), weight)


class Overlap(keras.metrics.Metric):
    """Dice and IoU of what is thresholded at 0.5, or of the likeliest classes, over all weighted pixels since a reset.

    Of several classes it is the mean of those that occur, in the truth or in the maps, without the background.

    Parameters
    ----------
    kind : str
    classes : int
        Other than the background.
    """

    def __init__(self, kind: TaskKind, classes: int = 1, name: str = "overlap") -> None:
        super().__init__(name=name)
        self.kind = kind
        self.both, self.predicted, self.true = (
            self.add_weight(shape=(classes,), initializer="zeros", name=part, dtype="float32")
            for part in ("both", "predicted", "true")
        )

    def update_state(
        self,
        y_true: keras.KerasTensor,
        y_pred: keras.KerasTensor,
        sample_weight: None = None,  # noqa: ARG002 - Keras's
    ) -> None:
        """Add a batch of targets of shape (batch, Y, X, targets + weights) and maps of shape (batch, Y, X, heads)."""
        heads = y_pred.shape[-1]
        weight = ops.cast(y_true[..., heads, None], "float32")
        if self.kind == "classes":
            true, predicted = (
                ops.one_hot(ops.argmax(part, axis=-1), heads)[..., 1:] for part in (y_true[..., :heads], y_pred)
            )
        else:
            true, predicted = (ops.cast(part[..., :1] >= 0.5, "float32") for part in (y_true, y_pred))
        pixels = (0, *PIXELS)
        self.both.assign_add(ops.sum(true * predicted * weight, axis=pixels))
        self.predicted.assign_add(ops.sum(predicted * weight, axis=pixels))
        self.true.assign_add(ops.sum(true * weight, axis=pixels))

    def result(self) -> dict[str, keras.KerasTensor]:
        """Return ``dice`` and ``iou``; 1 where there is nothing and nothing was found."""
        total = self.predicted + self.true
        occurs = ops.cast(total > 0, "float32")
        count = ops.sum(occurs)

        def mean(ratio: keras.KerasTensor) -> keras.KerasTensor:
            return ops.where(count > 0, ops.sum(ratio * occurs) / ops.maximum(count, 1.0), 1.0)

        return {
            "dice": mean(2 * self.both / ops.maximum(total, 1.0)),
            "iou": mean(self.both / ops.maximum(total - self.both, 1.0)),
        }
