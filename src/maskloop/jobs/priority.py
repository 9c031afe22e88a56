"""The window comes first where it and a child process both want the processor."""

import contextlib
import os
from pathlib import Path


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
