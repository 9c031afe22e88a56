"""Reports by a click: made where there is none that is up to date, and opened, or a sentence that says why not."""

import os

import numpy as np
import pytest
from qtpy.QtGui import QDesktopServices

from maskloop.project.project import Project
from maskloop.widgets.background import Background
from maskloop.widgets.reports import Reports
from maskloop.widgets.worker_session import WorkerSession


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
    """What opens reports; its attribute `said` holds the sentences."""
    session, background = WorkerSession(fake_worker), Background()
    reports = Reports(session, background)
    reports.said = []
    reports.told.connect(reports.said.append)
    yield reports
    background._thread.shutdown()
    session.close()


def test_one_is_made_and_opened(reports, make, opened, until):
    model = make("tiny & <b>")
    reports.open(model)
    until(lambda: bool(opened))
    assert opened == [str(model / "report.html")]
    assert (model / "report.html").read_text() == "on cells"
    assert reports.said == ["Making the report on tiny & <b>…", ""]


def test_one_that_is_there_already_is_opened_at_once(reports, make, opened, until):
    model = make("tiny")
    (model / "report.html").write_text("older")
    later(model / "report.html", 60)
    reports.open(model)
    until(lambda: bool(opened))
    assert (model / "report.html").read_text() == "older"
    assert reports.said == [""]


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
    ("name", "sentence"), [("raises", "It did not work."), ("dies", "The worker process ended unexpectedly")]
)
def test_one_that_cannot_be_made_says_why_and_another_one_can_be(reports, make, opened, until, name, sentence):
    reports.open(make(name))
    until(lambda: len(reports.said) == 2)
    assert reports.said[-1].startswith(sentence)
    reports.open(make("tiny"))
    until(lambda: len(opened) == 1)


def test_while_one_is_made_it_is_said_how_far_it_is_and_no_other_is_begun(reports, make, opened, until):
    model = make("waits")
    reports.open(model)
    until(lambda: "Making the report on waits: 25%…" in reports.said)
    reports.open(make("other"))
    until(lambda: reports.said[-1].startswith("The report on waits is being made"))
    (model / "go").touch()
    until(lambda: bool(opened))
    assert opened == [str(model / "report.html")]


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
