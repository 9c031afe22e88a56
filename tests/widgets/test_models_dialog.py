"""The models of a project in the window: shown, described, renamed, used, rolled back, carried, removed and refused."""

import contextlib
import errno
import os
import shutil
import threading

import numpy as np
import pytest
from qtpy.compat import isalive
from qtpy.QtCore import QCoreApplication, QEvent, Qt
from qtpy.QtWidgets import QDialogButtonBox, QInputDialog, QLineEdit, QWidget

from maskloop.config import NetworkConfig, TrainConfig
from maskloop.project import model_zip, passport
from maskloop.project import registry as registry_module
from maskloop.project.model_folder import (
    BUNDLED,
    ModelCard,
    Training,
    bundled_models,
    read_card,
    save_card,
    sha256_of,
)
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.widgets.background import Background
from maskloop.widgets.models_dialog import ModelsDialog

SHIPPED = [folder.name for folder in bundled_models()]

PLANE = np.arange(64 * 80, dtype=np.uint16).reshape(64, 80)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def registry(make_project):
    """The registry of a project with two images."""
    return Registry(make_project(**{"zwei <b>Größen</b>": PLANE, "other": PLANE + 1}))


@pytest.fixture
def make(registry, random_weights):
    """A function that makes a whole model in the project, each with other weights and newer than the one before."""
    made = []

    def make(name, **card):
        folder = registry.project_folder / "models" / name
        folder.mkdir(parents=True)
        card = {"network": NetworkConfig(filters=(2, 4)), "diameter": 20, "diameter_range": (5, 80)} | card
        (folder / "weights.safetensors").write_bytes(random_weights(card["network"], len(made)))
        made.append(name)
        os.utime(folder / "weights.safetensors", (10**9 + 60 * len(made),) * 2)
        save_card(ModelCard(name=name, weights_sha256=sha256_of(folder / "weights.safetensors"), **card), folder)
        return folder

    return make


@pytest.fixture
def background(until):
    """A background; a test that ends leaves no work in it."""
    background = Background()
    yield background
    background._thread.shutdown()


@pytest.fixture
def open_dialog(registry, background, until):
    """A function that opens the dialog and waits until the models are read."""
    opened = []

    def open_dialog(**options):
        dialog = ModelsDialog(registry, background, **options)
        opened.append(dialog)
        dialog.changes = []
        dialog.model_changed.connect(lambda: dialog.changes.append(None))
        dialog.show()
        until(lambda: dialog.list.count() > 0)
        return dialog

    yield open_dialog
    for dialog in opened:
        with contextlib.suppress(RuntimeError):  # gone already
            dialog.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def click(qtbot, until):
    """A function that clicks a button of a dialog, waits until it is idle, and returns its message."""

    def click(dialog, button):
        assert button.isEnabled()
        qtbot.mouseClick(button, LEFT)
        until(lambda: not dialog._pending)
        return dialog.message.text()

    return click


@pytest.fixture
def select(qtbot):
    """A function that clicks a model in the list."""

    def select(dialog, name):
        item = dialog.list.item(titles(dialog).index(name))
        dialog.list.scrollToItem(item)
        qtbot.mouseClick(dialog.list.viewport(), LEFT, pos=dialog.list.visualItemRect(item).center())
        assert chosen(dialog) == name

    return select


@pytest.fixture
def rename(qtbot, until, click):
    """A function that gives the selected model another name, and returns the message."""

    def rename(dialog, new):
        click(dialog, dialog.rename_button)
        [asking] = dialog.findChildren(QInputDialog)
        [line] = asking.findChildren(QLineEdit)
        line.setText(new)  # QTest types no 大
        button = asking.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
        qtbot.mouseClick(button, LEFT)
        until(lambda: not dialog._pending)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        return dialog.message.text()

    return rename


@pytest.fixture
def wait(background):
    """A function that lets all work wait, until what it returns is called."""
    held = []

    def wait():
        go = threading.Event()
        held.append(go)
        background.run(lambda: go.wait(60))
        return go.set

    yield wait
    for go in held:
        go.set()


def shown(dialog):
    return [dialog.list.item(row).text() for row in range(dialog.list.count())]


def titles(dialog):
    return [text.split("\n")[0] for text in shown(dialog)]


def chosen(dialog):
    return titles(dialog)[dialog.list.currentRow()]


def trash(dialog):
    dialog.trash_button.menu().aboutToShow.emit()
    return dialog.trash_button.menu().actions()


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device", "somewhere")


