"""The window's side of a training run: its process is started, found again, and followed by its record."""

import contextlib
import os
import subprocess
import sys

from maskloop.jobs.client import CREATION_FLAGS, ENVIRONMENT, SAFE_PATH
from maskloop.jobs.run_events import read_events
from maskloop.jobs.run_story import RunStory
from maskloop.project.run import Run

WITH_LOW_PRIORITY = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)  # Windows; elsewhere it sees to that itself


class RunProcess:
    """The process of a run, if there is one; it goes on without the window.

    Parameters
    ----------
    run : Run

    Attributes
    ----------
    run : Run
    story : RunStory
        As of the last `follow`.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.story = RunStory()
        self._read = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a process that does what is left to do.

        Raises
        ------
        OSError
            If it cannot be started.
        """
        self.run.forget_stop()
        with self.run.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *SAFE_PATH, "-m", "maskloop.jobs.trainer", str(self.run.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | ENVIRONMENT,
                start_new_session=True,
                creationflags=CREATION_FLAGS | WITH_LOW_PRIORITY,
            )

    @property
    def alive(self) -> bool:
        """Whether a process is at it, this window's or another's."""
        mine = self._process is not None and self._process.poll() is None
        return mine or self._is_held()

    def follow(self) -> bool:
        """Take in what is new in the record; return whether there was anything."""
        events, self._read = read_events(self.run.events_file, self._read)
        for event in events:
            self.story.add(event)
        return bool(events)

    def _is_held(self) -> bool:
        # Who asks for the lock would make the folder anew where it was moved away, and cannot where nothing is written.
        with contextlib.suppress(OSError):
            return not self.run.is_gone and self.run.is_running
        return False
