"""The parent's side of the process boundary; knows no TensorFlow and no Qt, and never blocks its caller."""

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np
from pydantic import ValidationError

from maskloop.config import LabelsConfig, SegmentConfig, TaskConfig
from maskloop.errors import Cancelled as CancelledError
from maskloop.errors import explain
from maskloop.jobs.messages import (
    EVENTS,
    IMAGE_FILE,
    LABELS_FILE,
    TERMINAL,
    Broken,
    Cancel,
    Cancelled,
    Crashed,
    Done,
    Event,
    Failed,
    MakeReport,
    Message,
    Ready,
    Relabel,
    Segment,
    Warm,
)
from maskloop.jobs.worker_log import WorkerLog
from maskloop.jobs.write_planes import write_planes

LOG_FILE = "log.txt"
GRACE_S = 5.0  # for a cancelled job to stop by itself

SAFE_PATH = ["-P"]  # or a queue.py in the folder that napari was started in would be imported
ENVIRONMENT = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}  # of what starts the engine
# Without a console of its own under Windows, and out of reach of Ctrl+C, which is for the window.
CREATION_FLAGS = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)

ENDED = "The worker process was ended, since another job did not stop. Try again."

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Report:
    """An event, and with `Done` the labels it speaks of, of shape (P, Y, X), int32, already in memory."""

    event: Event
    labels: np.ndarray | None = None


@dataclass(frozen=True)
class _Letter:
    message: Message
    prepare: Callable[[], None] = lambda: None


