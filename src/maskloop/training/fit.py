"""Fit a network: the best weights are kept, and what was stopped or cut off can be gone on with."""

import math
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from maskloop.config import TrainConfig
from maskloop.data.dataset import steps_of, training_batches, validation_batches
from maskloop.errors import Cancelled, EngineError, InputError
from maskloop.model.loss import Overlap, loss_of
from maskloop.model.weights import load_weights
from maskloop.project.history import Epoch, write_history
from maskloop.project.model_folder import HISTORY_FILE
from maskloop.training.average import MOMENTUM, Average
from maskloop.training.callbacks import Callbacks
from maskloop.training.draft import Draft

DEFAULT_EPOCHS = 60
DIVERGED = 8.0  # loss; that of an untrained network is about 2.4, of one that is wrong everywhere 17


def fit(
    network: keras.Model,
    training: Sequence[np.ndarray],
    validation: Sequence[np.ndarray],
    config: TrainConfig,
    folder: Path,
    callbacks: Callbacks = Callbacks(),  # noqa: B008 - frozen
    rehearsal: Sequence[np.ndarray] = (),
    ap50: Callable[[], float] = lambda: math.nan,
) -> list[Epoch]:
    """Fit a network and leave it with the weights of its best epoch, averaged and mixed as the config says.

    A folder that holds the state of an earlier, unfinished run of the same config is gone on with; where other pixels
    are held out by now, its best epoch is judged by these. Where memory runs out, batches are halved.

    Parameters
    ----------
    network : keras.Model
        From `build_unet`, with the weights of the base if there is one; changed in place.
    training, validation : sequence of ndarray of shape (Y, X, C + targets + weights)
        From `maskloop.data.dataset.prepare`.
    config : TrainConfig
    folder : Path
        An existing folder for weights, history and state.
    callbacks : Callbacks, optional
    rehearsal : sequence of ndarray of shape (Y, X, C + targets + weights), optional
        As in `maskloop.data.dataset.training_batches`.
    ap50 : callable, optional
        Asked after each epoch for the network's AP at IoU 0.5.

    Returns
    -------
    list of Epoch

    Raises
    ------
    InputError
        If it was stopped or diverged before the first epoch ended, or the folder holds the state of other settings.
    EngineError
        If memory runs out for a single crop.
    """
    draft = Draft(folder)
    _compile(network, config)
    network.optimizer.build(network.trainable_variables)
    of_start = 0.0 if config.from_scratch else config.of_base
    average = Average(network, MOMENTUM if config.average else 0.0, of_start)  # before it is gone on with
    history, judged_by = draft.restore(network, average.spare, config)
    rounds = _Rounds(network, average, training, validation, rehearsal, config, callbacks)
    held_out = _checksum(validation)
    budget = _Budget(config, sum(e.seconds for e in history))
    if history and judged_by != held_out:
        history = _judge_anew(history, rounds, draft, ap50, budget.share(history))
    done = budget.share(history)
    while done < 1:
        started = time.monotonic()
        rate = config.learning_rate * _share_of_rate(config, done, history)
        scores = rounds.play(len(history), rate)
        if scores is None:
            break
        history.append(_epoch(len(history) + 1, scores, ap50(), rate, time.monotonic() - started))
        draft.keep(network, average.spare, config, history, held_out)
        done = budget.share(history)
        callbacks.on_epoch(history[-1], done)
    if not history:
        raise InputError("Training was stopped before its first epoch ended, so there is nothing to keep.")
    load_weights(network, draft.best)
    return history


def _compile(network: keras.Model, config: TrainConfig) -> None:
    rate, task = config.learning_rate, config.network.task
    plain = config.optimiser == "adam"
    optimiser = keras.optimizers.Adam(rate) if plain else keras.optimizers.AdamW(rate, clipnorm=1.0)
    overlap = Overlap(task.kind, max(len(task.classes), 1))
    network.compile(optimiser, loss_of(task.kind, config.dice), metrics=[overlap])


