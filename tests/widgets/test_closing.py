"""A panel that is closed takes its worker with it, and is heard of no more."""

from pathlib import Path

import pytest


@pytest.fixture
def docked(viewer, open_panel, until):
    """A function that docks a panel and starts a segmentation; returns the panel."""

    def docked():
        panel = open_panel("waits")
        viewer.window.add_dock_widget(panel, name="Segment")
        panel.run_button.click()
        until(lambda: panel.progress.value() > 0)
        return panel

    return docked


def test_a_panel_deleted_while_a_segmentation_runs_ends_its_worker(viewer, docked, until, ended, spots):
    viewer.add_image(spots(16, 20))
    panel = docked()
    session, folder = panel.session, Path(panel.session._folder.name)
    reports = []
    session.reported.connect(reports.append)
    panel.deleteLater()
    ended(session.pid)
    heard = len(reports)
    until(lambda: not session._client.alive)
    until(lambda: not folder.exists())
    assert len(reports) == heard
    assert len(viewer.layers) == 1


def test_nothing_stays_on_disk_though_a_worker_writes_to_the_last(viewer, open_panel, click, until, ended, spots):
    viewer.add_image(spots(16, 20))
    panel = open_panel("untidy")
    click(panel)
    folder, pid = Path(panel.session._folder.name), panel.session.pid
    panel.deleteLater()
    ended(pid)
    until(lambda: not folder.exists())


def test_layers_may_come_and_go_after_a_panel_was_deleted(viewer, docked, ended, spots):
    viewer.add_image(spots(16, 20))
    panel = docked()  # Python's half of it lives on here
    panel.deleteLater()
    ended(panel.session.pid)
    viewer.add_image(spots(9, 9), name="new")
    viewer.layers.remove("new")
    viewer.layers[0].name = "renamed"


def test_closing_the_dock_ends_the_worker(viewer, open_main, until, ended, spots):
    viewer.add_image(spots(16, 20))
    panel = open_main("waits")
    dock = viewer.window.add_dock_widget(panel, name="maskloop")
    panel.segment.run_button.click()
    until(lambda: panel.segment.progress.value() > 0)
    pid = panel.segment.session.pid
    dock.destroyOnClose()  # its close button
    ended(pid)


def test_closing_the_viewer_ends_the_worker(viewer, docked, ended, spots):
    viewer.add_image(spots(16, 20))
    panel = docked()
    pid = panel.session.pid
    del panel
    viewer.close()
    ended(pid)
