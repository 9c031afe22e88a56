"""The weights of a network averaged over its last steps, which serve better than those of any one step."""

import keras
import tensorflow as tf

MOMENTUM = 0.99  # about the last hundred steps count


class Average(keras.callbacks.Callback):
    """The exponential moving average of the weights that are fitted.

    The moments of batch normalisation, themselves averages, are those of the last steps: averaged again, they served
    worse. They are mixed with those at the start like the weights, for which they are made.

    A mean over steps was proposed by Polyak and Juditsky (1992, https://doi.org/10.1137/0330046); that the first steps
    count for more is from TensorFlow's `ExponentialMovingAverage`. That a share of the weights before fine-tuning makes
    a network forget less, and often serves better, is from Wortsman et al. (2022, https://arxiv.org/abs/2109.01903).

    Parameters
    ----------
    network : keras.Model
        Compiled.
    momentum : float
        Share of the average that stays at a step; with 0 the last one counts alone.
    of_start : float, optional
        Share, in what is averaged, of the weights that the network has now.

    Attributes
    ----------
    spare : list of tf.Variable
        What the network does not have at present: the average while it is fitted, else the fitted weights.
    """

    def __init__(self, network: keras.Model, momentum: float, of_start: float = 0.0) -> None:
        super().__init__()
        self._of_start, self._steps = of_start, network.optimizer.iterations
        moments = [v for v in network.non_trainable_variables if keras.backend.is_float_dtype(v.dtype)]  # or a seed
        self._weights = [v.value for v in (*network.trainable_variables, *moments)]
        self._momenta = [momentum] * len(network.trainable_variables) + [0.0] * len(moments)
        self._start = [tf.identity(value) for value in self._weights]
        self.spare = [tf.Variable(value) for value in self._weights]

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        """Take the weights after a step into account."""
        self._update()

    @tf.function
    def _update(self) -> None:
        steps = tf.cast(self._steps.value, tf.float32)
        first = (1 + steps) / (10 + steps)  # the first steps lead far from where it began
        for average, weights, start, momentum in zip(
            self.spare, self._weights, self._start, self._momenta, strict=True
        ):
            mixed = weights + self._of_start * (start - weights)
            average.assign_add((1 - tf.minimum(momentum, first)) * (mixed - average))

    def swap(self) -> None:
        """Give the network the spare weights, and keep those that it had."""
        for spare, weights in zip(self.spare, self._weights, strict=True):
            kept = tf.identity(weights)
            weights.assign(spare)
            spare.assign(kept)
