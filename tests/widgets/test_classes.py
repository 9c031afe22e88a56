"""Labels that mean classes or a foreground, in the window: how they look, how they are painted, what is refused."""

import numpy as np
import pytest
from napari.layers import Labels
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QLabel

from maskloop.config import COLOURS, OBJECTS, NetworkConfig, TaskConfig, name_classes
from maskloop.errors import InputError
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.widgets.actions import ACTIONS
from maskloop.widgets.class_choice import ClassChoice
from maskloop.widgets.class_look import class_name, show_classes, task_of_layer
from maskloop.widgets.correct_form import CorrectForm

CLASSES = TaskConfig(kind="classes", classes=name_classes(["liver", "tumour & rim"]))
FOREGROUND = TaskConfig(kind="foreground")
REFUSED = "makes objects, and the labels of this project mean classes (liver, tumour & rim): choose a model"
SHAPE = (40, 60)
POSSIBLE = {"outline", "redo_box", "review_box", "review_image"}


@pytest.fixture
def numbers():
    """Both classes, side by side."""
    labels = np.zeros(SHAPE, np.int32)
    labels[10:20, 10:20], labels[10:20, 30:40] = 1, 2
    return labels


@pytest.fixture
def folder(tmp_path, spots, numbers):
    """A project of classes: a is labelled and reviewed to the left, b is bare."""
    with Project.create(tmp_path / "organs", CLASSES) as project:
        project.add(spots(*SHAPE), numbers, name="a", reviewed=np.indices(SHAPE)[1] < 25)
        project.add(spots(*SHAPE) + np.uint8(1), name="b")
    return project.folder


# How they look


@pytest.mark.parametrize(("task", "names"), [(CLASSES, ["liver", "tumour & rim"]), (FOREGROUND, ["foreground"])])
def test_a_layer_shows_classes_in_their_colours_and_by_their_names(task, names):
    layer = Labels(np.arange(4).reshape(2, 2))
    show_classes(layer, task)
    assert task_of_layer(layer) == task
    assert layer.get_color(0) is None
    for number, name in enumerate(names, start=1):
        assert class_name(task, number) == name
        rgb = tuple(bytes.fromhex(COLOURS[number - 1][1:]))
        assert tuple(np.round(255 * layer.get_color(number)[:3]).astype(int)) == rgb
    assert layer.get_status((0, 1))["value"] == f"1; class: {names[0]}"
    np.testing.assert_array_equal(layer.get_color(3), [1, 0, 0, 1])  # of no class
    with pytest.raises(InputError, match="Label 3 is of no class"):
        class_name(task, 3)


def test_a_layer_of_objects_looks_as_napari_likes():
    layer, other = Labels(np.eye(3, dtype=int)), Labels(np.eye(3, dtype=int))
    show_classes(layer, OBJECTS)
    assert task_of_layer(layer) == task_of_layer(other) == OBJECTS
    assert type(layer.colormap) is type(other.colormap)


def test_what_others_know_of_a_layer_stays():
    layer = Labels(np.eye(3, dtype=int), metadata={"theirs": 1, "maskloop": {"version": "2"}})
    show_classes(layer, CLASSES)
    assert layer.metadata["theirs"] == 1
    assert layer.metadata["maskloop"]["version"] == "2"


# How they are painted


def test_there_is_a_button_for_each_class(qtbot):
    choice, chosen = ClassChoice(), []
    qtbot.addWidget(choice)
    choice.chosen.connect(chosen.append)
    choice.show_classes(CLASSES)
    assert [button.text().strip() for button in choice.buttons] == ["background", "liver", "tumour && rim"]
    choice.buttons[2].click()
    assert chosen == [2]
    for label in (0, 1, 2):
        choice.show_label(label)
        assert [button.isChecked() for button in choice.buttons] == [n == label for n in range(3)]
    choice.show_label(9)  # of no class
    assert not any(button.isChecked() for button in choice.buttons)
    choice.show_classes(FOREGROUND)
    assert [button.text().strip() for button in choice.buttons] == ["background", "foreground"]
    assert not choice.isHidden()
    choice.show_classes(OBJECTS)
    assert choice.isHidden()


def test_only_what_makes_sense_is_offered(qtbot):
    form = CorrectForm()
    qtbot.addWidget(form)

    def shown():
        return {name for name, button in form.buttons.items() if button.isVisibleTo(form)}

    sheet = lambda: next(label.text() for label in form.findChildren(QLabel) if "<table>" in label.text())  # noqa: E731
    form.show_for(OBJECTS)
    assert shown() == {action.name for action in ACTIONS}
    assert "Split objects" in sheet()
    for task in (CLASSES, FOREGROUND):
        form.show_for(task)
        assert shown() == POSSIBLE
        assert "Split objects" not in sheet()
        assert "drawn box anew" in sheet()
    form.show_for(OBJECTS)
    assert shown() == {action.name for action in ACTIONS}
    assert "Split objects" in sheet()


