"""Importing a folder in the window: the dry run, the import, and closing in the midst of it."""

import shutil
import threading
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton

from maskloop.widgets.errand import Errand
from maskloop.widgets.import_dialog import ImportDialog

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data are not on this machine")


@pytest.fixture
def panel(open_main, make_project, until):
    """The whole panel, with an empty project."""
    panel = open_main()
    panel.project.open_project(make_project())
    until(lambda: panel.project.project is not None)
    return panel


@pytest.fixture
def dialog(panel, monkeypatch):
    """The dialog that the button opens."""
    panel.project.form.import_button.click()
    [dialog] = panel.project.findChildren(ImportDialog)
    return dialog


@pytest.fixture
def images(tmp_path, discs):
    """A folder of three images with masks, one without, and one whose mask does not fit."""
    folder = tmp_path / "meine Bilder ä"
    (folder / "masks").mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in ("a", "b", "c", "bare", "odd"):
        iio.imwrite(folder / f"{name}.png", random.integers(0, 255, (30, 40), np.uint8))
    labels = discs((30, 40), [(10, 10), (20, 30)], 5).astype(np.uint8)
    for name in ("a", "b", "c"):
        iio.imwrite(folder / "masks" / f"{name}.png", labels)
    iio.imwrite(folder / "masks" / "odd.png", labels[:20])
    return folder


@pytest.fixture
def masks_elsewhere(images, tmp_path):
    """The masks, in a folder that is not beside the images."""
    return Path(shutil.move(images / "masks", tmp_path / "masks of another"))


@pytest.fixture
def choose_again(panel, dialog, images, masks_elsewhere, until, hold_up):
    """A function that chooses masks while the images are read, up to the first answer; returns what lets it go on."""

    def choose_again():
        read_first = hold_up(panel)
        dialog.choose(images)
        answered = []
        panel._background.run(lambda: None, answered.append)
        read_second = hold_up(panel)
        dialog.choose(images, masks_elsewhere)
        read_first()
        until(lambda: bool(answered))
        return read_second

    return choose_again


def names(panel):
    return sorted(entry.name for entry in panel.project.project.entries)


def test_the_dry_run_says_what_is_imported_what_not_and_why_and_then_it_is(panel, dialog, images, until):
    assert not dialog.import_button.isEnabled()
    dialog.choose(images)
    until(dialog.import_button.isEnabled)
    text = dialog.text.toPlainText()
    assert "4 images can be imported" in text
    assert "1 cannot" in text
    assert "odd.png: " in text
    assert "bare.png: It has no mask" in text
    assert dialog.import_button.text() == "Import 4 images"
    assert names(panel) == []
    dialog.import_button.click()
    until(lambda: "4 images were imported" in dialog.text.toPlainText())
    assert names(panel) == ["a", "b", "bare", "c"]
    assert panel.project.form.list.model().rowCount() == 4
    assert not dialog.import_button.isEnabled()  # once only
    statuses = {entry.name: entry.status for entry in panel.project.project.entries}
    assert statuses == {"a": "reviewed", "b": "reviewed", "c": "reviewed", "bare": "not segmented"}
    dialog.reject()


def test_one_image_is_not_called_images(dialog, images, until):
    for name in ("b", "c", "bare", "odd"):
        (images / f"{name}.png").unlink()
    dialog.choose(images)
    until(dialog.import_button.isEnabled)
    assert "1 image can be imported" in dialog.text.toPlainText()
    assert dialog.import_button.text() == "Import 1 image"
    dialog.start()
    until(lambda: "1 image was imported." in dialog.text.toPlainText())


def test_what_was_imported_can_be_opened(panel, dialog, images, until, open_entry):
    dialog.choose(images)
    until(dialog.import_button.isEnabled)
    dialog.start()
    until(lambda: "were imported" in dialog.text.toPlainText())
    dialog.reject()
    entry = open_entry(panel, panel.project.project.folder, "a")
    np.testing.assert_array_equal(entry.image.data, iio.imread(images / "a.png"))
    np.testing.assert_array_equal(entry.labels.data, iio.imread(images / "masks" / "a.png"))
    assert entry.reviewed.all()


def test_the_same_folder_a_second_time_has_nothing_new(panel, images, until):
    for wanted in ("4 images can", "0 images can"):
        panel.project.form.import_button.click()
        dialog = panel.project.findChildren(ImportDialog)[-1]
        dialog.images.setText(str(images))
        dialog.images.returnPressed.emit()
        until(lambda: wanted in dialog.text.toPlainText())  # noqa: B023
        if dialog.import_button.isEnabled():
            dialog.start()
            until(lambda: "were imported" in dialog.text.toPlainText())  # noqa: B023
        dialog.reject()
        QApplication.processEvents()
    assert len(names(panel)) == 4


