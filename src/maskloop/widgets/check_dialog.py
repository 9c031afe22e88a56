"""Whether what was reviewed in a project is fit to learn from: what is wrong, shown, and what to do about it."""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QStyle,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from maskloop.config import TrainConfig
from maskloop.project.doctor import PICTURE, Checkup, check_data
from maskloop.project.problem import GRAVITIES, Gravity, Problem
from maskloop.project.project import Project
from maskloop.widgets.background import Background
from maskloop.widgets.errand import Errand

WIDTH, HEIGHT, NAME_WIDTH = 820, 560, 180
POLL_MS = 100
ICONS: dict[Gravity, QStyle.StandardPixmap] = {
    "error": QStyle.StandardPixmap.SP_MessageBoxCritical,
    "warning": QStyle.StandardPixmap.SP_MessageBoxWarning,
    "hint": QStyle.StandardPixmap.SP_MessageBoxInformation,
}
NO_PICTURE = "There is no picture of it."


class CheckDialog(QDialog):
    """Examines the reviewed entries of a project, and lists what was found; the window can be used beside it.

    Parameters
    ----------
    project : Project
    config : TrainConfig
        How it is to be learned from.
    background : Background
        For what may take long, and nobody waits for.
    parent : QWidget
    """

    open_wanted = Signal(str, str)  # the id of an entry, and what is wrong with it

    def __init__(self, project: Project, config: TrainConfig, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Data of {project.folder.name}")
        self.resize(WIDTH, 0)  # grows when something is found
        self._project, self._config, self._background = project, config, background
        self._errand, self._checkup = Errand(), Checkup("", project.task, 0, 0, 0, 0, (), lambda _: None)
        self._rows: list[tuple[Problem, Path]] = []
        # Plain, since they may quote names that a person has given.
        self.status, self.text = (QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText) for _ in range(2))
        self.list, self.picture = QTreeWidget(), QLabel(alignment=Qt.AlignmentFlag.AlignTop, wordWrap=True)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.stop_button = QPushButton("Stop")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        self.open_button = self.buttons.addButton("Open this image", role)
        self.check_button = self.buttons.addButton("Check again", role)
        self._poll = QTimer(self, interval=POLL_MS)
        self._lay_out()
        self._connect()
        self.check()

    def check(self) -> None:
        """Examine the project as it is now."""
        self._errand = errand = Errand()
        self.destroyed.connect(errand.stop)  # or Python would wait for its end when napari is closed
        self.status.setText("Examining what is reviewed…")
        self._show_rows([])
        self._show_busy(True)
        folder, config = self._project.folder, self._config
        work = partial(check_data, folder, config=config, on_file=errand.reach, should_stop=errand.should_stop)
        self._background.run(work, partial(self._show, errand), partial(self._fail, errand))

    def stop(self) -> None:
        """Leave the rest of the images alone."""
        self._errand.stop()
        self.stop_button.setEnabled(False)
        self.status.setText("Stopping after this image…")

    def done(self, result: int) -> None:
        """Stop what is going on, and close."""
        self._errand.stop()
        super().done(result)
        self.deleteLater()

    def _lay_out(self) -> None:
        self.list.setHeaderLabels(["How serious", "Image", "What is wrong"])
        self.list.setRootIsDecorated(False)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().resizeSection(1, NAME_WIDTH)
        self.picture.setFixedSize(PICTURE, PICTURE)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.findings = QWidget()
        grid = QGridLayout(self.findings)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.list, 0, 0, 1, 2)
        grid.addWidget(self.picture, 1, 0)
        grid.addWidget(self.text, 1, 1)
        grid.setRowStretch(0, 1)
        grid.setColumnStretch(1, 1)
        working = QHBoxLayout()
        working.addWidget(self.progress, stretch=1)
        working.addWidget(self.stop_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.status)
        layout.addLayout(working)
        layout.addWidget(self.findings, stretch=1)
        layout.addStretch()
        layout.addWidget(self.buttons)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # or Enter in the list would press one

    def _connect(self) -> None:
        self.stop_button.clicked.connect(self.stop)
        self.check_button.clicked.connect(self.check)
        self.open_button.clicked.connect(self._open)
        self.list.itemDoubleClicked.connect(self._open)
        self.list.currentItemChanged.connect(self._show_chosen)
        self.buttons.rejected.connect(self.reject)
        self._poll.timeout.connect(lambda: self.progress.setValue(round(1000 * self._errand.share)))

    @property
    def _chosen(self) -> tuple[Problem, Path] | None:
        item = self.list.currentItem()
        return None if item is None else self._rows[self.list.indexOfTopLevelItem(item)]

    def _show_busy(self, busy: bool) -> None:
        self.progress.setValue(0)
        self.progress.setVisible(busy)
        self.stop_button.setVisible(busy)
        self.stop_button.setEnabled(busy)
        self.check_button.setEnabled(not busy)
        (self._poll.start if busy else self._poll.stop)()

    def _show(self, errand: Errand, checkup: Checkup) -> None:
        if not isalive(self) or errand is not self._errand:  # it was closed meanwhile
            return
        self._show_busy(False)
        self._checkup = checkup
        self.status.setText(_describe(checkup))
        self._show_rows([(problem, path) for problem in checkup.problems for path in problem.paths])

    def _fail(self, errand: Errand, reason: str) -> None:
        if isalive(self) and errand is self._errand:
            self._show_busy(False)
            self.status.setText(reason)

    def _show_rows(self, rows: list[tuple[Problem, Path]]) -> None:
        self.list.clear()
        self._rows = rows
        self.findings.setVisible(bool(rows))
        self.open_button.setVisible(bool(rows))
        if rows:
            self.resize(self.width(), max(self.height(), HEIGHT))
        names = {entry.id: entry.name for entry in self._project.entries}
        for problem, path in rows:
            name = "all images" if path == self._project.folder else names.get(path.name, path.name)
            item = QTreeWidgetItem([problem.gravity, name, problem.reason])
            item.setIcon(0, self.style().standardIcon(ICONS[problem.gravity]))
            item.setToolTip(1, name)
            item.setToolTip(2, problem.reason)
            self.list.addTopLevelItem(item)
        self.list.setCurrentIndex(self.list.model().index(0, 0))

    def _show_chosen(self) -> None:
        self.picture.clear()
        self.text.clear()
        if (chosen := self._chosen) is None:
            return
        problem, path = chosen
        self.text.setText(f"{problem.reason}\n\nWhat to do: {problem.advice}")
        self.open_button.setEnabled(self._is_entry(path))
        self.picture.setText("Reading…")
        show = partial(self._show_picture, chosen)
        self._background.run(partial(self._checkup.draw, path), show, lambda _: show(None))

    def _show_picture(self, shown: tuple[Problem, Path], pixels: np.ndarray | None) -> None:
        if not isalive(self) or shown is not self._chosen:  # another one is chosen by now
            return
        if pixels is None:
            self.picture.setText(NO_PICTURE)
            return
        height, width, _ = pixels.shape
        picture = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        self.picture.setPixmap(QPixmap.fromImage(picture.copy()))

    def _is_entry(self, path: Path) -> bool:
        return any(path == self._project.folder_of(entry) for entry in self._project.entries)

    def _open(self) -> None:
        if (chosen := self._chosen) is None:
            return
        problem, path = chosen
        if self._is_entry(path):
            self.open_wanted.emit(path.name, problem.reason)
        elif self.open_button.isEnabled():
            self.status.setText("This image is not in the project any more: check again.")


def _describe(checkup: Checkup) -> str:
    counts = Counter(problem.gravity for problem in checkup.problems)
    found = ", ".join(_count(counts[gravity], gravity) for gravity in GRAVITIES if counts[gravity])
    if checkup.examined < checkup.total:
        stopped = f"Stopped after {checkup.examined:,} of {_count(checkup.total, 'image')}"
        return f"{stopped}: {found or 'nothing wrong so far'}. They are not compared with one another yet."
    examined = "No image could be examined"
    if checkup.images:
        objects = _count(checkup.objects, f"reviewed {checkup.task.noun}")
        examined = f"{_count(checkup.images, 'image')} with {objects}"
    return f"{examined}: {found or 'nothing is wrong with them'}."


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
