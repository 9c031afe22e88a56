"""What the form offers, and what it remembers."""

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel

from maskloop.config import LabelsConfig, NetworkConfig, SegmentConfig, name_classes
from maskloop.widgets.segment_form import OPEN_FOLDER, SegmentForm

PLANE = Image(np.zeros((16, 20), np.uint8), name="plane")
STACK = Image(np.zeros((3, 16, 20), np.uint8), name="stack")
TISSUE = np.full((16, 90, 3), (220, 180, 225), np.uint8)
COLOUR = Image(np.zeros((16, 20, 3), np.uint8), rgb=True, name="colour")


@pytest.fixture
def form(qtbot):
    form = SegmentForm()
    qtbot.addWidget(form)
    form.set_images([PLANE, STACK, COLOUR], None)
    return form


@pytest.fixture
def refusals(form):
    sentences = []
    form.refused.connect(sentences.append)
    return sentences


def box_of(form, name):
    return getattr(form, f"_{name}").native


def offered(box):
    assert isinstance(box, QComboBox)
    return {box.itemText(n) for n in range(box.count()) if box.itemText(n).strip("- ")}


def test_the_form_gives_back_what_it_is_given(form, model_folder):
    folder = model_folder("mine")
    form.set_model(folder)
    form.set_image(COLOUR)
    form.set_diameter(33.5)
    form.set_channel(2)
    form.set_all_planes(True)
    labels = LabelsConfig(foreground=0.3)
    assert form.value(labels) == SegmentConfig(model=str(folder), diameter=33.5, channel=2, labels=labels)
    assert form.all_planes
    form.set_diameter(None)
    form.set_channel(None)
    assert form.value(labels) == SegmentConfig(model=str(folder), labels=labels)


def test_colours_are_offered_for_a_colour_image_only(form):
    box = box_of(form, "channel")
    assert offered(box) == {"all", "red", "green", "blue"}
    for image, wanted in ((COLOUR, True), (PLANE, False), (STACK, False)):
        form.set_image(image)
        assert box.isVisibleTo(form) == wanted


def test_the_model_suits_the_image_until_somebody_chooses_one(form, model_folder):
    def model_for(image):
        form.set_image(image)
        return form.model.name

    tissue = Image(TISSUE, rgb=True, name="tissue")
    form.set_images([PLANE, COLOUR, tissue], None)
    assert [model_for(image) for image in (PLANE, tissue, COLOUR, tissue)] == [
        "nuclei",
        "nuclei-colour",
        "nuclei",
        "nuclei-colour",
    ]
    form.set_image(PLANE)
    box_of(form, "model").setCurrentText("nuclei-colour")
    assert [model_for(image) for image in (COLOUR, tissue, PLANE)] == ["nuclei-colour"] * 3
    form.set_model(model_folder("mine"))
    assert [model_for(image) for image in (tissue, PLANE)] == ["mine"] * 2


@pytest.mark.parametrize("scale", [np.uint8(1), np.uint16(257), np.float32(1), np.float32(1 / 255)])
def test_tissue_is_known_whatever_its_grey_values(form, scale):
    form.set_images([Image(TISSUE * scale, rgb=True)], None)
    assert form.model.name == "nuclei-colour"


def test_tissue_that_is_not_in_memory_is_known_by_its_thumbnail(form):
    form.set_images([Image(da.from_array(TISSUE), rgb=True)], None)
    assert form.model.name == "nuclei-colour"


