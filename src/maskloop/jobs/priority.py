"""The window comes first where it and a child process both want the processor."""

import contextlib
import os
import sys
from pathlib import Path

NICEST = 19


def be_nice(niceness: int) -> None:
    """Lower the priority of this process against those of other sessions too.

    Linux shares the processor between sessions first, and within each of them by niceness; a child with a session of
    its own would get as much as the window, however nice it is (``man 7 sched``, "The autogroup feature").

    Parameters
    ----------
    niceness : int
        From 0 to 19, the nicest. Does nothing under Windows, where a priority is given to a process when it starts.
    """
    if hasattr(os, "nice"):
        os.nice(niceness)
    autogroup = Path("/proc/self/autogroup")
    if autogroup.exists() and os.getsid(0) == os.getpid():  # a session that is shared is not ours to slow down
        with contextlib.suppress(OSError):  # where containers may not write there
            autogroup.write_text(str(niceness))


def come_last() -> None:
    """Give this thread, and those that it starts, what nobody else wants of the processor.

    Among those that share the processor with the window, as where each program has a group of its own, even the nicest
    ends its turn before a thread that wakes up gets one, and several of those in a row draw a picture; an idle one
    steps aside at once (``man 7 sched``, "SCHED_IDLE"; Linux alone has it).
    """
    be_nice(NICEST)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # where containers may not
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
