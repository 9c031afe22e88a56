"""The Train panel: what it says before, while and after a model is trained, and what its buttons do."""

import math
import os
import platform
import shutil
import signal
import threading
import time
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QApplication

from maskloop.config import TaskConfig, TrainConfig, name_classes
from maskloop.jobs.run_events import (
    Began,
    Compared,
    Decided,
    Ended,
    EpochEnded,
    Queued,
    Remark,
    Trained,
    append_event,
    read_events,
)
from maskloop.jobs.run_process import RunProcess
from maskloop.jobs.run_story import RunStory
from maskloop.ops.overlay import MISSED
from maskloop.project import autosave
from maskloop.project.history import Epoch
from maskloop.project.model_folder import STATE_FILE
from maskloop.project.preview import Preview
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.project.run import Run, read_runs
from maskloop.widgets import train_panel
from maskloop.widgets.background import Background
from maskloop.widgets.errand import Errand
from maskloop.widgets.run_status import GONE
from maskloop.widgets.runs_panel import FOLLOW_MS, LOOK_MS
from maskloop.widgets.train_panel import NO_PROJECT, TrainPanel

TINY = TrainConfig(base="tiny", epochs=2, crop=32, batch=2, steps=2)
LONG = TINY.model_copy(update={"epochs": 10_000})
CENTRES = [(14, 16), (44, 24), (20, 56), (48, 70), (16, 92), (46, 112)]
SHAPE = (64, 128)
PATIENCE_S = 240.0  # for a busy machine, as in test_trainer.py


def wait_until(condition):
    """Let the window work until something is true; a process that trains may take longer than `until` waits."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        QApplication.processEvents()
        time.sleep(0.01)
        assert time.monotonic() < end


@pytest.fixture(scope="module")
def cells(discs, make_model, tmp_path_factory):
    """A project: a and b are reviewed, c in a part with one object, d not at all; and a model, tiny."""
    folder = tmp_path_factory.mktemp("train") / "cells"
    with Project.create(folder) as project:
        rng = np.random.default_rng(0)
        for shift, (name, columns) in enumerate({"a": 128, "b": 128, "c": 30, "d": 0}.items()):
            labels = discs(SHAPE, [(y + shift, x + shift) for y, x in CENTRES], 9)
            image = (np.where(labels > 0, 150, 40) + rng.normal(0, 8, SHAPE)).astype(np.uint8)
            project.add(image, labels, name=name, reviewed=np.arange(SHAPE[1]) < np.full((SHAPE[0], 1), columns))
    (folder / "models").mkdir()
    make_model(folder / "models" / "tiny", diameter=18)
    return folder


@pytest.fixture(scope="module")
def own_queue(tmp_path_factory):
    """Trainings of this module wait for none of another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("queue")))
        yield


@pytest.fixture(scope="module")
def walk(qapp, cells, own_queue, tmp_path_factory):
    """A training by a click, up to the comparison: the project's folder, and what was read in the panel meanwhile."""
    folder = shutil.copytree(cells, tmp_path_factory.mktemp("walk") / "cells")
    panel, read = TrainPanel(Background(), Background()), []
    panel.show()
    with Project(folder) as project:
        panel.set_project(project)
        wait_until(lambda: panel._material is not None and panel.form.base.count())
        panel.train_with(TINY)
        read.append(panel.message.text())

        def is_compared():
            read.append(panel.runs.view.status.text())
            return panel.runs.view.buttons["adopt"].isVisible()

        wait_until(is_compared)
    panel._background._thread.shutdown()
    panel.deleteLater()
    return folder, list(dict.fromkeys(read))


@pytest.fixture
def folder(cells, tmp_path):
    """The folder of a project of one's own in which nothing was trained yet."""
    return shutil.copytree(cells, tmp_path / "cells")


@pytest.fixture
def trained(walk, tmp_path):
    """The folder of a project of one's own with a training that was compared."""
    return shutil.copytree(walk[0], tmp_path / "trained")


@pytest.fixture
def open_train(qtbot, until):
    """A function that shows the panel with a project, and waits until it has read everything."""
    panels, projects = [], []

    def open_train(folder):
        panels.append(TrainPanel(Background(), Background()))
        qtbot.addWidget(panels[-1])
        panels[-1].show()
        if folder is not None:
            projects.append(Project(folder))
            panels[-1].set_project(projects[-1])
        settle(panels[-1])
        return panels[-1]

    def settle(panel):
        done = []
        for queue in (panel._background, panel._counting):
            queue.run(lambda: None, done.append)
        until(lambda: len(done) == 2)

    open_train.settle = settle
    yield open_train
    for panel in panels:
        panel.set_project(None)
        panel._background._thread.shutdown()
    for project in projects:
        project.close()


