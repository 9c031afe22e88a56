"""One training at a time: two would take each other's cores and memory."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from maskloop.errors import Cancelled
from maskloop.project.lock import user_name

LOOK_INTERVAL_S = 0.2  # at most this often for a turn, or for the wish to stop


@contextlib.contextmanager
def turn(on_wait: Callable[[], None], should_stop: Callable[[], bool]) -> Iterator[None]:
    """Wait until no other training of this person has its turn on this computer, and give none a turn within.

    Those of the window and of terminals take turns; what a script trains does not.

    Parameters
    ----------
    on_wait : callable
        Called once, if there is another.
    should_stop : callable
        Asked while waiting.

    Raises
    ------
    Cancelled
        If it was asked to stop while it waited.
    OSError
        If the file that stands for the turn, in the folder for temporary files, cannot be opened.
    """
    lock = FileLock(Path(tempfile.gettempdir()) / f"maskloop-training-{user_name()}.lock", timeout=0)
    told = False
    while True:
        try:
            lock.acquire()
            break
        except Timeout:
            if not told:
                told = True
                on_wait()
        if should_stop():
            raise Cancelled
        time.sleep(LOOK_INTERVAL_S)
    try:
        yield
    finally:
        lock.release()
