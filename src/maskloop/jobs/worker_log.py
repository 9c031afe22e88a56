"""What workers say to nobody, one worker after the other in one file."""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

TAIL = 4000  # bytes


class WorkerLog:
    """The log of a worker, which goes on where that of the worker before it ends.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = 0  # of what may tell why the worker died, in bytes

    def open(self) -> BinaryIO:
        """Open it for a worker that is about to start."""
        log = self._path.open("ab")
        self._start = log.tell()
        return log

    def turn_page(self) -> None:
        """Note that what was said until now tells nothing of what is asked for next."""
        with contextlib.suppress(OSError):  # somebody has tidied the folder for temporary files
            self._start = self._path.stat().st_size

    def last_words(self) -> str:
        """Return the end of what was said since then; an empty text where nothing was, or nobody can read it."""
        try:
            with self._path.open("rb") as log:
                log.seek(max(self._start, log.seek(0, os.SEEK_END) - TAIL))
                return log.read().decode(errors="replace")
        except OSError:
            return ""