# What is shown


def test_all_models_are_listed_with_what_is_to_be_known_of_them(registry, make, open_dialog):
    make("zebra"), make("ape")
    (make("spoilt") / "model.json").write_bytes(b"{")
    registry.adopt("ape")
    dialog = open_dialog()
    assert dialog.windowTitle() == "Models of Größe 大 of cells"
    assert shown(dialog) == [
        *[f"{name}\nships with maskloop" for name in SHIPPED],
        "zebra",
        "ape\nin use",
        "spoilt\ndamaged",
    ]
    items = [dialog.list.item(row) for row in range(len(SHIPPED) + 3)]
    assert [item.font().bold() for item in items][-3:] == [False, True, False]
    assert [item.foreground().color() == Qt.GlobalColor.gray for item in items][-3:] == [False, False, True]
    assert chosen(dialog) == "ape"
    assert dialog.message.text() == ""


def test_the_passport_says_where_a_model_comes_from_and_what_it_learned(registry, make, open_dialog, select):
    with Project(registry.project_folder) as project:
        first, second = project.entries
        project.remove(second)
    training = Training(
        base="nuclei",
        data="<i>cells</i> & more",
        images=2,
        held_out=("a", "b"),
        revisions={first.id: 3, second.id: 1, "gone-5": 2, "../../models/mine": 4},
        epochs=41,
        minutes=4.26,
        seed=7,
        versions={"keras": "3.15.1", "numpy": "2.4"},
        scores={"ap50": 0.81249, "mean_ap": 0.5},
        recipe=TrainConfig(),
    )
    make(
        "mine",
        training=training,
        diameter=19.6,
        diameter_range=(9, 41),
        usual_diameter=43,
        description="Big <b>ones</b>.",
    )
    dialog = open_dialog()
    select(dialog, "mine")
    assert dialog.description.text() == "Big <b>ones</b>."
    text = dialog.text.toPlainText()
    for words in (
        "Parent\nnuclei\n",
        "Makes\nobjects\n",
        "about 20 pixels across (9 to 41), rescaled from 43",
        "batches of 8, adamw at 0.001, cosine",
        "AP at IoU 0.5 0.812, mean AP 0.500",
        "41 epochs, 4.3 minutes, seed 7",
        "keras 3.15.1, numpy 2.4",
        "2 images of <i>cells</i> & more",
        "\nzwei <b>Größen</b>, version 3",
        "\nother, version 1",
        "\ngone-5, version 2",
        "\n../../models/mine, version 4",
        "2 images\na\nb",
        "Made\n09 Sep 2001",
    ):
        assert words in text.replace("\u2028", "\n")


def test_a_model_that_ships_can_only_be_used_and_exported(open_dialog, click, registry):
    dialog = open_dialog()
    assert chosen(dialog) == "nuclei"
    assert "trained from scratch" in dialog.text.toPlainText()
    assert "444 images of BBBC038v1" in dialog.text.toPlainText()
    assert "Made" not in dialog.text.toPlainText()
    assert dialog.description.text() == read_card(BUNDLED / "nuclei").description
    assert dialog.description.isReadOnly()
    assert not dialog.rename_button.isEnabled()
    assert not dialog.remove_button.isEnabled()
    assert "ships with maskloop" in dialog.remove_button.toolTip()
    assert dialog.export_button.isEnabled()
    assert click(dialog, dialog.use_button) == "nuclei is in use now."
    assert registry.adopted == "nuclei"
    assert shown(dialog) == ["nuclei\nin use, ships with maskloop", "nuclei-colour\nships with maskloop"]


def test_of_a_damaged_model_the_reason_is_shown_and_it_can_only_be_removed(registry, make, open_dialog, select, click):
    (make("spoilt") / "model.json").write_bytes(b"{")
    dialog = open_dialog()
    select(dialog, "spoilt")
    assert "model.json is not a description" in dialog.text.toPlainText()
    assert dialog.description.isReadOnly()
    assert dialog.description.text() == ""
    for button in (dialog.use_button, dialog.rename_button, dialog.export_button):
        assert not button.isEnabled()
    assert "no damaged model" in dialog.remove_button.toolTip()
    assert click(dialog, dialog.remove_button) == "spoilt is in the trash of the project."
    assert titles(dialog) == [*SHIPPED]
    assert trash(dialog)[0].text() == "The trash is empty"


