"""A child process stands back behind the window, whose session is another one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = "import os; from maskloop.jobs.priority import be_nice; be_nice(7); print(os.getpriority(os.PRIO_PROCESS, 0))"
AUTOGROUP = Path("/proc/self/autogroup")


def niceness(code, **options):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, **options).stdout


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="Windows has priority classes instead")
def test_a_process_lowers_its_own_priority():
    before = int(niceness("import os; print(os.getpriority(os.PRIO_PROCESS, 0))"))
    assert int(niceness(CODE)) == min(before + 7, 19)


@pytest.mark.skipif(not os.access(AUTOGROUP, os.W_OK), reason="here sessions do not come first")
def test_its_session_stands_back_too_but_never_one_that_it_shares():
    code = f"{CODE}; print(open('{AUTOGROUP}').read())"
    assert niceness(code, start_new_session=True).strip().endswith("nice 7")
    assert niceness(code).split()[1:] == [*AUTOGROUP.read_text().split()]


def a_thread_may_be_idle():
    code = "import os; os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


@pytest.mark.skipif(not a_thread_may_be_idle(), reason="only Linux has idle threads, and some containers forbid them")
def test_the_threads_of_who_comes_last_are_idle():
    code = """
import os, threading
from maskloop.jobs.priority import come_last
come_last()
thread = threading.Thread(target=lambda: print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)))
thread.start()
thread.join()
"""
    assert niceness(code).split() == ["19", str(os.SCHED_IDLE)]
