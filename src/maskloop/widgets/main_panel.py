"""The panel that napari docks: segment, correct, and the project that keeps both."""

from functools import partial

import napari
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QTabWidget

from maskloop.widgets.background import Background
from maskloop.widgets.correct_panel import CorrectPanel
from maskloop.widgets.open_entry import OpenEntry
from maskloop.widgets.project_panel import ProjectPanel
from maskloop.widgets.segment_panel import SegmentPanel
from maskloop.widgets.worker_session import WorkerSession


class MainPanel(QTabWidget):
    """The panels of one viewer, and what they share.

    Parameters
    ----------
    viewer : napari.Viewer
    session : WorkerSession, optional
        Another worker, for tests.
    """

    def __init__(self, viewer: napari.Viewer, session: WorkerSession | None = None) -> None:
        super().__init__()
        self._background = Background()
        self.segment = SegmentPanel(viewer, session, self._background)
        self.correct = CorrectPanel(viewer, self.segment, self._background)
        self.project = ProjectPanel(viewer, self._background, lambda: self.segment.form.image)
        for title, panel in (("Segment", self.segment), ("Correct", self.correct), ("Project", self.project)):
            self.addTab(panel, title)
        self.project.entry_changed.connect(self._use_entry)
        self.destroyed.connect(partial(ProjectPanel.let_go, self.project))  # a viewer that closes tells nothing else
        QTimer.singleShot(0, self.project.open_last)

    def event(self, event: QEvent) -> bool:
        """Go for good when the dock is closed, which only takes the panel out of it."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.project.close_project()
            self._background.forget_window()
            self.correct.close_tools()
            self.deleteLater()
        return bool(super().event(event))

    def _use_entry(self, entry: OpenEntry | None) -> None:
        self.segment.set_entry(entry)
        self.correct.set_entry(entry)
