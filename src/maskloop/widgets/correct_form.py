"""The form of the Correct panel: a button for each action, what is shown, and the cheat sheet."""

from qtpy.QtCore import QSignalBlocker, Signal
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
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from maskloop.ops.doubt import EXPLANATION
from maskloop.widgets.actions import ACTIONS
from maskloop.widgets.size_filter import Which

COLUMNS = 2
SIZES: dict[str, Which] = {"All objects": "all", "Only smaller than": "smaller", "Only larger than": "larger"}


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
        self.overlay = QCheckBox("Show what is reviewed")
        self.overlay.setChecked(True)
        self.overlay.toggled.connect(self.overlay_toggled)
        self._which = QComboBox()
        self._which.addItems(list(SIZES))
        self._size = QSpinBox(minimum=1, maximum=1_000_000, value=50, suffix=" pixels")
        self._which.currentIndexChanged.connect(self.size_changed)
        self._size.valueChanged.connect(self.size_changed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._make_repair())
        layout.addWidget(self._make_look())
        layout.addWidget(self._make_review())
        layout.addWidget(self._make_cheat_sheet())

    @property
    def which(self) -> Which:
        """Which objects are to be shown."""
        return SIZES[self._which.currentText()]

    @property
    def size_limit(self) -> int:
        """The size in pixels that tells small objects from large ones."""
        return int(self._size.value())

    def show_tool(self, name: str | None) -> None:
        """Show which button has the mouse."""
        for other, button in self.buttons.items():
            button.setChecked(other == name)

    def show_all_sizes(self) -> None:
        """Choose to show objects of all sizes."""
        with QSignalBlocker(self._which):
            self._which.setCurrentIndex(0)
        self._size.setEnabled(False)

    def forget_keys(self, names: set[str]) -> None:
        """Name no key on the buttons of some actions, since napari has it."""
        for action in ACTIONS:
            if action.name in names:
                self.buttons[action.name].setText(action.title)
                self.buttons[action.name].setToolTip(action.hint)

    def _make_repair(self) -> QGroupBox:
        box = QGroupBox("Repair")
        grid = QGridLayout(box)
        for i, button in enumerate(self._make_buttons("repair")):
            grid.addWidget(button, i // COLUMNS, i % COLUMNS)
        return box

    def _make_look(self) -> QGroupBox:
        box = QGroupBox("Look")
        doubtful, *others = self._make_buttons("look")
        doubtful.setToolTip(f"{doubtful.toolTip()}\n{EXPLANATION}")
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
                button = QPushButton(f"{action.title}  ({action.key})")
                button.setToolTip(f"{action.hint} Key: {action.key}")
                button.setCheckable(action.mouse != "nothing")
                button.setObjectName(action.name)
                button.clicked.connect(self._choose)
                self.buttons[action.name] = button
                buttons.append(button)
        return buttons

    def _choose(self) -> None:
        self.chosen.emit(self.sender().objectName())

    def _make_cheat_sheet(self) -> QCollapsible:
        sheet = QCollapsible("Keys, while the labels are selected")
        rows = "".join(f"<tr><td><b>{a.key}</b>&nbsp;&nbsp;</td><td>{a.hint}</td></tr>" for a in ACTIONS)
        napari = "<tr><td><b>Ctrl+Z</b>&nbsp;&nbsp;</td><td>Undo, as for napari's own brush.</td></tr>"
        text = QLabel(f"<table>{rows}{napari}</table>", wordWrap=True)
        text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # or it would widen the panel
        sheet.addWidget(text)
        return sheet
