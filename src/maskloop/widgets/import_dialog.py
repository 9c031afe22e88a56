"""Importing a folder: what would be imported, what not and why, and then the import itself."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from maskloop.project.importers import ImportPlan, ImportReport, import_matches, plan_import
from maskloop.project.masks import Finding
from maskloop.project.project import Project
from maskloop.widgets.background import Background
from maskloop.widgets.errand import Errand

WIDTH, HEIGHT = 640, 460
POLL_MS = 100
HELP = (
    "Choose a folder of images. Masks are found beside them: in a folder 'masks' or 'labels', as files like "
    "'name_mask.png', or one file per nucleus as in the Data Science Bowl 2018."
)


class ImportDialog(QDialog):
    """Asks for folders, shows the dry run, imports.

    Parameters
    ----------
    project : Project
    background : Background
    parent : QWidget
    """

    imported = Signal()

    def __init__(self, project: Project, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Import into {project.folder.name}")
        self.resize(WIDTH, HEIGHT)
        self._project, self._background = project, background
        self._plan: ImportPlan | None = None
        self._errand = Errand()
        self.images, self.masks = QLineEdit(), QLineEdit()
        self.masks.setPlaceholderText("beside the images")
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setPlainText(HELP)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.import_button = self.buttons.addButton("Import", QDialogButtonBox.ButtonRole.ActionRole)
        self._poll = QTimer(self, interval=POLL_MS)
        self._lay_out()
        self._connect()
        self._show_busy(False)

    def choose(self, images: Path, masks: Path | None = None) -> None:
        """Look into folders and show what would be imported, and leave others that are still looked into."""
        self._errand.stop()
        self._plan = None
        self.images.setText(str(images))
        self.masks.setText("" if masks is None else str(masks))
        self.text.setPlainText("Reading the files…")
        known, task = self._project.pixel_hashes(), self._project.task
        self._run(partial(plan_import, images, masks, known, task=task), self._show_plan)

    def start(self) -> None:
        """Import what the dry run has shown."""
        plan = self._plan
        if plan is None:
            return
        self._plan = None  # once only
        self.folders.setEnabled(False)
        self._run(partial(import_matches, self._project, plan), self._show_report)

    def done(self, result: int) -> None:
        """Stop what is going on, and close; what was imported stays."""
        self._errand.stop()
        super().done(result)
        if not self._poll.isActive():  # else when what is going on has ended
            self.deleteLater()

    def _lay_out(self) -> None:
        self.folders = QWidget()
        grid = QGridLayout(self.folders)
        grid.setContentsMargins(0, 0, 0, 0)
        for row, (title, edit, ask) in enumerate(
            (("Images", self.images, self._ask_for_images), ("Masks", self.masks, self._ask_for_masks))
        ):
            button = QPushButton("Choose…")
            button.clicked.connect(ask)
            grid.addWidget(QLabel(title), row, 0)
            grid.addWidget(edit, row, 1)
            grid.addWidget(button, row, 2)
        layout = QVBoxLayout(self)
        layout.addWidget(self.folders)
        layout.addWidget(self.text, stretch=1)
        layout.addWidget(self.progress)
        layout.addWidget(self.buttons)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # or Enter behind a folder would press one

    def _connect(self) -> None:
        self.images.returnPressed.connect(self._choose_typed)
        self.masks.returnPressed.connect(self._choose_typed)
        self.import_button.clicked.connect(self.start)
        self.buttons.rejected.connect(self.reject)
        self._poll.timeout.connect(self._show_share)

    def _ask_for_images(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Folder of images"):
            self.images.setText(folder)
            self._choose_typed()

    def _ask_for_masks(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Folder of masks"):
            self.masks.setText(folder)
            self._choose_typed()

    def _choose_typed(self) -> None:
        if self.images.text():
            self.choose(Path(self.images.text()), Path(self.masks.text()) if self.masks.text() else None)

    def _run(self, work: Callable[..., Any], then: Callable[[Any], None]) -> None:
        """Do what may take long; its answer is dropped if something else was begun meanwhile."""
        self._errand = errand = Errand()
        self._show_busy(True)
        work = partial(work, on_file=errand.reach, should_stop=errand.should_stop)
        self._background.run(work, partial(self._take, errand, then), partial(self._take, errand, self._fail))

    def _take(self, errand: Errand, show: Callable[[Any], None], answer: Any) -> None:
        if errand is self._errand:
            show(answer)
            self._show_busy(False)

    def _show_share(self) -> None:
        self.progress.setValue(round(1000 * self._errand.share))

    def _show_busy(self, busy: bool) -> None:
        self.progress.setVisible(busy)
        (self._poll.start if busy else self._poll.stop)()
        if not busy:
            self.folders.setEnabled(True)
        if self._errand.stopped and not busy:
            self.imported.emit()
            self.deleteLater()
        self.import_button.setEnabled(not busy and self._plan is not None and bool(self._plan.matches))

    def _show_plan(self, plan: ImportPlan) -> None:
        self._plan = plan
        images = _images(len(plan.matches))
        lines = [f"{plan.layout[0].upper()}{plan.layout[1:]}: {images} can be imported."]
        lines += self._listed(f"{len(plan.refused)} cannot:", plan.refused)
        lines += self._listed("These can, but please look at them:", plan.notes)
        self.text.setPlainText("\n".join(lines))
        self.import_button.setText(f"Import {images}")

    def _show_report(self, report: ImportReport) -> None:
        count = len(report.entries)
        lines = [f"{_images(count)} {'was' if count == 1 else 'were'} imported."]
        lines += self._listed(
            f"{len(report.failed)} {'was' if len(report.failed) == 1 else 'were'} not:", report.failed
        )
        self.text.setPlainText("\n".join(lines))
        self.imported.emit()

    def _fail(self, reason: str) -> None:
        self.text.setPlainText(reason)

    def _listed(self, title: str, findings: Sequence[Finding]) -> list[str]:
        """List files with what was found in them, named from the chosen folders on."""
        tops = [Path(edit.text()) for edit in (self.images, self.masks) if edit.text()]
        lines = []
        for finding in findings:
            top = next((top for top in tops if finding.path.is_relative_to(top)), None)
            name = finding.path.relative_to(top) if top else finding.path
            lines.append(f"{name}: {finding.reason}")
        return ["", title, *lines] if lines else []


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"