@dataclass
class _Rounds:
    """Epochs of one training, each fitted and judged."""

    network: keras.Model
    average: Average
    training: Sequence[np.ndarray]
    validation: Sequence[np.ndarray]
    rehearsal: Sequence[np.ndarray]
    config: TrainConfig
    callbacks: Callbacks
    checks: tf.data.Dataset = field(init=False)

    def __post_init__(self) -> None:
        self.checks = validation_batches(self.validation, self.config)

    def play(self, epoch: int, rate: float) -> dict[str, float] | None:
        """Fit one epoch, counted from 0, and return the scores of the average; None where training is to end.

        Before and afterwards the network has the average.
        """
        self.average.swap()
        fitted = self._within_memory(lambda: self._fit(epoch, rate))
        self.average.swap()
        if fitted is None or (judged := self.judge()) is None:
            return None
        if not math.isfinite(judged["loss"]):
            self._give_up(epoch)
            return None
        return fitted | {f"val_{k}": v for k, v in judged.items()}

    def judge(self) -> dict[str, float] | None:
        """Return loss, Dice and IoU on what is held out; None where training is to end."""
        return self._within_memory(self._judge)

    def _within_memory(self, work: Callable[[], dict[str, float] | None]) -> dict[str, float] | None:
        while True:
            try:
                return work()
            except tf.errors.ResourceExhaustedError as error:
                self._halve(error)

    def _fit(self, epoch: int, rate: float) -> dict[str, float] | None:
        self.network.optimizer.learning_rate.assign(rate)
        watch = _Watch(self.callbacks.should_stop)
        batches = training_batches(self.training, self.config, epoch, self.rehearsal)
        steps = steps_of(self.config, len(self.training))
        options = {"epochs": 1, "steps_per_epoch": steps, "verbose": 0, "shuffle": False}
        logs = self.network.fit(batches, callbacks=[watch, self.average], **options)
        if watch.diverged:
            self._give_up(epoch)
        return None if watch.stopped or watch.diverged else {k: v[-1] for k, v in logs.history.items()}

    def _judge(self) -> dict[str, float] | None:
        watch = _Watch(self.callbacks.should_stop)
        try:
            scores: dict[str, float] = self.network.evaluate(
                self.checks, return_dict=True, verbose=0, callbacks=[watch]
            )
        except Cancelled:
            return None
        return scores

    def _give_up(self, epoch: int) -> None:
        advice = (
            f"Give a learning rate below {self.config.learning_rate:g}, or larger batches than {self.config.batch}."
        )
        if epoch == 0:
            raise InputError(f"Training diverged in its first epoch, so there is nothing to keep. {advice}")
        self.callbacks.on_remark(f"Training diverged in epoch {epoch + 1}; the best one before is kept. {advice}")

    def _halve(self, error: Exception) -> None:
        batch = self.config.batch // 2
        if not batch:
            raise EngineError(
                f"Memory ran out while training on single crops of {self.config.crop} pixels; close other programs."
            ) from error
        self.config = self.config.model_copy(update={"batch": batch})
        self.checks = validation_batches(self.validation, self.config)
        self.callbacks.on_remark(f"Memory ran out: from here on there are {batch} crops in a batch.")


def _judge_anew(
    history: list[Epoch], rounds: _Rounds, draft: Draft, ap50: Callable[[], float], done: float
) -> list[Epoch]:
    """Return epochs that can be compared with later ones: the best one judged by what is held out now, others never."""
    network, best = rounds.network, min(history, key=lambda epoch: epoch.val_loss)
    latest = network.get_weights()
    load_weights(network, draft.best)
    scores = rounds.judge()
    found = math.nan if scores is None else ap50()
    network.set_weights(latest)
    if scores is None:  # it was asked to stop
        return history
    rounds.callbacks.on_remark("The project has changed since: the best epoch is judged by what is held out now.")
    now = replace(best, val_loss=scores["loss"], val_iou=scores["iou"], val_dice=scores["dice"], val_ap50=found)
    history = [now if epoch is best else replace(epoch, val_loss=math.inf) for epoch in history]
    write_history(draft.folder / HISTORY_FILE, history)  # which stays, if no further epoch ends
    for epoch in history:  # once more, since whoever follows has the old scores
        rounds.callbacks.on_epoch(epoch, done)
    return history


def _checksum(arrays: Sequence[np.ndarray]) -> int:
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
    return checksum


@dataclass
class _Budget:
    config: TrainConfig
    spent_before: float

    def __post_init__(self) -> None:
        self.started = time.monotonic()

    def share(self, history: list[Epoch]) -> float:
        """Return how much is spent, 0 to 1; all of it where nothing has got better for too long."""
        if _stale(history, self.config.patience):
            return 1.0
        if self.config.minutes is not None:
            return min((self.spent_before + time.monotonic() - self.started) / (60 * self.config.minutes), 1.0)
        return min(len(history) / (self.config.epochs or DEFAULT_EPOCHS), 1.0)


class _Watch(keras.callbacks.Callback):
    """Ends an epoch at a batch: because it was asked to, or because the loss has grown out of all bounds."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        super().__init__()
        self.should_stop, self.stopped, self.diverged = should_stop, False, False

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        self.stopped = self.stopped or self.should_stop()
        self.diverged = not (logs or {}).get("loss", 0.0) < DIVERGED  # nor if it is no number
        self.model.stop_training = self.stopped or self.diverged

    def on_test_batch_end(self, batch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        if self.should_stop():
            raise Cancelled


def _share_of_rate(config: TrainConfig, done: float, history: list[Epoch]) -> float:
    """Return the share of the learning rate for the next epoch; the past alone decides, so that it can be resumed."""
    if config.schedule == "constant":
        return 1.0
    if config.schedule == "plateau":
        return _share_after_plateaus(history, config)
    warm_up = 1.0 if history else 0.2
    return warm_up * max(0.5 * (1 + math.cos(math.pi * done)), 0.01)


def _share_after_plateaus(history: list[Epoch], config: TrainConfig) -> float:
    """Halve the share whenever so many epochs in a row have not been better than all before.

    It begins with that of the best epoch, since those before may have been judged by other pixels.
    """
    if not history:
        return 1.0
    best = min(history, key=lambda epoch: epoch.val_loss)
    plateaus = (history[-1].epoch - best.epoch) // config.plateau
    return best.learning_rate / config.learning_rate * 0.5**plateaus


def _stale(history: list[Epoch], patience: int | None) -> bool:
    losses = [e.val_loss for e in history]
    if patience is None or len(losses) <= patience:
        return False
    return min(losses[:-patience]) <= min(losses[-patience:])


def _epoch(number: int, scores: dict[str, float], ap50: float, rate: float, seconds: float) -> Epoch:
    return Epoch(
        epoch=number,
        loss=scores["loss"],
        dice=scores["dice"],
        iou=scores["iou"],
        val_loss=scores["val_loss"],
        val_dice=scores["val_dice"],
        val_iou=scores["val_iou"],
        val_ap50=ap50,
        learning_rate=rate,
        seconds=seconds,
    )
