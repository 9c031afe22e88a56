"""The dialog for a new project: where it goes, what its labels mean, and what is still missing."""

import contextlib
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QFileDialog, QWidget

from maskloop.config import COLOURS, ClassConfig, TaskConfig, name_classes
from maskloop.project.project import Project
from maskloop.widgets.background import Background
from maskloop.widgets.new_project_dialog import GOOD, NewProjectDialog


@pytest.fixture
def dialog(qtbot, tmp_path):
    parent = QWidget()
    qtbot.addWidget(parent)
    background = Background()
    dialog = NewProjectDialog(tmp_path / "plate 7", background, parent)
    dialog.show()
    yield dialog
    with contextlib.suppress(RuntimeError):  # closed already
        dialog.close()


@pytest.fixture
def classes(dialog):
    """A function that asks for classes of some names, and returns their rows."""

    def classes(*names):
        dialog.kinds["classes"].setChecked(True)
        while len(dialog.classes.rows) < len(names):
            dialog.classes.add_button.click()
        for row, name in zip(dialog.classes.rows, names, strict=True):
            row.edit.setText(name)
        return dialog.classes.rows

    return classes


def is_good(dialog):
    assert dialog.make_button.isEnabled() == (dialog.sentence.text() == GOOD)
    return dialog.make_button.isEnabled()


@pytest.mark.parametrize("kind", ["objects", "foreground"])
def test_what_is_offered_can_be_made_at_once(dialog, tmp_path, kind):
    dialog.kinds[kind].setChecked(True)
    assert is_good(dialog)
    assert dialog.value() == (tmp_path / "plate 7", TaskConfig(kind=kind))
    assert not dialog.classes.isVisible()


def test_classes_need_names_and_get_the_usual_colours(dialog, classes):
    classes("", "")
    assert dialog.classes.isVisible()
    assert not is_good(dialog)
    assert dialog.sentence.text() == "Class 1 has no name."
    classes(" liver ", "tumour", "vessel")
    assert is_good(dialog)
    assert dialog.value()[1] == TaskConfig(kind="classes", classes=name_classes(["liver", "tumour", "vessel"]))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("liver", " "), "Class 2 has no name."),
        (("liver", "liver"), "Two classes have one name"),
        (("background", "liver"), "Two classes have one name; the background, 0, need not be named."),
    ],
)
def test_what_is_missing_of_classes_is_said(dialog, classes, names, sentence):
    classes(*names)
    assert not is_good(dialog)
    assert dialog.sentence.text().startswith(sentence)


def test_a_class_that_is_removed_leaves_its_number_and_its_colour_to_others(dialog, classes):
    rows = classes("a", "b", "c")
    rows[1].remove_button.click()
    assert [of.name for of in dialog.value()[1].classes] == ["a", "c"]
    dialog.classes.add_button.click()
    assert [row.colour for row in dialog.classes.rows] == [COLOURS[0], COLOURS[2], COLOURS[1]]
    for row in list(dialog.classes.rows[:2]):
        row.remove_button.click()
    assert not dialog.classes.rows[0].remove_button.isEnabled()  # the last one


def test_a_colour_is_chosen_and_two_of_one_are_refused(dialog, classes, monkeypatch):
    rows = classes("liver", "tumour")

    def choose(colour):
        monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor(colour))
        rows[0].colour_button.click()

    choose("#B42828")
    assert dialog.value()[1].classes[0].colour == "#b42828"
    choose(QColor())  # cancelled
    assert dialog.value()[1].classes[0].colour == "#b42828"
    for taken in (COLOURS[1], "#000000"):
        choose(taken)
        assert dialog.sentence.text() == "Two classes have one colour; black is the background's."
        assert not is_good(dialog)


@pytest.fixture
def choose_masks(dialog, tmp_path, until, monkeypatch):
    """A function that takes classes from masks, and waits until that is done."""

    def choose_masks(*masks):
        files = [tmp_path / f"{number}.png" for number in range(len(masks))]
        for file, mask in zip(files, masks, strict=True):
            iio.imwrite(file, mask)
        monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (list(map(str, files)), ""))
        dialog.classes.from_masks_button.click()
        until(dialog.classes.from_masks_button.isEnabled)

    return choose_masks


def in_stripes(*colours):
    return np.array([(0, 0, 0), *colours], np.uint8).reshape(-1, 1, 3).repeat(8, axis=1)


GREEN, RED, BLUE = (0, 255, 0), (180, 40, 40), (0, 0, 255)


