"""Images of a project segmented anew, one after the other, around what has been reviewed."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from qtpy.QtCore import QObject, Signal

from maskloop.config import SegmentConfig
from maskloop.jobs.client import Report
from maskloop.jobs.messages import TERMINAL, Done
from maskloop.ops.axes import to_planes
from maskloop.project.entry import Entry
from maskloop.project.project import Project
from maskloop.widgets.background import Background
from maskloop.widgets.describe_end import describe_end
from maskloop.widgets.worker_session import WorkerSession


class Resegmentation(QObject):
    """Segments entries that are not in the viewer; each becomes a new version, and earlier ones stay.

    Parameters
    ----------
    project : Project
    entries : list of Entry
    config : SegmentConfig
    session : WorkerSession
    background : Background
    in_viewer : callable, optional
        Told an entry, returns whether it is open, or about to be: strokes on older labels are on their way to the disk
        then, so it is left out.

    Attributes
    ----------
    stopped : bool
        Whether somebody has stopped it.
    """

    told = Signal(str)
    finished = Signal(str)  # a sentence

    def __init__(
        self,
        project: Project,
        entries: list[Entry],
        config: SegmentConfig,
        session: WorkerSession,
        background: Background,
        parent: QObject | None = None,
        in_viewer: Callable[[Entry], bool] = lambda _: False,
    ) -> None:
        super().__init__(parent)
        self._project, self._config, self._session, self._background = project, config, session, background
        self._in_viewer = in_viewer
        self._left, self._count, self._done = deque(entries), len(entries), 0
        self._entry: Entry | None = None
        self._job: int | None = None
        self._failures: list[str] = []
        self.stopped = False
        session.reported.connect(self._handle)

    def go_on(self) -> None:
        """Segment the next entry, or say what came of all; nobody is told any more when the project was closed."""
        if self._project.read_only:
            self._session.reported.disconnect(self._handle)
            return
        if not self._left:
            self._session.reported.disconnect(self._handle)
            text = f"{self._done} of {self._count} image{'' if self._count == 1 else 's'} segmented anew."
            self.finished.emit(" ".join([text, *self._failures[:1]]) if self._count else "")
            return
        self._entry = self._left.popleft()
        self.told.emit(f"Segmenting {self._entry.name} anew ({self._count - len(self._left)} of {self._count})…")
        count = math.prod(self._entry.labels_shape) // math.prod(_plane_shape(self._entry))
        channel = self._project.channel_of(self._entry, self._config.channel)
        config = self._config.model_copy(update={"channel": channel})
        self._job = self._session.segment(partial(_planes, self._project, self._entry), count, config)

    def stop(self) -> None:
        """Leave what is left as it is, the image that is at work too."""
        self.stopped = True
        self._left.clear()
        if self._entry is not None and self._job is not None:
            self._session.cancel(self._job)

    def _handle(self, report: Report) -> None:
        entry = self._entry
        if entry is None or getattr(report.event, "job", None) != self._job or not isinstance(report.event, TERMINAL):
            return
        job, self._entry = self._job, None
        if self.stopped or not self._is_wanted(entry):
            self.go_on()
        elif isinstance(report.event, Done) and report.labels is not None:
            save = partial(self._project.save_prediction, entry, report.labels)
            self._background.run(save, self._go_on_after, partial(self._fail, entry))
        else:
            self._fail(entry, describe_end(report.event))
        assert job is not None
        self._session.forget(job)

    def _is_wanted(self, entry: Entry) -> bool:
        """Whether nobody has removed an entry, opened it or closed the project meanwhile."""
        there = any(known.id == entry.id for known in self._project.entries)
        return there and not self._project.read_only and not self._in_viewer(entry)

    def _go_on_after(self, _: Entry) -> None:
        self._done += 1
        self.go_on()

    def _fail(self, entry: Entry, reason: str) -> None:
        self._failures.append(f"{entry.name}: {reason}")
        self.go_on()


def _planes(project: Project, entry: Entry) -> Iterator[np.ndarray]:
    yield from to_planes(project.image(entry), entry.axes).pixels


def _plane_shape(entry: Entry) -> tuple[int, int]:
    return entry.shape[entry.axes.index("Y")], entry.shape[entry.axes.index("X")]
