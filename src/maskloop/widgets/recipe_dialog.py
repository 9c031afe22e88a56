"""A recipe as text in which every setting is explained, and what is wrong in it while somebody types."""

from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QColor, QFontDatabase, QSyntaxHighlighter
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from maskloop.config import TrainConfig
from maskloop.errors import InputError, explain
from maskloop.files import write_atomically
from maskloop.recipes import YAML_SUFFIXES, describe_recipe, parse_recipe, recipe_text

WIDTH, HEIGHT = 720, 640
COMMENT = "#909499"  # readable on napari's dark and light themes
YAML = f"Recipes ({' '.join(f'*{suffix}' for suffix in YAML_SUFFIXES)})"


class RecipeDialog(QDialog):
    """Edits a recipe; it can be accepted and saved while nothing is wrong in it.

    Parameters
    ----------
    name : str
        Of the recipe.
    recipe : TrainConfig
        As it is now.
    original : TrainConfig
        As it was before anybody edited it.
    parent : QWidget, optional
    """

    def __init__(self, name: str, recipe: TrainConfig, original: TrainConfig, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Recipe {name}")
        self.resize(WIDTH, HEIGHT)
        self._name, self._original = name, original
        self.recipe = recipe
        self.text = QPlainTextEdit(lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._comments = _Comments(self.text.document())
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Ok | standard.Cancel | standard.Reset)
        self.ok_button, self.reset_button = self.buttons.button(standard.Ok), self.buttons.button(standard.Reset)
        self.save_button = self.buttons.addButton("Save as…", QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        for widget in (self.text, self.message, self.buttons):
            layout.addWidget(widget)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
        self._show(recipe)
        self.text.textChanged.connect(self._check)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.reset_button.clicked.connect(lambda: self._show(self._original))
        self.save_button.clicked.connect(self._save)

    def _show(self, recipe: TrainConfig) -> None:
        with QSignalBlocker(self.text):
            self.text.setPlainText(recipe_text(recipe))
        self._check()

    def _check(self) -> None:
        """Read what is typed; say what is wrong, or else what it comes to."""
        try:
            self.recipe = parse_recipe(self.text.toPlainText())
        except InputError as error:
            self.message.setText(str(error))
            sound = False
        else:
            self.message.setText(f"This trains with {describe_recipe(self.recipe)}.")
            sound = True
        self.ok_button.setEnabled(sound)
        self.save_button.setEnabled(sound)

    def _save(self) -> None:
        """Write a file as it is typed, with a person's own comments."""
        file, _ = QFileDialog.getSaveFileName(self, "Save the recipe", f"{self._name.partition('.')[0]}.yaml", YAML)
        if not file:
            return
        path = Path(file if file.lower().endswith(YAML_SUFFIXES) else f"{file}.yaml")
        try:
            if str(path) != file and path.exists():  # nobody was asked whether to replace it
                raise InputError(f"{path} is there already.")
            write_atomically(path, self.text.toPlainText().encode())
        except (InputError, OSError) as error:
            self.message.setText(explain(error))
        else:
            self.message.setText(f"{path} holds this recipe.")


class _Comments(QSyntaxHighlighter):
    """Puts comments into the background."""

    def highlightBlock(self, text: str) -> None:  # noqa: N802 - Qt's
        if text.lstrip().startswith("#"):
            self.setFormat(0, len(text), QColor(COMMENT))
