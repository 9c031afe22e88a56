"""A thread that writes: one task after the other, each again and again until it succeeds."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from maskloop.errors import explain

RETRY_S = 2.0


class Writer:
    """Does tasks in the order in which they come, and gives none up before `end`: a full disk may be tidied.

    Its thread is a daemon, since one that tries forever would keep Python from ending; whoever has a writer ends it.

    Parameters
    ----------
    name : str
        Of the thread.

    Attributes
    ----------
    problem : str
        Why the latest try has failed, in one sentence; empty while all is well.
    """

    def __init__(self, name: str) -> None:
        self.problem = ""
        self._tasks: queue.Queue[Callable[[], Any] | None] = queue.Queue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether all tasks are done."""
        return self._tasks.unfinished_tasks == 0

    def submit(self, task: Callable[[], Any]) -> None:
        """Do something after all that was submitted before."""
        self._tasks.put(task)

    def wait(self, deadline: float) -> bool:
        """Wait until all tasks are done, but not beyond a moment of `time.monotonic`; return whether they are."""
        with self._tasks.all_tasks_done:
            return self._tasks.all_tasks_done.wait_for(lambda: self.idle, max(0.0, deadline - time.monotonic()))

    def end(self, patience_s: float) -> bool:
        """Do what is left, end the thread, and return whether everything is done.

        What takes long is waited for; what fails is given up when the patience is over.
        """
        deadline = time.monotonic() + patience_s
        # What is submitted after the end is done by nobody, and must not be waited for.
        while self._thread.is_alive() and not self.wait(time.monotonic() + RETRY_S):
            if self.problem and time.monotonic() > deadline:
                break
        done = self.idle
        self._ending.set()
        if self._thread.is_alive():
            self._tasks.put(None)
            self._thread.join()
        return done

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            if task is not None:
                self._try(task)
            self._tasks.task_done()
            if task is None:
                return

    def _try(self, task: Callable[[], Any]) -> None:
        while True:
            try:
                task()
                self.problem = ""
                return
            except Exception as error:  # whatever it is, no stroke is dropped without a word
                self.problem = explain(error)
                if self._ending.wait(RETRY_S):
                    return