@pytest.fixture
def click(qtbot, open_train):
    """A function that clicks a button of a run, and waits until what it asks for is done."""

    def click(panel, name):
        qtbot.mouseClick(panel.runs.view.buttons[name], Qt.MouseButton.LeftButton)
        open_train.settle(panel)

    return click


@pytest.fixture
def make_run(folder):
    """A function that makes a run whose record says something, as a process would have left it."""

    def make_run(*events, config=TINY, unfinished=False, trained=False, settled=False):
        run = Run.create(folder, config)
        for event in events:
            append_event(event, run.events_file)
        if unfinished:
            (run.model / STATE_FILE).touch()
        if trained:
            shutil.copytree(folder / "models" / "tiny", run.model, dirs_exist_ok=True)
            card = (run.model / "model.json").read_text()
            (run.model / "model.json").write_text(card.replace('"tiny"', f'"{run.job.model}"'))
        if settled:
            run.settle()
        return run

    return make_run


@pytest.fixture
def end_trainings(own_queue):
    """What still trains at the end of a test is killed."""
    yield
    for child in psutil.Process().children():
        if "maskloop.jobs.trainer" in child.cmdline():
            child.kill()
            child.wait()


def began(computer=None):
    return Began(device="CPU", computer=computer or platform.node())


def epoch(number, share=0.0, val_loss=0.5, seconds=2.0, ap50=0.7):
    return EpochEnded(epoch=Epoch(number, 0.4, 0.8, 0.7, val_loss, 0.8, 0.7, ap50, 1e-3, seconds), share=share)


def compared(better=True):
    """A comparison, as its process tells of it."""
    rows = (("pixels", "model", "AP 0.5"), ("held out", "tiny", "0.500"), ("held out", "tiny-2", "0.750"))
    return Compared(rows=rows, recommendation="Adopt tiny-2: it is better.", better=better)


def buttons(panel):
    """Return what can be done with the run that is shown."""
    return {name for name, button in panel.runs.view.buttons.items() if button.isVisible()}


def status(panel):
    return panel.runs.view.status.text()


# Before


def test_without_a_project_it_is_said_what_to_do_and_nothing_can_be_clicked(open_train):
    panel = open_train(None)
    assert panel.material.text() == NO_PROJECT
    for widget in (
        panel.form,
        panel.plan,
        panel.train_button,
        panel.runs.view,
        panel.runs.choice,
        panel.resegment_button,
    ):
        assert not widget.isVisible()


@pytest.mark.parametrize("kind", ["objects", "foreground", "classes"])
def test_while_nothing_is_reviewed_nothing_is_trained(open_train, tmp_path, kind, qtbot):
    task = TaskConfig(kind=kind, classes=name_classes(["liver"]) if kind == "classes" else ())
    with Project.create(tmp_path / kind, task) as project:
        project.add(np.zeros(SHAPE, np.uint8), name="a")
    panel = open_train(project.folder)
    assert panel.material.text().startswith("Nothing is reviewed yet.")
    qtbot.mouseClick(panel.train_button, Qt.MouseButton.LeftButton)
    open_train.settle(panel)
    assert panel.message.text() == panel.material.text()
    assert read_runs(project.folder) == []


def test_while_only_background_is_reviewed_no_objects_are_learned(open_train, tmp_path, qtbot):
    with Project.create(tmp_path / "empty") as project:
        project.add(np.zeros(SHAPE, np.uint8), name="a", reviewed=np.ones(SHAPE, np.uint8))
    panel = open_train(project.folder)
    qtbot.mouseClick(panel.train_button, Qt.MouseButton.LeftButton)
    open_train.settle(panel)
    assert panel.message.text() == "No object is reviewed as a whole yet: review some in the Correct tab."
    assert read_runs(project.folder) == []


def test_what_was_reviewed_since_it_was_counted_is_learned_from_once(open_train, tmp_path, discs, qtbot, monkeypatch):
    monkeypatch.setattr(RunProcess, "start", lambda _: None)
    labels = discs(SHAPE, CENTRES, 9)
    with Project.create(tmp_path / "cells") as project:
        project.add(labels.astype(np.uint8), labels, name="a")
    panel = open_train(tmp_path / "cells")
    assert panel.material.text().startswith("Nothing is reviewed yet.")
    [entry] = panel._project.entries
    panel._project.save_correction(entry, labels, np.ones_like(labels))
    for _ in range(2):
        qtbot.mouseClick(panel.train_button, Qt.MouseButton.LeftButton)
    open_train.settle(panel)  # it is counted
    open_train.settle(panel)  # and begun
    assert panel.material.text() == "1 image, 6 reviewed objects, 100% of the pixels reviewed."
    assert panel.message.text() == ""
    assert len(read_runs(tmp_path / "cells")) == 1


