"""A model folder while its model is being trained: what is kept after each epoch, and how it is gone on with."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from maskloop.config import TrainConfig, name_classes
from maskloop.errors import InputError
from maskloop.files import write_atomically
from maskloop.model.weights import save_weights
from maskloop.project.history import Epoch, write_history
from maskloop.project.model_folder import HISTORY_FILE, STATE_FILE, WEIGHTS_FILE


@dataclass(frozen=True)
class Draft:
    """The folder of a model that is not done yet, and what lies in it."""

    folder: Path

    @property
    def best(self) -> Path:
        """Weights of the epoch with the lowest validation loss."""
        return self.folder / WEIGHTS_FILE

    @property
    def state(self) -> Path:
        """Everything needed to go on after the last epoch."""
        return self.folder / STATE_FILE

    @property
    def unfinished(self) -> bool:
        """Whether a training was cut off here, and can be gone on with."""
        return self.state.is_file()

    @property
    def is_free(self) -> bool:
        """Whether a model can be trained here: nothing is here that could be somebody's."""
        return self.unfinished or all(path.name.startswith(".") for path in self.folder.iterdir())

    def finish(self) -> None:
        """Delete what only an unfinished training needs."""
        self.state.unlink(missing_ok=True)

    def keep(
        self,
        network: keras.Model,
        spare: Sequence[tf.Variable],
        config: TrainConfig,
        history: list[Epoch],
        held_out: int,
    ) -> None:
        """Write all that the next epoch stands on; if the last epoch is the best one, its weights before.

        `spare` is from `Average`, `held_out` a checksum of what the epochs were judged by.
        """
        if min(history, key=lambda epoch: epoch.val_loss) is history[-1]:
            save_weights(network, self.best)
        arrays = {name: np.asarray(v.numpy()) for name, v in _state(network, spare).items()}
        epochs = [asdict(epoch) for epoch in history]
        past = json.dumps({"config": config.model_dump(mode="json"), "epochs": epochs, "held_out": held_out})
        # One file, so that settings, epochs and arrays can't come apart when the power fails.
        write_atomically(self.state, save(arrays, metadata={"past": past}))
        write_history(self.folder / HISTORY_FILE, history)

    def restore(
        self, network: keras.Model, spare: Sequence[tf.Variable], config: TrainConfig
    ) -> tuple[list[Epoch], int | None]:
        """Put a compiled network back to where it was after the last epoch.

        Returns
        -------
        history : list of Epoch
            Empty if there was none.
        held_out : int or None
            The checksum of what they were judged by.

        Raises
        ------
        InputError
            If the state is damaged, or that of other settings.
        """
        if not self.unfinished:
            return [], None
        try:
            past = self._read_state(_state(network, spare))
            history = [Epoch(**row) for row in past["epochs"]]
            settings = TrainConfig.model_validate(past["config"])
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"The unfinished training in {self.folder} is damaged, or of another version, so it cannot be gone on "
                "with; train anew, into another folder."
            ) from error
        if _as_compared(settings) != _as_compared(config):
            raise InputError(
                f"{self.folder} holds an unfinished training with other settings; give the same ones to go on with "
                "it, or another folder."
            )
        # The last row is missing if the power failed after the state was written.
        write_history(self.folder / HISTORY_FILE, history)
        return history, past.get("held_out")

    def _read_state(self, variables: dict[str, keras.Variable | tf.Variable]) -> dict:
        with safe_open(self.state, "numpy") as state:
            for name, variable in variables.items():
                variable.assign(state.get_tensor(name))
            past: dict = json.loads(state.metadata()["past"])
            return past


def _as_compared(config: TrainConfig) -> TrainConfig:
    """Return settings that are the same whatever colours the classes are shown in, and wherever the base lies."""
    network = config.network
    classes = name_classes(of.name for of in network.task.classes)
    task = network.task.model_copy(update={"classes": classes})
    base = Path(config.base).name  # a project's own is given by its path, and a project may have been moved
    return config.model_copy(update={"base": base, "network": network.model_copy(update={"task": task})})


def _state(network: keras.Model, spare: Sequence[tf.Variable]) -> dict[str, keras.Variable | tf.Variable]:
    # By number, since the names of the random state of dropout differ from process to process.
    parts = {
        "network": (*network.trainable_variables, *network.non_trainable_variables),
        "optimizer": network.optimizer.variables,
        "spare": spare,
    }
    return {f"{part}/{i}": variable for part, variables in parts.items() for i, variable in enumerate(variables)}
