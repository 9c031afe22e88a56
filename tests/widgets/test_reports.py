"""Reports by a click: made where there is none that is up to date, and opened, or a sentence that says why not.

Each is made by a worker of its own, which is there no longer than that takes, and which a person can stop.
"""

import os

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QObject
from qtpy.QtGui import QDesktopServices

from maskloop.jobs import client as client_module
from maskloop.project.project import Project
from maskloop.widgets.background import Background
from maskloop.widgets.reports import Reports


@pytest.fixture
def opened(monkeypatch):
    """The files that were opened in the browser."""
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    return opened


@pytest.fixture
def project(tmp_path):
    """The folder of a project of one image."""
    with Project.create(tmp_path / "cells") as project:
        project.add(np.zeros((8, 8), np.uint8), name="a")
    return tmp_path / "cells"


@pytest.fixture
def make(project, model_folder):
    """A function that makes a model of the project."""

    def make(name):
        (project / "models").mkdir(exist_ok=True)
        return model_folder(name).rename(project / "models" / name)

    return make


@pytest.fixture
def reports(qapp, fake_worker, opened):
    """What opens reports; its attribute `said` holds the sentences, and `making` whether one can be stopped."""
    background, window = Background(), QObject()
    reports = Reports(fake_worker, background, window)
    reports.said, reports.making_said = [], []
    reports.told.connect(reports.said.append)
    reports.making.connect(reports.making_said.append)
    yield reports
    background._thread.shutdown()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def make_by_panel(open_main, viewer, spots, make, until):
    """A function that opens the whole panel and has a report made that waits; returns the panel and the model."""

    def make_by_panel():
        viewer.add_image(spots(16, 20))
        panel, model = open_main(), make("waits")
        panel.train.runs.report_wanted.emit(model)
        until(lambda: panel.train.message.text() == "Making the report on waits: 25%…")
        return panel, model

    return make_by_panel


def worker_of(reports):
    """Return the process that makes a report, or has made the latest one."""
    return reports._session.pid


def test_one_is_made_and_opened_and_its_worker_ends(reports, make, opened, until, ended):
    model = make("tiny & <b>")
    reports.open(model)
    until(lambda: bool(opened))
    ended(worker_of(reports))
    assert opened == [str(model / "report.html")]
    assert (model / "report.html").read_text() == "on cells"
    assert reports.said == ["Making the report on tiny & <b>…", ""]
    assert reports.making_said == [True, False]


def test_one_that_is_there_already_is_opened_at_once(reports, make, opened, until):
    model = make("tiny")
    (model / "report.html").write_text("older")
    later(model / "report.html", 60)
    reports.open(model)
    until(lambda: bool(opened))
    assert (model / "report.html").read_text() == "older"
    assert reports.said == [""]
    assert reports.making_said == []


@pytest.mark.parametrize("changed", ["model.json", "entry.json"])
def test_one_is_made_anew_where_the_model_or_what_it_is_judged_by_is_newer(
    reports, make, project, opened, until, changed
):
    model = make("tiny")
    (model / "report.html").write_text("older")
    later(model / "report.html", 60)
    [path] = [model / changed] if changed == "model.json" else (project / "entries").glob("*/entry.json")
    later(path, 120)
    reports.open(model)
    until(lambda: bool(opened))
    assert (model / "report.html").read_text() == "on cells"


def later(path, seconds):
    """Change a file some seconds after now."""
    then = path.stat().st_mtime + seconds
    os.utime(path, (then, then))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("raises", "It did not work."), ("dies", "The worker process ended unexpectedly (exit code -9).")],
)
def test_one_that_cannot_be_made_says_why_and_another_one_can_be(reports, make, opened, until, ended, name, sentence):
    reports.open(make(name))
    until(lambda: len(reports.said) == 2)
    assert reports.said[-1].startswith(sentence)
    assert reports.making_said == [True, False]
    ended(worker_of(reports))
    reports.open(make("tiny"))
    until(lambda: len(opened) == 1)


def test_where_the_worker_does_not_start_it_is_said(reports, make, until):
    reports._command = ["no such program"]
    reports.open(make("tiny"))
    until(lambda: len(reports.said) == 2)
    assert "could not be started" in reports.said[-1]
    assert reports.making_said == [True, False]


def test_while_one_is_made_it_is_said_how_far_it_is_and_no_other_is_begun(reports, make, opened, until):
    model = make("waits")
    reports.open(model)
    until(lambda: "Making the report on waits: 25%…" in reports.said)
    reports.open(make("other"))
    until(lambda: "The report on waits is being made; ask again when it is done or stopped." in reports.said)
    (model / "go").touch()
    until(lambda: bool(opened))
    assert opened == [str(model / "report.html")]


def test_one_that_is_stopped_says_so_leaves_no_file_and_the_next_is_made(reports, make, opened, until, ended):
    model = make("waits")
    reports.open(model)
    until(lambda: "Making the report on waits: 25%…" in reports.said)
    reports.stop()
    until(lambda: reports.said[-1] == "The report on waits was stopped.")
    assert reports.said[-2] == "Stopping the report on waits…"
    assert reports.making_said == [True, False, False]
    ended(worker_of(reports))
    assert sorted(path.name for path in model.iterdir()) == ["model.json"]
    (model / "go").touch()
    reports.open(model)
    until(lambda: opened == [str(model / "report.html")])


def test_a_worker_that_does_not_listen_is_ended(reports, make, until, ended, monkeypatch):
    monkeypatch.setattr(client_module, "GRACE_S", 0.2)
    reports.open(make("hangs"))
    until(lambda: "Making the report on hangs: 25%…" in reports.said)
    reports.stop()
    until(lambda: reports.said[-1] == "The report on hangs was stopped.")
    ended(worker_of(reports))


def test_while_one_is_made_the_panel_segments_and_offers_to_stop_it(make_by_panel, click, until, viewer):
    panel, model = make_by_panel()
    train = panel.train
    assert not train.stop_report_button.isHidden()
    assert click(panel.segment).data.max() == 1
    assert train.message.text() == "Making the report on waits: 25%…"
    train.stop_report_button.click()
    until(lambda: train.message.text() == "The report on waits was stopped.")
    assert train.stop_report_button.isHidden()
    assert not (model / "report.html").exists()


def test_a_panel_that_goes_ends_the_worker_that_makes_one(make_by_panel, ended):
    panel, model = make_by_panel()
    worker = worker_of(panel.train.findChild(Reports))
    panel.deleteLater()
    ended(worker)
    assert not (model / "report.html").exists()


def test_where_nothing_opens_it_its_place_is_said(reports, make, until, monkeypatch):
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    model = make("tiny")
    reports.open(model)
    until(lambda: len(reports.said) == 2)
    assert reports.said[-1] == f"The report is written, but nothing here opens it: {model / 'report.html'}"


def test_one_is_made_anew_when_an_image_was_removed_or_brought_back(reports, make, project, opened, until):
    model = make("tiny")
    report, entries = model / "report.html", project / "entries"
    report.write_text("old")
    for path, time in {model / "model.json": 1, entries: 1, report: 2}.items():
        os.utime(path, (time, time))
    for entry in entries.glob("*/entry.json"):
        os.utime(entry, (1, 1))
    reports.open(model)
    until(lambda: bool(opened))
    assert report.read_text() == "old"
    os.utime(entries, (3, 3))
    reports.open(model)
    until(lambda: len(opened) == 2)
    assert report.read_text() == "on cells"