def test_counting_waits_for_no_checkup(open_train, folder, until, monkeypatch):
    panel, begun, go = open_train(folder), threading.Event(), threading.Event()
    monkeypatch.setattr(Errand, "reach", lambda *_: begun.set() or go.wait(PATIENCE_S))
    panel.check_button.click()
    until(begun.is_set)
    panel._project.remove(panel._project.entries[0])
    panel.refresh()
    until(lambda: panel.material.text().startswith("2 images"))
    go.set()


def test_it_counts_what_there_is_to_learn_from_and_says_what_it_will_do(open_train, folder):
    panel = open_train(folder)
    assert panel.material.text() == "3 images, 13 reviewed objects, 74% of the pixels reviewed."
    assert panel.plan.text() == (
        "Goes on training nuclei for 1 minute and then compares both on what is held out. "
        "It ends sooner if 20 epochs bring no progress."
    )
    assert panel.train_button.isEnabled()
    assert not panel.runs.view.isVisible()


def test_what_was_reviewed_meanwhile_is_counted_when_the_tab_is_chosen_again(open_train, folder):
    panel = open_train(folder)
    panel.hide()
    entry = panel._project.entries[3]
    labels = panel._project.annotation(entry).labels
    panel._project.save_correction(entry, labels, np.ones_like(labels))
    panel.show()
    open_train.settle(panel)
    assert panel.material.text() == "4 images, 19 reviewed objects, 81% of the pixels reviewed."


@pytest.mark.parametrize(
    ("computer", "plan"),
    [(None, "for 1 minute, which is about 30 epochs on this computer,"), ("other", "for 1 minute and")],
)
def test_the_plan_says_how_far_the_time_goes_as_measured_on_this_computer(open_train, folder, make_run, computer, plan):
    events = began(computer), epoch(1, seconds=9), epoch(2, share=0.5, seconds=2)
    make_run(*events, config=TrainConfig(), unfinished=True)
    make_run(began(), epoch(1, seconds=60), unfinished=True)  # says nothing of other crops and batches
    panel = open_train(folder)
    assert f"Goes on training nuclei {plan}" in panel.plan.text()


def test_without_ap_there_is_no_curve_of_it(qtbot):
    from maskloop.widgets.curves import Curves

    curves = Curves()
    qtbot.addWidget(curves)
    for ap50, known in ((math.nan, False), (0.7, True)):
        curves.scores.show_story(RunStory(epochs=[epoch(number, ap50=ap50).epoch for number in (1, 2)]))
        legend = curves.scores.plotItem.titleLabel.text
        assert "Dice" in legend
        assert ("AP 0.5" in legend) == known


def test_a_channel_is_asked_for_where_images_have_some_that_are_no_colours(open_train, tmp_path):
    with Project.create(tmp_path / "channels") as project:
        project.add(np.zeros((3, 40, 50), np.uint8), name="a", axes="CYX")
        project.add(np.zeros((40, 50, 3), np.uint8), name="b")
    panel = open_train(tmp_path / "channels")
    assert panel.form._channel.isVisible()
    assert panel.form._channel.maximum() == 2


# From a click to a model


def test_a_click_begins_a_training_with_what_is_chosen(open_train, folder, qtbot, monkeypatch):
    monkeypatch.setattr(RunProcess, "start", lambda _: None)
    panel = open_train(folder)
    qtbot.keyClicks(panel.form.base, "tiny")
    qtbot.keyClicks(panel.form.budget, "Epochs")
    qtbot.mouseClick(panel.train_button, Qt.MouseButton.LeftButton)
    assert panel.message.text() == "Starting…"
    assert not panel.train_button.isEnabled()  # one click, one training
    open_train.settle(panel)
    [run] = read_runs(folder)
    assert run.job.config == TrainConfig(base="tiny", epochs=20)
    assert panel.runs.shown.run.folder == run.folder
    assert panel.message.text() == ""
    assert panel.train_button.isEnabled()


def test_one_click_is_one_training_whatever_else_is_said_meanwhile(open_train, folder, monkeypatch):
    monkeypatch.setattr(RunProcess, "start", lambda _: None)
    panel = open_train(folder)
    panel.train()
    panel.runs.told.emit("Making the report on tiny: 10%…")
    assert not panel.train_button.isEnabled()
    open_train.settle(panel)
    assert panel.message.text() == "Making the report on tiny: 10%…"
    assert panel.train_button.isEnabled()


