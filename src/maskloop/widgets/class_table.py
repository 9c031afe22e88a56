"""The classes of a new project: a row for each, with its number, its name and its colour."""

from collections.abc import Sequence
from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QColorDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from maskloop.config import LONGEST_CLASS, MOST_CLASSES, ClassConfig, usual_colours
from maskloop.errors import InputError
from maskloop.widgets.class_choice import patch

FIRST = 2  # rows to begin with
HEIGHT = 190  # pixels: more rows than fit are scrolled
NUMBER_WIDTH, COLOUR_WIDTH = 24, 110


class ClassTable(QWidget):
    """Names and colours of the labels 1, 2, ..."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ClassRow] = []
        self.add_button = QPushButton("Add a class")
        self.add_button.setAutoDefault(False)
        self.add_button.clicked.connect(self.add)
        self.from_masks_button = QPushButton("From masks…")
        self.from_masks_button.setToolTip("Makes a row for each class that there is in masks, in its colour.")
        self.from_masks_button.setAutoDefault(False)
        self._lay_out()
        for _ in range(FIRST):
            self.add()

    def value(self) -> tuple[ClassConfig, ...]:
        """Return the classes.

        Raises
        ------
        InputError
            If one has no name.
        """
        for number, row in enumerate(self.rows, start=1):
            if not row.name:
                raise InputError(f"Class {number} has no name.")
        return tuple(ClassConfig(name=row.name, colour=row.colour) for row in self.rows)

    def add(self) -> None:
        """Add a row, in a colour that no other has."""
        row = ClassRow(next(usual_colours({row.colour for row in self.rows})))
        row.changed.connect(self.changed)
        row.remove_button.clicked.connect(partial(self._remove, row))
        self.rows.append(row)
        self._rows.insertWidget(len(self.rows) - 1, row)
        self._number()
        row.edit.setFocus()

    def set_colours(self, colours: Sequence[str]) -> None:
        """Make a row for each colour; names go with their colours, and those of other colours to rows without one."""
        named = [(row.colour, row.edit.text()) for row in self.rows]
        names = {colour: name for colour, name in named if colour in colours}
        others = (name for colour, name in named if colour not in colours)
        while len(self.rows) < len(colours):
            self.add()
        for row in self.rows[len(colours) :]:
            self._remove(row)
        for row, colour in zip(self.rows, colours, strict=True):
            row.set_colour(colour)
            row.edit.setText(names[colour] if colour in names else next(others, ""))

    def _remove(self, row: "ClassRow") -> None:
        self.rows.remove(row)
        row.deleteLater()
        self._number()

    def _number(self) -> None:
        for number, row in enumerate(self.rows, start=1):
            row.show_number(number)
            row.remove_button.setEnabled(len(self.rows) > 1)
        self.add_button.setEnabled(len(self.rows) < MOST_CLASSES)
        self._area.setFixedHeight(min(len(self.rows) * (row.sizeHint().height() + self._rows.spacing()), HEIGHT))
        self.changed.emit()

    def _lay_out(self) -> None:
        content, self._area = QWidget(), QScrollArea()
        self._rows = QVBoxLayout(content)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.addStretch()
        self._area.setWidget(content)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("Label 0 is the background. The others are"))
        layout.addWidget(self._area)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.from_masks_button)
        layout.addLayout(buttons)


class ClassRow(QWidget):
    """One class."""

    changed = Signal()

    def __init__(self, colour: str) -> None:
        super().__init__()
        self._number = QLabel()
        self._number.setFixedWidth(NUMBER_WIDTH)
        self.edit = QLineEdit(maxLength=LONGEST_CLASS, placeholderText="name")
        self.edit.textChanged.connect(self.changed)
        self.colour_button = QPushButton()
        self.colour_button.setToolTip("The colour that it is shown in, and that it has in masks in colours.")
        self.colour_button.setAutoDefault(False)
        self.colour_button.setFixedWidth(COLOUR_WIDTH)  # or it is as wide as the digits in it
        self.colour_button.clicked.connect(self._ask_for_colour)
        self.remove_button = QToolButton()
        self.remove_button.setText("✕")
        self.remove_button.setToolTip("Remove this class.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._number)
        layout.addWidget(self.edit, stretch=1)
        layout.addWidget(self.colour_button)
        layout.addWidget(self.remove_button)
        self.set_colour(colour)

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.edit.text().strip())

    def set_colour(self, colour: str) -> None:
        """Choose a colour, as ``#rrggbb``."""
        self.colour = colour
        self.colour_button.setIcon(patch(colour))
        self.colour_button.setText(f" {colour}")
        self.changed.emit()

    def show_number(self, number: int) -> None:
        """Show which label it is."""
        self._number.setText(str(number))

    def _ask_for_colour(self) -> None:
        chosen = QColorDialog.getColor(QColor(self.colour), self, "Colour of the class")
        if chosen.isValid():
            self.set_colour(chosen.name())
