"""The weights of a network averaged over its last steps, which serve better than those of any one step."""

import keras
import tensorflow as tf

MOMENTUM = 0.99  # about the last hundred steps count


class Average(keras.callbacks.Callback):
    """A moving average of the weights that are fitted (Polyak and Juditsky 1992, https://doi.org/10.1137/0330046).

    A network is fitted with its own weights and judged with the average; `spare` are those that it does not have.

    Parameters
    ----------
    network : keras.Model
        Compiled.
    momentum : float
        Share of the average that stays at a step; with 0 it is the weights of the last one.
    """

    def __init__(self, network: keras.Model, momentum: float) -> None:
        super().__init__()
        self._momentum = momentum
        self._fitted, self._steps = [v.value for v in network.trainable_variables], network.optimizer.iterations
        self.spare = [tf.Variable(value) for value in self._fitted]

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        """Take the weights after a step into account."""
        self._update()

    @tf.function
    def _update(self) -> None:
        steps = tf.cast(self._steps.value, tf.float32)
        rate = 1 - tf.minimum(
            self._momentum, (1 + steps) / (10 + steps)
        )  # the first steps lead far from where it began
        for average, weights in zip(self.spare, self._fitted, strict=True):
            average.assign_add(rate * (weights - average))

    def swap(self) -> None:
        """Give the network the spare weights, and keep those that it had."""
        for spare, weights in zip(self.spare, self._fitted, strict=True):
            kept = tf.identity(weights)
            weights.assign(spare)
            spare.assign(kept)
