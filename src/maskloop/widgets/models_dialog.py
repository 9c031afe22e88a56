"""The models of a project: what is known of each, which one is in use, and what can be done with them."""

from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QTextEdit,
    QWidget,
)

from maskloop.errors import MaskloopError, explain
from maskloop.project.passport import Passport, Shelf, read_shelf
from maskloop.project.registry import Registry
from maskloop.widgets.background import Background

WIDTH, HEIGHT = 820, 520
ZIP = "Models (*.zip)"
NOTHING = Passport("", None, ships=True)  # is shown until the models are read: nothing can be done with it


class ModelsDialog(QDialog):
    """Shows the models of a project, and changes them; what is going on when it is closed is brought to its end.

    Parameters
    ----------
    registry : Registry
    background : Background
    parent : QWidget, optional
    held_by : str, optional
        Why nothing can be changed, as `Project.held_by` says it: the registry cannot know.
    """

    model_changed = Signal()  # another model is in use, or the list is another one

    def __init__(
        self, registry: Registry, background: Background, parent: QWidget | None = None, held_by: str = ""
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Models of {registry.project_folder.name}")
        self.resize(WIDTH, HEIGHT)
        self._registry, self._background, self._held_by = registry, background, held_by
        self._shelf, self._shown = Shelf({}, []), NOTHING
        self._pending, self._busy, self._closed = 0, False, False
        self.list, self.description, self.text = QListWidget(), QLineEdit(), QTextEdit(readOnly=True)
        self.list.setSpacing(3)
        self.use_button, self.rename_button = QPushButton("Use this model"), QPushButton("Rename…")
        self.export_button, self.remove_button = QPushButton("Export…"), QPushButton("Remove")
        self.roll_back_button, self.import_button = QPushButton("Roll back"), QPushButton("Import…")
        self.trash_button = QPushButton("Trash")
        self.message = QLabel("Reading the models…", wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._lay_out()
        self._connect()
        self.refresh()

    def refresh(self) -> None:
        """Show the models as they are now."""
        self._run(lambda: None, lambda _: "")

    def done(self, result: int) -> None:
        """Save the description, and close."""
        self._describe()
        self._closed = True
        super().done(result)
        if not self._pending:  # else when what is going on has ended
            self.deleteLater()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.addWidget(self.list, 0, 0, 2, 3)
        grid.addWidget(self.description, 0, 3, 1, 4)
        grid.addWidget(self.text, 1, 3, 1, 4)
        of_all = (self.roll_back_button, self.import_button, self.trash_button)
        of_one = (self.use_button, self.rename_button, self.export_button, self.remove_button)
        for column, button in enumerate((*of_all, *of_one)):
            grid.addWidget(button, 2, column)
            grid.setColumnStretch(column, 2 if button in of_one else 1)
        grid.addWidget(self.message, 3, 0, 1, 6)
        grid.addWidget(self.buttons, 3, 6)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # or Enter in the description would press one

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(self._select)
        self.description.editingFinished.connect(self._describe)
        self.use_button.clicked.connect(self._use)
        self.rename_button.clicked.connect(self._ask_for_name)
        self.export_button.clicked.connect(self._export)
        self.remove_button.clicked.connect(self._remove)
        self.roll_back_button.clicked.connect(self._roll_back)
        self.import_button.clicked.connect(self._import)
        menu = QMenu(self.trash_button)
        menu.aboutToShow.connect(self._list_trash)
        self.trash_button.setMenu(menu)
        self.buttons.rejected.connect(self.reject)

    def _use(self) -> None:
        registry, name = self._registry, self._shown.name
        self._change("Checking its weights…", lambda: registry.adopt(name), lambda _: f"{name} is in use now.")

    def _roll_back(self) -> None:
        self._change("Rolling back…", self._registry.roll_back, lambda name: f"{name or 'No model'} is in use now.")

    def _ask_for_name(self) -> None:
        name, dialog = self._shown.name, QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Rename")
        dialog.setLabelText("New name")
        dialog.setTextValue(name)
        dialog.textValueSelected.connect(partial(self._rename, name))
        dialog.open()

    def _rename(self, name: str, new: str) -> None:
        registry = self._registry
        self._change("Renaming…", lambda: registry.rename(name, new), lambda _: f"{name} is named {new.strip()} now.")

    def _describe(self) -> None:
        """Save the description if a person has changed it; unlike `_change` without disabling what is clicked next."""
        registry, name, text = self._registry, self._shown.name, self.description.text()
        if not self.description.isReadOnly() and not _same(text, self._shown.description):
            self._run(lambda: registry.describe(name, text), lambda _: f"{name} is described now.")

    def _export(self) -> None:
        registry, name = self._registry, self._shown.name
        offered = str(registry.project_folder.parent / f"{name}.zip")
        # Nobody is asked whether to overwrite a file, since the registry overwrites none.
        options = QFileDialog.Option.DontConfirmOverwrite
        file, _ = QFileDialog.getSaveFileName(self, f"Export {name}", offered, ZIP, options=options)
        if file:
            path = Path(file if file.lower().endswith(".zip") else f"{file}.zip")
            self._change("Exporting…", lambda: registry.export(name, path), lambda _: f"{path} holds {name}.")

    def _import(self) -> None:
        registry = self._registry
        file, _ = QFileDialog.getOpenFileName(self, "Import a model", "", ZIP)
        if file:
            self._change("Importing…", lambda: registry.import_zip(Path(file)), lambda name: f"{name} is imported.")

    def _remove(self) -> None:
        registry, name = self._registry, self._shown.name
        self._change("Removing…", lambda: registry.remove(name), lambda _: f"{name} is in the trash of the project.")

    def _list_trash(self) -> None:
        menu = self.trash_button.menu()
        menu.clear()
        for folder, card in self._shelf.removed:
            name = card.name.replace("&", "&&")  # or a menu would underline what follows
            menu.addAction(f"Bring back {name}").triggered.connect(partial(self._bring_back, folder))
        if not self._shelf.removed:
            menu.addAction("The trash is empty").setEnabled(False)

    def _bring_back(self, folder: Path) -> None:
        registry = self._registry
        self._change("Bringing it back…", lambda: registry.bring_back(folder), lambda name: f"{name} is back.")

    def _change(self, doing: str, change: Callable[[], Any], say: Callable[[Any], str]) -> None:
        """Change something in the background, with nothing else to be clicked meanwhile."""
        self._describe()
        self.message.setText(doing)
        self._busy = True
        self._run(change, say)

    def _run(self, change: Callable[[], Any], say: Callable[[Any], str]) -> None:
        self._pending += 1
        self._enable()
        work = partial(_attempt, self._registry, change, say)
        self._background.run(work, self._answer, lambda reason: self._answer((reason, None)))

    def _answer(self, answer: tuple[str, Shelf | None]) -> None:
        if not isalive(self):  # it went with its parent
            return
        sentence, shelf = answer
        self._pending -= 1
        self._busy = self._busy and self._pending > 0
        if shelf is not None:
            self._show(shelf)
        read_only = f"Read only: {self._held_by}" if self._held_by else ""
        self.message.setText(sentence or self._shelf.problem or read_only)
        self._enable()
        if self._closed and not self._pending:
            self.deleteLater()

    def _show(self, shelf: Shelf) -> None:
        before, self._shelf = self._shelf, shelf
        chosen = _choose(before, shelf, self._shown.name)
        with QSignalBlocker(self.list):
            self.list.clear()
            for passport in shelf.passports.values():
                self.list.addItem(_item(passport))
            self.list.setCurrentRow([*shelf.passports, ""].index(chosen))
        self._show_passport(shelf.passports.get(chosen, NOTHING))
        if before.passports and before.marks != shelf.marks:
            self.model_changed.emit()

    def _select(self, row: int) -> None:
        self._describe()
        self._show_passport([*self._shelf.passports.values()][row])
        self._enable()

    def _show_passport(self, passport: Passport) -> None:
        shown, self._shown = self._shown, passport
        if shown.name != passport.name or _same(self.description.text(), shown.description):  # else it is being typed
            self.description.setText(passport.description)
            self.description.setCursorPosition(0)
        if shown.rows != passport.rows:
            self.text.setHtml(_table(passport.rows))

    def _enable(self) -> None:
        """Let be clicked and typed what can be done now."""
        shown, idle = self._shown, not self._busy
        writable, readable, own = idle and not self._held_by, shown.card is not None, not shown.ships
        self.description.setReadOnly(not (writable and readable and own))
        self.description.setPlaceholderText("" if self.description.isReadOnly() else "One sentence on what it is for")
        self.use_button.setEnabled(writable and readable and not shown.adopted)
        self.rename_button.setEnabled(writable and readable and own)
        self.export_button.setEnabled(idle and readable)
        self.remove_button.setEnabled(writable and own and not shown.adopted)
        self.remove_button.setToolTip(_explain_remove(shown))
        for button in (self.roll_back_button, self.import_button, self.trash_button):
            button.setEnabled(writable)


def _attempt(registry: Registry, change: Callable[[], Any], say: Callable[[Any], str]) -> tuple[str, Shelf]:
    """Change something; return what is to be said of it and what is there then, also where it was refused."""
    try:
        sentence = say(change())
    except (MaskloopError, OSError) as error:
        sentence = explain(error)
    return sentence, read_shelf(registry)


def _choose(before: Shelf, shelf: Shelf, chosen: str) -> str:
    """Return the model that is new, or else the one that was chosen, or else the one in use; "" if there is none."""
    new = [name for name in shelf.passports if name not in before.passports]
    kept = [name for name in shelf.passports if name == chosen]
    adopted = [name for name, passport in shelf.passports.items() if passport.adopted]
    return [*(new if len(new) == 1 else []), *kept, *adopted, *shelf.passports, ""][0]


def _explain_remove(passport: Passport) -> str:
    if passport.ships:
        return "It ships with maskloop and stays."
    if passport.adopted:
        return "It is in use: use another model before removing it."
    if passport.card is None:
        return "Move it to the trash of the project, which brings back no damaged model."
    return "Move it to the trash of the project, from where it can be brought back."


def _item(passport: Passport) -> QListWidgetItem:
    item = QListWidgetItem("\n".join(filter(None, (passport.name, passport.marks))))
    font = item.font()
    font.setBold(passport.adopted)
    item.setFont(font)
    if passport.card is None:
        item.setForeground(Qt.GlobalColor.gray)
    return item


def _same(text: str, other: str) -> bool:
    """Return whether two descriptions differ in nothing that is kept."""
    return text.split() == other.split()


def _table(rows: list[tuple[str, str]]) -> str:
    cells = ((escape(title), escape(text).replace("\n", "<br>")) for title, text in rows)
    lines = (f"<tr><td style='padding-right: 10px'>{title}</td><td>{text}</td></tr>" for title, text in cells)
    return f"<table cellspacing='2'>{''.join(lines)}</table>"