def test_a_training_tells_how_far_it_is_up_to_a_recommendation(walk, open_train):
    folder, read = walk
    assert read[0] == "Starting…"
    assert any(text.startswith("Training on the ") for text in read)
    assert read[-1].startswith("Trained for 2 epochs; the best one, ")
    panel = open_train(folder)
    assert buttons(panel) == {"adopt", "discard", "report"}
    assert panel.runs.view.recommendation.text().startswith(("Keep tiny", "Adopt tiny-2"))
    assert "known before" not in panel.runs.view.table.text()  # the tiny model carries nothing to rehearse


def test_a_training_of_an_earlier_session_is_found_again_with_its_curves_and_pictures(open_train, walk, until):
    folder, read = walk
    panel = open_train(folder)
    assert status(panel) == read[-1]
    until(lambda: panel.runs.view.is_complete)
    with (folder / "models" / "tiny-2" / "history.csv").open() as file:
        rows = [line.split(",") for line in file.read().splitlines()]
    column = rows[0].index("val_loss")
    x, y = panel.runs.view.curves.losses.curves["validation"][1].getData()
    assert x.tolist() == [1, 2]
    assert y.tolist() == pytest.approx([float(row[column]) for row in rows[1:]], abs=1e-6)
    assert panel.runs.view.curves.losses.best.value() == 1 + np.argmin(y)
    for label in (panel.runs.view.before, panel.runs.view.after):
        assert label.isVisible()
        assert not label.pixmap().isNull()


def test_adopting_makes_it_the_model_of_all_tabs_and_offers_to_segment_anew_what_is_not_checked(
    open_main, trained, until, qtbot, done_in_background
):
    panel = open_main()
    train = panel.train
    panel.project.open_project(trained)
    until(lambda: train.runs.shown is not None)
    done_in_background(panel)
    assert train.form.base.currentText() == "nuclei"
    train.runs.view.buttons["adopt"].click()
    until(lambda: Registry(trained).adopted == "tiny-2")
    until(lambda: panel.segment.form.model == trained / "models" / "tiny-2")
    assert status(train) == "Adopted: it is the project's model now."
    assert [name for name, button in train.runs.view.buttons.items() if button.isVisibleTo(train)] == ["report"]
    until(lambda: train.form.base.currentText() == "tiny-2")
    assert train.resegment_button.text() == "Segment 2 images anew that you have not checked"
    train.resegment_button.click()
    assert not train.resegment_button.isVisibleTo(train)
    assert train.stop_button.isVisibleTo(train)
    until(lambda: train.message.text() == "2 of 2 images segmented anew.")
    assert not train.stop_button.isVisibleTo(train)
    reasons = {entry.name: entry.revisions[-1].reason for entry in panel.project.project.entries}
    assert reasons == {"a": "added", "b": "added", "c": "segmented", "d": "segmented"}
    labels = [panel.project.project.annotation(entry).labels for entry in panel.project.project.entries]
    assert {1, 2} <= set(np.unique(labels[2]))  # the first one is reviewed; the worker found another


@pytest.mark.parametrize(
    ("names", "offer"),
    [
        ("cd", "Segment 2 images anew that you have not checked"),
        ("d", "Segment 1 image anew that you have not checked"),
    ],
)
def test_what_is_not_checked_wholly_is_offered_to_be_segmented_anew(open_train, trained, click, qtbot, names, offer):
    with Project(trained) as project:
        for entry in project.entries[2:]:
            if entry.name not in names:
                project.remove(entry)
    panel = open_train(trained)
    assert not panel.resegment_button.isVisible()
    with qtbot.waitSignal(panel.adopted, timeout=60_000) as adopted:
        click(panel, "adopt")
    assert adopted.args == [trained / "models" / "tiny-2"]
    assert panel.resegment_button.text() == offer
    with qtbot.waitSignal(panel.resegment_wanted, timeout=60_000):
        qtbot.mouseClick(panel.resegment_button, Qt.MouseButton.LeftButton)
    assert not panel.resegment_button.isVisible()


def test_segmenting_anew_is_offered_when_all_tabs_know_the_adopted_model_and_is_done_with_that_one(
    open_main, folder, make_run, model_folder, until, done_in_background, monkeypatch
):
    make_run(began(), epoch(1, 1), Trained(), compared(), Ended(outcome="done"), trained=True)
    panel = open_main()
    train, form, session = panel.train, panel.segment.form, panel.segment.session
    panel.project.open_project(folder)
    until(lambda: train.runs.shown is not None)
    done_in_background(panel)
    go, asked, read_models, segment = threading.Event(), [], train_panel._read_models, session.segment
    monkeypatch.setattr(train_panel, "_read_models", lambda project: go.wait(PATIENCE_S) and read_models(project))
    monkeypatch.setattr(session, "segment", lambda *job: asked.append(job[-1]) or segment(*job))
    train.runs.view.buttons["adopt"].click()
    until(lambda: status(train) == "Adopted: it is the project's model now.")
    offered = train.resegment_button.isVisibleTo(train)
    go.set()
    assert not offered
    until(lambda: train.resegment_button.isVisibleTo(train))
    adopted = folder / "models" / "tiny-2"
    assert form.model == adopted
    form.set_model(model_folder("raises"))
    form.set_diameter(33)
    train.resegment_button.click()
    until(lambda: train.message.text() == "2 of 2 images segmented anew.")
    assert form.model == adopted
    assert [(config.model, config.diameter) for config in asked] == [(str(adopted), 33)] * 2


