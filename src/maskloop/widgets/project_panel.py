"""The Project panel: a folder of images with their labels, and what can be done with it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import napari
from napari.layers import Image
from napari.utils.notifications import show_error
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from maskloop.config import OBJECTS, TaskConfig
from maskloop.errors import InputError
from maskloop.project.entry import Entry
from maskloop.project.project import Project
from maskloop.widgets.background import Background
from maskloop.widgets.import_dialog import ImportDialog
from maskloop.widgets.last_project import default_folder, remember, remembered
from maskloop.widgets.layers_to_add import LayersToAdd, take_layers
from maskloop.widgets.new_project_dialog import NewProjectDialog
from maskloop.widgets.open_entry import LoadedEntry, OpenEntry, bind_layers, load_entry, show_entry
from maskloop.widgets.opener import Opener
from maskloop.widgets.project_form import ProjectForm

EMPTY = (
    "A project is a folder that keeps images with their labels, and what you have checked. What you paint is saved "
    "by itself, stroke by stroke."
)
NEW = "new"  # stands for the id of an entry that is being added


class ProjectPanel(QWidget):
    """Creates and opens projects, lists their entries and brings them into the viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    background : Background
    image : callable
        Returns the image layer that is to be added, or None.
    """

    project_changed = Signal(object)  # the Project, or None when it was closed
    entry_changed = Signal(object)  # the OpenEntry, or None when it was closed
    recoloured = Signal()  # a class of the open entry

    def __init__(self, viewer: napari.Viewer, background: Background, image: Callable[[], Image | None]) -> None:
        super().__init__()
        self._viewer, self._background, self._image = viewer, background, image
        self.project: Project | None = None
        self.open_entry: OpenEntry | None = None
        self._opener = Opener()
        self._asked = 0  # an answer to an older request is stale
        self._opening = ""  # the id of the entry that is on its way
        self.form = ProjectForm()
        self.message = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._lay_out()
        self._connect()
        self._show_project()

    @property
    def is_untouched(self) -> bool:
        """Whether no project has been asked for yet."""
        return not self._asked

    @property
    def unsaved(self) -> str:
        """What is to be said while the latest strokes are nowhere but in the viewer, or an empty text."""
        entry = self.open_entry
        if entry is None or not entry.problem:
            return ""
        return f"The latest strokes on {entry.entry.name} are not saved: {entry.problem}"

    def open_last(self) -> None:
        """Open the project that was open last, if there is one."""
        folder = remembered()
        if folder is not None and folder.is_dir():
            self.open_project(folder)
        elif folder is not None:
            self.message.setText(f"The last project is not there any more: {folder}")

    def new_project(self, folder: Path, task: TaskConfig = OBJECTS) -> None:
        """Create a project and open it; left out, its labels mean objects."""
        self._take(partial(Project.create, folder, task))

    def open_project(self, folder: Path) -> None:
        """Open a project in place of the one that is open."""
        self._take(partial(Project, folder))

    def close_project(self) -> None:
        """Close the project; what was painted is saved."""
        self.close_entry()
        self._forget_request()
        project, self.project = self.project, None
        if project is not None:
            self._background.run(project.close)
            self._show_project()
            self.project_changed.emit(None)

    def leave(self) -> None:
        """Close what is open, since the panel goes; layers with strokes that are not saved stay in the viewer."""
        if self.unsaved:
            show_error(f"{self.unsaved} Its layers stay in the viewer, from where you can save them.")
            self.let_go()
        else:
            self.close_project()

    def let_go(self) -> None:
        """Save and close what is open, when the widgets are gone already and must not be touched."""
        self._background.forget_window()
        entry, self.open_entry = self.open_entry, None
        if entry is not None:
            entry.leave()
            self._background.run(partial(_finish, entry.entry.name, entry.finish))
        project, self.project = self.project, None
        if project is not None:
            self._background.run(project.close)

    def open(self, entry_id: str, remark: str = "") -> None:
        """Bring an entry into the viewer, in place of the one that is open, and say a remark then."""
        if self.project is None or (self.open_entry is not None and self.open_entry.entry.id == entry_id):
            return
        if self._may_close():
            self.close_entry()
            self.message.setText(f"{remark} Opening…".lstrip())
            project = self.project
            show = partial(self._show_loaded, remark)
            self._ask(lambda: load_entry(project, project.entry(entry_id)), show, entry_id)

    def close_entry(self) -> None:
        """Take the open entry out of the viewer; what was painted is saved."""
        entry, self.open_entry = self.open_entry, None
        if entry is None:
            return
        entry.leave()
        self.entry_changed.emit(None)
        for layer in entry.layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self._run(partial(_finish, entry.entry.name, entry.finish), lambda _: self._show_project())

    def add(self) -> None:
        """Add an image of the viewer, with its labels, and open it as an entry."""
        if self._opening == NEW:  # it was a double-click
            return
        if self.project is None:
            self.message.setText("There is no project yet: click New… to make one.")
            return
        own = () if self.open_entry is None else self.open_entry.layers
        try:
            layers = take_layers(self._viewer.layers, own, self._image())
        except InputError as error:
            self.message.setText(str(error))
            return
        if self._may_close():
            self.close_entry()
            self.message.setText("Adding…")
            self._ask(partial(layers.store, self.project), partial(self._use_layers, layers), NEW)

    def has_in_hand(self, entry_id: str) -> bool:
        """Whether an entry is in the viewer, or on its way there."""
        shown = "" if self.open_entry is None else self.open_entry.entry.id
        return entry_id in (self._opening, shown)

    def show_entries(self) -> None:
        """Show the entries as they are now."""
        self.form.list.refresh()

    def remove(self, entry: Entry) -> None:
        """Move an entry to the trash of the project."""
        self._change(entry, lambda project: project.remove(entry), f"{entry.name} is in the trash of the project.")

    def bring_back(self, entry: Entry) -> None:
        """Take an entry out of the trash."""
        self._change(entry, lambda project: project.bring_back(entry), f"{entry.name} is back.")

    def restore(self, entry: Entry, revision: int) -> None:
        """Make an earlier version the latest; what is there now becomes a version too."""
        show = partial(self.open, entry.id)
        self._change(entry, lambda project: project.restore(entry, revision), f"Version {revision} is restored.", show)

    def recolour(self, number: int, colour: str) -> None:
        """Show a class of the project in another colour."""
        if (project := self.project) is not None:
            self._run(partial(project.recolour, number, colour), lambda _: self._show_colours(project))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.addWidget(self.form, stretch=1)
        layout.addWidget(self.message)

    def _connect(self) -> None:
        form = self.form
        form.new_wanted.connect(self._ask_for_new)
        form.open_wanted.connect(self.open_project)
        form.add_button.clicked.connect(self.add)
        form.import_button.clicked.connect(self._import)
        form.remove_wanted.connect(self.remove)
        form.bring_back_wanted.connect(self.bring_back)
        form.restore_wanted.connect(self.restore)
        form.colour_wanted.connect(self.recolour)
        form.refused.connect(self.message.setText)
        form.list.chosen.connect(self.open)

    def _run(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._background.run(work, then, self.message.setText)

    def _ask(self, work: Callable[[], LoadedEntry], then: Callable[[LoadedEntry], None], opening: str) -> None:
        """Have an entry loaded; if something else was asked for meanwhile, it is put away again."""
        self._forget_request()
        self._opening, asked = opening, self._asked

        def answer(loaded: LoadedEntry) -> None:
            if asked == self._asked:
                self._opening = ""
                then(loaded)
            else:
                self._background.run(loaded.close)

        def fail(reason: str) -> None:
            if asked == self._asked:
                self._opening = ""
            self.message.setText(reason)

        self._background.run(work, answer, fail)

    def _forget_request(self) -> None:
        self._asked += 1
        self._opening = ""

    def _may_close(self) -> bool:
        """Keep the open entry in the viewer while its latest strokes are nowhere else; say so."""
        entry = self.open_entry
        if entry is None or not entry.problem:
            return True
        self.message.setText(f"{entry.entry.name} stays open, since its latest strokes are not saved: {entry.problem}")
        return False

    def _take(self, make: Callable[[], Project]) -> None:
        if self._may_close():
            self.close_project()
            self.message.setText("Opening…")
            self._run(partial(self._opener.open, make), partial(self._use_project, self._asked))

    def _use_project(self, asked: int, project: Project) -> None:
        if asked != self._asked:  # another one is on its way
            return
        self._opener.take()
        self.project = project
        remember(project.folder)
        self._show_project()
        self.project_changed.emit(project)
        texts = [f"Read only: {project.held_by}"] if project.read_only else []
        texts += [f"Cannot be read: {reason}" for reason in project.damaged.values()]
        self.message.setText("\n".join(texts) or ("" if project.entries else "Add an image, or import a folder."))

    def _show_project(self) -> None:
        self.form.show_project(self.project, self.open_entry.entry.id if self.open_entry is not None else "")
        if self.project is None:
            self.message.setText(EMPTY)

    def _show_colours(self, project: Project) -> None:
        if project is self.project:
            self.message.setText("The classes have their new colours.")
            if self.open_entry is not None:
                self.open_entry.show_task(project.task)
                self.recoloured.emit()

    def _show_loaded(self, remark: str, loaded: LoadedEntry) -> None:
        self.close_entry()
        self._use_entry(show_entry(self._viewer, loaded), remark)

    def _use_layers(self, layers: LayersToAdd, loaded: LoadedEntry) -> None:
        """Go on with the layers that were added, if they are still there."""
        there = [layer for layer in (layers.image, layers.labels) if layer is not None]
        if all(layer in self._viewer.layers for layer in there):
            self._use_entry(bind_layers(self._viewer, loaded, [layers.image], layers.labels))
        else:
            self._show_loaded("", loaded)

    def _use_entry(self, entry: OpenEntry, remark: str = "") -> None:
        self.open_entry = entry
        # Later, since napari is still at removing layers.
        entry.layer_removed.connect(self._close_incomplete, Qt.ConnectionType.QueuedConnection)
        self._show_project()
        self.message.setText(
            f"{remark} {entry.entry.name} is open{' for reading only' if entry.read_only else ''}.".lstrip()
        )
        self.entry_changed.emit(entry)

    def _close_incomplete(self, layer: str) -> None:
        if self.open_entry is not None and self.sender() in (self.open_entry, None):
            name = self.open_entry.entry.name
            self.close_entry()
            self.message.setText(
                f"{name} was closed, since its layer {layer!r} was removed; nothing is lost. Click it to open it again."
            )

    def _change(
        self,
        entry: Entry,
        change: Callable[[Project], Any],
        done: str,
        then: Callable[[str], None] | None = None,
    ) -> None:
        """Change an entry that is not in the viewer any more, and hand over what came of it, in one sentence."""
        project = self.project
        if project is None:
            return
        if self._opening == entry.id:
            self._forget_request()
        if self.open_entry is not None and self.open_entry.entry.id == entry.id:
            if not self._may_close():
                return
            self.close_entry()

        def tell(sentence: str) -> None:
            self._show_project()
            (then or self.message.setText)(sentence)

        self._background.run(lambda: change(project), lambda _: tell(done), tell)

    def _ask_for_new(self) -> None:
        dialog = NewProjectDialog(default_folder(), self._background, self)
        dialog.accepted.connect(lambda: self.new_project(*dialog.value()))
        dialog.open()

    def _import(self) -> None:
        if self.project is not None:
            dialog = ImportDialog(self.project, self._background, self)
            dialog.imported.connect(self._show_project)
            dialog.open()


def _finish(name: str, finish: Callable[[], bool]) -> None:
    """Wait until an entry is on the disk; slow. What is not is told by napari, since the panel may be gone."""
    if not finish():
        show_error(f"The last strokes on {name} could not be saved: is the disk full?")