def test_a_class_is_chosen_painted_outlined_and_kept(open_main, folder, open_entry, on_disk, saved, viewer, mouse):
    panel = open_main()
    entry = open_entry(panel, folder, "b")
    correct, labels = panel.correct, entry.labels
    correct.form.classes.buttons[2].click()
    assert (labels.selected_label, labels.mode) == (2, "paint")
    labels.paint((5, 5), labels.selected_label)
    correct.form.buttons["outline"].click()
    correct.form.classes.buttons[1].click()
    assert correct.drawing.action is None  # the brush has the mouse now
    correct.form.buttons["outline"].click()
    mouse.on(labels, (20, 20), (20, 35), (35, 35), (35, 20), (20, 20))
    assert correct.message.text() == "What the line encloses is liver now."
    assert labels.data[5, 5] == 2
    assert labels.data[25, 25] == 1
    labels.selected_label = 7
    mouse.on(labels, (2, 40), (2, 50), (8, 50), (2, 40))
    assert "Label 7 is of no class" in correct.message.text()
    correct.press("split")
    assert "'Split' is for objects, and these labels mean classes" in correct.message.text()
    correct.act("review_image")
    saved(entry)
    expected = labels.data.copy()
    panel.project.close_project()
    assert set(np.unique(expected)) == {0, 1, 2}
    np.testing.assert_array_equal(on_disk(folder, "b").labels, expected)
    assert on_disk(folder, "b").reviewed.all()


# What is refused


def test_a_model_that_makes_something_else_is_refused_everywhere(
    open_main, folder, open_entry, model_folder, click, until, done_in_background
):
    panel = open_main()
    entry = open_entry(panel, folder, "a")
    before = entry.labels.data.copy()
    panel.segment.run_button.click()
    assert panel.segment.message.text().startswith(f"This model {REFUSED}")
    assert panel.segment.run_button.isEnabled()
    panel.correct.act("redo_box")
    panel.correct._drawn(panel.correct.drawing.action, panel.correct._plane(), np.array([[2, 2], [30, 50]]))
    assert "The model of the Segment tab makes objects, and these labels mean classes" in panel.correct.message.text()
    done_in_background(panel)
    panel.train.resegment_wanted.emit(panel.segment.form.model, None)
    assert REFUSED in panel.train.message.text()
    np.testing.assert_array_equal(entry.labels.data, before)
    panel.segment.form.set_model(model_folder("plain", network=NetworkConfig(task=CLASSES)))
    panel.segment.segment()
    until(lambda: "What is reviewed was left alone." in panel.segment.message.text())
    assert task_of_layer(entry.labels) == CLASSES
    assert {2} == set(np.unique(before[:, 25:])) - {0}
    np.testing.assert_array_equal(entry.labels.data[:, :25], before[:, :25])
    assert set(np.unique(entry.labels.data)) == {0, 1}  # what the worker has found lies over the 2


def test_labels_of_an_image_that_became_an_entry_meanwhile_do_not_go_into_other_classes(
    open_main, viewer, folder, click, until, spots
):
    panel = open_main("waits")
    panel.project.open_project(folder)
    until(lambda: panel.project.project is not None)
    viewer.add_image(spots(*SHAPE) + np.uint8(2), name="c")
    panel.segment.segment()
    panel.project.add()
    until(lambda: panel.project.open_entry is not None)
    (panel.segment.form.model / "go").touch()
    until(panel.segment.run_button.isEnabled)
    assert panel.segment.message.text().startswith(f"This model {REFUSED}")
    assert not panel.project.open_entry.labels.data.any()


def test_labels_of_objects_are_not_added_to_a_project_of_classes(open_main, folder, viewer, until, discs, spots):
    panel = open_main()
    panel.project.open_project(folder)
    until(lambda: panel.project.project is not None)
    viewer.add_image(spots(*SHAPE) + np.uint8(2), name="c")
    viewer.add_labels(discs(SHAPE, [(10, 10), (10, 30), (30, 30)], 5))
    panel.project.form.add_button.click()
    until(lambda: "The labels go up to 3; wanted is 0 for background to 2" in panel.project.message.text())
    assert len(panel.project.project.entries) == 2


