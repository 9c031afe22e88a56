"""The Segment panel: a click, a labels layer, and a window that never stands still meanwhile."""

import napari
from napari.layers import Image
from napari.utils.events import Event
from qtpy.QtCore import QSignalBlocker, Qt, QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from maskloop.config import SegmentConfig
from maskloop.errors import InputError, ModelError
from maskloop.jobs.client import Report
from maskloop.jobs.messages import Broken, Ready
from maskloop.widgets.adjust_form import AdjustForm
from maskloop.widgets.background import Background
from maskloop.widgets.calm_bar import CalmBar
from maskloop.widgets.open_entry import OpenEntry
from maskloop.widgets.segment_form import SegmentForm
from maskloop.widgets.segmentations import Segmentations
from maskloop.widgets.warm_up import warm_up_labels
from maskloop.widgets.worker_session import WorkerSession

LOADING = "Loading"
ADJUST_DELAY_MS = 20  # a slider that is dragged asks for labels at this rate at most


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
    segmentations : Segmentations
    """

    def __init__(
        self, viewer: napari.Viewer, session: WorkerSession | None = None, background: Background | None = None
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self.session = session or WorkerSession()
        self.segmentations = Segmentations(viewer, self.session, background or Background(), self)
        self._warm = False
        self._refused = ""  # why an image could not be segmented

        self.form = SegmentForm()
        self.adjust = AdjustForm()
        self.run_button = QPushButton("Segment")
        self.cancel_button = QPushButton("Cancel")
        self.progress = CalmBar()
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
        self.segmentations.entry = entry
        if entry is not None:
            self.form.set_image(entry.image)

    def segment(self) -> None:
        """Segment the chosen image, as the button does."""
        try:
            self.start(self.form.all_planes)
        except (InputError, ModelError) as error:
            self._refused = str(error)
            self.message.setText(self._refused)

    def start(self, all_planes: bool) -> None:
        """Segment all planes of the chosen image, or the one that is shown.

        Raises
        ------
        InputError
            If the image cannot be segmented, or something is being segmented already.
        ModelError
            If the model cannot be read any more.
        """
        self.segmentations.start(self.form.image, all_planes, self.config, self.form.card.network.task)

    def cancel(self) -> None:
        """Stop the running segmentation, as the button does."""
        self.segmentations.cancel()

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
        self._show_running(False)

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
        self._adjust_delay.timeout.connect(lambda: self.segmentations.adjust(self.adjust.value()))
        self.adjust.changed.connect(self._adjust_delay.start)
        self.segmentations.said.connect(self.message.setText)
        self.segmentations.progressed.connect(self._show_progress)
        self.segmentations.ran.connect(self._show_running)
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
        self._adjust_delay.stop()
        self.segmentations.take_as_shown(card.labels)  # the kept maps are those of the model before
        self.message.setText(f"{LOADING} {card.name}…")
        self.session.warm(str(self.form.model))

    def _handle(self, report: Report) -> None:
        event = report.event
        if not isinstance(event, Ready | Broken) or event.model != str(self.form.model):
            return  # of a model that was chosen before
        if isinstance(event, Broken):
            self.message.setText(event.reason)
        elif self.message.text().startswith(LOADING):
            self.message.setText("Ready.")  # anything else is still to be read

    def _show_progress(self, share: float, seconds_left: float | None) -> None:
        self.progress.setValue(round(1000 * share))
        self.progress.setFormat("%p %" if seconds_left is None else f"%p %, {seconds_left:.0f} s left")

    def _show_running(self, running: bool) -> None:
        self.run_button.setEnabled(not running)
        self.cancel_button.setEnabled(running)
        self.progress.setVisible(running)
        self.progress.setValue(0)
        self.progress.setFormat("")
