"""The form of the Train panel: from which model to start, and for how long."""

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QSpinBox, QWidget

from maskloop.config import TrainConfig

SCRATCH = "none, from scratch"
QUICK, THOROUGH = 1.0, 10.0  # minutes
BUDGETS = ("Quick look", "Thorough", "Minutes", "Epochs")


class TrainForm(QWidget):
    """Base model, time budget and channel."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.base, self.budget = QComboBox(), QComboBox()
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
            self.budget.currentTextChanged,
            self._minutes.valueChanged,
            self._epochs.valueChanged,
        ):
            signal.connect(self._show_what_matters)
        self.show_channels(1)
        self._show_what_matters()

    def value(self) -> TrainConfig:
        """Return the choices."""
        base = "none" if self.base.currentText() == SCRATCH else self.base.currentText()
        channel = self._channel.value() if self._rows.isRowVisible(self._channel) else None
        if self.budget.currentText() == "Epochs":
            return TrainConfig(base=base, channel=channel, epochs=self._epochs.value())
        minutes = {"Quick look": QUICK, "Thorough": THOROUGH}.get(self.budget.currentText(), self._minutes.value())
        return TrainConfig(base=base, channel=channel, minutes=minutes)

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

    def _lay_out(self) -> None:
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.addRow("Base model", self.base)
        time = QHBoxLayout()
        time.addWidget(self.budget, stretch=1)
        time.addWidget(self._minutes)
        time.addWidget(self._epochs)
        self._rows.addRow("Time", time)
        self._rows.addRow("Channel", self._channel)

    def _show_what_matters(self) -> None:
        self._minutes.setVisible(self.budget.currentText() == "Minutes")
        self._epochs.setVisible(self.budget.currentText() == "Epochs")
        self.changed.emit()


def describe_plan(config: TrainConfig, seconds_per_epoch: float | None) -> str:
    """Say what training will do, and how long it takes as far as that was measured on this computer.

    Parameters
    ----------
    config : TrainConfig
    seconds_per_epoch : float or None
        As measured in an earlier training.
    """
    start = "Trains a new model from scratch" if config.from_scratch else f"Goes on training {config.base}"
    then = "and then compares both on what is held out." if not config.from_scratch else "and then judges it."
    if config.minutes is not None:
        epochs = max(round(60 * config.minutes / seconds_per_epoch), 1) if seconds_per_epoch else None
        measured = f", which is about {epochs} epoch{'' if epochs == 1 else 's'} on this computer," if epochs else ""
        return f"{start} for {describe_seconds(60 * config.minutes)}{measured} {then}"
    assert config.epochs is not None
    epochs = config.epochs
    count = f"{epochs} epoch{'' if epochs == 1 else 's'}"
    if seconds_per_epoch is None:
        return f"{start} for {count} {then} How long that takes is measured in the first epoch."
    return f"{start} for {count}, about {describe_seconds(epochs * seconds_per_epoch)} on this computer, {then}"


def describe_seconds(seconds: float) -> str:
    """Say how long something takes in seconds, minutes or hours."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds < 59.5 else "1 minute"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"
