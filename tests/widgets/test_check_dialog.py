"""The data of a project examined in the window: what is listed and shown, opened, stopped, and what went meanwhile."""

import shutil
import threading

import numpy as np
import pytest
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from maskloop.project.layout import IMAGE_FILE, PROJECT_FILE
from maskloop.project.project import Project
from maskloop.widgets.check_dialog import CheckDialog
from maskloop.widgets.errand import Errand

SHAPE = (96, 128)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def image_and_labels(discs):
    """A function that makes another image with its labels for each seed."""

    def image_and_labels(seed):
        rng = np.random.default_rng(seed)
        grid = (np.argwhere(np.ones((3, 4))) + 0.5) * 32
        labels = discs(SHAPE, [tuple(centre) for centre in rng.permutation(grid)[:7] + rng.integers(-4, 5, 2)], 9)
        image = np.where(labels > 0, 150, 40) + rng.normal(0, 8, SHAPE)
        return image.clip(0, 255).astype(np.uint8), labels

    return image_and_labels


@pytest.fixture
def folder(tmp_path, image_and_labels):
    """A project of four reviewed images: the labels of b are off, c has none, and the pixels of d are damaged."""
    folder = tmp_path / "Größe 大 <b>of</b> cells"
    with Project.create(folder) as project:
        for seed, name in enumerate(("a", "<b>b</b>", "c", "d")):
            image, labels = image_and_labels(seed)
            labels = {1: np.roll(labels, 7, 0), 2: np.zeros_like(labels)}.get(seed, labels)
            entry = project.add(image, labels, name=name, reviewed=np.ones(SHAPE, np.uint8))
        (project.folder_of(entry) / IMAGE_FILE).write_bytes(b"no picture")
    return folder


@pytest.fixture
def open_train(open_main, until):
    """A function that opens a project, and its Train tab; returns the whole panel."""

    def open_train(folder):
        panel = open_main()
        panel.project.open_project(folder)
        until(lambda: panel.project.project is not None)
        panel.setCurrentWidget(panel.train)
        until(lambda: panel.train.form.base.count() > 0)
        return panel

    return open_train


@pytest.fixture
def check(until):
    """A function that clicks the button of the Train tab, waits for the end of the checkup, and returns the dialog."""

    def check(panel):
        dialog = begin(panel)
        until(dialog.check_button.isEnabled)
        return dialog

    return check


def begin(panel):
    panel.train.check_button.click()
    return next(dialog for dialog in panel.train.findChildren(CheckDialog) if dialog.isVisible())


def rows(dialog):
    items = [dialog.list.topLevelItem(row) for row in range(dialog.list.topLevelItemCount())]
    return [tuple(item.text(column) for column in range(3)) for item in items]


def choose(dialog, name):
    [item] = dialog.list.findItems(name, Qt.MatchFlag.MatchExactly, 1)
    dialog.list.setCurrentItem(item)
    return item


def test_what_is_wrong_is_listed_the_gravest_first_with_a_picture_and_what_to_do(open_train, folder, check, until):
    dialog = check(open_train(folder))
    titles = [dialog.list.headerItem().text(column) for column in range(3)]
    assert titles == ["How serious", "Image", "What is wrong"]
    assert [row[:2] for row in rows(dialog)] == [("error", "d"), ("warning", "<b>b</b>"), ("hint", "c")]
    assert dialog.status.text() == "3 images with 14 reviewed objects: 1 error, 1 warning, 1 hint."
    assert "damaged" in dialog.text.text()  # of the first one
    until(lambda: dialog.picture.text() == "There is no picture of it.")
    choose(dialog, "<b>b</b>")
    assert dialog.text.text().startswith("Its labels would fit better 7 pixels up.\n\nWhat to do: Move the labels back")
    until(lambda: not dialog.picture.pixmap().isNull())
    picture = dialog.picture.pixmap()
    assert (picture.height(), picture.width()) == SHAPE
    yellow = [picture.toImage().pixelColor(x, y).getRgb()[:3] == (240, 228, 66) for y in range(96) for x in range(128)]
    assert 100 < sum(yellow) < 2000


def test_an_image_that_something_is_wrong_with_is_opened_by_a_double_click_or_the_button(
    open_train, folder, check, until
):
    panel = open_train(folder)
    dialog = check(panel)
    spot = dialog.list.visualItemRect(choose(dialog, "<b>b</b>")).center()
    QTest.mouseClick(dialog.list.viewport(), LEFT, pos=spot)
    QTest.mouseDClick(dialog.list.viewport(), LEFT, pos=spot)
    until(lambda: panel.project.open_entry is not None)
    assert panel.project.open_entry.entry.name == "<b>b</b>"
    assert panel.currentWidget() is panel.project
    assert panel.project.message.text() == "Its labels would fit better 7 pixels up. <b>b</b> is open."
    choose(dialog, "c")
    dialog.open_button.click()
    until(lambda: panel.project.open_entry is not None and panel.project.open_entry.entry.name == "c")
    assert dialog.isVisible()  # for the next one


def test_of_sound_data_it_is_said_that_nothing_is_wrong(open_train, tmp_path, image_and_labels, check):
    with Project.create(tmp_path / "sound") as project:
        for seed in range(3):
            image, labels = image_and_labels(seed)
            project.add(image, labels, name=f"image {seed}", reviewed=np.ones(SHAPE, np.uint8))
    dialog = check(open_train(tmp_path / "sound"))
    assert dialog.status.text() == "3 images with 21 reviewed objects: nothing is wrong with them."
    assert dialog.findings.isHidden()
    assert dialog.open_button.isHidden()


