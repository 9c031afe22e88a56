"""Asks where a new project is to be made, and what its labels mean."""

from functools import partial
from pathlib import Path

from pydantic import ValidationError
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from maskloop.config import TaskConfig, TaskKind
from maskloop.errors import InputError, MaskloopError, explain
from maskloop.project.class_masks import propose_colours
from maskloop.project.project_folder import require_place
from maskloop.widgets.background import Background
from maskloop.widgets.class_table import ClassTable

WIDTH = 560
KINDS: dict[TaskKind, str] = {
    "objects": "Objects: each cell or nucleus is told apart from the others",
    "foreground": "Foreground: one mask, such as all tissue or all vessels",
    "classes": "Classes: each pixel is of a kind, such as tumour, stroma or fat",
}
READING = "Reading the masks…"
EMPTY = "There is nothing but background in these masks."
GOOD = "What labels mean cannot be changed later."


class NewProjectDialog(QDialog):
    """Can be accepted only when a project can be made of what it says.

    Parameters
    ----------
    folder : Path
        What is offered.
    background : Background
    parent : QWidget
    """

    def __init__(self, folder: Path, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project")
        self._background, self._is_closed = background, False
        self.folder = QLineEdit(str(folder))
        self.kinds = {kind: QRadioButton(text) for kind, text in KINDS.items()}
        self.kinds["objects"].setChecked(True)
        self.classes = ClassTable()
        self.sentence = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.make_button = self.buttons.addButton("Make project", QDialogButtonBox.ButtonRole.AcceptRole)
        self._lay_out()
        self._connect()
        self._check()

    def value(self) -> tuple[Path, TaskConfig]:
        """Return the folder, and what labels mean.

        Raises
        ------
        MaskloopError
            If no project can be made of it.
        OSError
            If the folder cannot be looked into.
        """
        folder = Path(self.folder.text().strip())
        if not folder.is_absolute():
            raise InputError("Give the whole path of a folder, or choose one with Browse….")
        require_place(folder)
        return folder, self._task()

    def done(self, result: int) -> None:
        """Close; masks that are still being read are of no more use."""
        self._is_closed = True
        super().done(result)
        self.deleteLater()

    def _task(self) -> TaskConfig:
        kind = next(kind for kind, button in self.kinds.items() if button.isChecked())
        try:
            return TaskConfig(kind=kind, classes=self.classes.value() if kind == "classes" else ())
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise InputError(f"{reason[0].upper()}{reason[1:]}.") from error

    def _lay_out(self) -> None:
        self._browse = QPushButton("Browse…")
        self._browse.setAutoDefault(False)
        place, kinds = QHBoxLayout(), QVBoxLayout()
        place.addWidget(self.folder, stretch=1)
        place.addWidget(self._browse)
        self._group = QButtonGroup(self)
        for button in self.kinds.values():
            self._group.addButton(button)
            kinds.addWidget(button)
        form = QFormLayout()
        form.addRow("Folder", place)
        form.addRow("Labels mean", kinds)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.classes)
        layout.addWidget(self.sentence)
        layout.addWidget(self.buttons)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)  # it grows with the classes
        self.sentence.setFixedWidth(WIDTH)

    def _connect(self) -> None:
        self._browse.clicked.connect(self._ask_for_folder)
        self.folder.textChanged.connect(self._check)
        self._group.buttonToggled.connect(self._check)
        self.classes.changed.connect(self._check)
        self.classes.from_masks_button.clicked.connect(self._ask_for_masks)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _check(self) -> None:
        """Say what is missing."""
        self.classes.setVisible(self.kinds["classes"].isChecked())
        try:
            self.value()
        except (MaskloopError, OSError) as error:
            self.sentence.setText(explain(error))
            self.make_button.setEnabled(False)
        else:
            self.sentence.setText(GOOD)
            self.make_button.setEnabled(True)

    def _ask_for_folder(self) -> None:
        title = "New project: choose the name of its folder"
        name, _ = QFileDialog.getSaveFileName(self, title, self.folder.text())
        if name:
            self.folder.setText(name)

    def _ask_for_masks(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Masks that show all classes")
        if files:
            self.sentence.setText(READING)
            self.classes.from_masks_button.setEnabled(False)
            read = partial(propose_colours, [Path(file) for file in files], lambda: self._is_closed)
            self._background.run(read, self._show_classes, self._show_refusal)

    def _show_classes(self, colours: tuple[str, ...]) -> None:
        if not colours:
            self._show_refusal(EMPTY)
        elif not self._is_closed:
            self.classes.from_masks_button.setEnabled(True)
            self.classes.set_colours(colours)

    def _show_refusal(self, reason: str) -> None:
        if not self._is_closed:
            self.classes.from_masks_button.setEnabled(True)
            self.sentence.setText(reason)
