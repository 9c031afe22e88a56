"""A question before napari is closed while a training runs."""

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, QThread
from qtpy.QtWidgets import QMessageBox, QWidget


class AskBeforeClosing(QObject):
    """Asks whether a training is to go on, when somebody is about to close a window.

    A script that closes it outside Qt's event loop, as after ``napari.run()``, is not asked: nobody may be there to
    answer. What runs then goes on.

    Parameters
    ----------
    window : QWidget
        The main window.
    running : callable
        Returns how many trainings run.
    stop : callable
        Stops them; the best so far is kept.
    """

    def __init__(
        self, window: QWidget, running: Callable[[], int], stop: Callable[[], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._window, self._running, self._stop = window, running, stop
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's
        """Hold a window back that somebody does not want to close after all."""
        if watched is not self._window or event.type() != QEvent.Type.Close or not QThread.currentThread().loopLevel():
            return False
        if not (count := self._running()):
            return False
        box = make_question(count, self._window)
        box.exec()
        chosen = box.buttonRole(box.clickedButton())
        if chosen == QMessageBox.ButtonRole.DestructiveRole:
            self._stop()
        if chosen == QMessageBox.ButtonRole.RejectRole:
            event.ignore()
        return bool(chosen == QMessageBox.ButtonRole.RejectRole)


def make_question(count: int, parent: QWidget) -> QMessageBox:
    """Make the question; its three answers have the roles accept, destructive and reject."""
    one = count == 1
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("maskloop")
    box.setText("A training is running." if one else f"{count} trainings are running or waiting.")
    box.setInformativeText(
        f"Let {'it' if one else 'them'} finish in the background, to be found here at the next start, or stop "
        f"{'it' if one else 'them'} and keep the best so far?"
    )
    box.addButton("Let it finish" if one else "Let them finish", QMessageBox.ButtonRole.AcceptRole)
    box.addButton("Stop it" if one else "Stop them", QMessageBox.ButtonRole.DestructiveRole)
    box.setEscapeButton(box.addButton("Don't close", QMessageBox.ButtonRole.RejectRole))
    return box
