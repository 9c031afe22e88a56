"""The panel that napari docks: segment, correct, the project that keeps both, and train on it."""

from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import napari
from qtpy.QtCore import QEvent, QSignalBlocker, QTimer
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QTabWidget, QWidget

from maskloop.errors import InputError, MaskloopError
from maskloop.ops.task import OF_PROJECT, require_task
from maskloop.project.model_folder import read_card
from maskloop.widgets.ask_before_closing import AskBeforeClosing
from maskloop.widgets.background import Background
from maskloop.widgets.segment_panel import SegmentPanel
from maskloop.widgets.worker_session import WorkerSession

if TYPE_CHECKING:  # imported when they are needed, and a window that opens need not wait
    from napari.layers import Image

    from maskloop.project.entry import Entry
    from maskloop.project.project import Project
    from maskloop.widgets.correct_panel import CorrectPanel
    from maskloop.widgets.open_entry import OpenEntry
    from maskloop.widgets.project_panel import ProjectPanel
    from maskloop.widgets.train_panel import TrainPanel

P = TypeVar("P", bound=QWidget)

TABS = ("segment", "correct", "project", "train")
LATER = ("project", "correct", "train")  # what is made after the window has drawn what is seen first
PAUSE_MS = 30  # between them
LEAVE_MS = 50


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
        self._viewer = viewer
        self._background, self._counting = Background(), Background()
        self.destroyed.connect(self._counting.forget_window)
        for name in TABS:
            self.addTab(QWidget(), name.capitalize())
        self.segment = self._put("segment", SegmentPanel(viewer, session, self._background))
        self._question: AskBeforeClosing | None = None
        self._left = list(LATER)
        self._make_later = QTimer(self, interval=PAUSE_MS)
        self._make_later.timeout.connect(self._make_next)
        self._make_later.start()
        self.currentChanged.connect(lambda index: getattr(self, TABS[index]))

    @cached_property
    def correct(self) -> "CorrectPanel":
        """The Correct tab, made when it is needed first."""
        from maskloop.widgets.correct_panel import CorrectPanel

        return self._put("correct", CorrectPanel(self._viewer, self.segment, self._background))

    @cached_property
    def project(self) -> "ProjectPanel":
        """The Project tab, made when it is needed first."""
        from maskloop.widgets.project_panel import ProjectPanel

        panel = ProjectPanel(self._viewer, self._background, lambda: self.segment.form.image)
        panel.entry_changed.connect(self._use_entry)
        panel.recoloured.connect(lambda: self.correct.show_task())
        panel.project_changed.connect(self._use_project)
        self.destroyed.connect(partial(ProjectPanel.let_go, panel))  # a viewer that closes tells nothing else
        return self._put("project", panel)

    @cached_property
    def train(self) -> "TrainPanel":
        """The Train tab, made when it is needed first."""
        from maskloop.widgets.reports import Reports
        from maskloop.widgets.train_panel import TrainPanel

        panel = TrainPanel(self._background, self._counting)
        panel.models_found.connect(self.segment.form.offer_models)
        panel.adopted.connect(self.segment.form.adopt)
        panel.resegment_wanted.connect(self._resegment)
        panel.entry_wanted.connect(self._show_entry)
        reports = Reports(self.segment.session.command, self._background, panel)
        panel.runs.report_wanted.connect(reports.open)
        panel.stop_report_button.clicked.connect(reports.stop)
        reports.making.connect(panel.stop_report_button.setVisible)
        reports.told.connect(panel.runs.told)
        return self._put("train", panel)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's
        """Ask before the window is closed that it is shown in."""
        super().showEvent(event)
        if self._left:
            self._make_later.start()
        if self._question is None:
            unsaved = lambda: self.project.unsaved if "project" in self.__dict__ else ""  # noqa: E731
            count = lambda: self.train.runs.running if "train" in self.__dict__ else 0  # noqa: E731
            self._question = AskBeforeClosing(self.window(), unsaved, count, lambda: self.train.runs.stop_all(), self)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's
        """Make nothing more for a window that is not seen, and may be about to close."""
        super().hideEvent(event)
        self._make_later.stop()

    def event(self, event: QEvent) -> bool:
        """Go for good when the dock is closed, which only takes the panel out of it."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._make_later.stop()
            # Later: layers that leave while the window takes the dock out and draws anew crash Mesa's software OpenGL.
            leave = QTimer(self, singleShot=True, interval=LEAVE_MS)
            leave.timeout.connect(self._leave)
            leave.start()
        return bool(super().event(event))

    def _leave(self) -> None:
        self.project.leave()
        self._background.forget_window()
        self._counting.forget_window()
        self.correct.close_tools()
        self.deleteLater()

    def _put(self, name: str, panel: P) -> P:
        """Put a panel in the place that was kept for it."""
        index, shown = TABS.index(name), self.currentIndex()
        empty = self.widget(index)
        with QSignalBlocker(self):
            self.removeTab(index)
            self.insertTab(index, panel, name.capitalize())
            self.setCurrentIndex(shown)
        if empty is not None:
            empty.deleteLater()
        return panel

    def _make_next(self) -> None:
        name = self._left.pop(0)
        getattr(self, name)
        if name == "project" and self.project.is_untouched:
            self.project.open_last()
        if not self._left:
            self._make_later.stop()

    def _use_entry(self, entry: "OpenEntry | None") -> None:
        self.segment.set_entry(entry)
        self.correct.set_entry(entry)
        self.train.set_entry(entry)

    def _use_project(self, project: "Project | None") -> None:
        self.segment.form.leave_project()  # the one before
        self.train.set_project(project)

    def _show_entry(self, entry_id: str, remark: str) -> None:
        self.setCurrentWidget(self.project)  # which says whether it could be opened
        self.project.open(entry_id, remark)

    def _resegment(self, model: Path, channel: int | None) -> None:
        """Segment what is not reviewed with a model, which the Segment tab shows; what is in the viewer last."""
        from maskloop.widgets.resegment import Resegmentation

        project, entry = self.project.project, self.project.open_entry
        if project is None:
            return
        try:
            require_task(read_card(model).network.task, project.task, f"The model {model.name!r}", OF_PROJECT)
        except MaskloopError as error:
            self._show_resegmented(channel, str(error), stopped=True)
            return
        self.segment.form.adopt(model)
        open_id = "" if entry is None else entry.entry.id
        entries = [e for e in project.entries if e.status != "reviewed" and e.id != open_id]
        config = self.segment.config.model_copy(update={"channel": channel})
        session = self.segment.session
        work = Resegmentation(project, entries, config, session, self._background, self, self._is_in_viewer)
        self.train.stop_button.clicked.connect(work.stop)
        work.told.connect(self.train.message.setText)
        work.finished.connect(lambda sentence: self._show_resegmented(channel, sentence, work.stopped))
        work.finished.connect(work.deleteLater)
        work.go_on()

    def _is_in_viewer(self, entry: "Entry") -> bool:
        return self.project.has_in_hand(entry.id)

    def _show_resegmented(self, channel: int | None, sentence: str, stopped: bool) -> None:
        self.train.stop_button.hide()
        self.train.refresh()
        self.project.show_entries()
        remark = "" if stopped else self._segment_open(channel)
        self.train.message.setText(f"{sentence} {remark}".strip())

    def _segment_open(self, channel: int | None) -> str:
        """Segment all planes of the open entry, if it is not reviewed; return why it cannot be, or an empty text."""
        entry = self.project.open_entry
        if entry is None or entry.share_reviewed == 1:
            return ""
        try:
            self.segment.form.set_image(self._image_of(entry, channel))
            self.segment.start(all_planes=True)
        except MaskloopError as error:
            return f"{entry.entry.name}, which is open, is not segmented anew: {error}"
        return ""

    def _image_of(self, entry: "OpenEntry", channel: int | None) -> "Image":
        """Return the layer of a channel of an entry; a channel in colour is chosen elsewhere."""
        number = (channel or 0) if len(entry.images) > 1 else 0
        if number >= len(entry.images):
            raise InputError(f"it has {len(entry.images)} channels, and the model has learned from channel {number}.")
        if (image := entry.images[number]) not in self._viewer.layers:
            raise InputError(f"the layer {image.name!r} was removed.")
        return image