def test_without_any_model_there_is_nothing_to_be_done_but_importing(background, registry, until, monkeypatch, qtbot):
    monkeypatch.setattr(passport, "bundled_models", list)
    dialog = ModelsDialog(registry, background)
    qtbot.addWidget(dialog)
    until(lambda: dialog.message.text() == "")
    assert shown(dialog) == []
    for button in (dialog.use_button, dialog.rename_button, dialog.export_button, dialog.remove_button):
        assert not button.isEnabled()
    assert dialog.import_button.isEnabled()


# What can be done


@pytest.mark.parametrize("way", ["Enter", "another line", "another model", "closing"])
def test_a_description_is_saved(registry, make, open_dialog, select, qtbot, until, background, way):
    make("mine"), make("other")
    dialog = open_dialog()
    select(dialog, "mine")
    if way == "closing":
        dialog.description.setText(" Bright  ones ")  # in a window that is not active, no focus is lost by closing
    else:
        qtbot.mouseClick(dialog.description, LEFT)
        qtbot.keyClicks(dialog.description, " Bright  ones ")
    if way == "Enter":
        qtbot.keyClick(dialog.description, Qt.Key.Key_Return)
        assert dialog.isVisible()
    elif way == "another line":
        dialog.text.setFocus()
    elif way == "another model":
        dialog.list.setCurrentRow(titles(dialog).index("other"))
    else:
        dialog.reject()
    ended = []
    background.run(lambda: None, ended.append)
    until(lambda: bool(ended))
    assert {card.name: card.description for _, card in registry.models} == {"mine": "Bright ones", "other": ""}
    if way in ("Enter", "another line"):
        assert dialog.message.text() == "mine is described now."
        assert dialog.changes == []
    if way == "another model":
        assert dialog.description.text() == ""


def test_what_is_typed_outlasts_an_answer_and_a_refusal(registry, make, open_dialog, select, qtbot, until, wait):
    make("mine")
    dialog = open_dialog()
    select(dialog, "mine")
    go = wait()
    dialog.refresh()
    qtbot.keyClicks(dialog.description, "x" * 10)
    go()
    until(lambda: not dialog._pending)
    assert dialog.description.text() == "x" * 10
    dialog.description.setText("x" * 2001)
    qtbot.keyClick(dialog.description, Qt.Key.Key_Return)
    until(lambda: "2001 characters" in dialog.message.text())
    assert dialog.description.text() == "x" * 2001
    assert registry.models[0][1].description == ""


def test_a_click_on_a_button_saves_the_description_and_is_not_lost(registry, make, open_dialog, select, qtbot, until):
    make("mine")
    dialog = open_dialog()
    select(dialog, "mine")
    qtbot.mouseClick(dialog.description, LEFT)
    qtbot.keyClicks(dialog.description, "Bright")
    dialog.use_button.setFocus()  # as a mouse does, between press and release
    qtbot.mouseClick(dialog.use_button, LEFT)
    until(lambda: not dialog._pending)
    assert registry.models[0][1].description == "Bright"
    assert registry.adopted == "mine"


def test_a_model_is_renamed_and_stays_selected(registry, make, open_dialog, select, rename):
    make("old"), make("other")
    registry.adopt("other")
    dialog = open_dialog()
    select(dialog, "old")
    assert rename(dialog, " new 大 ") == "old is named new 大 now."
    assert titles(dialog) == [*SHIPPED, "new 大", "other"]
    assert chosen(dialog) == "new 大"
    assert registry.find("new 大").is_dir()
    assert len(dialog.changes) == 1


@pytest.mark.parametrize(
    ("new", "words"), [("other", "already; wanted is another name"), ("a/b", "cannot be the name")]
)
def test_a_name_that_is_taken_or_none_is_refused(registry, make, open_dialog, select, rename, new, words):
    make("old"), make("other")
    dialog = open_dialog()
    select(dialog, "old")
    assert words in rename(dialog, new)
    assert titles(dialog) == [*SHIPPED, "old", "other"]
    assert chosen(dialog) == "old"
    assert dialog.changes == []
    assert dialog.rename_button.isEnabled()


def test_models_are_used_and_rolled_back(registry, make, open_dialog, select, click):
    make("a"), make("b")
    dialog = open_dialog()
    for name in ("a", "b"):
        select(dialog, name)
        assert click(dialog, dialog.use_button) == f"{name} is in use now."
        assert not dialog.use_button.isEnabled()
    assert shown(dialog) == [*[f"{name}\nships with maskloop" for name in SHIPPED], "a", "b\nin use"]
    assert click(dialog, dialog.roll_back_button) == "a is in use now."
    assert registry.adopted == "a"
    assert shown(dialog)[-2:] == ["a\nin use", "b"]
    assert click(dialog, dialog.roll_back_button) == "No model is in use now."
    assert registry.adopted is None
    assert len(dialog.changes) == 4
    assert "No model is adopted" in click(dialog, dialog.roll_back_button)
    assert len(dialog.changes) == 4


