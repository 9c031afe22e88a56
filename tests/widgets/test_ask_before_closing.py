"""The questions before a window is closed while strokes are not saved or a training runs, and their answers."""

import errno
import subprocess
import sys

import numpy as np
import pytest
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QMainWindow, QMessageBox

from maskloop.config import TrainConfig
from maskloop.jobs.run_process import RunProcess
from maskloop.project import autosave
from maskloop.project.run import Run, read_runs
from maskloop.widgets.ask_before_closing import AskBeforeClosing


@pytest.fixture
def answer(monkeypatch, qtbot):
    """A function that lets somebody answer the next questions with a button, or a key; returns what was asked."""
    asked = []

    def answer(wanted):
        def press(box):
            asked.append(box.text())
            if isinstance(wanted, Qt.Key):
                box.show()
                qtbot.keyClick(box, wanted)
            else:
                [button] = [button for button in box.buttons() if button.text() == wanted]
                qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

        monkeypatch.setattr(QMessageBox, "exec", press)
        return asked

    return answer


@pytest.fixture
def make_window(qtbot):
    """A function that shows a window where some trainings run, or strokes are not saved; `stopped` tells how many."""

    def make_window(count, unsaved=""):
        window = QMainWindow()
        qtbot.addWidget(window)
        window.stopped = []
        AskBeforeClosing(window, lambda: unsaved, lambda: count, lambda: window.stopped.append(count), window)
        window.show()
        return window

    return make_window


def close_by_hand(window):
    """Close a window as a click does, from Qt's event loop; returns whether it has closed."""
    closed, loop = [], QEventLoop()

    def close():
        closed.append(window.close())
        loop.quit()

    QTimer.singleShot(0, close)
    loop.exec()
    return closed[0]


def test_let_it_finish_closes_the_window_and_stops_nothing(make_window, answer):
    asked, window = answer("Let it finish"), make_window(1)
    assert close_by_hand(window)
    assert asked == ["A training is running."]
    assert (window.stopped, window.isVisible()) == ([], False)


def test_stop_it_closes_the_window_and_stops_it(make_window, answer):
    asked, window = answer("Stop it"), make_window(1)
    assert close_by_hand(window)
    assert asked == ["A training is running."]
    assert (window.stopped, window.isVisible()) == ([1], False)


@pytest.mark.parametrize("no", ["Don't close", Qt.Key.Key_Escape])
def test_don_t_close_and_the_escape_key_leave_everything_as_it_is(make_window, answer, no):
    asked, window = answer(no), make_window(1)
    assert not close_by_hand(window)
    assert asked == ["A training is running."]
    assert (window.stopped, window.isVisible()) == ([], True)


def test_of_several_it_speaks_in_the_plural(make_window, answer):
    asked = answer("Stop them")
    assert close_by_hand(make_window(2))
    assert answer("Let them finish") is asked
    assert close_by_hand(make_window(3))
    assert asked == ["2 trainings are running or waiting.", "3 trainings are running or waiting."]


def test_where_nothing_runs_nothing_is_asked(make_window, answer):
    asked = answer("Don't close")
    assert close_by_hand(make_window(0))
    assert asked == []


def test_a_script_that_closes_the_window_is_not_asked(make_window, answer):
    asked, window = answer("Don't close"), make_window(1)
    assert window.close()
    assert (asked, window.stopped) == ([], [])


LOST = "The latest strokes on <b>a</b> are not saved: the disk is full."


def test_strokes_that_are_not_saved_are_lost_only_if_somebody_says_so(make_window, answer):
    asked = answer("Close and lose them")
    assert close_by_hand(make_window(0, LOST))
    assert asked == [LOST]


@pytest.mark.parametrize("no", ["Don't close", Qt.Key.Key_Escape])
def test_who_does_not_want_to_lose_strokes_is_not_asked_of_trainings(make_window, answer, no):
    asked, window = answer(no), make_window(1, LOST)
    assert not close_by_hand(window)
    assert asked == [LOST]
    assert (window.stopped, window.isVisible()) == ([], True)


def test_a_script_is_not_asked_of_strokes_either(make_window, answer):
    asked = answer("Don't close")
    assert make_window(0, LOST).close()
    assert asked == []


@pytest.fixture
def window_of(qapp):
    """A function that shows the whole panel in a window; asked for before `open_main`, whose panel goes first."""
    windows = []

    def window_of(panel):
        windows.append(QMainWindow())
        windows[-1].setCentralWidget(panel)
        windows[-1].show()
        return windows[-1]

    yield window_of
    for window in windows:
        window.deleteLater()