def test_with_a_model_that_is_the_project_s_no_more_nothing_is_segmented_anew(open_train, folder, make_run, click):
    make_run(began(), epoch(1, 1), Trained(), compared(), Ended(outcome="done"), trained=True)
    panel = open_train(folder)
    click(panel, "adopt")
    open_train.settle(panel)
    assert panel.resegment_button.isVisible()
    Registry(folder).roll_back()  # by the Models dialog
    panel.refresh()
    open_train.settle(panel)
    assert not panel.resegment_button.isVisible()


def test_where_all_is_checked_nothing_is_offered(open_train, trained, click):
    with Project(trained) as project:
        for entry in project.entries[2:]:
            project.remove(entry)
    panel = open_train(trained)
    click(panel, "adopt")
    assert status(panel) == "Adopted: it is the project's model now."
    assert not panel.resegment_button.isVisible()


def test_a_report_on_what_was_trained_is_made_and_opened_also_where_nothing_may_be_changed(
    open_main, trained, until, monkeypatch
):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    with Project(trained):  # another one has it
        panel = open_main()
        panel.project.open_project(trained)
        until(lambda: panel.train.runs.shown is not None)
        view = panel.train.runs.view
        assert not view.buttons["adopt"].isEnabled()
        view.buttons["report"].click()
        until(lambda: bool(opened))
    assert opened == [str(trained / "models" / "tiny-2" / "report.html")]
    assert panel.train.message.text() == ""


def test_discarding_deletes_the_model_and_keeps_the_record(open_train, trained, click, until):
    panel = open_train(trained)
    click(panel, "discard")
    panel.runs._follow()
    assert status(panel) == "Discarded; only this record is left."
    assert buttons(panel) == set()
    assert [folder.name for folder, _ in Registry(trained).models] == ["tiny"]
    assert not panel.resegment_button.isVisible()
    again = open_train(trained)
    assert status(again) == "Discarded; only this record is left."
    until(lambda: again.runs.view.is_complete)
    assert again.runs.view.curves.losses.curves["validation"][1].getData()[0].tolist() == [1, 2]
    assert "tiny-2" not in [again.form.base.itemText(i) for i in range(again.form.base.count())]


@pytest.mark.timeout(600)
def test_what_is_stopped_keeps_the_best_and_is_compared_when_somebody_asks(open_train, folder, click, end_trainings):
    panel = open_train(folder)
    panel.train_with(LONG)
    wait_until(lambda: panel.runs.shown is not None and len(panel.runs.shown.story.epochs) >= 2)
    assert panel.train_button.isEnabled()
    assert buttons(panel) == {"stop"}
    assert panel.runs.running == 1
    click(panel, "stop")
    assert panel.message.text() == "Stopping; the best so far is kept…"
    wait_until(lambda: buttons(panel) == {"adopt", "discard", "compare", "report"})
    assert status(panel).startswith("Trained for ")
    assert panel.message.text() == ""
    assert panel.runs.running == 0
    assert not panel.runs.view.recommendation.isVisible()
    click(panel, "compare")
    wait_until(lambda: buttons(panel) == {"adopt", "discard", "report"})
    assert panel.runs.view.recommendation.isVisible()