def test_a_model_with_other_weights_is_not_used(registry, make, open_dialog, select, click):
    (make("mine") / "weights.safetensors").write_bytes(bytes(9000))
    dialog = open_dialog()
    select(dialog, "mine")
    assert "SHA-256 differs" in click(dialog, dialog.use_button)
    assert registry.adopted is None
    assert dialog.use_button.isEnabled()
    assert dialog.changes == []


def test_a_model_is_removed_and_brought_back(registry, make, open_dialog, select, click, until):
    make("R&D"), make("other")
    dialog = open_dialog()
    select(dialog, "R&D")
    assert "brought back" in dialog.remove_button.toolTip()
    assert click(dialog, dialog.remove_button) == "R&D is in the trash of the project."
    assert titles(dialog) == [*SHIPPED, "other"]
    assert [card.name for _, card in registry.removed] == ["R&D"]
    [back] = trash(dialog)
    assert back.text() == "Bring back R&&D"
    back.trigger()
    until(lambda: not dialog._pending)
    assert dialog.message.text() == "R&D is back."
    assert titles(dialog) == [*SHIPPED, "R&D", "other"]
    assert chosen(dialog) == "R&D"
    assert [action.isEnabled() for action in trash(dialog)] == [False]
    assert len(dialog.changes) == 2


def test_what_has_left_the_trash_meanwhile_is_refused(registry, make, open_dialog, until):
    make("mine")
    removed = registry.remove("mine")
    dialog = open_dialog()
    [back] = trash(dialog)
    shutil.rmtree(removed)
    back.trigger()
    until(lambda: "There is no model" in dialog.message.text())
    assert titles(dialog) == [*SHIPPED]


def test_the_model_in_use_is_not_removed(registry, make, open_dialog, select, click):
    make("mine")
    dialog = open_dialog()
    select(dialog, "mine")
    registry.adopt("mine")  # and the window does not know yet
    assert "adopt another before removing it" in click(dialog, dialog.remove_button)
    assert registry.find("mine").is_dir()
    assert shown(dialog)[-1] == "mine\nin use"
    assert not dialog.remove_button.isEnabled()
    assert dialog.remove_button.toolTip() == "It is in use: use another model before removing it."


def test_a_model_is_exported_and_imported_into_the_same_project(
    registry, make, open_dialog, select, click, choose_file, tmp_path
):
    make("mine v1.2")
    dialog = open_dialog()
    select(dialog, "mine v1.2")
    choose_file(tmp_path / "mine v1.2")
    file = tmp_path / "mine v1.2.zip"
    assert click(dialog, dialog.export_button) == f"{file} holds mine v1.2."
    choose_file(file)
    assert dialog.changes == []
    assert "is there already" in click(dialog, dialog.export_button)
    assert click(dialog, dialog.import_button) == "mine v1.2-2 is imported."
    assert chosen(dialog) == "mine v1.2-2"
    assert sorted(folder.name for folder, _ in registry.models) == ["mine v1.2", "mine v1.2-2"]
    assert len(dialog.changes) == 1


def test_what_is_no_zip_of_a_model_is_refused(registry, open_dialog, click, choose_file, tmp_path):
    dialog = open_dialog()
    (tmp_path / "photo.zip").write_bytes(b"no zip")
    choose_file(tmp_path / "photo.zip")
    assert "photo.zip is not a zip file that can be read" in click(dialog, dialog.import_button)
    choose_file(tmp_path / "nowhere.zip")
    assert "There is no file" in click(dialog, dialog.import_button)
    assert titles(dialog) == [*SHIPPED]
    assert registry.models == []


def test_nothing_is_done_where_no_file_or_name_is_chosen(
    registry, make, open_dialog, select, click, choose_file, qtbot
):
    make("mine")
    dialog = open_dialog()
    select(dialog, "mine")
    choose_file("")
    assert click(dialog, dialog.export_button) == ""
    assert click(dialog, dialog.import_button) == ""
    click(dialog, dialog.rename_button)
    [asking] = dialog.findChildren(QInputDialog)
    qtbot.mouseClick(asking.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Cancel), LEFT)
    assert dialog.message.text() == ""
    assert titles(dialog) == [*SHIPPED, "mine"]