def test_where_nothing_is_reviewed_that_is_what_is_wrong(open_train, make_project, image_and_labels, check, until):
    dialog = check(open_train(make_project(a=image_and_labels(0))))
    assert rows(dialog) == [("error", "all images", "There is nothing labelled to learn from in any image.")]
    assert "mark what you have checked as reviewed" in dialog.text.text()
    assert not dialog.open_button.isEnabled()
    until(lambda: dialog.picture.text() == "There is no picture of it.")


def test_what_was_mended_is_gone_when_it_is_checked_again(open_train, folder, check, until, image_and_labels):
    panel = open_train(folder)
    dialog = check(panel)
    project = panel.project.project
    entries = {entry.name: entry for entry in project.entries}
    project.remove(entries["d"])
    project.save_correction(entries["<b>b</b>"], image_and_labels(1)[1], np.ones(SHAPE, np.uint8))
    dialog.check_button.click()
    assert rows(dialog) == []
    until(dialog.check_button.isEnabled)
    assert [row[1] for row in rows(dialog)] == ["c"]


def test_an_image_that_was_removed_meanwhile_is_not_opened(open_train, folder, check):
    panel = open_train(folder)
    dialog = check(panel)
    choose(dialog, "c")
    project = panel.project.project
    project.remove(next(entry for entry in project.entries if entry.name == "c"))
    dialog.open_button.click()
    assert "not in the project any more" in dialog.status.text()
    assert panel.project.open_entry is None


def test_stopped_in_the_midst_it_shows_what_was_found_until_then(open_train, folder, until, monkeypatch):
    panel = open_train(folder)
    dialog, two_are_done, stopped = hold(panel, monkeypatch, images=2)
    until(two_are_done.is_set)
    assert not dialog.stop_button.isHidden()
    dialog.stop_button.click()
    stopped.set()
    until(dialog.check_button.isEnabled)
    told = "Stopped after 2 of 4 images: 1 warning. They are not compared with one another yet."
    assert dialog.status.text() == told
    assert rows(dialog) == [("warning", "<b>b</b>", "Its labels would fit better 7 pixels up.")]
    until(lambda: not dialog.picture.pixmap().isNull())
    dialog.check_button.click()
    until(dialog.check_button.isEnabled)
    assert len(rows(dialog)) == 3


def hold(panel, monkeypatch, images=1):
    """Begin a checkup of four images that waits after the first ones."""
    they_are_done, go = threading.Event(), threading.Event()
    reach = Errand.reach

    def wait(errand, share):
        reach(errand, share)
        if 4 * share >= images:
            they_are_done.set()
            go.wait(60)

    monkeypatch.setattr(Errand, "reach", wait)
    return begin(panel), they_are_done, go


@pytest.mark.parametrize("how", ["closed", "another", "by itself"])
def test_it_goes_with_its_project_and_examines_no_more(
    open_train, folder, until, monkeypatch, qtbot, make_project, how
):
    panel = open_train(folder)
    dialog, first_is_done, go = hold(panel, monkeypatch)
    errand = dialog._errand
    until(first_is_done.is_set)
    with qtbot.captureExceptions() as exceptions:
        if how == "closed":
            panel.project.close_project()
        elif how == "another":
            panel.project.open_project(make_project())
        else:
            dialog.reject()
        until(lambda: not isalive(dialog))
        go.set()
        ended = []
        panel.train._checking.run(lambda: None, ended.append)
        until(lambda: bool(ended))
    assert exceptions == []
    assert errand.stopped
    assert errand.share < 1


def test_a_window_that_is_closed_waits_for_no_checkup(open_train, folder, until, monkeypatch):
    panel = open_train(folder)
    dialog, first_is_done, go = hold(panel, monkeypatch)
    errand = dialog._errand
    until(first_is_done.is_set)
    dialog.deleteLater()  # as by its parent
    until(lambda: not isalive(dialog))
    assert errand.stopped
    go.set()


def test_a_second_click_takes_the_place_of_the_first(open_train, folder, check, until):
    panel = open_train(folder)
    first = check(panel)
    second = check(panel)
    until(lambda: not isalive(first))
    assert len(rows(second)) == 3


def test_a_project_whose_folder_went_is_told_in_a_sentence(open_train, folder, until):
    panel = open_train(folder)
    (folder / PROJECT_FILE).unlink()
    dialog = begin(panel)
    until(dialog.check_button.isEnabled)
    assert str(folder) in dialog.status.text()
    assert rows(dialog) == []


def test_entries_may_come_and_go_while_it_examines(open_train, folder, until, monkeypatch):
    panel = open_train(folder)
    dialog, first_is_done, go = hold(panel, monkeypatch)
    until(first_is_done.is_set)
    project = panel.project.project
    entries = {entry.name: entry for entry in project.entries}
    shutil.rmtree(project.folder_of(entries["d"]))
    project.remove(entries["c"])
    project.save_correction(entries["<b>b</b>"], project.annotation(entries["a"]).labels, np.ones(SHAPE, np.uint8))
    go.set()
    until(dialog.check_button.isEnabled)
    assert not {row[1] for row in rows(dialog)} & {"c", "d", entries["d"].id}
