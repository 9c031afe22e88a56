"""Which recipe a model is trained by: one that has a name, one from a file, or one that somebody has edited."""

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QGridLayout, QLabel, QPushButton, QWidget

from maskloop.config import TrainConfig
from maskloop.errors import InputError
from maskloop.recipes import RECIPES, describe_recipe, read_recipe
from maskloop.widgets.recipe_dialog import YAML, RecipeDialog

FROM_FILE = "From a file…"
EDITED = ", edited"


class RecipeChoice(QWidget):
    """Named recipes, files, and a button to edit what is chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recipes = dict(RECIPES)
        self.box, self.edit_button = QComboBox(), QPushButton("Edit…")
        self.box.setToolTip("Settings to train with: those of published tutorials, or your own.")
        self.edit_button.setToolTip("See all settings of this recipe, with what each means, and change them.")
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.box, 0, 0)
        grid.addWidget(self.edit_button, 0, 1)
        grid.addWidget(self.message, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self._offer(next(iter(RECIPES)))
        self.box.activated.connect(self._choose)
        self.edit_button.clicked.connect(self.edit)

    def value(self) -> TrainConfig:
        """Return the chosen recipe."""
        return self._recipes[self._chosen]

    def read(self, path: Path) -> None:
        """Choose the recipe in a file, or say why it cannot be read."""
        try:
            self._recipes[path.name] = read_recipe(path)
        except InputError as error:
            self._offer(self._chosen, str(error))
        else:
            self._offer(path.name)

    def edit(self) -> RecipeDialog:
        """Open the chosen recipe; what is accepted is chosen."""
        name = self._chosen.removesuffix(EDITED)
        dialog = RecipeDialog(name, self.value(), self._recipes[name], self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._take(name, dialog.recipe))
        dialog.open()
        return dialog

    def _choose(self) -> None:
        if self.box.currentText() != FROM_FILE:
            self._offer(self.box.currentText())
            return
        file, _ = QFileDialog.getOpenFileName(self, "Read a recipe", "", YAML)
        if file:
            self.read(Path(file))
        else:
            self._offer(self._chosen)

    def _take(self, name: str, recipe: TrainConfig) -> None:
        if recipe == self._recipes[name]:
            self._offer(name)
            return
        self._recipes[name + EDITED] = recipe
        self._offer(name + EDITED)

    def _offer(self, chosen: str, problem: str = "") -> None:
        """Show what can be chosen by now, and what is."""
        self._chosen = chosen
        self.box.clear()
        self.box.addItems([*self._recipes, FROM_FILE])
        self.box.setCurrentText(chosen)
        self.message.setText(problem or f"{describe_recipe(self.value()).capitalize()}.")
        self.changed.emit()
