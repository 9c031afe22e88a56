"""Questions before napari is closed while strokes are not saved, or a training runs."""

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt, QThread
from qtpy.QtWidgets import QMessageBox, QWidget


class AskBeforeClosing(QObject):
    """Asks whether strokes may be lost, and a training is to go on, when somebody is about to close a window.

    A script that closes it outside Qt's event loop, as after ``napari.run()``, is not asked: nobody may be there to
    answer. What runs then goes on.

    Parameters
    ----------
    window : QWidget
        The main window.
    unsaved : callable
        Returns a sentence on the strokes that are not saved, or an empty text.
    running : callable
        Returns how many trainings run.
    stop : callable
        Stops them; the best so far is kept.
    """

    def __init__(
        self,
        window: QWidget,
        unsaved: Callable[[], str],
        running: Callable[[], int],
        stop: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window, self._unsaved, self._running, self._stop = window, unsaved, running, stop
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's
        """Hold a window back that somebody does not want to close after all."""
        if watched is not self._window or event.type() != QEvent.Type.Close or not QThread.currentThread().loopLevel():
            return False
        if self._may_lose_strokes() and self._may_leave_trainings():
            return False
        event.ignore()
        return True

    def _may_lose_strokes(self) -> bool:
        unsaved = self._unsaved()
        return not unsaved or _ask(make_warning(unsaved, self._window)) != QMessageBox.ButtonRole.RejectRole

    def _may_leave_trainings(self) -> bool:
        count = self._running()
        chosen = _ask(make_question(count, self._window)) if count else QMessageBox.ButtonRole.AcceptRole
        if chosen == QMessageBox.ButtonRole.DestructiveRole:
            self._stop()
        return chosen != QMessageBox.ButtonRole.RejectRole


def _ask(box: QMessageBox) -> QMessageBox.ButtonRole:
    box.exec()
    return box.buttonRole(box.clickedButton())


def make_warning(unsaved: str, parent: QWidget) -> QMessageBox:
    """Make the warning that strokes are not saved; its two answers have the roles destructive and reject."""
    box = _make_box(unsaved, parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setInformativeText("Saving is tried again while the window is open. Close it all the same, and lose them?")
    box.addButton("Close and lose them", QMessageBox.ButtonRole.DestructiveRole)
    box.setEscapeButton(box.addButton("Don't close", QMessageBox.ButtonRole.RejectRole))
    return box


def make_question(count: int, parent: QWidget) -> QMessageBox:
    """Make the question; its three answers have the roles accept, destructive and reject."""
    one = count == 1
    box = _make_box("A training is running." if one else f"{count} trainings are running or waiting.", parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setInformativeText(
        f"Let {'it' if one else 'them'} finish in the background, to be found here at the next start, or stop "
        f"{'it' if one else 'them'} and keep the best so far?"
    )
    box.addButton("Let it finish" if one else "Let them finish", QMessageBox.ButtonRole.AcceptRole)
    box.addButton("Stop it" if one else "Stop them", QMessageBox.ButtonRole.DestructiveRole)
    box.setEscapeButton(box.addButton("Don't close", QMessageBox.ButtonRole.RejectRole))
    return box


def _make_box(text: str, parent: QWidget) -> QMessageBox:
    box = QMessageBox(parent)
    box.setWindowTitle("maskloop")
    box.setTextFormat(Qt.TextFormat.PlainText)  # it quotes names that a person has given
    box.setText(text)
    return box
