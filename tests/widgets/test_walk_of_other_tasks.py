"""Walks with everything real, for a foreground, and for three classes: background, inside and border of nuclei."""

import imageio.v3 as iio
import numpy as np
import pytest
from skimage.segmentation import find_boundaries

from maskloop.config import NetworkConfig, TrainConfig
from maskloop.project.model_folder import read_card
from maskloop.resources import resource
from maskloop.widgets.class_look import task_of_layer
from maskloop.widgets.import_dialog import ImportDialog
from maskloop.widgets.main_panel import MainPanel
from maskloop.widgets.new_project_dialog import NewProjectDialog

IMAGES, SIDE = 3, 256
SMALL = TrainConfig(
    base="none", epochs=4, steps=8, batch=4, crop=64, learning_rate=5e-3, network=NetworkConfig(filters=(8, 16, 32))
)


@pytest.fixture(scope="module")
def fields():
    """Parts of a sample image and their classes; the last one is not among those that are given to the project."""
    image, labels = (iio.imread(resource("sample_data") / kind / "crowded_nuclei.png") for kind in ("images", "labels"))
    classes = np.where(find_boundaries(labels, mode="inner"), 2, labels > 0).astype(np.int32)
    boxes = [np.s_[y : y + SIDE, x : x + SIDE] for y in (0, SIDE) for x in (0, SIDE)]
    return [(image[box], classes[box]) for box in boxes]


@pytest.fixture
def write_masks(tmp_path, fields):
    """A function that writes a folder of images, with masks in the colours that are given for each class."""

    def write_masks(*colours):
        for kind in ("images", "masks"):
            (tmp_path / "field" / kind).mkdir(parents=True)
        for i, (image, classes) in enumerate(fields[:IMAGES]):
            iio.imwrite(tmp_path / "field" / "images" / f"{i}.png", image)
            iio.imwrite(tmp_path / "field" / "masks" / f"{i}.png", np.array(colours, np.uint8)[classes])
        return tmp_path / "field"

    return write_masks