def test_classes_are_taken_from_masks(dialog, classes, choose_masks):
    classes("tumour", "liver", "vessel")
    choose_masks(in_stripes(RED), in_stripes(GREEN))
    assert dialog.value()[1].classes == (
        ClassConfig(name="tumour", colour="#00ff00"),
        ClassConfig(name="liver", colour="#b42828"),
    )
    choose_masks(in_stripes(RED, GREEN, BLUE))  # names go with their colours
    assert [(row.colour, row.name) for row in dialog.classes.rows] == [
        ("#0000ff", ""),
        ("#00ff00", "tumour"),
        ("#b42828", "liver"),
    ]
    dialog.classes.rows[0].edit.setText("vessel")
    choose_masks(in_stripes(RED, GREEN, (9, 9, 90)))  # and that of a colour which is gone to the one that is new
    assert [row.name for row in dialog.classes.rows] == ["tumour", "vessel", "liver"]
    choose_masks(np.array([[0, 1, 2, 3]], np.uint8))
    assert [row.colour for row in dialog.classes.rows] == list(COLOURS[:3])
    assert [row.name for row in dialog.classes.rows] == ["tumour", "vessel", "liver"]
    choose_masks(np.array([[0, 1, 2, 3, 4]], np.uint8))
    assert dialog.sentence.text() == "Class 4 has no name."


def test_masks_that_show_no_classes_change_nothing(dialog, classes, choose_masks, monkeypatch):
    classes("tumour", "liver")
    choose_masks(np.zeros((4, 4), np.uint8))
    assert dialog.sentence.text() == "There is nothing but background in these masks."
    choose_masks(np.arange(256, dtype=np.uint8).reshape(16, 16))
    assert "more than 64 colours or numbers" in dialog.sentence.text()
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    dialog.classes.from_masks_button.click()  # cancelled
    assert dialog.classes.from_masks_button.isEnabled()
    assert [row.name for row in dialog.classes.rows] == ["tumour", "liver"]


def test_masks_that_are_still_read_when_it_is_closed_are_forgotten(dialog, classes, tmp_path, until, monkeypatch):
    classes("tumour", "liver")
    iio.imwrite(tmp_path / "mask.png", in_stripes(RED))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "mask.png")], ""))
    dialog.classes.from_masks_button.click()
    assert dialog.sentence.text() == "Reading the masks…"
    background = dialog._background
    dialog.reject()
    done = []
    background.run(lambda: None, done.append)
    until(lambda: bool(done))  # and no word is said to what is deleted
    with pytest.raises(RuntimeError, match="already deleted"):
        dialog.isVisible()


def test_a_folder_in_which_no_project_can_be_made_is_refused(dialog, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    Project.create(tmp_path / "old").close()
    sentences = {
        "": "Give the whole path",
        "cells": "Give the whole path",
        str(tmp_path / "full"): "holds other files",
        str(tmp_path / "old"): "is a project already",
        str(tmp_path / "full" / "thesis.txt"): "is a file",
    }
    for folder, sentence in sentences.items():
        dialog.folder.setText(folder)
        assert sentence in dialog.sentence.text()
        assert not is_good(dialog)
    dialog.folder.setText(str(tmp_path / "new" / "place"))
    assert is_good(dialog)


def test_a_place_can_be_browsed_for(dialog, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "there"), ""))
    dialog._browse.click()
    assert dialog.value()[0] == tmp_path / "there"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    dialog._browse.click()
    assert dialog.value()[0] == tmp_path / "there"


def test_the_button_of_the_project_tab_makes_what_was_asked_for(panel, tmp_path, until, monkeypatch):
    project = panel.project
    monkeypatch.setattr("maskloop.widgets.project_panel.default_folder", lambda: tmp_path / "organs")
    project.form.new_button.click()
    [dialog] = project.findChildren(NewProjectDialog)
    dialog.kinds["classes"].setChecked(True)
    for row, name in zip(dialog.classes.rows, ("liver", "tumour"), strict=True):
        row.edit.setText(name)
    dialog.make_button.click()
    until(lambda: project.project is not None)
    assert project.project.task == TaskConfig(kind="classes", classes=name_classes(["liver", "tumour"]))
    assert project.form.title.text() == "organs: classes (liver, tumour)"
    assert "Labels mean classes (liver, tumour)." in project.form.title.toolTip()
    assert project.project.folder == Path(tmp_path / "organs")
