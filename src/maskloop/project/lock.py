"""Who works on a project: one process at a time, and the others can read who it is."""

import contextlib
import getpass
import json
import os
import platform
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from maskloop.files import write_atomically
from maskloop.project.layout import HOLDER_FILE, LOCK_FILE

if TYPE_CHECKING:
    from filelock import FileLock


def take(folder: Path) -> "FileLock | None":
    """Take a project for this process, until the lock is released or the process ends, however it ends.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    filelock.FileLock or None
        None where another process, or another window of this one, has it.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # slow to import, and a window that opens need not wait

    # Not by thread: a window opens projects in the background and may close them in another thread.
    lock = FileLock(folder / LOCK_FILE, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    holder = {"user": user_name(), "computer": platform.node(), "process": os.getpid(), "since": f"{datetime.now():%c}"}
    with contextlib.suppress(OSError):  # a full disk: it is held all the same
        write_atomically(folder / HOLDER_FILE, json.dumps(holder).encode())
    return lock


def holder(folder: Path) -> str:
    """Say who holds a project, as far as it is known."""
    try:
        known = json.loads((folder / HOLDER_FILE).read_bytes())
        return f"{known['user']} on {known['computer']} (process {known['process']}, since {known['since']})"
    except (OSError, ValueError, LookupError, TypeError):
        return "another process"


def user_name() -> str:
    """Return the name under which the person has logged in."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in a container
        return "somebody"