def test_who_opens_no_folder_has_chosen_no_model(form, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    form.set_images([PLANE, Image(TISSUE, rgb=True, name="tissue")], None)
    box_of(form, "model").setCurrentText(OPEN_FOLDER)
    form.set_images([Image(TISSUE, rgb=True, name="tissue")], None)
    assert form.model.name == "nuclei-colour"


def test_planes_are_offered_for_a_stack_only(form):
    for image, wanted in ((STACK, True), (PLANE, False), (COLOUR, False)):
        form.set_image(image)
        assert box_of(form, "planes").isVisibleTo(form) == wanted


def test_images_that_come_and_go_are_offered_and_the_chosen_one_is_kept(viewer, open_panel, spots):
    panel = open_panel()
    form = panel.form
    assert form.image is None
    first = viewer.add_image(spots(16, 20), name="first")
    assert form.image == first
    second = viewer.add_image(spots(16, 20), name="second")
    assert form.image == second  # who opens an image means that one
    form.set_image(first)
    viewer.add_labels(spots(16, 20), name="no image")
    assert offered(box_of(form, "image")) == {"first", "second"}
    assert form.image == first
    first.name = "renamed"
    assert offered(box_of(form, "image")) == {"renamed", "second"}
    assert form.image == first
    viewer.layers.move(0, 2)
    assert form.image == first
    viewer.layers.remove(first)
    assert offered(box_of(form, "image")) == {"second"}
    assert form.image == viewer.layers["second"]
    viewer.layers.clear()
    assert form.image is None


def test_what_was_said_of_no_image_goes_when_one_is_opened(viewer, open_panel, spots):
    panel = open_panel()
    panel.message.clear()  # it was loading a model
    panel.segment()
    assert "no image to segment" in panel.message.text()
    viewer.add_image(spots(16, 20))
    assert panel.message.text() == ""


def test_the_panel_opens_with_the_selected_image(viewer, open_panel, spots):
    viewer.add_image(spots(16, 20), name="first")
    selected = viewer.add_image(spots(16, 20), name="second")
    viewer.add_image(spots(16, 20), name="third")
    viewer.layers.selection.active = selected
    panel = open_panel()
    assert panel.form.image == selected


def test_a_model_is_described_in_a_sentence(form, model_folder):
    form.set_model(model_folder("mine", description="Yeast in bright field.", diameter=31))
    sentences = [label.text() for label in form.findChildren(QLabel)]
    assert "Yeast in bright field. Trained on objects of about 31 pixels." in sentences


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ({"kind": "foreground"}, "Makes one mask of the foreground."),
        ({"kind": "classes", "classes": name_classes(["liver", "tumour"])}, "Tells classes apart: liver, tumour."),
    ],
)
def test_a_diameter_matters_for_objects_only(form, model_folder, task, sentence):
    box = box_of(form, "diameter")
    form.set_diameter(30)
    assert box.isVisibleTo(form)
    form.set_model(model_folder("mine", network=NetworkConfig(task=task)))
    assert not box.isVisibleTo(form)
    assert form.value(LabelsConfig()).diameter is None
    assert sentence in [label.text() for label in form.findChildren(QLabel)]
    form.set_model(model_folder("other"))
    assert box.isVisibleTo(form)
    assert form.value(LabelsConfig()).diameter == 30


def test_two_model_folders_of_one_name_can_both_be_chosen(form, model_folder, tmp_path):
    first = model_folder("mine")
    other = first.rename(tmp_path / "mine")
    first = model_folder("mine")
    for folder in (first, other, first):
        form.set_model(folder)
        assert form.model == folder
    assert {"mine", str(other), OPEN_FOLDER} <= offered(box_of(form, "model"))


SHIPS = {"nuclei", "nuclei-colour", OPEN_FOLDER}


@pytest.fixture
def models_of(model_folder, tmp_path):
    """A function that makes the models of a project, and returns their folders."""

    def models_of(project, *names):
        (tmp_path / project).mkdir()
        return [model_folder(name).rename(tmp_path / project / name) for name in names]

    return models_of


@pytest.mark.parametrize("left", [True, False])
def test_of_two_projects_the_models_of_the_open_one_are_offered(form, models_of, left):
    first, second = models_of("a", "nuclei-2"), models_of("b", "nuclei-2", "nuclei-3")
    box = box_of(form, "model")
    form.offer_models(first)
    box.setCurrentText("nuclei-2")
    assert form.model == first[0]
    if left:
        form.leave_project()
        assert offered(box) == SHIPS
    form.offer_models(second)
    assert offered(box) == SHIPS | {"nuclei-2", "nuclei-3"}
    assert form.model.name == box.currentText() == "nuclei"
    box.setCurrentText("nuclei-2")
    assert form.model == second[0]


