"""The form of the Train panel: from which model to start, by which recipe where there is none, and for how long."""

import math
from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QSpinBox, QWidget

from maskloop.config import TaskConfig, TrainConfig
from maskloop.widgets.recipe_choice import RecipeChoice

SCRATCH = "none, from scratch"
BY_RECIPE = "As the recipe says"
QUICK, THOROUGH = 1.0, 10.0  # minutes
BUDGETS = ("Quick look", "Thorough", "Minutes", "Epochs")


class TrainForm(QWidget):
    """Base model, recipe, time budget and channel."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.base, self.recipe, self.budget = QComboBox(), RecipeChoice(), QComboBox()
        self._preferred = ""
        self.base.setToolTip("The model to start from. From scratch takes many more images.")
        self.budget.setToolTip("How long to train; it can be stopped at any time, and the best is kept.")
        self.budget.addItems(BUDGETS)
        self._minutes = QDoubleSpinBox(minimum=0.5, maximum=10_000, value=3, decimals=1, suffix=" min")
        self._epochs = QSpinBox(minimum=1, maximum=100_000, value=20)
        self._channel = QSpinBox()
        self._channel.setToolTip("Which channel of the images to learn from, counted from 0.")
        self._lay_out()
        for signal in (
            self.base.currentTextChanged,
            self.recipe.changed,
            self.budget.currentTextChanged,
            self._minutes.valueChanged,
            self._epochs.valueChanged,
        ):
            signal.connect(self._show_what_matters)
        self.show_channels(1)
        self._show_what_matters()

    def value(self) -> TrainConfig:
        """Return the choices, which come before those of the recipe."""
        config = self.recipe.value() if self._from_scratch else TrainConfig()
        base = "none" if self._from_scratch else self.base.currentText()
        channel = self._channel.value() if self._rows.isRowVisible(self._channel) else None
        return config.model_copy(update={"base": base, "channel": channel} | self._time())

    def offer_bases(self, names: Sequence[str], preferred: str) -> None:
        """Offer models to start from; keep the chosen one, unless it is gone or another one is preferred by now.

        Where the preferred one is not among them, training starts from scratch.
        """
        preferred = preferred if preferred in names else SCRATCH
        chosen = self.base.currentText()
        choices = [*names, SCRATCH]
        if choices != [self.base.itemText(i) for i in range(self.base.count())]:
            self.base.clear()
            self.base.addItems(choices)
        known, self._preferred = self._preferred, preferred
        self.base.setCurrentText(chosen if chosen in choices and preferred == known else preferred)

    def show_channels(self, count: int) -> None:
        """Ask for a channel where images have more than one, and no colours."""
        self._channel.setMaximum(max(count - 1, 0))
        self._rows.setRowVisible(self._channel, count > 1)

    @property
    def _from_scratch(self) -> bool:
        return self.base.currentText() == SCRATCH

    def _time(self) -> dict[str, float | None]:
        if self.budget.currentText() == BY_RECIPE:
            return {}
        if self.budget.currentText() == "Epochs":
            return {"epochs": self._epochs.value(), "minutes": None}
        minutes = {"Quick look": QUICK, "Thorough": THOROUGH}.get(self.budget.currentText(), self._minutes.value())
        return {"epochs": None, "minutes": minutes}

    def _lay_out(self) -> None:
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.addRow("Base model", self.base)
        self._rows.addRow("Recipe", self.recipe)
        time = QHBoxLayout()
        time.addWidget(self.budget, stretch=1)
        time.addWidget(self._minutes)
        time.addWidget(self._epochs)
        self._rows.addRow("Time", time)
        self._rows.addRow("Channel", self._channel)

    def _show_what_matters(self) -> None:
        self._rows.setRowVisible(self.recipe, self._from_scratch)
        self._offer_recipe_time()
        self._minutes.setVisible(self.budget.currentText() == "Minutes")
        self._epochs.setVisible(self.budget.currentText() == "Epochs")
        self.changed.emit()

    def _offer_recipe_time(self) -> None:
        """Let the recipe say how long, if it does; that is chosen until somebody chooses otherwise."""
        recipe = self.recipe.value()
        says = self._from_scratch and (recipe.epochs or recipe.minutes) is not None
        if says == (self.budget.itemText(0) == BY_RECIPE):
            return
        with QSignalBlocker(self.budget):
            if says:
                self.budget.insertItem(0, BY_RECIPE)
                self.budget.setCurrentIndex(0)
            else:
                self.budget.removeItem(0)


def describe_plan(config: TrainConfig, seconds_per_epoch: float | None, task: TaskConfig | None = None) -> str:
    """Say what training will do, and how long it takes as far as that was measured on this computer.

    Parameters
    ----------
    config : TrainConfig
    seconds_per_epoch : float or None
        As measured in an earlier training.
    task : TaskConfig, optional
        That of the project, which comes before that of a recipe.
    """
    sentences = [_describe_time(config, seconds_per_epoch)]
    if config.patience is not None and config.patience < (_count_epochs(config, seconds_per_epoch) or math.inf):
        sentences.append(f"It ends sooner if {_epochs(config.patience)} bring no progress.")
    if config.from_scratch and task is not None and task.heads != config.network.task.heads:
        sentences.append(f"It learns {task}, as the labels of this project mean.")
    return " ".join(sentences)


def _describe_time(config: TrainConfig, seconds_per_epoch: float | None) -> str:
    start = "Trains a new model from scratch" if config.from_scratch else f"Goes on training {config.base}"
    then = "and then compares both on what is held out." if not config.from_scratch else "and then judges it."
    epochs = _count_epochs(config, seconds_per_epoch)
    if config.minutes is not None:
        measured = f", which is about {_epochs(epochs)} on this computer," if epochs else ""
        return f"{start} for {describe_seconds(60 * config.minutes)}{measured} {then}"
    assert epochs is not None
    if seconds_per_epoch is None:
        return f"{start} for {_epochs(epochs)} {then} How long that takes is measured in the first epoch."
    taken = describe_seconds(epochs * seconds_per_epoch)
    return f"{start} for {_epochs(epochs)}, about {taken} on this computer, {then}"


def _count_epochs(config: TrainConfig, seconds_per_epoch: float | None) -> int | None:
    if config.minutes is None:
        return config.epochs
    return max(round(60 * config.minutes / seconds_per_epoch), 1) if seconds_per_epoch else None


def _epochs(count: int) -> str:
    return f"{count} epoch{'' if count == 1 else 's'}"


def describe_seconds(seconds: float) -> str:
    """Say how long something takes in seconds, minutes or hours."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds < 59.5 else "1 minute"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
