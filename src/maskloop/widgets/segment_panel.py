"""The Segment panel: a click, a labels layer, and a window that never stands still meanwhile."""

import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import napari
import numpy as np
from napari.layers import Image
from napari.utils.events import Event
from qtpy.QtCore import QEvent, QSignalBlocker, Qt, QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from maskloop.config import LabelsConfig, SegmentConfig, TaskConfig
from maskloop.errors import InputError, ModelError
from maskloop.jobs.client import Report
from maskloop.jobs.messages import TERMINAL, Broken, Done, Progress, Ready
from maskloop.ops.nothing_found import explain_nothing_found
from maskloop.ops.task import OF_PROJECT, require_task
from maskloop.widgets.adjust_form import AdjustForm
from maskloop.widgets.background import Background
from maskloop.widgets.class_look import KEY
from maskloop.widgets.describe_end import describe_end
from maskloop.widgets.entry_result import EntryResult
from maskloop.widgets.open_entry import OpenEntry
from maskloop.widgets.plane_maps import PlaneMaps
from maskloop.widgets.result_layer import ResultLayer
from maskloop.widgets.segment_form import SegmentForm
from maskloop.widgets.snapshot import Snapshot, take_snapshot
from maskloop.widgets.warm_up import warm_up_labels
from maskloop.widgets.worker_session import WorkerSession

LOADING = "Loading"
ADJUST_DELAY_MS = 20  # a slider that is dragged asks for labels at this rate at most


@dataclass(frozen=True)
class _Run:
    """A segmentation: running, or the one whose maps are kept."""

    job: int
    config: SegmentConfig
    task: TaskConfig
    snapshot: Snapshot
    result: ResultLayer | EntryResult
    started: float

    def seconds_left(self, share: float) -> float | None:
        elapsed = time.monotonic() - self.started
        return elapsed * (1 - share) / share if share > 0 and elapsed > 0.5 else None


