"""Reports on models of a project: made by the worker where there is none yet, and opened in the browser."""

from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, QUrl, Signal
from qtpy.QtGui import QDesktopServices

from maskloop.jobs.client import Report
from maskloop.jobs.messages import TERMINAL, Progress, ReportMade
from maskloop.project.layout import ENTRIES, ENTRY_FILE
from maskloop.project.model_folder import MODEL_FILE, REPORT_FILE
from maskloop.widgets.background import Background
from maskloop.widgets.describe_end import describe_end
from maskloop.widgets.worker_session import WorkerSession


class Reports(QObject):
    """Opens reports; one is made at a time.

    Parameters
    ----------
    session : WorkerSession
    background : Background
    parent : QObject, optional
    """

    told = Signal(str)  # a sentence for the person

    def __init__(self, session: WorkerSession, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._background = session, background
        self._job: int | None = None
        self._name = ""
        session.reported.connect(self._handle)

    def open(self, model: Path) -> None:
        """Open the report on a model folder of a project, and have it made before, where it is missing or old."""
        self._background.run(partial(_is_up_to_date, model), partial(self._go_on, model), self.told.emit)

    def _go_on(self, model: Path, up_to_date: bool) -> None:
        if up_to_date:
            self._show(model / REPORT_FILE)
        elif self._job is not None:
            self.told.emit(f"The report on {self._name} is being made; ask again when it is done.")
        else:
            self._name = model.name
            self.told.emit(f"Making the report on {self._name}…")
            self._job = self._session.make_report(model, model.parent.parent)

    def _handle(self, report: Report) -> None:
        event = report.event
        if self._job is None or getattr(event, "job", None) != self._job:
            return
        if isinstance(event, TERMINAL):
            self._job = None
        if isinstance(event, Progress):
            self.told.emit(f"Making the report on {self._name}: {event.share:.0%}…")
        elif isinstance(event, ReportMade):
            self._show(event.file)
        else:
            self.told.emit(describe_end(event))

    def _show(self, file: Path) -> None:
        opened = QDesktopServices.openUrl(QUrl.fromLocalFile(str(file)))
        self.told.emit("" if opened else f"The report is written, but nothing here opens it: {file}")


def _is_up_to_date(model: Path) -> bool:
    """Whether there is a report that is newer than the model's card, and than all images of the project."""
    report = model / REPORT_FILE
    if not report.is_file():
        return False
    entries = model.parent.parent / ENTRIES  # its own time tells of one that was removed or brought back
    judged_by = (model / MODEL_FILE, entries, *entries.glob(f"*/{ENTRY_FILE}"))
    return report.stat().st_mtime > max(path.stat().st_mtime for path in judged_by)