@pytest.mark.timeout(600)
def test_a_training_goes_on_without_its_window_is_found_by_another_and_survives_its_own_end(
    open_train, folder, click, end_trainings
):
    first = open_train(folder)
    first.train_with(LONG)
    wait_until(lambda: first.runs.shown is not None and first.runs.shown.story.epochs)
    run, process = first.runs.shown.run, first.runs.shown._process
    first._project.close()
    first.set_project(None)
    assert first.material.text() == NO_PROJECT
    assert not first.runs.view.isVisible()
    assert first.runs.running == 1  # of which somebody is asked who closes the window

    second = open_train(folder)
    seen = len(second.runs.shown.story.epochs)
    wait_until(lambda: len(second.runs.shown.story.epochs) > seen)
    assert process.poll() is None
    assert buttons(second) == {"stop"}
    assert second.runs.running == 1

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert first.runs.running == 0
    wait_until(lambda: buttons(second) == {"resume", "discard"})
    learned = second.runs.shown.story.epochs[-1].epoch
    assert status(second) == (
        "Training ended before it was done: its process was killed, or the disk is full. "
        f"Resume goes on after epoch {learned}."
    )
    click(second, "resume")
    wait_until(lambda: second.runs.shown.story.epochs[-1].epoch > learned)
    assert buttons(second) == {"stop"}
    second.runs.stop_all()
    wait_until(lambda: "adopt" in buttons(second))
    numbers = [e.epoch.epoch for e in read_events(run.events_file)[0] if isinstance(e, EpochEnded)]
    assert sorted(set(numbers)) == list(range(1, numbers[-1] + 1))


# What a record is shown as


def test_one_that_waits_says_so_and_can_be_stopped(open_train, folder, make_run, click):
    run = make_run(Queued())
    with run.hold():
        panel = open_train(folder)
        assert status(panel) == "Another training has the computer; this one waits for it."
        assert buttons(panel) == {"stop"}
        assert not panel.runs.view.progress.isVisible()
        click(panel, "stop")
        assert run.stop_wanted


def test_what_nobody_is_at_is_seldom_looked_at_and_what_nobody_sees_never(open_train, folder, make_run):
    run = make_run(began(), epoch(1), unfinished=True)
    with run.hold():
        panel = open_train(folder)
        timer = panel.runs._follow_timer
        assert (timer.isActive(), timer.interval()) == (True, FOLLOW_MS)
    panel.runs._follow()
    assert (timer.isActive(), timer.interval()) == (True, LOOK_MS)
    panel.hide()
    panel.runs._follow()
    assert not timer.isActive()
    with run.hold():
        panel.show()
        assert (timer.isActive(), timer.interval()) == (True, FOLLOW_MS)


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([], "Starting…"),
        ([began()], "Training on CPU; the first epoch takes longest…"),
        (
            [began(), epoch(1, 0.1, 0.5), epoch(2, 0.2, 0.3), epoch(3, 0.3, 0.4)],
            "Epoch 3, best so far: 2; 14 s left, on CPU.",
        ),
        ([began(), epoch(1, 1)], "Testing the best epoch on what is held out…"),
        ([began(), epoch(1, 1), Trained()], "Comparing…"),
        (
            [began(), Remark(text="Slow."), Remark(text="Slow.")],
            "Training on CPU; the first epoch takes longest…\nSlow.",
        ),
    ],
)
def test_one_that_runs_says_how_far_it_is(open_train, folder, make_run, events, sentence):
    run = make_run(*events)
    with run.hold():
        panel = open_train(folder)
        assert status(panel) == sentence
        assert buttons(panel) == {"stop"}
        assert panel.runs.view.progress.isVisible()
        assert (panel.runs.view.progress.maximum() > 0) == ("left" in sentence)


def test_the_bar_the_curves_and_the_picture_follow_the_record(open_train, folder, make_run, until, discs):
    run = make_run(began())
    with run.hold():
        panel = open_train(folder)
        until(lambda: panel.runs.view.is_complete)
        assert not panel.runs.view.curves.isVisible()
        assert panel.runs.view.progress.maximum() == 0  # nobody knows how long the first epoch takes
        assert not panel.runs.view.before.isVisible()
        truth = discs((64, 64), [(32, 32)], 12)
        Preview(np.zeros((64, 64, 1), np.float32), truth, np.zeros_like(truth), truth).save(run.preview_file)
        append_event(epoch(1, 0.3, ap50=float("nan")), run.events_file)
        until(lambda: panel.runs.view.progress.value() == 300)
        append_event(epoch(2, 0.4, 0.2), run.events_file)
        until(lambda: panel.runs.view.progress.value() == 400)
        assert not panel.runs.view.is_complete  # one after another, not all between two brush strokes
        until(lambda: panel.runs.view.is_complete)
        points = {
            name: curve.getData()[0].tolist() for name, (_, curve) in panel.runs.view.curves.scores.curves.items()
        }
        assert points == {"Dice": [1, 2], "AP 0.5": [2]}
        assert panel.runs.view.curves.losses.best.value() == 2
        before, after = (label.pixmap().toImage() for label in (panel.runs.view.before, panel.runs.view.after))
        assert before.pixelColor(32, 20).getRgb()[:3] == MISSED
        assert after.pixelColor(32, 20).getRgb()[:3] != MISSED


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([began(), Ended(outcome="failed", reason="It is <b>bad</b>.")], "Training failed: It is <b>bad</b>."),
        ([began(), Ended(outcome="stopped", reason="Nothing to keep.")], "Nothing to keep."),
        ([Queued(), Ended(outcome="stopped")], "Training was stopped."),
    ],
)
def test_one_that_ended_with_nothing_says_why_and_can_only_be_put_away(
    open_train, folder, make_run, click, events, sentence
):
    run = make_run(*events, settled=True)
    panel = open_train(folder)
    assert status(panel) == sentence
    assert panel.runs.view.status.textFormat() == Qt.TextFormat.PlainText
    assert buttons(panel) == {"discard"}
    click(panel, "discard")
    assert read_events(run.events_file)[0][-1] == Decided(adopted=False)
    assert [model.name for model in (folder / "models").iterdir()] == ["tiny"]


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        (
            [began(), epoch(1), epoch(2), Ended(outcome="failed", reason="The disk is full.")],
            "Training failed: The disk is full. Resume goes on after epoch 2.",
        ),
        (
            [began(), epoch(1)],
            "Training ended before it was done: its process was killed, or the disk is full. "
            "Resume goes on after epoch 1.",
        ),
        (
            [began()],
            "Training ended before it was done: its process was killed, or the disk is full. Resume begins anew.",
        ),
    ],
)
def test_one_that_was_cut_off_says_where_it_goes_on(open_train, folder, make_run, events, sentence):
    make_run(*events, unfinished=len(events) > 1)
    panel = open_train(folder)
    assert status(panel) == sentence
    assert buttons(panel) == {"resume", "discard"}


