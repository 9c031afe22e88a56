"""The entries of a project as a list with pictures, of which only those on screen are loaded."""

from functools import lru_cache
from pathlib import Path

from qtpy.QtCore import QAbstractListModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QListView, QWidget

from maskloop.config import TaskConfig
from maskloop.project.entry import Entry
from maskloop.project.layout import THUMBNAIL_FILE
from maskloop.project.project import Project

PICTURE = 48  # pixels
SIGNS = {"not segmented": "○", "predicted": "○", "in progress": "◐", "reviewed": "●"}


class _Entries(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._project: Project | None = None
        self.entries: list[Entry] = []
        self.open_id = ""
        self._picture = lru_cache(500)(_read_picture)

    def show(self, project: Project | None, open_id: str) -> None:
        self.beginResetModel()
        self._project = project
        self.entries = project.entries if project is not None else []
        self.open_id = open_id
        self.endResetModel()

    def refresh(self) -> None:
        """Show what has become of the entries; nothing is reset where they are still the same ones."""
        now = self._project.entries if self._project is not None else []
        if [entry.id for entry in now] != [entry.id for entry in self.entries]:
            self.show(self._project, self.open_id)
            return
        for row, (old, new) in enumerate(zip(self.entries, now, strict=True)):
            if old is not new:
                self.entries[row] = new
                self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # type: ignore[override]  # noqa: N802, B008 - Qt's
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # type: ignore[override]
        if not index.isValid() or self._project is None:
            return None
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{entry.name}\n{describe(entry, self._project.task)}"
        if role == Qt.ItemDataRole.DecorationRole:
            file = self._project.folder_of(entry) / THUMBNAIL_FILE
            return self._picture(file, file.stat().st_mtime_ns if file.exists() else 0)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{entry.source or entry.name}\n{' x '.join(map(str, entry.shape))}, {entry.axes}"
        return None


def _read_picture(file: Path, _changed: int) -> QPixmap:
    picture = QPixmap(str(file))
    if picture.isNull():
        picture = QPixmap(PICTURE, PICTURE)
        picture.fill(Qt.GlobalColor.black)
    return picture.scaled(
        PICTURE, PICTURE, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    ).copy(0, 0, PICTURE, PICTURE)


def describe(entry: Entry, task: TaskConfig) -> str:
    """Say in a few words how far the work on an entry is; only objects are counted."""
    status = entry.status
    counted = task.kind == "objects" and status != "not segmented"
    objects = f", {entry.objects} object{'' if entry.objects == 1 else 's'}" if counted else ""
    share = f", {entry.reviewed:.0%} reviewed" if 0 < entry.reviewed < 1 else ""
    return f"{SIGNS[status]} {status}{objects}{share}"


class EntryList(QListView):
    """Shows entries; a click on one chooses it."""

    chosen = Signal(str)  # the entry's id

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries = _Entries(self)
        self.setModel(self._entries)
        self._entries.modelReset.connect(self._select_open)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(PICTURE, PICTURE))
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.clicked.connect(self._choose)

    @property
    def selected(self) -> Entry | None:
        """The selected entry."""
        rows = self.selectedIndexes()
        return self._entries.entries[rows[0].row()] if rows else None

    def show_project(self, project: Project | None, open_id: str = "") -> None:
        """Show the entries of a project as they are now, with the open one selected."""
        self._entries.show(project, open_id)

    def refresh(self) -> None:
        """Show how far the work on the entries is by now."""
        self._entries.refresh()

    def _select_open(self) -> None:
        for row, entry in enumerate(self._entries.entries):
            if entry.id == self._entries.open_id:
                self.setCurrentIndex(self._entries.index(row))

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self._entries.entries[index.row()].id)