@pytest.fixture
def open_window(viewer, close_main, no_last_project, monkeypatch, tmp_path):
    """A function that opens the whole panel with the real worker, in place of the one that was open."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a queue of its own, for trainings
    opened = []

    def open_window():
        close_main(opened)
        opened.append(MainPanel(viewer))
        for tab in ("correct", "project", "train"):
            getattr(opened[0], tab)
        opened[0].show()
        return opened[0]

    yield open_window
    close_main(opened)


@pytest.fixture
def train(until, qtbot):
    """A function that trains in a panel, waits until it is compared, and returns the run."""

    def train(panel, config):
        panel.setCurrentWidget(panel.train)
        panel.train.train_with(config)
        runs = panel.train.runs
        qtbot.waitUntil(lambda: runs.shown is not None and runs.shown.run.job.config == config, timeout=60_000)
        qtbot.waitUntil(
            lambda: bool(runs.shown.story.compared or runs.view.buttons["discard"].isVisible()), timeout=240_000
        )
        assert runs.shown.story.compared is not None, runs.view.status.text()
        until(runs.view.buttons["adopt"].isVisible)
        return runs.shown.run

    return train


def make_project(panel, folder, kind, until):
    """Make a project as a person does."""
    panel.project.form.new_button.click()
    [dialog] = panel.project.findChildren(NewProjectDialog)
    dialog.folder.setText(str(folder))
    dialog.kinds[kind].setChecked(True)
    if kind == "classes":
        colours = ("#b42828", "#00ff00")
        for row, name, colour in zip(dialog.classes.rows, ("inside", "border"), colours, strict=True):
            row.edit.setText(name)
            row.set_colour(colour)
    dialog.make_button.click()
    until(lambda: panel.project.project is not None)
    return panel.project.project


def import_masks(panel, masks, until):
    """Import a folder, whose masks come in as reviewed."""
    panel.project.form.import_button.click()
    [dialog] = panel.project.findChildren(ImportDialog)
    dialog.choose(masks)
    until(dialog.import_button.isEnabled)
    dialog.import_button.click()
    until(lambda: "were imported" in dialog.text.toPlainText())
    dialog.reject()


def adopt(panel, run, until):
    """Adopt what was trained; the Segment tab uses it, and the next training begins with it."""
    panel.train.runs.view.buttons["adopt"].click()
    until(lambda: panel.segment.form.model == run.model)
    until(lambda: panel.train.form.base.currentText() == run.model.name)


def segment_new(panel, viewer, image, until):
    """Add an image to the project, and segment it; return the open entry."""
    viewer.add_image(image, name="new field")
    panel.project.add()
    until(lambda: panel.project.open_entry is not None and panel.project.open_entry.entry.name == "new field")
    panel.segment.segment()
    until(lambda: "part" in panel.segment.message.text())
    return panel.project.open_entry


def correct(panel, labels, mouse, until):
    """Paint a class, outline another, and segment a box anew, which brings numbers of classes back."""
    tab = panel.correct
    panel.setCurrentWidget(tab)
    tab.form.classes.buttons[2].click()
    labels.paint((128, 128), labels.selected_label)
    tab.form.buttons["outline"].click()
    labels.selected_label = 1
    mouse.on(labels, (10, 10), (10, 40), (40, 40), (40, 10), (10, 10))
    assert (labels.data[128, 128], labels.data[25, 25]) == (2, 1)
    tab.act("redo_box")
    mouse.on(labels, (0, 0), (60, 60))
    until(lambda: tab.message.text() in ("The box is segmented anew.", "Segmenting the box anew changed nothing."))
    assert set(np.unique(labels.data)) <= {0, 1, 2}
    assert labels.data[128, 128] == 2


def review(panel, entry, classes, until, saved):
    """Make labels what they are, and say that they were checked."""
    wrong = np.nonzero(entry.labels.data != classes)
    entry.labels.data_setitem(wrong, classes[wrong])
    panel.correct.act("review_image")
    saved(entry)
    until(lambda: panel.project.project.entry(entry.entry.id).status == "reviewed")


def dice(found, true):
    return 2 * np.count_nonzero(found & true) / (np.count_nonzero(found) + np.count_nonzero(true))


@pytest.mark.timeout(900)
def test_from_a_new_project_of_classes_to_a_model_that_goes_on_learning(
    open_window, write_masks, fields, tmp_path, until, train, viewer, mouse, saved
):
    panel, folder = open_window(), tmp_path / "three classes"
    image, classes = fields[-1]
    project = make_project(panel, folder, "classes", until)
    import_masks(panel, write_masks((0, 0, 0), (180, 40, 40), (0, 255, 0)), until)
    for entry, (_, given) in zip(project.entries, fields[:IMAGES], strict=True):
        assert entry.status == "reviewed"
        np.testing.assert_array_equal(project.annotation(entry).labels, given)

    first = train(panel, SMALL)
    assert first.job.rival is None  # no other model makes these classes
    view = panel.train.runs.view
    assert ">new<" in view.table.text()
    assert ">old<" not in view.table.text()
    until(lambda: view.is_complete)
    assert "Dice" in view.curves.scores.legend
    assert "AP" not in view.curves.scores.legend  # there are no objects
    adopt(panel, first, until)
    assert read_card(first.model).network.task == project.task

    entry = segment_new(panel, viewer, image, until)
    labels = entry.labels
    assert set(np.unique(labels.data)) <= {0, 1, 2}
    assert dice(labels.data > 0, classes > 0) > 0.5
    assert labels.get_status(tuple(np.argwhere(labels.data == 1)[0]))["value"] == "1; class: inside"
    assert task_of_layer(labels) == project.task
    correct(panel, labels, mouse, until)
    review(panel, entry, classes, until, saved)

    second = train(panel, SMALL.model_copy(update={"base": first.model.name, "epochs": 1, "steps": 2}))
    assert second.job.rival == first.model.name

    panel = open_window()
    panel.project.open_project(folder)
    until(lambda: panel.project.project is not None and panel.segment.form.model == first.model)
    assert panel.project.form.title.text() == "three classes: classes (inside, border)"
    until(lambda: panel.train.runs.shown is not None)
    assert panel.train.runs.shown.run.job.model == second.job.model
    panel.project.open(entry.entry.id)
    until(lambda: panel.project.open_entry is not None)
    again = panel.project.open_entry
    np.testing.assert_array_equal(again.labels.data, classes)
    assert task_of_layer(again.labels) == project.task
    assert again.share_reviewed == 1


@pytest.mark.timeout(900)
def test_from_a_new_project_of_a_foreground_to_a_model_that_goes_on_learning(
    open_window, write_masks, fields, tmp_path, until, train, viewer, saved
):
    panel = open_window()
    image, classes = fields[-1]
    foreground = (classes > 0).astype(np.int32)
    project = make_project(panel, tmp_path / "tissue", "foreground", until)
    import_masks(panel, write_masks(0, 255, 255), until)

    first = train(panel, SMALL)
    adopt(panel, first, until)
    entry = segment_new(panel, viewer, image, until)
    assert set(np.unique(entry.labels.data)) == {0, 1}
    assert dice(entry.labels.data > 0, foreground > 0) > 0.5
    review(panel, entry, foreground, until, saved)

    second = train(panel, SMALL.model_copy(update={"base": first.model.name, "epochs": 1, "steps": 2}))
    assert second.job.rival == first.model.name
    assert read_card(second.model).network.task == project.task