def test_a_model_that_is_renamed_or_discarded_is_offered_no_more(form, models_of):
    described = []
    form.model_changed.connect(lambda: described.append(form.model.name))
    old, new = models_of("a", "old", "new")
    form.offer_models([old])
    form.adopt(old)
    form.offer_models([old])
    assert form.model == old
    form.offer_models([new])
    assert offered(box_of(form, "model")) == SHIPS | {"new"}
    assert described == ["old", form.model.name] == ["old", "nuclei"]


def test_what_was_opened_by_hand_stays_when_a_project_comes_and_goes(form, models_of):
    [mine], [others] = models_of("mine", "nuclei-2"), models_of("a", "nuclei-2")
    form.set_model(mine)
    form.offer_models([others])
    assert offered(box_of(form, "model")) == SHIPS | {"nuclei-2", str(others)}
    form.leave_project()
    form.set_image(COLOUR)
    assert offered(box_of(form, "model")) == SHIPS | {"nuclei-2"}
    assert form.model == mine


def test_a_project_that_has_no_adopted_model_any_more_suggests_none(form, models_of):
    tissue = Image(TISSUE, rgb=True, name="tissue")
    form.set_images([PLANE, tissue], None)
    [own] = models_of("a", "nuclei-2")
    form.offer_models([own])
    form.adopt(own)
    form.adopt(None)  # it was rolled back
    assert form.model.name == "nuclei"
    form.set_image(tissue)
    assert form.model.name == "nuclei-colour"
    assert "nuclei-2" in offered(box_of(form, "model"))


@pytest.mark.parametrize("of_its_own", [True, False])
def test_an_adopted_model_suits_all_images_until_its_project_is_left(form, models_of, of_its_own):
    tissue = Image(TISSUE, rgb=True, name="tissue")
    form.set_images([PLANE, tissue], None)
    grey, own = form.model, models_of("a", "nuclei-2")
    adopted = own[0] if of_its_own else grey
    form.offer_models(own)
    form.adopt(adopted)
    for layer in (tissue, PLANE, tissue):
        form.set_image(layer)
        assert form.model == adopted
    form.leave_project()
    assert form.model.name == "nuclei-colour"
    form.set_image(PLANE)
    assert form.model == grey


def test_a_folder_that_is_no_model_is_refused_and_the_chosen_one_stays(form, refusals, model_folder, tmp_path):
    form.set_model(model_folder("mine"))
    form.set_model(tmp_path)
    assert "is not a model folder" in refusals.pop()
    newer = model_folder("newer")
    text = (newer / "model.json").read_text()
    (newer / "model.json").write_text(text.replace('"schema_version": 1', '"schema_version": 9'))
    form.set_model(newer)
    assert "schema 9" in refusals.pop()
    assert form.model.name == "mine"


def test_a_folder_is_opened_by_the_last_choice(form, model_folder, monkeypatch):
    other = model_folder("other")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(other))
    box = box_of(form, "model")
    box.setCurrentText(OPEN_FOLDER)
    assert form.model == other
    assert box.currentText() == "other"


def test_a_dialog_that_is_cancelled_changes_nothing(open_panel, monkeypatch):
    panel = open_panel("mine")
    mine = LabelsConfig(foreground=0.33)
    panel.adjust.set_value(mine)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    box = box_of(panel.form, "model")
    box.setCurrentText(OPEN_FOLDER)
    assert (box.currentText(), panel.form.model.name) == ("mine", "mine")
    assert panel.adjust.value() == mine


def test_a_model_folder_that_vanished_is_said_and_another_can_be_chosen(viewer, open_panel, model_folder, spots, click):
    viewer.add_image(spots(16, 20))
    panel = open_panel("mine")
    gone = panel.form.model
    panel.form.set_model(model_folder("other"))
    (gone / "model.json").unlink()
    panel.form.set_model(gone)
    assert "is not a model folder" in panel.message.text()
    assert click(panel).metadata["maskloop"]["settings"]["model"].endswith("other")