class Client:
    """One worker process, for as long as it lives.

    Each job ends with exactly one of `Done`, `ReportMade`, `Cancelled`, `Failed`, `Crashed`, also one that is sent to
    a worker that is dead already.

    Parameters
    ----------
    folder : Path
        For the log and the folders of the jobs; it outlives the worker.
    command : list of str, optional
        The worker; another one for tests.
    """

    def __init__(self, folder: Path, command: list[str] | None = None) -> None:
        self.folder = folder
        self._command = command or [sys.executable, *SAFE_PATH, "-m", "maskloop.jobs.worker"]
        self._outbox: SimpleQueue[_Letter | None] = SimpleQueue()
        self._inbox: SimpleQueue[Report] = SimpleQueue()
        self._open: dict[int, Path] = {}
        self._cancelled: set[int] = set()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._exit_code: int | None = None
        self._dead = self._buried = self._closed = False
        self._ended = False  # by us
        self._log = WorkerLog(folder / LOG_FILE)
        self._last_words = ""
        self._then: Callable[[], None] = lambda: None
        self._warming: str | None = None
        # Starting a process and writing pixels both take longer than a window may stand still.
        threading.Thread(target=self._write, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether jobs can still be done; true as well while the worker is starting."""
        return not self._buried

    @property
    def pid(self) -> int | None:
        """The worker's process, once it has been started."""
        return self._process.pid if self._process else None

    def warm(self, model: str) -> None:
        """Have a model loaded; `Ready` or `Broken` answers, also where the worker dies over it.

        One that was asked for before, and is not loaded yet, may get no answer any more.
        """
        with self._lock:
            self._warming = model
        self._outbox.put(_Letter(Warm(model=model)))

    def segment(self, planes: Callable[[], Iterator[np.ndarray]], count: int, config: SegmentConfig) -> int:
        """Segment planes.

        Parameters
        ----------
        planes : callable
            Called in another thread; yields planes of one shape (Y, X, C).
        count : int
            How many it yields.
        config : SegmentConfig

        Returns
        -------
        int
            The job's number.
        """
        job, folder = self._register(None)
        message = Segment(job=job, folder=folder, config=config)
        self._outbox.put(_Letter(message, lambda: self._snapshot(job, folder, planes, count)))
        return job

    def relabel(self, segmented: int, config: LabelsConfig, task: TaskConfig) -> int:
        """Make new labels, for a task, from the maps that an earlier job left; return the new job's number."""
        job, folder = self._register(self.job_folder(segmented))
        self._outbox.put(_Letter(Relabel(job=job, folder=folder, config=config, task=task)))
        return job

    def make_report(self, model: Path, project: Path) -> int:
        """Have a report written on a model folder of a project; `ReportMade` answers. Return the job's number."""
        job, _ = self._register(None)
        self._outbox.put(_Letter(MakeReport(job=job, model=model, project=project)))
        return job

    def job_folder(self, job: int) -> Path:
        """Return the folder of a segmentation."""
        return self.folder / f"job-{job:04d}"

    def cancel(self, job: int) -> None:
        """Ask a job to stop; if it does not within some seconds, the worker is ended."""
        with self._lock:
            if job not in self._open:
                return
            self._cancelled.add(job)
        self._outbox.put(_Letter(Cancel(job=job)))
        self._end_unless_ended(job)

    def _end_unless_ended(self, job: int) -> None:
        timer = threading.Timer(GRACE_S, self._end_if_open, [job])
        timer.daemon = True
        timer.start()

    def forget(self, job: int) -> None:
        """Delete the folder of a segmentation that nobody will relabel, beside what the caller does."""
        threading.Thread(
            target=shutil.rmtree, args=[self.job_folder(job)], kwargs={"ignore_errors": True}, daemon=True
        ).start()

    def poll(self) -> list[Report]:
        """Return what has come in since the last call."""
        reports = []
        with contextlib.suppress(Empty):
            while True:
                reports.append(self._inbox.get_nowait())
        return reports

    def close(self, then: Callable[[], None] = lambda: None) -> None:
        """End the worker, and call something in another thread when it is gone; open jobs end as cancelled."""
        with self._lock:
            self._closed = True
            self._cancelled |= self._open.keys()
        self._then = then
        self._outbox.put(None)

    def _register(self, folder: Path | None) -> tuple[int, Path]:
        job = next(_numbers)
        folder = folder or self.job_folder(job)
        with self._lock:
            self._open[job] = folder
            if self._closed:
                self._cancelled.add(job)
        if self._closed:
            self._bury()
        return job, folder

    def _snapshot(self, job: int, folder: Path, planes: Callable[[], Iterator[np.ndarray]], count: int) -> None:
        folder.mkdir()
        write_planes(folder / IMAGE_FILE, planes(), count, lambda: job in self._cancelled)

    def _write(self) -> None:
        try:
            self._start()
        except Exception as error:  # no memory, no thread, no interpreter: whatever it is, no job may wait for it
            self._last_words = f"The worker could not be started: {error}"
            self._bury()
        while (letter := self._outbox.get()) is not None:
            self._deliver(letter)
        self._hang_up()

    def _deliver(self, letter: "_Letter") -> None:
        if self._dead:
            self._bury()
            return
        job = getattr(letter.message, "job", 0)
        try:
            if job in self._cancelled and not isinstance(letter.message, Cancel):
                raise CancelledError
            letter.prepare()
            if self._open.keys() <= {job}:  # or what a job at work has said would be lost
                self._log.turn_page()
            # A worker that is gone is noticed by the reader, which ends the open jobs.
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._send(letter.message)
        except CancelledError:
            self._end(job, Cancelled(job=job))
        except Exception as error:  # whatever a lazy image raises while it is computed
            self._end(job, Failed(job=job, reason=explain(error)))

    def _hang_up(self) -> None:
        if self._process and self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            try:
                self._process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._bury()
        self._then()

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._log.open() as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | ENVIRONMENT,
                start_new_session=True,
                creationflags=CREATION_FLAGS,
            )
        threading.Thread(target=self._read, daemon=True).start()

    def _send(self, message: Message) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(message.line())
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._receive(line)
        self._exit_code = self._process.wait()
        self._bury()

    def _receive(self, line: bytes) -> None:
        try:
            event = EVENTS.validate_json(line)
        except ValidationError:  # noise, which must not end a job
            return
        if isinstance(event, Ready | Broken):
            self._note_warm(event.model)
        if isinstance(event, TERMINAL):
            self._end(event.job, event)
        else:
            self._inbox.put(Report(event))

    def _note_warm(self, model: str) -> None:
        with self._lock:
            if model == self._warming:
                self._warming = None

    def _end(self, job: int, event: Event) -> None:
        """Queue the terminal event of a job, unless it had one."""
        with self._lock:
            folder = self._open.pop(job, None)
        if folder is None:
            return
        try:
            labels = np.load(folder / LABELS_FILE, allow_pickle=False) if isinstance(event, Done) else None
        except Exception as error:  # a damaged file, no memory: the job ends all the same
            event, labels = Failed(job=job, reason=f"The labels could not be read: {error}"), None
        self._inbox.put(Report(event, labels))

    def _bury(self) -> None:
        """End all open jobs, since nobody works at them any more."""
        self._dead = True
        log = self._last_words or self._log.last_words()
        with self._lock:
            jobs, warming, self._warming = list(self._open), self._warming, None
        if warming is not None:
            last = log.strip().splitlines()[-1:] or ["no message"]
            reason = ENDED if self._ended else f"The worker process ended before it was ready: {last[0]}"
            self._inbox.put(Report(Broken(model=warming, reason=reason)))
        for job in jobs:
            self._end(job, self._end_of(job, log))
        self._buried = True  # not before the last words are out, since nobody asks a buried one

    def _end_of(self, job: int, log: str) -> Event:
        """Say how a job ends that the worker leaves open."""
        if job in self._cancelled:
            return Cancelled(job=job)
        return Failed(job=job, reason=ENDED) if self._ended else Crashed(job=job, exit_code=self._exit_code, log=log)

    def _end_if_open(self, job: int) -> None:
        with self._lock:
            at_work = min(self._open, default=None)
        if job not in self._open or self._process is None:
            return
        if job != at_work:  # it waits behind another one, which nobody has cancelled
            self._end_unless_ended(job)
            return
        self._ended = True
        self._process.terminate()
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
