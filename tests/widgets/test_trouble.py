"""Whatever happens to the worker, the panel says it in a sentence and works again."""

import os
import shlex
import stat

import dask.array as da
import numpy as np
import psutil
import pytest

from maskloop.jobs import client


@pytest.fixture
def works_again(click, viewer, model_folder):
    """A function that tells whether the next click, on a model without trouble, makes labels."""

    def works_again(panel):
        panel.form.set_model(model_folder("plain"))
        layer = click(panel)
        return layer.name == "Image labels" and "1 object" in panel.message.text()

    return works_again


@pytest.fixture(autouse=True)
def _image(viewer, spots):
    viewer.add_image(spots(16, 20))


def test_a_job_that_fails_says_why(open_panel, click, works_again):
    panel = open_panel("raises")
    click(panel)
    assert panel.message.text() == "It did not work."
    assert works_again(panel)


def test_a_worker_that_dies_leaves_its_last_words_and_is_started_again(open_panel, click, works_again):
    panel = open_panel("dies")
    click(panel)
    for words in ("ended unexpectedly", "exit code -9", "last words", "Try again"):
        assert words in panel.message.text()
    assert works_again(panel)


def test_a_killed_worker_is_started_again_at_the_next_click(open_panel, click, until, works_again):
    panel = open_panel("waits")
    panel.run_button.click()
    until(lambda: panel.progress.value() > 0)
    psutil.Process(panel.session.pid).kill()
    until(panel.run_button.isEnabled)
    assert "ended unexpectedly" in panel.message.text()
    assert works_again(panel)


def test_a_worker_that_died_while_nobody_asked_for_anything_is_not_noticed(open_panel, until, works_again, ended):
    panel = open_panel()
    until(lambda: panel.session.pid is not None)
    psutil.Process(panel.session.pid).kill()
    ended(panel.session.pid)
    until(lambda: not panel.session._client.alive)
    assert works_again(panel)


def test_a_worker_that_cannot_be_started_says_so_and_starts_once_it_can(
    open_panel, click, works_again, fake_worker, tmp_path
):
    program = tmp_path / "worker"
    panel = open_panel("plain", [str(program)])
    click(panel)
    assert "could not be started" in panel.message.text()
    program.write_text(f"#!/bin/sh\nexec {shlex.join(fake_worker)}\n")
    os.chmod(program, stat.S_IRWXU)
    assert works_again(panel)


def test_a_worker_that_cannot_be_started_says_so_without_a_click(open_panel, until):
    panel = open_panel("plain", ["/no/such/program"])
    until(lambda: "could not be started" in panel.message.text())


def test_a_broken_engine_is_said_when_the_panel_opens(open_panel, until, works_again):
    panel = open_panel("broken")
    until(lambda: panel.message.text() == "The engine does not start.")
    assert works_again(panel)


def test_a_model_that_is_still_being_loaded_is_not_said_to_be_ready(open_panel, until, model_folder):
    panel = open_panel()
    reports = []
    panel.session.reported.connect(reports.append)
    panel.form.set_model(model_folder("waits to be loaded"))
    until(lambda: len(reports) == 2)  # the bundled model, and the one before, are ready
    assert panel.message.text() == "Loading waits to be loaded…"
    (panel.form.model / "go").touch()
    until(lambda: panel.message.text() == "Ready.")


def test_cancel_stops_and_changes_no_labels(viewer, open_panel, until, works_again):
    panel = open_panel("waits")
    assert not panel.cancel_button.isEnabled()
    panel.run_button.click()
    until(lambda: panel.progress.value() > 0)
    panel.cancel_button.click()
    until(panel.run_button.isEnabled)
    assert panel.message.text() == "Stopped; no labels were changed."
    assert len(viewer.layers) == 1
    assert not panel.cancel_button.isEnabled()
    assert works_again(panel)


def test_cancel_ends_a_worker_that_does_not_listen(open_panel, until, works_again, monkeypatch):
    monkeypatch.setattr(client, "GRACE_S", 0.3)
    panel = open_panel("hangs")
    panel.run_button.click()
    panel.cancel_button.click()
    until(panel.run_button.isEnabled)
    assert panel.message.text() == "Stopped; no labels were changed."
    assert works_again(panel)


def test_without_an_image_a_click_says_what_to_do(viewer, open_panel, click, works_again, spots):
    viewer.layers.clear()
    panel = open_panel()
    panel.run_button.click()
    assert "no image" in panel.message.text()
    assert panel.run_button.isEnabled()
    viewer.add_image(spots(16, 20))
    assert works_again(panel)


def test_a_refusal_is_still_to_be_read_when_the_model_has_been_loaded(viewer, open_panel, until):
    viewer.layers.clear()
    panel = open_panel()
    reports = []
    panel.session.reported.connect(reports.append)
    panel.run_button.click()
    until(lambda: len(reports) == 2)  # the bundled model, and ours, are ready
    assert "no image" in panel.message.text()


def test_an_image_that_cannot_be_computed_says_why(viewer, open_panel, click, works_again):
    def compute(block_info=None):
        if broken:
            raise RuntimeError("the disk was unplugged")
        return np.zeros((16, 20), np.uint8)

    broken = False
    lazy = da.map_blocks(compute, chunks=((16,), (20,)), dtype=np.uint8, meta=np.zeros((0,), "u1"))
    panel = open_panel()
    panel.form.set_image(viewer.add_image(lazy, name="lazy", contrast_limits=(0, 255), cache=False))
    broken = True
    click(panel)
    assert "the disk was unplugged" in panel.message.text()
    broken = False
    panel.form.set_image(viewer.layers["Image"])
    assert works_again(panel)


def test_a_diameter_smaller_than_allowed_is_refused_or_taken_for_automatic(open_panel, click):
    panel = open_panel()
    panel.form.set_diameter(1.5)  # can be typed: the box goes down to "automatic"
    click(panel)
    assert panel.message.text()
    panel.form.set_diameter(12)
    assert click(panel).name == "Image labels"