def test_one_that_could_not_be_compared_can_be_compared_again(open_train, folder, make_run):
    make_run(began(), epoch(1, 1), Trained(), Ended(outcome="failed", reason="The base is gone."), trained=True)
    panel = open_train(folder)
    assert status(panel) == "Trained for 1 epoch. It could not be compared: The base is gone."
    assert buttons(panel) == {"adopt", "discard", "compare", "report"}


def test_a_comparison_is_a_table_of_a_column_for_each_model(open_train, folder, make_run):
    make_run(began(), epoch(1, 1), Trained(), compared(), Ended(outcome="done"), trained=True)
    panel = open_train(folder)
    assert panel.runs.view.recommendation.text() == "Adopt tiny-2: it is better."
    table = panel.runs.view.table.text()
    assert table.count("<tr>") == 3  # pixels, model, AP
    assert table.count("held out") == 1
    assert table.index("old") < table.index("new") < table.index("0.500") < table.index("0.750")


def test_a_model_that_somebody_renamed_is_missed_and_nothing_else_is_said(open_train, folder, make_run):
    make_run(began(), epoch(1, 1), Trained(), compared(), Ended(outcome="done"), trained=True, settled=True)
    Registry(folder).rename("tiny-2", "good")
    panel = open_train(folder)
    assert status(panel) == "The model is not here any more: it was renamed or removed."
    assert buttons(panel) == {"discard"}


def test_all_that_somebody_has_to_decide_on_can_be_chosen_and_the_latest_is_shown(open_train, folder, make_run, click):
    done = [began(), epoch(1, 1), Trained(), Ended(outcome="done")]
    make_run(*done, Decided(adopted=True), trained=True, settled=True)
    make_run(*done, trained=True)
    make_run(began(), epoch(1, 0.5), epoch(2, 0.6), unfinished=True)
    panel = open_train(folder)
    titles = [panel.runs.choice.itemText(i) for i in range(panel.runs.choice.count())]
    assert titles == ["Training of tiny-3", "Training of tiny-4"]
    assert panel.runs.choice.isVisible()
    assert buttons(panel) == {"resume", "discard"}
    panel.runs.choice.setCurrentIndex(0)
    assert buttons(panel) == {"adopt", "discard", "compare", "report"}
    click(panel, "discard")
    assert [f.name for f, _ in Registry(folder).models] == ["tiny", "tiny-2"]


# What is refused


def test_a_project_that_somebody_else_holds_is_only_looked_at(open_train, trained, qtbot):
    with Project(trained):
        panel = open_train(trained)
        assert panel.material.text().startswith("3 images")
        assert status(panel).startswith("Trained for 2 epochs")
        for button in (panel.train_button, panel.runs.view.buttons["adopt"], panel.runs.view.buttons["discard"]):
            assert button.isVisible()
            assert not button.isEnabled()
        panel.train_with(TINY)
        open_train.settle(panel)
        assert len(read_runs(trained)) == 1


def test_damaged_weights_are_not_adopted(open_train, trained, click):
    weights = trained / "models" / "tiny-2" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"soup")
    panel = open_train(trained)
    click(panel, "adopt")
    assert "SHA-256" in panel.message.text()
    assert Registry(trained).adopted is None
    assert buttons(panel) == {"adopt", "discard", "report"}


