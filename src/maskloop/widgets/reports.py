"""Reports on models of a project: made where there is none yet, and opened in the browser."""

from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, QUrl, Signal
from qtpy.QtGui import QDesktopServices

from maskloop.jobs.client import Report
from maskloop.jobs.messages import TERMINAL, Cancelled, Event, Progress, ReportMade
from maskloop.project.layout import ENTRIES, ENTRY_FILE
from maskloop.project.model_folder import MODEL_FILE, REPORT_FILE
from maskloop.widgets.background import Background
from maskloop.widgets.describe_end import describe_end
from maskloop.widgets.worker_session import WorkerSession


class Reports(QObject):
    """Opens reports; one is made at a time, by a worker of its own, which ends with it and gives its memory back.

    Parameters
    ----------
    command : list of str or None
        The worker, as for `WorkerSession`.
    background : Background
    parent : QObject, optional
    """

    told = Signal(str)  # a sentence for the person
    making = Signal(bool)  # whether one is being made, which can be stopped

    def __init__(self, command: list[str] | None, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._command, self._background = command, background
        self._session: WorkerSession | None = None  # of the latest report
        self._job: int | None = None  # while one is being made
        self._name, self._stopping = "", False
        self.destroyed.connect(partial(Reports._end, self))  # with the panel

    def open(self, model: Path) -> None:
        """Open the report on a model folder of a project, and have it made before, where it is missing or old."""
        self._background.run(partial(_is_up_to_date, model), partial(self._go_on, model), self.told.emit)

    def stop(self) -> None:
        """Have no report made, if one is being made."""
        if self._session is not None and self._job is not None:
            self._stopping = True
            self.making.emit(False)
            self.told.emit(f"Stopping the report on {self._name}…")
            self._session.cancel(self._job)

    def _go_on(self, model: Path, up_to_date: bool) -> None:
        if up_to_date:
            self._show(model / REPORT_FILE)
        elif self._job is not None:
            self.told.emit(f"The report on {self._name} is being made; ask again when it is done or stopped.")
        else:
            self._begin(model)

    def _begin(self, model: Path) -> None:
        self._name, self._stopping = model.name, False
        self._session = WorkerSession(self._command)
        self._session.reported.connect(self._handle)
        self._job = self._session.make_report(model, model.parent.parent)
        self.told.emit(f"Making the report on {self._name}…")
        self.making.emit(True)

    def _handle(self, report: Report) -> None:
        if isinstance(report.event, Progress) and not self._stopping:
            self.told.emit(f"Making the report on {self._name}: {report.event.share:.0%}…")
        elif isinstance(report.event, TERMINAL):
            self._end()
            self.making.emit(False)
            self._tell_end(report.event)

    def _tell_end(self, event: Event) -> None:
        if isinstance(event, ReportMade):
            self._show(event.file)
        elif isinstance(event, Cancelled):
            self.told.emit(f"The report on {self._name} was stopped.")
        else:
            self.told.emit(describe_end(event))

    def _end(self) -> None:
        """End the worker, without touching a widget, since they may be gone."""
        self._job = None
        if self._session is not None:
            self._session.close()

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