# Trouble


def test_a_full_disk_is_said(registry, make, open_dialog, select, click, choose_file, tmp_path, monkeypatch):
    make("mine")
    dialog = open_dialog()
    select(dialog, "mine")
    monkeypatch.setattr(model_zip.zipfile.ZipFile, "writestr", full_disk)
    choose_file(tmp_path / "mine.zip")
    assert "The disk is full" in click(dialog, dialog.export_button)
    assert not (tmp_path / "mine.zip").exists()


def test_a_change_that_fails_half_way_is_shown_as_it_is(registry, make, open_dialog, select, rename, monkeypatch):
    make("old")
    dialog = open_dialog()
    select(dialog, "old")
    monkeypatch.setattr(registry_module, "save_adoptions", full_disk)
    assert "The disk is full" in rename(dialog, "new")
    assert titles(dialog) == [*SHIPPED, "new"]
    assert len(dialog.changes) == 1


def test_what_nobody_foresaw_is_said_and_the_list_stays(registry, make, open_dialog, click, select, monkeypatch):
    make("mine")
    dialog = open_dialog()
    select(dialog, "mine")
    monkeypatch.setattr(Registry, "adopt", lambda *_: 1 / 0)
    assert "ZeroDivisionError" in click(dialog, dialog.use_button)
    assert titles(dialog) == [*SHIPPED, "mine"]
    assert dialog.use_button.isEnabled()


def test_a_damaged_record_of_what_is_in_use_is_said_and_the_models_are_listed(registry, make, open_dialog):
    make("mine")
    (registry.project_folder / "models.json").write_text("{")
    dialog = open_dialog()
    assert "models.json cannot be used" in dialog.message.text()
    assert titles(dialog) == [*SHIPPED, "mine"]


def test_in_a_project_that_somebody_else_holds_nothing_can_be_changed(make, open_dialog, select):
    make("mine", description="Mine.")
    dialog = open_dialog(held_by="It is open in another process.")
    select(dialog, "mine")
    assert dialog.message.text() == "Read only: It is open in another process."
    assert dialog.description.text() == "Mine."
    assert dialog.description.isReadOnly()
    assert dialog.export_button.isEnabled()
    for button in (
        dialog.use_button,
        dialog.rename_button,
        dialog.remove_button,
        dialog.roll_back_button,
        dialog.import_button,
        dialog.trash_button,
    ):
        assert not button.isEnabled()


def test_the_window_does_not_wait_and_nothing_else_is_clicked_meanwhile(
    registry, make, open_dialog, select, wait, until, qtbot
):
    make("mine")
    dialog = open_dialog()
    select(dialog, "mine")
    go = wait()
    qtbot.mouseClick(dialog.use_button, LEFT)
    assert dialog.message.text() == "Checking its weights…"
    for button in (dialog.use_button, dialog.remove_button, dialog.import_button, dialog.export_button):
        assert not button.isEnabled()
    assert registry.adopted is None
    go()
    until(lambda: dialog.message.text() == "mine is in use now.")
    assert dialog.import_button.isEnabled()


def test_what_was_begun_before_closing_is_told_and_then_the_dialog_goes(
    registry, make, open_dialog, select, wait, until, qtbot
):
    make("mine")
    dialog = open_dialog()
    select(dialog, "mine")
    go = wait()
    qtbot.mouseClick(dialog.use_button, LEFT)
    dialog.buttons.button(QDialogButtonBox.StandardButton.Close).click()
    assert not dialog.isVisible()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert isalive(dialog)
    go()
    until(lambda: not isalive(dialog))
    assert registry.adopted == "mine"
    assert len(dialog.changes) == 1


@pytest.mark.parametrize("pending", ["reading", "using"])
def test_a_dialog_that_went_with_its_parent_is_not_touched(
    registry, make, background, wait, until, qtbot, open_dialog, pending
):
    make("mine")
    parent = QWidget()
    go = None if pending == "using" else wait()
    dialog = ModelsDialog(registry, background, parent)
    if pending == "using":
        until(lambda: dialog.list.count() > 0)
        go = wait()
        dialog.use_button.click()
    parent.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert not isalive(dialog)
    with qtbot.captureExceptions() as exceptions:
        go()
        ended = []
        background.run(lambda: None, ended.append)
        until(lambda: bool(ended))
    assert exceptions == []
    assert registry.adopted == ("nuclei" if pending == "using" else None)
