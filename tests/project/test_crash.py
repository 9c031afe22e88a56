"""A process that paints is killed, at any moment: what had been saved is there, and what had begun is finished."""

import inspect
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from maskloop.project.autosave import Autosave
from maskloop.project.project import Project

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of Unix")


def paint(labels, number):
    """The stroke of a number, always the same; return the box around it."""
    place = np.random.default_rng(number)
    y, x = (int(place.integers(0, n - 20)) for n in labels.shape)
    box = (slice(y, y + 20), slice(x, x + 20))
    labels[box] = number
    return box


PAINTER = f"""
import sys
import numpy as np
from maskloop.project.autosave import Autosave
from maskloop.project.project import Project

{inspect.getsource(paint)}

project = Project(sys.argv[1])
[entry] = project.entries
annotation = project.annotation(entry)
autosave = Autosave(project, entry, annotation)
for number in range(int(sys.argv[2]), 100_000):
    box = paint(annotation.labels, number)
    autosave.save([("labels", annotation.labels, box)])
    autosave.flush()
    print(number, flush=True)
    if number % 4 == 0:
        autosave.accept()
"""


def paint_and_kill(folder, first, strokes, wait_s):
    """Let a process paint until it is killed; return the number of the last stroke that it said was saved."""
    command = [sys.executable, "-c", PAINTER, str(folder), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = [process.stdout.readline() for _ in range(strokes)]
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    whole = [line for line in said if line.endswith("\n")]
    return int(whole[-1])


def test_strokes_that_were_saved_survive_that_the_process_is_killed(project, entry):
    expected, done, chance = project.annotation(entry).labels, 0, random.Random(0)
    project.close()
    for _ in range(15):
        last = paint_and_kill(project.folder, done + 1, chance.randint(1, 12), chance.uniform(0, 0.02))
        with Project(project.folder) as again:
            assert not again.read_only
            assert again.damaged == {}
            labels = again.annotation(entry).labels
        while done < last:
            done += 1
            paint(expected, done)
        if not np.array_equal(labels, expected):  # the next one was saved, and not told of any more
            done += 1
            paint(expected, done)
        np.testing.assert_array_equal(labels, expected)
    with Project(project.folder) as again:
        assert Autosave(again, entry, again.annotation(entry)).close()
        assert again.entry(entry.id).revision > 5
        np.testing.assert_array_equal(again.annotation(entry).labels, expected)


# The hook holds the writing of the revision until the next stroke is on the disk, and kills the process then.
KILLED_WHILE_ACCEPTING = """
import os, signal, sys, threading
import numpy as np
from maskloop.project.autosave import Autosave
from maskloop.project.edits import read_edits
from maskloop.project.layout import edits_file
from maskloop.project.project import Project

project = Project(sys.argv[1])
[entry] = project.entries
annotation = project.annotation(entry)
autosave = Autosave(project, entry, annotation)
left, painted = int(sys.argv[2]), threading.Event()

def kill_in_time(event, arguments):
    global left
    if event in ("os.rename", "os.remove") and "revisions" in threading.current_thread().name:
        painted.wait()
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

for number in (7, 8):
    annotation.labels[10 * number : 10 * number + 5] = number
    autosave.save([("labels", annotation.labels, (slice(0, 300), slice(0, 400)))])
    if number == 7:
        autosave.flush()
        sys.addaudithook(kill_in_time)
        autosave.accept()
while not list(read_edits(edits_file(project.folder_of(entry), 2))):
    pass
painted.set()
autosave.close()
"""


@pytest.mark.parametrize("step", [1, 2, 3, 4])  # labels, reviewed pixels, the entry, the old edits
def test_an_acceptance_that_was_killed_half_way_is_finished_later(project, entry, step):
    accepted = project.annotation(entry).labels
    project.close()
    command = [sys.executable, "-c", KILLED_WHILE_ACCEPTING, str(project.folder), str(step)]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    accepted[70:75] = 7
    latest = accepted.copy()
    latest[80:85] = 8
    with Project(project.folder) as again:
        assert again.entry(entry.id).revision == (1 if step < 4 else 2)
        annotation = again.annotation(entry)
        np.testing.assert_array_equal(annotation.labels, latest)
        autosave = Autosave(again, entry, annotation)
        annotation.labels[90:95] = 9
        autosave.save([("labels", annotation.labels, (slice(90, 95), slice(0, 400)))])
        assert autosave.close()
        np.testing.assert_array_equal(again.annotation(entry).labels, annotation.labels)
        np.testing.assert_array_equal(again.annotation(entry, 2).labels, accepted)
        assert [r.reason for r in again.entry(entry.id).revisions] == ["added", "accepted"]