def test_the_whole_panel_asks_while_the_disk_is_full(
    window_of, open_main, make_project, open_entry, answer, until, monkeypatch
):
    full, append = [True], autosave.append_edit

    def append_edit(*edit):
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(*edit)

    monkeypatch.setattr(autosave, "append_edit", append_edit)
    panel = open_main()
    entry = open_entry(panel, make_project(a=np.zeros((9, 9), np.uint8)), "a")
    window, asked = window_of(panel), answer("Don't close")
    entry.labels.paint((5, 5), 7)
    until(lambda: bool(entry.problem))
    assert not close_by_hand(window)
    [question] = asked
    assert question.startswith("The latest strokes on a are not saved: The disk is full")
    full.clear()
    until(lambda: entry.saved)
    assert close_by_hand(window)
    assert len(asked) == 1


def test_the_whole_panel_asks_while_a_process_is_at_a_run_and_stops_it(
    window_of, open_main, make_project, make_model, answer, until
):
    folder = make_project()
    (folder / "models").mkdir()
    make_model(folder / "models" / "tiny")
    run = Run.create(folder, TrainConfig(base="tiny"))
    panel = open_main()
    panel.project.open_project(folder)
    until(lambda: panel.train.runs.shown is not None)
    window, asked = window_of(panel), answer("Don't close")
    with run.hold():  # as its process does
        assert not close_by_hand(window)
        assert asked == ["A training is running."]
        assert not run.stop_wanted
        answer("Stop it")
        assert close_by_hand(window)
        assert run.stop_wanted
    run.forget_stop()
    window.show()
    assert close_by_hand(window)
    assert len(asked) == 2  # it has ended by itself meanwhile
    assert not run.stop_wanted


@pytest.fixture
def trainers(monkeypatch):
    """The processes that were started for runs; they hold them, and sleep."""
    started = []

    def start(process):
        work = "import filelock, sys, time; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); time.sleep(600)"
        lock = process.run.folder / "running.lock"
        process._process = subprocess.Popen([sys.executable, "-c", work, str(lock)])
        started.append(process._process)

    monkeypatch.setattr(RunProcess, "start", start)
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def open_project(until, done_in_background):
    """A function that opens a project in a panel, and waits until its trainings are listed."""

    def open_project(panel, folder):
        panel.project.open_project(folder)
        until(lambda: panel.project.project is not None and panel.project.project.folder == folder)
        done_in_background(panel)

    return open_project


def test_the_whole_panel_asks_of_a_training_whatever_project_is_open_by_now(
    window_of, open_main, make_project, answer, until, trainers, open_project
):
    cells, others = make_project("cells"), make_project("others")
    panel = open_main()
    open_project(panel, cells)
    panel.train.runs.begin(TrainConfig(), lambda: None)
    until(lambda: panel.train.runs.shown is not None and panel.train.runs.shown.run.is_running)
    window, asked = window_of(panel), answer("Don't close")
    for folder in (others, cells, others):
        open_project(panel, folder)
        assert not close_by_hand(window)
    assert asked == ["A training is running."] * 3
    answer("Stop it")
    assert close_by_hand(window)
    assert [run.stop_wanted for run in read_runs(cells)] == [True]
    trainers[0].kill()
    trainers[0].wait()
    window.show()
    assert close_by_hand(window)
    assert len(asked) == 4


def test_the_whole_panel_asks_of_a_training_that_has_no_process_yet_and_stops_it(
    window_of, open_main, make_project, answer, until, trainers, open_project, hold_up
):
    folder = make_project()
    panel = open_main()
    open_project(panel, folder)
    go = hold_up(panel)
    panel.train.runs.begin(TrainConfig(), lambda: None)
    asked = answer("Stop it")
    assert close_by_hand(window_of(panel))
    assert asked == ["A training is running."]
    go()
    until(lambda: len(trainers) == 1)
    until(lambda: [run.stop_wanted for run in read_runs(folder)] == [True])


def test_the_whole_panel_does_not_ask_of_a_training_that_could_not_begin(
    window_of, open_main, make_project, answer, until, open_project
):
    panel = open_main()
    open_project(panel, make_project())
    panel.train.runs.begin(TrainConfig(base="gone"), lambda: None)
    until(lambda: "no model 'gone'" in panel.train.message.text())
    asked = answer("Don't close")
    assert close_by_hand(window_of(panel))
    assert asked == []


def test_the_whole_panel_asks_nothing_of_a_project_without_trainings(window_of, open_main, make_project, answer, until):
    panel = open_main()
    panel.project.open_project(make_project())
    until(lambda: panel.project.project is not None)
    asked = answer("Don't close")
    assert close_by_hand(window_of(panel))
    assert asked == []
