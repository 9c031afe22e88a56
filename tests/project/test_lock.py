"""One writer at a time: the others read, are told who writes, and may write as soon as that one is gone."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from maskloop.errors import ProjectError
from maskloop.project.project import Project

HOLDER = """
import sys
from maskloop.project.project import Project
project = Project(sys.argv[1])
print(project.held_by, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start():
    """A function that starts a process which opens a project and keeps it open."""
    started = []

    def start(folder):
        command = [sys.executable, "-c", HOLDER, str(folder)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1], started[-1].stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_project_that_is_open_here_is_read_only_in_a_second_window(project, entry):
    second = Project(project.folder)
    assert second.read_only
    assert f"process {os.getpid()}" in second.held_by
    assert second.annotation(second.entries[0]).objects == 2
    project.close()
    with Project(project.folder) as third:
        assert not third.read_only


def test_nothing_can_be_changed_in_a_project_that_is_read_only(project, entry):
    second, labels = Project(project.folder), np.zeros((300, 400), int)
    for change in (
        lambda: second.add(labels, name="more"),
        lambda: second.save_correction(entry, labels, labels),
        lambda: second.accept(entry),
        lambda: second.restore(entry, 1),
        lambda: second.note_progress(entry, second.annotation(entry)),
        lambda: second.remove(entry),
        lambda: second.bring_back(entry),
    ):
        with pytest.raises(ProjectError, match=r"is open for reading only\. It is open in "):
            change()
    second.close()
    assert Project(project.folder).read_only  # the first one still has it


def test_a_closed_project_cannot_be_changed(project):
    project.close()
    project.close()
    with pytest.raises(ProjectError, match="It was closed"):
        project.add(np.zeros((4, 5), np.uint8), name="a")


def test_the_holder_in_another_process_is_named_and_may_be_killed(project, entry, start):
    project.close()
    process, said = start(project.folder)
    assert said == ""
    with Project(project.folder) as here:
        assert here.read_only
        assert f"process {process.pid}" in here.held_by
        assert start(project.folder)[1] == here.held_by
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Project(project.folder) as here:
        assert not here.read_only
        assert start(project.folder)[1].startswith("It is open in ")


def test_a_project_opened_in_one_thread_can_be_closed_in_another(project):
    project.close()
    with ThreadPoolExecutor(1) as threads:
        opened = threads.submit(Project, project.folder).result()
        assert not opened.read_only
        opened.close()
        with Project(project.folder) as again:
            assert not again.read_only


def test_a_holder_that_left_no_name_is_another_process(project):
    for content in (b"", b"[]", b"{}", b"\xff"):
        (project.folder / ".holder.json").write_bytes(content)
        assert Project(project.folder).held_by == "It is open in another process."
