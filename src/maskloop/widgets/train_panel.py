"""The Train panel: a model learns from what was corrected, in a process of its own, and is adopted if it is better."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from maskloop.config import TrainConfig
from maskloop.project.material import Material, MaterialCounter
from maskloop.project.model_folder import bundled_models, read_card
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.project.run import Run
from maskloop.widgets.background import Background
from maskloop.widgets.runs_panel import RunsPanel
from maskloop.widgets.train_form import TrainForm, describe_plan

if TYPE_CHECKING:
    from maskloop.widgets.check_dialog import CheckDialog
    from maskloop.widgets.open_entry import OpenEntry

NO_PROJECT = "Open or create a project first: training learns from the images in it that you have checked."
NO_OBJECT = "No object is reviewed as a whole yet: review some in the Correct tab."


class TrainPanel(QWidget):
    """Trains on the reviewed pixels of the open project.

    Parameters
    ----------
    background : Background
    counting : Background
        For what may take long, and nobody waits for.
    """

    models_found = Signal(list)  # folders of the project's models
    adopted = Signal(object)  # the folder of another model than before, or None
    resegment_wanted = Signal(Path, object)  # the folder of the adopted model, and the channel learned from, or None
    entry_wanted = Signal(str, str)  # the id of an entry to be opened, and why

    def __init__(self, background: Background, counting: Background) -> None:
        super().__init__()
        self._background, self._counting = background, counting
        self._project: Project | None = None
        self._counter = MaterialCounter()
        self._material: Material | None = None
        self._adopted: Path | None = None
        self._just_adopted = False  # until the other tabs know of it
        self._learned_channel: int | None = None  # of the model that was adopted last
        self._flush: Callable[[], object] = lambda: None
        self.form = TrainForm()
        # Plain, since they may quote names that a person has given.
        self.material, self.plan, self.message = (
            QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText) for _ in range(3)
        )
        self._check_dialog: CheckDialog | None = None
        self._checking = Background()  # counting waits for no checkup
        self.train_button, self.models_button = QPushButton("Train"), QPushButton("Models…")
        self.check_button = QPushButton("Check data…")
        self.check_button.setToolTip("Find out whether the images, and what you have reviewed, are fit to learn from.")
        self.runs = RunsPanel(background)
        self.resegment_button, self.stop_button = QPushButton(), QPushButton("Stop segmenting anew")
        self.stop_report_button = QPushButton("Stop the report")
        self.stop_report_button.hide()  # until one is made, whichever project is open then
        self._lay_out()
        self._connect()
        self.set_project(None)

    def set_project(self, project: Project | None) -> None:
        """Train on a project that was opened; None when it was closed."""
        self._project, self._material, self._adopted, self._just_adopted = project, None, None, False
        self._close_check()
        self.message.clear()
        self.resegment_button.hide()
        self.stop_button.hide()
        self.runs.set_project(project)
        self.refresh()

    def set_entry(self, entry: "OpenEntry | None") -> None:
        """Wait for the edits of an entry that was opened before anything is counted or learned."""
        if entry is not None:  # one that was closed may still be being saved
            self._flush = entry.flush

    def refresh(self) -> None:
        """Count what there is to learn from, and offer the models that there are by now."""
        project = self._project
        self._allow()
        for widget in (self.form, self.plan, self.train_button, self.check_button, self.models_button):
            widget.setVisible(project is not None)
        if project is None:
            self.material.setText(NO_PROJECT)
            return
        channels = {e.shape[e.axes.index("C")] for e in project.entries if "C" in e.axes and not e.is_colour}
        self.form.show_channels(max(channels, default=1))
        if self.isVisible():
            self._counting.run(self._count_of(project), partial(self._show_material, project), self.material.setText)
        self._background.run(partial(_read_models, project), partial(self._offer_models, project), self.message.setText)

    def train(self) -> None:
        """Train with the choices of the form, as the button does."""
        if self._project is not None:
            self.train_with(self.form.value())

    def train_with(self, config: TrainConfig) -> None:
        """Begin a training, which waits if another one is running."""
        project = self._project
        if project is None or project.read_only:
            return
        if self._material is not None and _why_not(self._material):  # unless something was reviewed since then
            then = partial(self._begin_if_possible, project, config)
            self._background.run(self._count_of(project), then, self.message.setText)
        else:
            self._begin(config)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's
        """Count anew when the tab is chosen, since somebody has corrected meanwhile, and draw what is only now seen."""
        super().showEvent(event)
        self.refresh()
        self.runs.show_chosen()

    def _begin_if_possible(self, project: Project, config: TrainConfig, material: Material) -> None:
        if project is not self._project or self.runs.starting:  # by a second click
            return
        self._show_material(project, material)
        if reason := _why_not(material):
            self.message.setText(reason)
        else:
            self._begin(config)

    def _begin(self, config: TrainConfig) -> None:
        self.resegment_button.hide()
        self.runs.begin(config, self._flush)

    def _count_of(self, project: Project) -> Callable[[], Material]:
        """Return what counts what there is to learn from, the latest edits too, to be called in a thread."""
        flush = self._flush  # of this entry, whichever is open then

        def count() -> Material:
            flush()
            return self._counter.count(project)

        return count

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        buttons = QHBoxLayout()
        buttons.addWidget(self.train_button, stretch=1)
        buttons.addWidget(self.check_button)
        buttons.addWidget(self.models_button)
        above: tuple[QWidget, ...] = (self.material, self.form, self.plan)
        for widget in above:
            layout.addWidget(widget)
        layout.addLayout(buttons)
        stop_buttons = (self.stop_button, self.stop_report_button)
        below: tuple[QWidget, ...] = (self.message, self.resegment_button, *stop_buttons, self.runs)
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
        self.check_button.clicked.connect(self._check)
        self.models_button.clicked.connect(self._show_models)
        self.form.changed.connect(self._show_plan)
        self.runs.told.connect(self._tell)
        self.runs.over.connect(self._forget)
        self.runs.listed.connect(self._show_plan)
        self.runs.decided.connect(self._note_decision)
        self.resegment_button.clicked.connect(self._resegment)

    def _tell(self, sentence: str) -> None:
        self.message.setText(sentence)
        self._allow()

    def _forget(self, sentence: str) -> None:
        if self.message.text() == sentence:
            self.message.setText("")
        self._allow()

    def _allow(self) -> None:
        writable = self._project is not None and not self._project.read_only
        self.train_button.setEnabled(writable and not self.runs.starting)

    def _show_material(self, project: Project, material: Material) -> None:
        if project is self._project:
            self._material = material
            self.material.setText(str(material))
            self._show_plan()

    def _offer_models(self, project: Project, found: "_Models") -> None:
        if project is not self._project:
            return
        adopted = found.adopted
        self.form.offer_bases(found.bases, found.base)
        self.models_found.emit(found.own)
        if adopted != self._adopted:
            self.adopted.emit(adopted)
        self._adopted = adopted
        if adopted is None:
            self.resegment_button.hide()
        elif self._just_adopted:
            self._just_adopted = False
            self._offer_to_resegment()

    def _show_models(self) -> None:
        from maskloop.widgets.models_dialog import ModelsDialog

        if self._project is not None:
            registry = Registry(self._project.folder)
            dialog = ModelsDialog(registry, self._background, self, self._project.held_by)
            dialog.model_changed.connect(self.refresh)
            dialog.open()

    def _check(self) -> None:
        from maskloop.widgets.check_dialog import CheckDialog

        if self._project is not None:
            self._close_check()
            self._check_dialog = CheckDialog(self._project, self.form.value(), self._checking, self)
            self._check_dialog.open_wanted.connect(self.entry_wanted)
            self._check_dialog.show()  # beside the window, where what was found is mended

    def _close_check(self) -> None:
        if self._check_dialog is not None and isalive(self._check_dialog):
            self._check_dialog.reject()
        self._check_dialog = None

    def _show_plan(self) -> None:
        if self._project is not None:
            config = self.form.value()
            self.plan.setText(describe_plan(config, self.runs.seconds_per_epoch(config), self._project.task))

    def _note_decision(self, run: Run, adopted: bool) -> None:
        if adopted:
            self._just_adopted, self._learned_channel = True, run.job.config.channel
        self.refresh()  # the base to start from may be another one now

    def _offer_to_resegment(self) -> None:
        count = sum(entry.status != "reviewed" for entry in self._project.entries) if self._project else 0
        self.resegment_button.setVisible(count > 0 and not self.stop_button.isVisibleTo(self))  # one at a time
        self.resegment_button.setText(
            f"Segment {count} image{'' if count == 1 else 's'} anew that you have not checked"
        )

    def _resegment(self) -> None:
        self.resegment_button.hide()
        self.stop_button.show()
        self.resegment_wanted.emit(self._adopted, self._learned_channel)


def _why_not(material: Material) -> str:
    """Say why nothing can be learned; an empty text where something can."""
    if not material.images:
        return str(material)
    return NO_OBJECT if material.objects == 0 else ""


@dataclass(frozen=True)
class _Models:
    """The folders of a project's own models, the names of all that fit its task, and of the one to go on from."""

    own: list[Path]
    bases: list[str]
    base: str
    adopted: Path | None


def _read_models(project: Project) -> _Models:
    registry = Registry(project.folder)
    own, adopted = registry.models, registry.adopted
    known = [*own, *((folder, read_card(folder)) for folder in bundled_models())]
    bases = [folder.name for folder, card in known if card.network.task.heads == project.task.heads]
    folders = [folder for folder, _ in own]
    return _Models(folders, bases, adopted or registry.suggest(), registry.find(adopted) if adopted else None)
