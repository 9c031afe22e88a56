"""A worker and what it answers: started with its session, started again when it died, ended with it."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from maskloop.config import LabelsConfig, SegmentConfig, TaskConfig
from maskloop.jobs.client import Client
from maskloop.jobs.messages import MAPS_FILE, RESCALED_FILE

DRAIN_INTERVAL_MS = 15


class WorkerSession(QObject):
    """Hands jobs to a worker process and emits what it answers, in the window's thread.

    Parameters
    ----------
    command : list of str, optional
        The worker; another one for tests.
    """

    reported = Signal(object)  # a maskloop.jobs.client.Report

    def __init__(self, command: list[str] | None = None) -> None:
        super().__init__()
        self.command = command
        self._folder = tempfile.TemporaryDirectory(prefix="maskloop-", ignore_cleanup_errors=True)
        self._client = self._start()
        # The only place where what the worker sends reaches the window.
        self._drain = QTimer(self, interval=DRAIN_INTERVAL_MS)
        self._drain.timeout.connect(self._emit_reports)
        self._drain.start()

    @property
    def pid(self) -> int | None:
        """The worker's process, once it has been started."""
        return self._client.pid

    def warm(self, model: str) -> None:
        """Have a model loaded."""
        self._living().warm(model)

    def segment(self, planes: Callable[[], Iterator[np.ndarray]], count: int, config: SegmentConfig) -> int:
        """Segment planes, as `maskloop.jobs.client.Client.segment` does."""
        return self._living().segment(planes, count, config)

    def relabel(self, segmented: int, config: LabelsConfig, task: TaskConfig) -> int:
        """Make new labels from the maps of an earlier job, as `Client.relabel` does."""
        return self._living().relabel(segmented, config, task)

    def make_report(self, model: Path, project: Path) -> int:
        """Have a report on a model written, as `Client.make_report` does."""
        return self._living().make_report(model, project)

    def maps(self, segmented: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the maps that a segmentation left, and the factors by which its planes were enlarged.

        Returns
        -------
        maps : ndarray of shape (P, Y, X, heads), float16
            Mapped from the disk.
        rescaled : ndarray of shape (P,), float64

        Raises
        ------
        OSError
            If they are gone.
        """
        folder = self._client.job_folder(segmented)
        maps = np.load(folder / MAPS_FILE, mmap_mode="r", allow_pickle=False)
        return maps, np.load(folder / RESCALED_FILE, allow_pickle=False)

    def cancel(self, job: int) -> None:
        """Ask a job to stop."""
        self._client.cancel(job)

    def forget(self, job: int) -> None:
        """Delete what a job left on disk."""
        self._client.forget(job)

    def close(self) -> None:
        """End the worker and delete its folder."""
        with contextlib.suppress(RuntimeError):  # when napari quits, Qt may have deleted the timer already
            self._drain.stop()
        self._client.close(then=self._folder.cleanup)

    def _start(self) -> Client:
        return Client(Path(self._folder.name), self.command)

    def _living(self) -> Client:
        if not self._client.alive:
            dead, self._client = self._client, self._start()  # first, since who hears the last words may call back
            for report in dead.poll():
                self.reported.emit(report)
            dead.close()
        return self._client

    def _emit_reports(self) -> None:
        for report in self._client.poll():
            self.reported.emit(report)
