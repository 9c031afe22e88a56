"""What is seen of a project: its name, its entries, and buttons for what can be done with them."""

from functools import partial
from pathlib import Path

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QColorDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from maskloop.config import ClassConfig, TaskConfig
from maskloop.project.entry import Entry, Revision
from maskloop.project.project import Project
from maskloop.widgets.class_choice import patch
from maskloop.widgets.entry_list import EntryList

REFRESH_MS = 1000  # what autosave notes about the open entry shows up in the list


class ProjectForm(QWidget):
    """Shows a project and says what is wanted of it; changes nothing itself."""

    new_wanted = Signal()
    open_wanted = Signal(Path)
    restore_wanted = Signal(object, int)  # an entry, the number of a revision
    remove_wanted = Signal(object)  # an entry
    bring_back_wanted = Signal(object)
    colour_wanted = Signal(int, str)  # of a class
    refused = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._project: Project | None = None
        self.title = QElidingLabel()
        self.list = EntryList()
        self.new_button, self.open_button = QPushButton("New…"), QPushButton("Open…")
        self.add_button, self.import_button = QPushButton("Add this image"), QPushButton("Import…")
        self.versions_button, self.remove_button = QPushButton("Earlier versions"), QPushButton("Remove")
        self.trash_button, self.colours_button = QPushButton("Trash"), QPushButton("Colours of the classes")
        self._lay_out()
        self._connect()

    def show_project(self, project: Project | None, open_id: str) -> None:
        """Show a project, or that none is open, and mark the entry that is in the viewer."""
        self._project = project
        title, tip = ("No project is open", "") if project is None else _name(project)
        self.title.setText(title)
        self.title.setToolTip(tip)
        self.list.show_project(project, open_id)
        writable = project is not None and not project.read_only
        for button in (
            self.import_button,
            self.versions_button,
            self.remove_button,
            self.trash_button,
            self.colours_button,
        ):
            button.setEnabled(writable)
        self.add_button.setEnabled(project is None or writable)
        self.colours_button.setVisible(project is not None and project.task.kind == "classes")

    def _lay_out(self) -> None:
        top, grid = QHBoxLayout(), QGridLayout()
        top.addWidget(self.title, stretch=1)
        top.addWidget(self.new_button)
        top.addWidget(self.open_button)
        grid.addWidget(self.add_button, 0, 0, 1, 2)
        grid.addWidget(self.import_button, 0, 2)
        grid.addWidget(self.versions_button, 1, 0)
        grid.addWidget(self.remove_button, 1, 1)
        grid.addWidget(self.trash_button, 1, 2)
        grid.addWidget(self.colours_button, 2, 0, 1, 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.list, stretch=1)
        layout.addLayout(grid)

    def _connect(self) -> None:
        self.new_button.clicked.connect(lambda: self.new_wanted.emit())
        self.open_button.clicked.connect(self._ask_for_folder)
        self.remove_button.clicked.connect(self._remove_selected)
        self._refresh = QTimer(self, interval=REFRESH_MS)
        self._refresh.timeout.connect(self.list.refresh)
        self._refresh.start()
        for button, fill in (
            (self.versions_button, self._list_versions),
            (self.trash_button, self._list_trash),
            (self.colours_button, self._list_classes),
        ):
            menu = QMenu(button)
            menu.aboutToShow.connect(fill)
            button.setMenu(menu)

    def _remove_selected(self) -> None:
        if (entry := self.list.selected) is not None:
            self.remove_wanted.emit(entry)
        else:
            self.refused.emit("Click the image in the list that is to be removed.")

    def _list_versions(self) -> None:
        menu = self.versions_button.menu()
        menu.clear()
        entry = self.list.selected
        if entry is None or self._project is None:
            menu.addAction("Click an image in the list first").setEnabled(False)
            return
        for revision in reversed(self._project.entry(entry.id).revisions):
            menu.addAction(_describe(revision, self._project.task)).triggered.connect(
                partial(self._restore, entry, revision.number)
            )

    def _list_trash(self) -> None:
        menu = self.trash_button.menu()
        menu.clear()
        removed = self._project.removed() if self._project is not None else []
        for entry in removed:
            name = entry.name.replace("&", "&&")  # or a menu would underline what follows
            menu.addAction(f"Bring back {name}").triggered.connect(partial(self._bring_back, entry))
        if not removed:
            menu.addAction("The trash is empty").setEnabled(False)

    def _list_classes(self) -> None:
        menu = self.colours_button.menu()
        menu.clear()
        for number, of in enumerate(self._project.task.classes if self._project is not None else (), start=1):
            action = menu.addAction(patch(of.colour), of.name.replace("&", "&&"))
            action.triggered.connect(partial(self._ask_for_colour, number, of))

    def _ask_for_colour(self, number: int, of: ClassConfig) -> None:
        project = self._project
        chosen = QColorDialog.getColor(QColor(of.colour), self, f"Colour of {of.name}")
        if chosen.isValid() and project is self._project:  # another may have been opened meanwhile
            self.colour_wanted.emit(number, chosen.name())

    def _restore(self, entry: Entry, revision: int) -> None:
        self.restore_wanted.emit(entry, revision)

    def _bring_back(self, entry: Entry) -> None:
        self.bring_back_wanted.emit(entry)

    def _ask_for_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Open a project"):
            self.open_wanted.emit(Path(folder))


def _name(project: Project) -> tuple[str, str]:
    """Name a project and what its labels mean, where that is no objects; in a few words, and at length."""
    if project.task.kind == "objects":
        return project.folder.name, str(project.folder)
    return f"{project.folder.name}: {project.task}", f"{project.folder}\nLabels mean {project.task}."


def _describe(revision: Revision, task: TaskConfig) -> str:
    objects = f"{revision.objects} object{'' if revision.objects == 1 else 's'}, " if task.kind == "objects" else ""
    made = f"{revision.time.astimezone():%d %b %Y, %H:%M:%S}"
    return f"{revision.number}: {made}, {revision.reason}, {objects}{revision.reviewed:.0%} reviewed"
