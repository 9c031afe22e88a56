"""Work on files, one piece after the other in a thread, and what becomes of it told in the window's thread."""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Qt, Signal

from maskloop.errors import explain


def _ignore(_: Any) -> None:
    pass


class Background(QObject):
    """A queue of work that a window must not wait for; at the end of Python what is queued is still done.

    What was made for a window that is gone is closed, if it can be.
    """

    _ended = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._thread = ThreadPoolExecutor(1, "maskloop files")
        # Queued, or what has ended already would be told before `run` returns.
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._has_window = True

    def run(
        self,
        work: Callable[[], Any],
        then: Callable[[Any], None] = _ignore,
        failed: Callable[[str], None] = _ignore,
    ) -> None:
        """Do some work in the thread, and call one of two functions in the window's thread when it has ended.

        Parameters
        ----------
        work : callable
            Touches no widget and no layer.
        then : callable
            Given what `work` returned.
        failed : callable
            Given a sentence that says what went wrong.
        """
        try:
            future = self._thread.submit(work)
        except RuntimeError:  # Python ends, and its threads take no more work
            work()
            return
        future.add_done_callback(partial(self._tell, then, failed))

    def forget_window(self) -> None:
        """Go on with the work, but tell nobody what becomes of it."""
        self._has_window = False

    def _tell(self, then: Callable[[Any], None], failed: Callable[[str], None], future: Future) -> None:
        if not self._has_window:
            _drop(future)
            return
        with contextlib.suppress(RuntimeError):  # Qt is gone
            self._ended.emit((then, failed, future))

    def _deliver(self, ended: tuple[Callable[[Any], None], Callable[[str], None], Future]) -> None:
        then, failed, future = ended
        if not self._has_window:
            self._thread.submit(_drop, future)
        elif error := future.exception():
            failed(explain(error))
        else:
            then(future.result())


def _drop(future: Future) -> None:
    if future.exception() is None and hasattr(future.result(), "close"):
        future.result().close()
