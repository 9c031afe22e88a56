"""The trainings of a project in the window: followed by their records, stopped, gone on with, and decided on."""

import contextlib
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from maskloop.config import TrainConfig
from maskloop.errors import ModelError, explain
from maskloop.jobs.run_events import Decided, append_event
from maskloop.jobs.run_process import RunProcess
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.project.run import Run, read_runs
from maskloop.widgets.background import Background
from maskloop.widgets.run_status import GONE, Status, status_of
from maskloop.widgets.run_view import RunView

STARTING, STOPPING = "Starting…", "Stopping; the best so far is kept…"
FOLLOW_MS = 250  # how often the record of a run is looked at
LOOK_MS = 5000  # and where no process is at it: another window may go on with it


class RunsPanel(QWidget):
    """The latest training of the open project, and those that somebody still has to decide on.

    Parameters
    ----------
    background : Background

    Attributes
    ----------
    starting : bool
        Whether a training was asked for that has no process yet.
    """

    told = Signal(str)  # a sentence for the person
    over = Signal(str)  # a sentence that is not true any more
    listed = Signal()  # other trainings than before
    report_wanted = Signal(Path)  # a model folder
    decided = Signal(object, bool)  # a Run, and whether it was adopted, or else discarded

    def __init__(self, background: Background) -> None:
        super().__init__()
        self.starting = False
        self._background = background
        self._project: Project | None = None
        self._processes: list[RunProcess] = []  # the oldest first
        self._starts: list[_Start] = []  # in all projects that were open
        self._drawn: Status | None = None
        self._stopping: RunProcess | None = None
        self.choice = QComboBox()
        self.view = RunView()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.choice)
        layout.addWidget(self.view)
        self.view.wanted.connect(self._do)
        self.choice.currentIndexChanged.connect(self.show_chosen)
        self._follow_timer = QTimer(self)
        self._follow_timer.timeout.connect(self._follow)

    @property
    def shown(self) -> RunProcess | None:
        """The run that is shown."""
        index = self.choice.currentIndex()
        return self._processes[index] if 0 <= index < len(self._processes) else None

    @property
    def running(self) -> int:
        """How many trainings run or are about to: those of the project, and what was started here in others."""
        starting = sum(start.process is None for start in self._starts)  # counted first, lest one is missed
        return starting + len(self._at_work())

    def seconds_per_epoch(self, config: TrainConfig) -> float | None:
        """Return what an epoch took in the latest training here with as much to compute, if there was one."""
        alike = (p for p in reversed(self._processes) if _work(p.run.job.config) == _work(config))
        here = (p.story for p in alike if p.story.computer == platform.node())
        return next((story.seconds_per_epoch for story in here if story.seconds_per_epoch), None)

    def set_project(self, project: Project | None) -> None:
        """Show the trainings of a project that was opened; None when it was closed."""
        self._project, self._processes, self.starting = project, [], False
        self._list()
        if project is not None:
            self.view.allow(not project.read_only)
            self._run(partial(_read_processes, project.folder), partial(self._use, project))

    def begin(self, config: TrainConfig, flush: Callable[[], object]) -> None:
        """Begin a training, which waits if another one is running; first, in another thread, have all edits saved."""
        project = self._project
        if project is None:
            return

        self.starting = True
        self.told.emit(STARTING)

        def show(process: RunProcess) -> None:
            if project is self._project:
                self._processes.append(process)
                self.starting = False
                self.over.emit(STARTING)
                self._list()

        def fail(reason: str) -> None:
            if project is self._project:
                self.starting = False
                self.told.emit(reason)

        def make() -> RunProcess:
            flush()
            return RunProcess(Run.create(project.folder, config))

        self._start(make, show, fail)

    def stop_all(self) -> None:
        """Ask all that `running` counts to stop; at once, since the window may be about to close."""
        for start in self._starts:
            start.stopped = True  # first, for one may get its process just now
        for process in self._at_work():
            _ask_to_stop(process)

    def show_chosen(self) -> None:
        """Draw the chosen run, and follow it from now on, as long as it is seen."""
        if self.shown is None:
            self.view.clear()
            self._follow_timer.stop()
            return
        self._drawn = None
        self._follow()

    def _at_work(self) -> list[RunProcess]:
        started = (start.process for start in self._starts if start.process is not None)
        each = {process.run.folder: process for process in (*self._processes, *started)}
        return [process for process in each.values() if process.story.decided is None and process.alive]

    def _start(
        self, make: Callable[[], RunProcess], then: Callable[[RunProcess], None], failed: Callable[[str], None]
    ) -> None:
        """Start a process in the background, of a run that may be made there too."""
        start = _Start()
        self._starts.append(start)

        def fail(reason: str) -> None:
            self._starts.remove(start)
            failed(reason)

        self._background.run(partial(start.work, make), then, fail)

    def _run(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._background.run(work, then, partial(self._tell_failure, self._project))

    def _tell_failure(self, project: Project | None, reason: str) -> None:
        if project is self._project:
            self.told.emit(reason)

    def _use(self, project: Project, processes: list[RunProcess]) -> None:
        if project is self._project:
            self._processes = processes
            self._list()

    def _list(self) -> None:
        self._processes = [p for p in self._processes[:-1] if p.story.decided is None] + self._processes[-1:]
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems([f"Training of {process.run.job.model}" for process in self._processes])
        self.choice.setCurrentIndex(len(self._processes) - 1)
        self.choice.blockSignals(False)
        self.choice.setVisible(len(self._processes) > 1)
        self.show_chosen()
        self.listed.emit()

    def _follow(self) -> None:
        """Show what is new of the run that is shown."""
        process = self.shown
        if process is None:
            return
        alive = process.story.decided is None and process.alive  # before its last words are read
        news = process.follow()
        status = status_of(process.run, process.story, alive)
        if self._stopping is not None and not self._stopping.alive:
            self._stopping = None
            self.over.emit(STOPPING)
        if news or status != self._drawn:
            self._drawn = status
            self.view.show_run(process.run, process.story, status)
        if status in ("adopted", "discarded") or not self.isVisible():  # nothing will be new, or nobody sees it
            self._follow_timer.stop()
        else:
            self._follow_timer.start(FOLLOW_MS if alive or self._stopping else LOOK_MS)

    def _do(self, action: str) -> None:
        process = self.shown
        if process is not None:
            {
                "stop": self._stop,
                "resume": self._go_on,
                "compare": self._go_on,
                "adopt": self._adopt,
                "discard": self._discard,
                "report": lambda process: self.report_wanted.emit(process.run.model),
            }[action](process)

    def _stop(self, process: RunProcess) -> None:
        try:
            process.run.ask_to_stop()  # at once, whatever waits in the background
        except OSError as error:
            self.told.emit(GONE if process.run.is_gone else explain(error))
        else:
            self._stopping = process
            self.told.emit(STOPPING)

    def _go_on(self, process: RunProcess) -> None:
        self.told.emit("")
        self._start(lambda: process, lambda _: self.show_chosen(), partial(self._tell_failure, self._project))

    def _adopt(self, process: RunProcess) -> None:
        run = process.run

        def adopt() -> None:
            Registry(run.project_folder).adopt(run.job.model)
            append_event(Decided(adopted=True), run.events_file)
            run.settle()

        self._run(adopt, partial(self._tell_decided, self._project, run, True))

    def _discard(self, process: RunProcess) -> None:
        run = process.run

        def discard() -> None:
            if Registry(run.project_folder).adopted == run.job.model:  # by the Models dialog
                raise ModelError(f"{run.job.model} is the project's model: use another one before discarding it.")
            run.discard()
            append_event(Decided(adopted=False), run.events_file)

        self._run(discard, partial(self._tell_decided, self._project, run, False))

    def _tell_decided(self, project: Project | None, run: Run, adopted: bool, _: None) -> None:
        if project is self._project:
            self.show_chosen()
            self.decided.emit(run, adopted)


@dataclass(eq=False)
class _Start:
    """The start of a process by this window; there is no process until the background has come to it."""

    process: RunProcess | None = None
    stopped: bool = False

    def work(self, make: Callable[[], RunProcess]) -> RunProcess:
        """Start the process; it is told to stop where that was asked for meanwhile."""
        process = make()
        process.start()
        self.process = process
        if self.stopped:
            _ask_to_stop(process)
        return process


def _ask_to_stop(process: RunProcess) -> None:
    with contextlib.suppress(OSError):  # what cannot be told to stop goes on
        process.run.ask_to_stop()


def _work(config: TrainConfig) -> tuple[Any, ...]:
    """Return what an epoch's time depends on; a base has the usual network."""
    return config.network, config.crop, config.batch, config.steps, config.whole


def _read_processes(project_folder: Path) -> list[RunProcess]:
    processes = [RunProcess(run) for run in read_runs(project_folder)]
    for process in processes:
        process.follow()
    return processes