def test_enter_behind_a_folder_reads_it_and_presses_no_button(dialog, images, until):
    dialog.images.setText(str(images))
    QTest.keyClick(dialog.images, Qt.Key.Key_Return)
    assert dialog.isVisible()
    until(dialog.import_button.isEnabled)
    assert "4 images can be imported" in dialog.text.toPlainText()


def test_masks_in_a_folder_elsewhere_are_found_there(panel, dialog, images, masks_elsewhere, until):
    dialog.choose(images, masks_elsewhere)
    until(dialog.import_button.isEnabled)
    dialog.start()
    until(lambda: "were imported" in dialog.text.toPlainText())
    assert {entry.objects for entry in panel.project.project.entries if entry.name in "abc"} == {2}


def test_a_folder_that_is_empty_or_missing_is_refused_with_a_sentence(dialog, tmp_path, until):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        dialog.choose(folder)
        until(lambda: "Reading" not in dialog.text.toPlainText())
        assert str(folder) in dialog.text.toPlainText()
        assert not dialog.import_button.isEnabled()


@pytest.mark.parametrize("when", ["dry run", "import"])
def test_closing_it_in_the_midst_stops_without_an_error(
    panel, dialog, images, until, hold_up, done_in_background, qtbot, when
):
    if when == "import":
        dialog.choose(images)
        until(dialog.import_button.isEnabled)
    go = hold_up(panel)
    dialog.start() if when == "import" else dialog.choose(images)
    dialog.reject()
    QApplication.processEvents()
    with qtbot.captureExceptions() as exceptions:
        go()
        done_in_background(panel)
    assert exceptions == []
    assert names(panel) == []


def test_what_was_found_without_the_masks_is_not_taken_for_what_is_found_with_them(panel, dialog, choose_again, until):
    go = choose_again()
    assert dialog.text.toPlainText() == "Reading the files…"
    assert not dialog.import_button.isEnabled()
    assert not dialog.progress.isHidden()
    go()
    until(dialog.import_button.isEnabled)
    dialog.start()
    until(lambda: "were imported" in dialog.text.toPlainText())
    assert {entry.objects for entry in panel.project.project.entries if entry.name in "abc"} == {2}


def test_closing_it_while_it_reads_what_was_chosen_last_is_no_error(
    panel, dialog, choose_again, done_in_background, until, qtbot
):
    go = choose_again()
    dialog.reject()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    with qtbot.captureExceptions() as exceptions:
        go()
        done_in_background(panel)
    assert exceptions == []
    until(lambda: not isalive(dialog))


def test_nothing_is_chosen_while_it_imports(panel, dialog, images, until, hold_up):
    dialog.choose(images)
    until(dialog.import_button.isEnabled)
    chosen_by = [dialog.images, dialog.masks, *dialog.folders.findChildren(QPushButton)]
    assert len(chosen_by) == 4
    assert all(widget.isEnabled() for widget in chosen_by)
    go = hold_up(panel)
    dialog.start()
    assert not any(widget.isEnabled() for widget in chosen_by)
    go()
    until(lambda: "were imported" in dialog.text.toPlainText())
    assert all(widget.isEnabled() for widget in chosen_by)


@pytest.mark.qt_no_exception_capture
def test_what_was_imported_until_it_was_closed_is_in_the_list(
    panel, dialog, images, until, done_in_background, monkeypatch
):
    dialog.choose(images)
    until(dialog.import_button.isEnabled)
    first_is_done, closed = threading.Event(), threading.Event()
    monkeypatch.setattr(Errand, "reach", lambda *_: first_is_done.set() or closed.wait(30))
    dialog.start()
    until(first_is_done.is_set)
    dialog.reject()
    closed.set()
    done_in_background(panel)
    assert len(names(panel)) == 1
    assert panel.project.form.list.model().rowCount() == 1


@needs_data
def test_images_of_the_data_science_bowl_come_in_as_they_are(panel, dialog, until):
    dialog.choose(DATA / "dsb2018_raw_layout")
    until(dialog.import_button.isEnabled)
    assert "can be imported" in dialog.text.toPlainText()
    dialog.start()
    until(lambda: "were imported" in dialog.text.toPlainText())
    entries = panel.project.project.entries
    assert len(entries) > 0
    assert all(entry.objects > 0 and entry.status == "reviewed" for entry in entries)
