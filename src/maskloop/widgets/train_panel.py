"""The Train panel: a model learns from what was corrected, in a process of its own, and is adopted if it is better."""

import contextlib
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from maskloop.config import TrainConfig
from maskloop.errors import ModelError, explain
from maskloop.jobs.run_events import Decided, append_event
from maskloop.jobs.run_process import RunProcess
from maskloop.project.material import Material, MaterialCounter
from maskloop.project.model_folder import bundled_models
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.project.run import Run, read_runs
from maskloop.widgets.background import Background
from maskloop.widgets.run_status import Status, status_of
from maskloop.widgets.run_view import RunView
from maskloop.widgets.train_form import TrainForm, describe_plan

NO_PROJECT = "Open or create a project first: training learns from the images in it that you have checked."
STOPPING = "Stopping; the best so far is kept…"
FOLLOW_MS = 250  # how often the record of a run is looked at


class TrainPanel(QWidget):
    """Trains on the reviewed pixels of the open project.

    Parameters
    ----------
    background : Background
    counting : Background
        For what may take long, and nobody waits for.
    """

    models_found = Signal(list)  # folders of the project's models
    adopted = Signal(Path)  # the folder of another model than before
    resegment_wanted = Signal(object)  # the channel that was learned from, or None

    def __init__(self, background: Background, counting: Background) -> None:
        super().__init__()
        self._background, self._counting = background, counting
        self._project: Project | None = None
        self._counter = MaterialCounter()
        self._material: Material | None = None
        self._processes: list[RunProcess] = []  # the oldest first
        self._adopted: Path | None = None
        self._learned_channel: int | None = None  # of the model that was adopted last
        self._drawn: Status | None = None
        self.form = TrainForm()
        # Plain, since they may quote names that a person has given.
        self.material, self.plan, self.message = (
            QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText) for _ in range(3)
        )
        self.train_button, self.models_button = QPushButton("Train"), QPushButton("Models…")
        self.runs = QComboBox()
        self.view = RunView()
        self.resegment_button = QPushButton()
        self._lay_out()
        self._connect()
        self.set_project(None)

    @property
    def shown(self) -> RunProcess | None:
        """The run that is shown."""
        index = self.runs.currentIndex()
        return self._processes[index] if 0 <= index < len(self._processes) else None

    @property
    def running(self) -> list[RunProcess]:
        """The runs of the project at which a process is."""
        return [process for process in self._processes if process.story.decided is None and process.alive]

    def set_project(self, project: Project | None) -> None:
        """Train on a project that was opened; None when it was closed."""
        self._project, self._material, self._processes, self._adopted = project, None, [], None
        self.message.clear()
        self.resegment_button.hide()
        self._list_runs()
        self.refresh()
        if project is not None:
            self._run(partial(_read_processes, project.folder), partial(self._use_runs, project))

    def refresh(self) -> None:
        """Count what there is to learn from, and offer the models that there are by now."""
        project = self._project
        self._allow()
        for widget in (self.form, self.plan, self.train_button, self.models_button):
            widget.setVisible(project is not None)
        if project is None:
            self.material.setText(NO_PROJECT)
            return
        channels = {e.shape[e.axes.index("C")] for e in project.entries if "C" in e.axes and not e.is_colour}
        self.form.show_channels(max(channels, default=1))
        if self.isVisible():
            count = partial(self._counter.count, project)
            self._counting.run(count, partial(self._show_material, project), self.material.setText)
        self._run(partial(_read_models, project.folder), partial(self._offer_models, project))

    def train(self) -> None:
        """Train with the choices of the form, as the button does."""
        if self._project is not None:
            self.train_with(self.form.value())

    def train_with(self, config: TrainConfig) -> None:
        """Begin a training, which waits if another one is running."""
        project = self._project
        if project is None or project.read_only:
            return
        if self._material is not None and not self._material.objects:
            self.message.setText("No object is reviewed as a whole yet: review some in the Correct tab.")
            return
        self.message.setText("Starting…")
        self.train_button.setEnabled(False)

        def begin() -> RunProcess:
            process = RunProcess(Run.create(project.folder, config))
            process.start()
            return process

        self._run(begin, self._show_begun)

    def stop_all(self) -> None:
        """Ask all trainings of the project to stop; at once, since the window may be about to close."""
        for process in self.running:
            with contextlib.suppress(OSError):  # what cannot be told to stop goes on
                process.run.ask_to_stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's
        """Count anew when the tab is chosen, since somebody has corrected meanwhile, and draw what is only now seen."""
        super().showEvent(event)
        self.refresh()
        self._show_run()

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        buttons = QHBoxLayout()
        buttons.addWidget(self.train_button, stretch=1)
        buttons.addWidget(self.models_button)
        above: tuple[QWidget, ...] = (self.material, self.form, self.plan)
        for widget in above:
            layout.addWidget(widget)
        layout.addLayout(buttons)
        below: tuple[QWidget, ...] = (self.message, self.resegment_button, self.runs, self.view)
        for widget in below:
            layout.addWidget(widget)
        layout.addStretch()
        area = QScrollArea()  # curves and tables are higher than a small screen
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def _connect(self) -> None:
        self.train_button.clicked.connect(self.train)
        self.models_button.clicked.connect(self._show_models)
        self.form.changed.connect(self._show_plan)
        self.view.wanted.connect(self._do)
        self.runs.currentIndexChanged.connect(self._show_run)
        self.resegment_button.clicked.connect(self._resegment)
        self._follow_timer = QTimer(self, interval=FOLLOW_MS)
        self._follow_timer.timeout.connect(self._follow)

    def _run(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._background.run(work, then, partial(self._tell_failure, self._project))

    def _tell_failure(self, project: Project | None, reason: str) -> None:
        if project is self._project:
            self.message.setText(reason)
            self._allow()

    def _allow(self) -> None:
        writable = self._project is not None and not self._project.read_only
        self.train_button.setEnabled(writable)
        self.view.allow(writable)

    def _show_material(self, project: Project, material: Material) -> None:
        if project is self._project:
            self._material = material
            self.material.setText(str(material))
            self._show_plan()

    def _offer_models(self, project: Project, found: tuple[list[Path], Path | None]) -> None:
        if project is not self._project:
            return
        folders, adopted = found
        names = [folder.name for folder in (*folders, *bundled_models())]
        self.form.offer_bases(names, adopted.name if adopted else TrainConfig().base)
        self.models_found.emit(folders)
        if adopted is not None and adopted != self._adopted:
            self.adopted.emit(adopted)
        self._adopted = adopted

    def _show_models(self) -> None:
        from maskloop.widgets.models_dialog import ModelsDialog

        if self._project is not None:
            registry = Registry(self._project.folder)
            dialog = ModelsDialog(registry, self._background, self, self._project.held_by)
            dialog.model_changed.connect(self.refresh)
            dialog.open()

    def _show_plan(self) -> None:
        if self._project is not None:
            here = (p.story for p in reversed(self._processes) if p.story.computer == platform.node())
            paces = (story.seconds_per_epoch for story in here)
            self.plan.setText(describe_plan(self.form.value(), next((pace for pace in paces if pace), None)))

    def _use_runs(self, project: Project, processes: list[RunProcess]) -> None:
        if project is self._project:
            self._processes = processes
            self._list_runs()
            self._show_plan()

    def _show_begun(self, process: RunProcess) -> None:
        if self._project is not None and process.run.folder.parent.parent == self._project.folder:
            self._processes.append(process)
            self.message.clear()
            self.train_button.setEnabled(True)
            self.resegment_button.hide()
            self._list_runs()

    def _list_runs(self) -> None:
        """Offer the latest run, and those that somebody still has to decide on."""
        self._processes = [p for p in self._processes[:-1] if p.story.decided is None] + self._processes[-1:]
        self.runs.blockSignals(True)
        self.runs.clear()
        self.runs.addItems([f"Training of {process.run.job.model}" for process in self._processes])
        self.runs.setCurrentIndex(len(self._processes) - 1)
        self.runs.blockSignals(False)
        self.runs.setVisible(len(self._processes) > 1)
        self._show_run()

    def _show_run(self) -> None:
        process = self.shown
        if process is None:
            self.view.clear()
            self._follow_timer.stop()
            return
        self._drawn = None
        self._follow_timer.start()
        self._follow()

    def _follow(self) -> None:
        """Show what is new of the run that is shown."""
        process = self.shown
        if process is None:
            return
        alive = process.story.decided is None and process.alive  # before its last words are read
        news = process.follow()
        status = status_of(process.run, process.story, alive)
        if status not in ("waiting", "running") and self.message.text() == STOPPING:
            self.message.clear()
        if news or status != self._drawn:
            self._drawn = status
            self.view.show_run(process.run, process.story, status)
        if status in ("adopted", "discarded"):  # nothing will be new of it
            self._follow_timer.stop()

    def _do(self, action: str) -> None:
        process = self.shown
        if process is not None:
            {
                "stop": self._stop,
                "resume": self._go_on,
                "compare": self._go_on,
                "adopt": self._adopt,
                "discard": self._discard,
            }[action](process)

    def _stop(self, process: RunProcess) -> None:
        try:
            process.run.ask_to_stop()  # at once, whatever waits in the background
        except OSError as error:
            self.message.setText(explain(error))
        else:
            self.message.setText(STOPPING)

    def _go_on(self, process: RunProcess) -> None:
        self.message.clear()
        self._run(process.start, lambda _: self._show_run())

    def _adopt(self, process: RunProcess) -> None:
        run, project = process.run, self._project

        def adopt() -> None:
            Registry(run.project_folder).adopt(run.job.model)
            append_event(Decided(adopted=True), run.events_file)
            run.settle()

        def tell(_: None) -> None:
            if project is self._project:
                self._learned_channel = run.job.config.channel
                self._show_run()
                self.refresh()  # the base to start from is another one now
                self._offer_to_resegment()

        self._run(adopt, tell)

    def _discard(self, process: RunProcess) -> None:
        run, project = process.run, self._project

        def discard() -> None:
            if Registry(run.project_folder).adopted == run.job.model:  # by the Models dialog
                raise ModelError(f"{run.job.model} is the project's model: use another one before discarding it.")
            run.discard()
            append_event(Decided(adopted=False), run.events_file)

        def tell(_: None) -> None:
            if project is self._project:
                self._show_run()
                self.refresh()

        self._run(discard, tell)

    def _offer_to_resegment(self) -> None:
        count = sum(entry.status != "reviewed" for entry in self._project.entries) if self._project else 0
        self.resegment_button.setVisible(count > 0)
        self.resegment_button.setText(
            f"Segment {count} image{'' if count == 1 else 's'} anew that you have not checked"
        )

    def _resegment(self) -> None:
        self.resegment_button.hide()
        self.resegment_wanted.emit(self._learned_channel)


def _read_processes(project_folder: Path) -> list[RunProcess]:
    processes = [RunProcess(run) for run in read_runs(project_folder)]
    for process in processes:
        process.follow()
    return processes


def _read_models(project_folder: Path) -> tuple[list[Path], Path | None]:
    """Return the folders of a project's models, and of the one that is adopted."""
    registry = Registry(project_folder)
    adopted = registry.adopted
    return [folder for folder, _ in registry.models], registry.find(adopted) if adopted else None
