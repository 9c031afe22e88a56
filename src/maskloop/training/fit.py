"""Fit a network: the best weights are kept, and what was stopped or cut off can be gone on with."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from maskloop.config import TrainConfig
from maskloop.data.dataset import training_batches, validation_batches
from maskloop.errors import InputError
from maskloop.files import write_atomically
from maskloop.model.loss import ForegroundIoU, objects_loss
from maskloop.model.weights import load_weights, save_weights
from maskloop.project.model_folder import HISTORY_FILE, WEIGHTS_FILE
from maskloop.training.history import Epoch, write_history

DEFAULT_EPOCHS = 30


@dataclass(frozen=True)
class Run:
    """The folder of one training, and what lies in it."""

    folder: Path

    @property
    def best(self) -> Path:
        """Weights of the epoch with the lowest validation loss."""
        return self.folder / WEIGHTS_FILE

    @property
    def history(self) -> Path:
        """One row an epoch."""
        return self.folder / HISTORY_FILE

    @property
    def state(self) -> Path:
        """Everything needed to go on after the last epoch."""
        return self.folder / "state.safetensors"

    @property
    def unfinished(self) -> bool:
        """Whether a training was cut off here, and can be gone on with."""
        return self.state.is_file()

    def finish(self) -> None:
        """Delete what only an unfinished training needs."""
        self.state.unlink(missing_ok=True)


def fit(
    network: keras.Model,
    training: Sequence[np.ndarray],
    validation: Sequence[np.ndarray],
    config: TrainConfig,
    folder: Path,
    on_epoch: Callable[[Epoch, float], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
    rehearsal: Sequence[np.ndarray] = (),
) -> list[Epoch]:
    """Fit a network and leave it with the weights of its best epoch.

    A folder that holds the state of an earlier, unfinished run of the same config is gone on with.

    Parameters
    ----------
    network : keras.Model
        From `build_unet`; changed in place.
    training, validation : sequence of ndarray of shape (Y, X, C + 4)
        From `maskloop.data.dataset.prepare`.
    config : TrainConfig
    folder : Path
        An existing folder for weights, history and state.
    on_epoch : callable, optional
        Called with each epoch and the share done of the budget, 0 to 1.
    should_stop : callable, optional
        Asked at each batch; the best epoch so far is kept.
    rehearsal : sequence of ndarray of shape (Y, X, C + 4), optional
        As in `maskloop.data.dataset.training_batches`.

    Returns
    -------
    list of Epoch

    Raises
    ------
    InputError
        If it was stopped before the first epoch ended, the loss is no longer a number, or the folder holds the state
        of other settings.
    """
    run = Run(folder)
    network.compile(keras.optimizers.AdamW(config.peak_rate, clipnorm=1.0), objects_loss, metrics=[ForegroundIoU()])
    network.optimizer.build(network.trainable_variables)
    history = _restore(network, run, config)
    checks = validation_batches(validation, config)
    budget = _Budget(config, sum(e.seconds for e in history))
    while (done := budget.share(len(history))) < 1 and not should_stop() and not _stale(history, config.patience):
        rate = config.peak_rate * _cosine(done, len(history))
        network.optimizer.learning_rate.assign(rate)
        started = time.monotonic()
        stop = _StopAtBatch(should_stop)
        batches = training_batches(training, config, len(history), rehearsal)
        logs = network.fit(batches, epochs=1, steps_per_epoch=config.steps, verbose=0, shuffle=False, callbacks=[stop])
        if stop.asked:
            break
        scores = {k: v[-1] for k, v in logs.history.items()}
        scores |= {f"val_{k}": v for k, v in network.evaluate(checks, return_dict=True, verbose=0).items()}
        if not math.isfinite(scores["loss"] + scores["val_loss"]):
            raise InputError(f"Training diverged in epoch {len(history) + 1}; try a lower learning rate.")
        epoch = _epoch(len(history) + 1, scores, rate, time.monotonic() - started)
        if not history or epoch.val_loss < min(e.val_loss for e in history):
            save_weights(network, run.best)
        history.append(epoch)
        _keep(network, run, config, history)
        on_epoch(epoch, min(budget.share(len(history)), 1.0))
    if not history:
        raise InputError("Training was stopped before its first epoch ended, so there is nothing to keep.")
    load_weights(network, run.best)
    return history


@dataclass
class _Budget:
    config: TrainConfig
    spent_before: float

    def __post_init__(self) -> None:
        self.started = time.monotonic()

    def share(self, epochs: int) -> float:
        if self.config.minutes is not None:
            return (self.spent_before + time.monotonic() - self.started) / (60 * self.config.minutes)
        return epochs / (self.config.epochs or DEFAULT_EPOCHS)


class _StopAtBatch(keras.callbacks.Callback):
    def __init__(self, should_stop: Callable[[], bool]) -> None:
        super().__init__()
        self.should_stop, self.asked = should_stop, False

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:  # noqa: ARG002
        if self.should_stop():
            self.asked = self.model.stop_training = True


def _cosine(done: float, epoch: int) -> float:
    warm_up = 0.2 if epoch == 0 else 1.0
    return warm_up * max(0.5 * (1 + math.cos(math.pi * done)), 0.01)


def _stale(history: list[Epoch], patience: int) -> bool:
    losses = [e.val_loss for e in history]
    return len(losses) > patience and min(losses[:-patience]) <= min(losses[-patience:])


def _epoch(number: int, scores: dict[str, float], rate: float, seconds: float) -> Epoch:
    def dice(iou: float) -> float:
        return 2 * iou / (1 + iou)

    return Epoch(
        epoch=number,
        loss=scores["loss"],
        dice=dice(scores["iou"]),
        iou=scores["iou"],
        val_loss=scores["val_loss"],
        val_dice=dice(scores["val_iou"]),
        val_iou=scores["val_iou"],
        learning_rate=rate,
        seconds=seconds,
    )


def _state(network: keras.Model) -> dict[str, keras.Variable]:
    # By number, since the names of the random state of dropout differ from process to process.
    of_network = (*network.trainable_variables, *network.non_trainable_variables)
    return {f"network/{i}": v for i, v in enumerate(of_network)} | {
        f"optimizer/{i}": v for i, v in enumerate(network.optimizer.variables)
    }


def _keep(network: keras.Model, run: Run, config: TrainConfig, history: list[Epoch]) -> None:
    arrays = {name: np.asarray(v.numpy()) for name, v in _state(network).items()}
    past = json.dumps({"config": config.model_dump(mode="json"), "epochs": [asdict(e) for e in history]})
    # One file, so that settings, epochs and arrays can't come apart when the power fails.
    write_atomically(run.state, save(arrays, metadata={"past": past}))
    write_history(run.history, history)


def _restore(network: keras.Model, run: Run, config: TrainConfig) -> list[Epoch]:
    if not run.unfinished:
        return []
    try:
        return _read_state(network, run, config)
    except (SafetensorError, KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"The unfinished training in {run.folder} is damaged; give another folder.") from error


def _read_state(network: keras.Model, run: Run, config: TrainConfig) -> list[Epoch]:
    with safe_open(run.state, "numpy") as state:
        past = json.loads(state.metadata()["past"])
        if past["config"] != config.model_dump(mode="json"):
            raise InputError(
                f"{run.folder} holds an unfinished training with other settings; give the same ones to go on with it, "
                "or another folder."
            )
        for name, variable in _state(network).items():
            variable.assign(state.get_tensor(name))
    history = [Epoch(**row) for row in past["epochs"]]
    write_history(run.history, history)  # the last row is missing if the power failed after the state was written
    return history
