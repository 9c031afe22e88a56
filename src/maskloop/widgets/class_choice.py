"""Which class the brush paints: a button for each, with its name and colour."""

from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QButtonGroup, QGridLayout, QGroupBox, QPushButton, QWidget

from maskloop.config import OBJECTS, TaskConfig
from maskloop.widgets.class_look import class_names

COLUMNS = 2
SIDE = 12  # pixels of a patch of colour


class ClassChoice(QGroupBox):
    """Shown where labels mean classes or a foreground; hidden where they mean objects."""

    chosen = Signal(int)  # a label

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Paint", parent)
        self._task = OBJECTS
        self._grid = QGridLayout(self)
        self._group = QButtonGroup(self)
        self.buttons: list[QPushButton] = []
        self.hide()

    def show_classes(self, task: TaskConfig) -> None:
        """Offer the classes of a task, the background among them."""
        self.setVisible(task.kind != "objects")
        if task == self._task:
            return
        self._task = task
        for button in self.buttons:
            self._group.removeButton(button)
            button.deleteLater()
        names, colours = class_names(task)
        looks = zip(["background", *names], ["transparent", *colours], strict=True)
        self.buttons = [self._make(number, name, colour) for number, (name, colour) in enumerate(looks)]

    def show_label(self, label: int) -> None:
        """Show what the brush paints; nothing, if it is of no class."""
        self._group.setExclusive(False)
        for number, button in enumerate(self.buttons):
            button.setChecked(number == label)
        self._group.setExclusive(True)

    def _make(self, number: int, name: str, colour: str) -> QPushButton:
        button = QPushButton(patch(colour), f" {name.replace('&', '&&')}")
        button.setCheckable(True)
        button.setToolTip(f"Paint {name}, label {number}.")
        button.clicked.connect(partial(self._choose, number))
        self._group.addButton(button)
        self._grid.addWidget(button, number // COLUMNS, number % COLUMNS)
        return button

    def _choose(self, number: int) -> None:
        self.chosen.emit(number)


def patch(colour: str) -> QIcon:
    """Make a small square of a colour."""
    square = QPixmap(SIDE, SIDE)
    square.fill(QColor(colour))
    return QIcon(square)
