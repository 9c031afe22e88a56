"""The form of the Correct panel: a button for each action, what is shown, and the cheat sheet."""

from collections.abc import Iterable

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from maskloop.config import TaskConfig
from maskloop.ops.doubt import EXPLANATION
from maskloop.widgets.actions import ACTIONS
from maskloop.widgets.class_choice import ClassChoice
from maskloop.widgets.size_filter import Which

COLUMNS = 2
PUT_DOWN = ("Esc", "Put the tool down.")
UNDO = ("Ctrl+Z", "Undo, as for napari's own brush.")
SIZES: dict[str, Which | None] = {"All objects": None, "Only smaller than": "smaller", "Only larger than": "larger"}


class CorrectForm(QWidget):
    """Buttons and choices; what they do is decided elsewhere."""

    chosen = Signal(str)  # the name of an action
    size_changed = Signal()
    overlay_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        self.left = QLabel()
        self.reviewed = QLabel()
        self._sheet = QLabel(wordWrap=True)
        self.classes = ClassChoice()
        self.overlay = QCheckBox("Show what is reviewed")
        self.overlay.setChecked(True)
        self.overlay.toggled.connect(self.overlay_toggled)
        self._which = QComboBox()
        self._which.addItems(list(SIZES))
        self._size = QSpinBox(minimum=1, maximum=1_000_000, value=50, suffix=" pixels")
        self._which.currentIndexChanged.connect(self.size_changed)
        self._size.valueChanged.connect(self._show_unit)
        self._size.valueChanged.connect(self.size_changed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._look = self._make_look()
        layout.addWidget(self.classes)
        layout.addWidget(self._make_repair())
        layout.addWidget(self._look)
        layout.addWidget(self._make_review())
        layout.addWidget(self._make_cheat_sheet())
        layout.addWidget(self._sheet)
        layout.addStretch()
        self.forget_keys(set())

    @property
    def which(self) -> Which | None:
        """Which objects are to be shown; None for all."""
        return SIZES[self._which.currentText()]

    @property
    def size_limit(self) -> int:
        """The size in pixels that tells small objects from large ones."""
        return int(self._size.value())

    def show_tool(self, name: str | None) -> None:
        """Show which button has the mouse."""
        for other, button in self.buttons.items():
            button.setChecked(other == name)

    def show_for(self, task: TaskConfig) -> None:
        """Show what makes sense for what labels mean."""
        objects = task.kind == "objects"
        self.classes.show_classes(task)
        self._look.setVisible(objects)
        for action in ACTIONS:
            self.buttons[action.name].setVisible(objects or not action.needs_objects)
        self._fill_sheet()

    def show_all_sizes(self) -> None:
        """Choose to show objects of all sizes."""
        with QSignalBlocker(self._which):
            self._which.setCurrentIndex(0)
        self._size.setEnabled(False)

    def forget_keys(self, names: set[str]) -> None:
        """Name no key of some actions, since napari has it; of all others each button and the cheat sheet does."""
        bound = [action for action in ACTIONS if action.name not in names]
        self._bound = bound
        self._fill_sheet()
        for action in ACTIONS:
            beside, key = (f"  ({action.key})", f" Key: {action.key}") if action in bound else ("", "")
            explained = f"\n{EXPLANATION}" if action.name == "next_doubtful" else ""
            self.buttons[action.name].setText(action.title + beside)
            self.buttons[action.name].setToolTip(action.hint + key + explained)

    def _make_repair(self) -> QGroupBox:
        box = QGroupBox("Repair")
        grid = QGridLayout(box)
        for i, button in enumerate(self._make_buttons("repair")):
            grid.addWidget(button, i // COLUMNS, i % COLUMNS)
        return box

    def _make_look(self) -> QGroupBox:
        box = QGroupBox("Look")
        doubtful, *others = self._make_buttons("look")
        first, second, third = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        first.addWidget(doubtful, stretch=1)
        first.addWidget(self.left)
        for button in others:
            second.addWidget(button)
        third.addWidget(self._which, stretch=1)
        third.addWidget(self._size)
        layout = QVBoxLayout(box)
        for row in (first, second, third):
            layout.addLayout(row)
        self._size.setEnabled(False)
        self._which.currentIndexChanged.connect(self._size.setEnabled)
        return box

    def _make_review(self) -> QGroupBox:
        box = QGroupBox("Mark as reviewed")
        row = QHBoxLayout()
        for button in self._make_buttons("review"):
            row.addWidget(button)
        state = QHBoxLayout()
        state.addWidget(self.overlay, stretch=1)
        state.addWidget(self.reviewed)
        layout = QVBoxLayout(box)
        layout.addLayout(row)
        layout.addLayout(state)
        return box

    def _make_buttons(self, group: str) -> list[QPushButton]:
        buttons = []
        for action in ACTIONS:
            if action.group == group:
                button = QPushButton()
                button.setCheckable(action.mouse != "nothing")
                button.setObjectName(action.name)
                button.clicked.connect(self._choose)
                self.buttons[action.name] = button
                buttons.append(button)
        return buttons

    def _fill_sheet(self) -> None:
        shown = [action for action in self._bound if not self.buttons[action.name].isHidden()]
        self._sheet.setText(_table([*((action.key, action.hint) for action in shown), PUT_DOWN, UNDO]))

    def _show_unit(self, size: int) -> None:
        self._size.setSuffix(" pixel" if size == 1 else " pixels")

    def _choose(self) -> None:
        self.chosen.emit(self.sender().objectName())

    def _make_cheat_sheet(self) -> QToolButton:
        """Make the button that shows and hides the keys; a QCollapsible gives a text that wraps too little height."""
        button = QToolButton()
        button.setText("Keys, while the labels are selected")
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._sheet.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # or it widens the panel
        button.toggled.connect(lambda shown: self._show_sheet(button, shown))
        self._show_sheet(button, False)
        return button

    def _show_sheet(self, button: QToolButton, shown: bool) -> None:
        self._sheet.setVisible(shown)
        button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)


def _table(rows: Iterable[tuple[str, str]]) -> str:
    lines = (f"<tr><td><b>{key}</b>&nbsp;&nbsp;</td><td>{hint}</td></tr>" for key, hint in rows)
    return f"<table>{''.join(lines)}</table>"
