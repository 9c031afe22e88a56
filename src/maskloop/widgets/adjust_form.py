"""Sliders that act on the kept maps, so that the labels follow at once."""

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QFormLayout, QGroupBox, QWidget

from maskloop.config import LabelsConfig, TaskKind
from maskloop.widgets.controls import control


class AdjustForm(QGroupBox):
    """The choices of `LabelsConfig`."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Adjust", parent)
        self._controls = {name: control(LabelsConfig, name) for name in LabelsConfig.model_fields}
        self._rows = QFormLayout(self)
        for widget in self._controls.values():
            self._rows.addRow(widget.label, widget.native)
            widget.changed.connect(lambda: self.changed.emit())

    def show_for(self, kind: TaskKind) -> None:
        """Show what matters for a kind of task; there is nothing to adjust for classes."""
        self.setVisible(kind != "classes")
        self._rows.setRowVisible(self._controls["splitting"].native, kind == "objects")

    def value(self) -> LabelsConfig:
        """Return the choices."""
        return LabelsConfig(**{name: widget.value for name, widget in self._controls.items()})

    def set_value(self, config: LabelsConfig) -> None:
        """Set the choices; what is changed by this is told once."""
        before = self.value()
        with QSignalBlocker(self):
            for name, widget in self._controls.items():
                widget.value = getattr(config, name)
        if config != before:
            self.changed.emit()