class SegmentPanel(QWidget):
    """Segments an image layer of a viewer in a worker process.

    Parameters
    ----------
    viewer : napari.Viewer
    session : WorkerSession, optional
        Another worker, for tests.
    background : Background, optional
        Shared with other panels.

    Attributes
    ----------
    session : WorkerSession
    entry : OpenEntry or None
        What is open of a project; labels of its image go into it.
    """

    segmented = Signal()  # new labels are shown

    def __init__(
        self, viewer: napari.Viewer, session: WorkerSession | None = None, background: Background | None = None
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self.session = session or WorkerSession()
        self._background = background or Background()
        self.entry: OpenEntry | None = None
        self._running: _Run | None = None
        self._kept: _Run | None = None
        self._adjusting: int | None = None
        self._warm = False
        self._asked: LabelsConfig | None = None  # what labels were asked for last
        self._refused = ""  # why an image could not be segmented

        self.form = SegmentForm()
        self.adjust = AdjustForm()
        self.run_button = QPushButton("Segment")
        self.cancel_button = QPushButton("Cancel")
        self.progress = QProgressBar()
        # Plain, since it may quote a foreign file.
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._lay_out()
        self._connect()
        self._offer_images()
        self._use_model()

    @property
    def config(self) -> SegmentConfig:
        """All choices, those under Adjust included."""
        return self.form.value(self.adjust.value())

    def set_entry(self, entry: OpenEntry | None) -> None:
        """Segment the image of an entry that was opened, into its labels; None when it was closed."""
        self.entry = entry
        if entry is not None:
            self.form.set_image(entry.image)

    def kept_maps(self, snapshot: Snapshot) -> PlaneMaps | None:
        """Return the maps of the one plane of a snapshot, if it was segmented last and nothing was changed since."""
        kept = self._kept
        if kept is None or not kept.snapshot.same_image(snapshot) or snapshot.where not in kept.snapshot.positions:
            return None
        if kept.config.model_copy(update={"labels": None}) != self.config.model_copy(update={"labels": None}):
            return None
        try:
            maps, rescaled = self.session.maps(kept.job)
        except OSError:  # somebody has tidied the folder for temporary files
            return None
        plane = kept.snapshot.positions.index(snapshot.where)
        return PlaneMaps(np.array(maps[plane]), self.adjust.value(), float(rescaled[plane]))

    def segment(self) -> None:
        """Segment the chosen image, as the button does."""
        if self._running is not None:
            return
        dims = self._viewer.dims
        try:
            snapshot = take_snapshot(self.form.image, dims.displayed, dims.point, self.form.all_planes)
            task = self.form.card.network.task
            self._require_task(task)
        except (InputError, ModelError) as error:
            self._refused = str(error)
            self.message.setText(self._refused)
            return
        config = self.config
        job = self.session.segment(snapshot.planes, len(snapshot.positions), config)
        self._asked = config.labels
        self._running = _Run(job, config, task, snapshot, self._result_for(snapshot, task), time.monotonic())
        self.message.setText("")
        self._show_running()

    def cancel(self) -> None:
        """Stop the running segmentation, as the button does."""
        if self._running is not None:
            self.session.cancel(self._running.job)
            self.message.setText("Stopping…")

    def event(self, event: QEvent) -> bool:
        """Go for good when the dock is closed, which only takes the panel out of it."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.deleteLater()
        return bool(super().event(event))

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button, stretch=1)
        buttons.addWidget(self.cancel_button)
        self.progress.setRange(0, 1000)
        layout = QVBoxLayout(self)
        layout.addWidget(self.form)
        layout.addLayout(buttons)
        layout.addWidget(self.progress)
        layout.addWidget(self.message)
        layout.addWidget(self.adjust)
        layout.addStretch()
        self._show_running()

    def _connect(self) -> None:
        self.run_button.clicked.connect(self.segment)
        self.cancel_button.clicked.connect(self.cancel)
        self.form.model_changed.connect(self._use_model)
        self.form.refused.connect(self.message.setText)
        layers = self._viewer.layers.events
        for event in (layers.inserted, layers.removed, layers.reordered, layers.renamed):
            event.connect(self._offer_images)
        layers.inserted.connect(self._choose_new_image)
        self._adjust_delay = QTimer(self, singleShot=True, interval=ADJUST_DELAY_MS)
        self._adjust_delay.timeout.connect(self._relabel)
        self.adjust.changed.connect(self._adjust_delay.start)
        self.session.reported.connect(self._handle)
        session = self.session  # when the panel is destroyed, nothing of it may be touched
        self.destroyed.connect(lambda: session.close())

    def _offer_images(self) -> None:
        images = [layer for layer in self._viewer.layers if isinstance(layer, Image)]
        active = self._viewer.layers.selection.active
        self.form.set_images(images, active if isinstance(active, Image) else None)
        if images and not self._warm:
            # Not before the first layer: napari sets up its units with it, which two threads at once can't do.
            self._warm = True
            QTimer.singleShot(0, warm_up_labels)

    def _choose_new_image(self, event: Event) -> None:
        if isinstance(event.value, Image):
            self.form.set_image(event.value)
            if self.message.text() == self._refused:
                self.message.clear()  # it was said of another image, or of none

    def _use_model(self) -> None:
        """Load the chosen model, and set Adjust to what was tuned for it; what is shown keeps its labels."""
        try:
            card = self.form.card
        except ModelError as error:
            self.message.setText(str(error))
            return
        with QSignalBlocker(self.adjust):
            self.adjust.set_value(card.labels)
        self.adjust.show_for(card.network.task.kind)
        self._asked = card.labels  # the kept maps are the old model's: they are left as they are
        self.message.setText(f"{LOADING} {card.name}…")
        self.session.warm(str(self.form.model))

    def _require_task(self, task: TaskConfig) -> None:
        """Refuse a model whose labels mean something else than those of the open entry."""
        if self.entry is not None and self.form.image in self.entry.images:
            require_task(task, self.entry.task, "This model", OF_PROJECT)

    def _result_for(self, snapshot: Snapshot, task: TaskConfig) -> ResultLayer | EntryResult:
        kept = self._kept
        if self.entry is not None and self.form.image in self.entry.images:
            return EntryResult(self.entry, self._background)
        reusable = kept is not None and kept.task == task and kept.snapshot.same_image(snapshot)
        if kept is not None and reusable and isinstance(kept.result, ResultLayer):
            return kept.result
        return ResultLayer(self._viewer, task)

    def _result_now(self, run: _Run) -> ResultLayer | EntryResult:
        """Return where labels go: the image may have become an entry since they were asked for.

        Raises
        ------
        InputError
            If the labels of the entry mean something else.
        """
        entry = self.entry
        if entry is None:
            return run.result
        pixels = (image.data[0] if image.multiscale else image.data for image in entry.images)
        if not any(of_image is run.snapshot.data for of_image in pixels):
            return run.result
        require_task(run.task, entry.task, "This model", OF_PROJECT)
        return EntryResult(entry, self._background)

    def _relabel(self) -> None:
        """Ask for new labels from the kept maps; while one request is on its way, the next waits for its answer."""
        if self._kept is not None and self._adjusting is None and self._running is None:
            self._asked = self.adjust.value()
            self._adjusting = self.session.relabel(self._kept.job, self._asked, self._kept.task)

    def _handle(self, report: Report) -> None:
        event = report.event
        job = getattr(event, "job", None)
        if isinstance(event, Ready):
            if self.message.text().startswith(LOADING):  # anything else is still to be read
                self.message.setText("Ready.")
        elif isinstance(event, Broken):
            self.message.setText(event.reason)
        elif self._running is not None and job == self._running.job:
            self._follow(self._running, report)
        elif job == self._adjusting and isinstance(event, TERMINAL):
            self._finish_adjusting(report)
        # Anything else answers a request that nobody waits for any more.

    def _follow(self, run: _Run, report: Report) -> None:
        event = report.event
        if isinstance(event, Progress):
            left = run.seconds_left(event.share)
            self.progress.setValue(round(1000 * event.share))
            self.progress.setFormat("%p %" if left is None else f"%p %, {left:.0f} s left")
            return
        self._running = None
        self._show_running()
        if isinstance(event, Done) and report.labels is not None:
            if self._kept is not None:
                self.session.forget(self._kept.job)
            self._kept = run
            self._show(run, event, report)
        else:
            self.session.forget(run.job)
            self.message.setText(describe_end(event))
        self._catch_up()

    def _finish_adjusting(self, report: Report) -> None:
        self._adjusting = None
        if isinstance(report.event, Done) and self._kept is not None:
            self._show(self._kept, report.event, report)
        elif not isinstance(report.event, Done):
            self.message.setText(describe_end(report.event))
        self._catch_up()

    def _catch_up(self) -> None:
        """Ask for what the sliders say if they were moved while something else was on its way."""
        if self.adjust.value() != self._asked:
            self._relabel()

    def _show(self, run: _Run, event: Done, report: Report) -> None:
        assert report.labels is not None
        self.message.setText("Writing the labels…")
        try:
            self._result_now(run).write(report.labels, run.snapshot, _metadata(run, event), partial(self._tell, event))
        except InputError as error:
            self.message.setText(str(error))

    def _tell(self, event: Done, remark: str) -> None:
        self.message.setText(f"{_summary(event)} {remark}".rstrip())
        self.segmented.emit()

    def _show_running(self) -> None:
        running = self._running is not None
        self.run_button.setEnabled(not running)
        self.cancel_button.setEnabled(running)
        self.progress.setVisible(running)
        self.progress.setValue(0)
        self.progress.setFormat("")


def _metadata(run: _Run, event: Done) -> dict[str, Any]:
    config = run.config.model_copy(update={"labels": event.labels})
    return {
        KEY: {
            "task": event.task.model_dump(mode="json"),
            "version": version("maskloop"),
            "image": run.snapshot.name,
            "settings": config.model_dump(mode="json"),
            "objects": event.objects,
        }
    }


def _summary(event: Done) -> str:
    if not event.objects:
        rescaled = event.rescaled if event.task.kind == "objects" else None
        return explain_nothing_found(event.highest, event.labels, rescaled, event.constant, event.task)
    pixels = f"{event.diameter:.0f} pixel{'' if round(event.diameter) == 1 else 's'}" if event.diameter else ""
    size = f", about {pixels} across" if pixels else ""
    text = f"{event.objects} {event.task.noun}{'s' if event.objects > 1 else ''}{size}."
    if event.rescaled is not None and abs(event.rescaled - 1) > 0.05:
        text += (
            f" The image was {'enlarged' if event.rescaled > 1 else 'shrunk'} to {event.rescaled:.0%} for the model."
        )
    return text
