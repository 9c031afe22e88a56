"""Segmentations, one at a time: asked of the worker, written to where they belong, and adjusted by the kept maps."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import napari
import numpy as np
from napari.layers import Image
from qtpy.QtCore import QObject, Signal

from maskloop.config import LabelsConfig, SegmentConfig, TaskConfig
from maskloop.errors import InputError
from maskloop.jobs.client import Report
from maskloop.jobs.messages import TERMINAL, Done, Progress
from maskloop.ops.task import OF_PROJECT, require_task
from maskloop.widgets.background import Background
from maskloop.widgets.class_look import KEY
from maskloop.widgets.describe_end import describe_end
from maskloop.widgets.describe_segmented import describe_segmented
from maskloop.widgets.entry_result import EntryResult
from maskloop.widgets.open_entry import OpenEntry
from maskloop.widgets.plane_maps import PlaneMaps
from maskloop.widgets.result_layer import ResultLayer
from maskloop.widgets.snapshot import Snapshot, take_snapshot
from maskloop.widgets.worker_session import WorkerSession

VERSION = version("maskloop")  # found among files, which takes too long beside painting


@dataclass(frozen=True)
class _Run:
    """A segmentation: running, or the one whose maps are kept."""

    job: int
    config: SegmentConfig
    task: TaskConfig
    image_id: str
    snapshot: Snapshot
    result: ResultLayer | EntryResult
    started: float

    def seconds_left(self, share: float) -> float | None:
        elapsed = time.monotonic() - self.started
        return elapsed * (1 - share) / share if share > 0 and elapsed > 0.5 else None


class Segmentations(QObject):
    """What is asked of a worker process about the images of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    session : WorkerSession
    background : Background
    parent : QObject
        With which it goes.

    Attributes
    ----------
    entry : OpenEntry or None
        What is open of a project; labels of its image go into it.
    """

    said = Signal(str)
    progressed = Signal(float, object)  # the share that is done, and the seconds that are left if that is known
    ran = Signal(bool)  # whether one runs now
    segmented = Signal()  # new labels are shown

    def __init__(self, viewer: napari.Viewer, session: WorkerSession, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._session = session
        self._background = background
        self.entry: OpenEntry | None = None
        self._running: _Run | None = None
        self._kept: _Run | None = None
        self._adjusting: int | None = None
        self._wanted: LabelsConfig | None = None
        self._asked: LabelsConfig | None = None  # what labels were asked for last
        session.reported.connect(self._handle)

    def start(self, image: Image | None, all_planes: bool, config: SegmentConfig, task: TaskConfig) -> None:
        """Segment an image.

        Parameters
        ----------
        image : Image or None
        all_planes : bool
            Or the one that is shown.
        config : SegmentConfig
            With labels.
        task : TaskConfig
            What the labels of the model mean.

        Raises
        ------
        InputError
            If there is no image or it cannot be segmented, the labels of its entry mean something else, or something
            is being segmented already.
        """
        if self._running is not None:
            raise InputError("Something is being segmented already: wait for its end, or click Cancel.")
        dims = self._viewer.dims
        snapshot = take_snapshot(image, dims.displayed, dims.point, all_planes)
        assert image is not None  # or there would be no snapshot
        result = self._result_for(image, snapshot, task)
        job = self._session.segment(snapshot.planes, len(snapshot.positions), config)
        self._wanted = self._asked = config.labels
        self.said.emit("")
        self._running = _Run(job, config, task, str(image.unique_id), snapshot, result, time.monotonic())
        self.ran.emit(True)

    def cancel(self) -> None:
        """Stop what runs."""
        if self._running is not None:
            self._session.cancel(self._running.job)
            self.said.emit("Stopping…")

    def adjust(self, labels: LabelsConfig) -> None:
        """Make other labels of the kept maps; while one request is on its way, the next waits for its answer.

        Where the image is gone, they are those of the next segmentation.
        """
        self._wanted = labels
        kept, images = self._kept, [layer for layer in self._viewer.layers if isinstance(layer, Image)]
        idle = self._adjusting is None and self._running is None
        if kept is not None and idle and _has_pixels(images, kept.snapshot):
            self._asked = labels
            self._adjusting = self._session.relabel(kept.job, labels, kept.task)

    def take_as_shown(self, labels: LabelsConfig) -> None:
        """Take labels for those that are shown, so that nothing is asked for until others are wanted."""
        self._wanted = self._asked = labels

    def kept_maps(self, snapshot: Snapshot, config: SegmentConfig) -> PlaneMaps | None:
        """Return the maps of the one plane of a snapshot, if it was segmented last and nothing was changed since."""
        kept = self._kept
        if kept is None or not kept.snapshot.same_image(snapshot) or snapshot.where not in kept.snapshot.positions:
            return None
        if kept.config.model_copy(update={"labels": None}) != config.model_copy(update={"labels": None}):
            return None
        assert config.labels is not None
        try:
            maps, rescaled = self._session.maps(kept.job)
        except OSError:  # somebody has tidied the folder for temporary files
            return None
        plane = kept.snapshot.positions.index(snapshot.where)
        return PlaneMaps(np.array(maps[plane]), config.labels, float(rescaled[plane]))

    def _result_for(self, image: Image, snapshot: Snapshot, task: TaskConfig) -> ResultLayer | EntryResult:
        if self.entry is not None and image in self.entry.images:
            return self._result_in(self.entry, task)
        kept = self._kept
        reusable = kept is not None and kept.task == task and kept.snapshot.same_image(snapshot)
        if kept is not None and reusable and isinstance(kept.result, ResultLayer):
            return kept.result
        return ResultLayer(self._viewer, task)

    def _result_now(self, run: _Run) -> ResultLayer | EntryResult:
        """Return where labels go: the image may have become an entry since they were asked for."""
        if self.entry is not None and _has_pixels(self.entry.images, run.snapshot):
            return self._result_in(self.entry, run.task)
        return run.result

    def _result_in(self, entry: OpenEntry, task: TaskConfig) -> EntryResult:
        require_task(task, entry.task, "This model", OF_PROJECT)
        return EntryResult(entry, self._background)

    def _handle(self, report: Report) -> None:
        job = getattr(report.event, "job", None)
        if self._running is not None and job == self._running.job:
            self._follow(self._running, report)
        elif job is not None and job == self._adjusting and isinstance(report.event, TERMINAL):
            self._finish_adjusting(report)
        # Anything else answers a request that nobody waits for any more.

    def _follow(self, run: _Run, report: Report) -> None:
        event = report.event
        if isinstance(event, Progress):
            self.progressed.emit(event.share, run.seconds_left(event.share))
            return
        self._running = None
        self.ran.emit(False)
        if isinstance(event, Done) and report.labels is not None:
            if self._kept is not None:
                self._session.forget(self._kept.job)
            self._kept = run
            self._show(run, event, report.labels)
        else:
            self._session.forget(run.job)
            self.said.emit(describe_end(event))
        self._catch_up()

    def _finish_adjusting(self, report: Report) -> None:
        self._adjusting = None
        if not isinstance(report.event, Done):
            self.said.emit(describe_end(report.event))
        elif self._kept is not None and report.labels is not None:
            self._show(self._kept, report.event, report.labels)
        self._catch_up()

    def _catch_up(self) -> None:
        """Ask for what is wanted by now, if that has changed while something else was on its way."""
        if self._wanted is not None and self._wanted != self._asked:
            self.adjust(self._wanted)

    def _show(self, run: _Run, event: Done, labels: np.ndarray) -> None:
        self.said.emit("Writing the labels…")
        try:
            self._result_now(run).write(labels, run.snapshot, self._metadata(run, event), partial(self._tell, event))
        except InputError as error:
            self.said.emit(str(error))

    @staticmethod
    def _metadata(run: _Run, event: Done) -> dict[str, Any]:
        config = run.config.model_copy(update={"labels": event.labels})
        return {
            KEY: {
                "task": event.task.model_dump(mode="json"),
                "version": VERSION,
                "image": run.snapshot.name,
                "image_id": run.image_id,
                "settings": config.model_dump(mode="json"),
                "objects": event.objects,
            }
        }

    def _tell(self, event: Done, remark: str) -> None:
        self.said.emit(f"{describe_segmented(event)} {remark}".rstrip())
        self.segmented.emit()


def _has_pixels(images: Iterable[Image], snapshot: Snapshot) -> bool:
    """Return whether one of some images has the very pixels of a snapshot."""
    pixels = (image.data[0] if image.multiscale else image.data for image in images)
    return any(of_image is snapshot.data for of_image in pixels)