def test_a_model_in_use_is_not_discarded(open_train, trained, click):
    Registry(trained).adopt("tiny-2")  # by the Models dialog
    panel = open_train(trained)
    click(panel, "discard")
    assert panel.message.text() == "tiny-2 is the project's model: use another one before discarding it."
    assert Registry(trained).find("tiny-2").is_dir()
    assert buttons(panel) == {"adopt", "discard", "report"}


def test_a_base_that_is_gone_is_named_and_another_can_be_tried(open_train, folder):
    panel = open_train(folder)
    panel.train_with(TINY.model_copy(update={"base": "gone"}))
    open_train.settle(panel)
    assert "There is no model 'gone'" in panel.message.text()
    assert panel.train_button.isEnabled()
    assert read_runs(folder) == []


def test_a_project_that_is_moved_away_leaves_no_trace_where_it_was(open_train, folder, make_run, qtbot):
    make_run(began(), epoch(1), unfinished=True)
    panel = open_train(folder)
    folder.rename(folder.with_name("moved"))
    panel.runs._follow()
    assert not folder.exists()


def test_one_whose_project_was_moved_while_it_trains_says_so_until_it_is_back(open_train, folder, make_run):
    make_run(began(), epoch(1, 0.1))
    panel = open_train(folder)
    panel.runs.shown._process = SimpleNamespace(poll=lambda: None)  # of this window, and still at it
    panel.runs._follow()
    assert (status(panel), buttons(panel)) == ("Epoch 1, best so far: 1; 18 s left, on CPU.", {"stop"})
    moved = folder.rename(folder.with_name("moved"))
    panel.runs._do("stop")  # before it is seen that the project was moved
    assert panel.message.text() == GONE
    panel.runs._follow()
    assert (status(panel), buttons(panel)) == (GONE, set())
    assert not folder.exists()
    moved.rename(folder)
    panel.runs._follow()
    assert buttons(panel) == {"stop"}


def test_strokes_on_an_image_that_is_opened_while_its_turn_comes_are_kept(
    open_main, folder, open_entry, on_disk, saved, until, model_folder, done_in_background
):
    panel = open_main("waits")
    panel.project.open_project(folder)
    until(lambda: panel.project.project is not None)
    panel.train.resegment_wanted.emit(panel.segment.form.model, None)
    entry = open_entry(panel, folder, "c")
    (model_folder("waits") / "go").touch()
    until(lambda: panel.train.message.text().endswith("segmented anew."))
    until(panel.segment.run_button.isEnabled)  # what is in the viewer comes last
    done_in_background(panel)
    entry.labels.paint((60, 120), 9)
    painted = entry.labels.data.copy()
    saved(entry)
    panel.project.close_entry()
    done_in_background(panel)
    np.testing.assert_array_equal(on_disk(folder, "c").labels, painted)


def test_what_was_accepted_a_moment_ago_is_learned_from_once_it_is_on_the_disk(
    open_main, tmp_path, discs, open_entry, until, monkeypatch
):
    monkeypatch.setattr(RunProcess, "start", lambda _: None)
    labels = discs(SHAPE, CENTRES, 9)
    with Project.create(tmp_path / "cells") as project:
        project.add(labels.astype(np.uint8), labels, name="a")
    panel = open_main()
    entry = open_entry(panel, tmp_path / "cells", "a")
    panel.setCurrentWidget(panel.train)
    panel.show()
    until(lambda: panel.train.material.text().startswith("Nothing is reviewed yet."))
    writing, go = threading.Event(), threading.Event()
    append = autosave.append_edit
    monkeypatch.setattr(autosave, "append_edit", lambda *args: (writing.set(), go.wait(PATIENCE_S), append(*args)))
    entry.mark((slice(0, SHAPE[0]), slice(0, SHAPE[1])), np.ones(SHAPE, bool), reviewed=True)
    entry.accept()
    panel.train.train_button.click()
    until(writing.is_set)
    go.set()
    until(lambda: len(read_runs(tmp_path / "cells")) == 1)
    assert panel.train.material.text() == "1 image, 6 reviewed objects, 100% of the pixels reviewed."
    go.clear()
    writing.clear()
    entry.mark((slice(0, 4),) * 2, np.ones((4, 4), bool), reviewed=False)  # now that the rest can be learned from
    until(lambda: writing.is_set() and panel.train.train_button.isEnabled())
    panel.train.train_button.click()
    time.sleep(0.5)
    assert len(read_runs(tmp_path / "cells")) == 1
    go.set()
    until(lambda: len(read_runs(tmp_path / "cells")) == 2)