def test_only_models_that_fit_are_offered_to_start_from(open_main, folder, until, make_model):
    (folder / "models").mkdir()
    make_model(folder / "models" / "organs", NetworkConfig(filters=(4, 8), task=CLASSES))
    make_model(folder / "models" / "foreign", NetworkConfig(filters=(4, 8), task=FOREGROUND))
    panel = open_main()
    panel.project.open_project(folder)
    base = panel.train.form.base
    until(lambda: base.count() > 0)
    assert [base.itemText(i) for i in range(base.count())] == ["organs", "none, from scratch"]
    assert base.currentText() == "none, from scratch"
    with pytest.raises(InputError, match="foreign makes foreground, and the labels of this project mean classes"):
        Registry(folder).adopt("foreign")
    Registry(folder).adopt("organs")
    panel.train.refresh()
    until(lambda: base.currentText() == "organs")
    assert panel.segment.form.model == folder / "models" / "organs"


# What is said


def test_the_list_counts_no_objects_where_there_are_none(open_main, folder, until):
    panel = open_main()
    panel.project.open_project(folder)
    until(lambda: panel.project.project is not None)
    model = panel.project.form.list.model()
    assert [model.data(model.index(row)) for row in range(2)] == [
        "a\n◐ in progress, 42% reviewed",
        "b\n○ not segmented",
    ]
    panel.project.form.list.setCurrentIndex(model.index(0))
    panel.project.form.versions_button.menu().aboutToShow.emit()
    [version] = panel.project.form.versions_button.menu().actions()
    assert "object" not in version.text()
    assert version.text().endswith("added, 42% reviewed")


def test_in_another_projects_colours_a_model_is_shown_in_those_of_this_one(
    open_main, folder, open_entry, model_folder, until
):
    named = zip(CLASSES.heads[1:], COLOURS[3:], strict=False)
    other = TaskConfig(kind="classes", classes=[{"name": name, "colour": colour} for name, colour in named])
    panel = open_main()
    entry = open_entry(panel, folder, "b")
    panel.segment.form.set_model(model_folder("plain", network=NetworkConfig(task=other)))
    panel.segment.segment()
    until(panel.segment.run_button.isEnabled)
    assert task_of_layer(entry.labels) == CLASSES


# Other colours


@pytest.fixture
def recolour(monkeypatch, until):
    """A function that chooses a class in the menu of the Project tab, and a colour for it; returns what is said."""

    def recolour(panel, name, colour):
        monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor(colour))
        form, message = panel.project.form, panel.project.message
        form.colours_button.menu().aboutToShow.emit()
        [action] = [action for action in form.colours_button.menu().actions() if action.text() == name]
        message.clear()
        action.trigger()
        until(lambda: bool(message.text()) or not QColor(colour).isValid())
        return message.text()

    return recolour


def test_a_class_gets_another_colour_in_the_project_the_layer_and_the_button(
    open_main, folder, open_entry, recolour, on_disk, numbers, until
):
    panel = open_main()
    entry = open_entry(panel, folder, "a")
    entry.labels.selected_label = 2
    assert recolour(panel, "tumour && rim", "#123456") == "The classes have their new colours."
    assert panel.project.project.task.classes[1].colour == "#123456"
    with Project(folder, hold=False) as project:
        assert task_of_layer(entry.labels) == entry.task == project.task == panel.project.project.task
    shown = [tuple(np.round(255 * entry.labels.get_color(number)[:3]).astype(int)) for number in (1, 2)]
    assert shown == [tuple(bytes.fromhex(COLOURS[0][1:])), (0x12, 0x34, 0x56)]
    buttons = panel.correct.form.classes.buttons
    assert [b.icon().pixmap(12).toImage().pixelColor(6, 6).name() for b in buttons[1:]] == [COLOURS[0], "#123456"]
    assert entry.labels.selected_label == 2
    until(lambda: entry.saved)
    np.testing.assert_array_equal(on_disk(folder, "a").labels, numbers)
    assert task_of_layer(open_entry(panel, folder, "b").labels).classes[1].colour == "#123456"


def test_a_colour_that_is_taken_is_refused_and_none_changes_nothing(open_main, folder, open_entry, recolour):
    panel = open_main()
    entry = open_entry(panel, folder, "a")
    refused = "tumour & rim cannot be shown in #e69f00: two classes have one colour; black is the background's."
    assert recolour(panel, "tumour && rim", COLOURS[0]) == refused
    assert recolour(panel, "liver", "") == ""  # cancelled
    assert panel.project.project.task == task_of_layer(entry.labels) == CLASSES


def test_colours_are_offered_for_classes_only_and_to_who_may_write(open_main, folder, open_entry, make_project, until):
    panel = open_main()
    button = panel.project.form.colours_button
    assert button.isHidden()
    with Project(folder):
        open_entry(panel, folder, "a")
        assert not button.isHidden()
        assert not button.isEnabled()
    panel.project.open_project(make_project())
    until(lambda: panel.project.project is not None)
    assert button.isHidden()
