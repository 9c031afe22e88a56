"""Recipes in the window: chosen by name, read from files, edited as text, saved."""

import pytest
from qtpy.QtCore import Qt

from maskloop.recipes import RECIPES, read_recipe, recipe_text
from maskloop.widgets.recipe_choice import FROM_FILE, RecipeChoice

LEFT = Qt.MouseButton.LeftButton
SMALL = RECIPES["classic-small"]


@pytest.fixture
def choice(qtbot):
    choice = RecipeChoice()
    qtbot.addWidget(choice)
    choice.show()
    return choice


@pytest.fixture
def choose(choice):
    """A function that chooses a recipe, as a person does in the list."""

    def choose(title):
        choice.box.setCurrentText(title)
        choice.box.activated.emit(choice.box.currentIndex())

    return choose


@pytest.fixture
def edit(choice, qtbot):
    """A function that opens the chosen recipe, and replaces a part of its text."""

    def edit(old="", new=""):
        dialog = choice.edit()
        text = dialog.text.toPlainText()
        assert old in text
        dialog.text.setPlainText(text.replace(old, new, 1))
        return dialog

    return edit


def offered(choice):
    return [choice.box.itemText(i) for i in range(choice.box.count())]


def test_each_named_recipe_can_be_chosen(choice, choose, qtbot):
    assert offered(choice) == [*RECIPES, FROM_FILE]
    assert choice.value() == RECIPES["maskloop"]
    with qtbot.waitSignal(choice.changed):
        choose("classic-small")
    assert choice.value() == SMALL
    assert "whole images of 256 pixels" in choice.message.text()


def test_a_recipe_is_read_from_a_file_and_chosen(choice, choose, choose_file, tmp_path):
    (tmp_path / "mine.yaml").write_text("epochs: 3\n")
    choose_file(tmp_path / "mine.yaml")
    choose(FROM_FILE)
    assert choice.box.currentText() == "mine.yaml"
    assert choice.value().epochs == 3
    assert offered(choice) == [*RECIPES, "mine.yaml", FROM_FILE]


@pytest.mark.parametrize(("text", "said"), [("epoks: 3", "Is 'epochs' meant?"), (None, "")])
def test_where_there_is_no_file_that_can_be_read_the_choice_stays(choice, choose, choose_file, tmp_path, text, said):
    choose("dsb-elu")
    choose_file("" if text is None else tmp_path / "mine.yaml")
    (tmp_path / "mine.yaml").write_text(text or "")
    choose(FROM_FILE)
    assert choice.box.currentText() == "dsb-elu"
    assert choice.value() == RECIPES["dsb-elu"]
    assert said in choice.message.text()


def test_what_was_edited_is_chosen_under_a_name_that_says_so(choice, choose, edit, qtbot):
    choose("classic-small")
    for old, new in ((30, 31), (31, 32)):
        qtbot.mouseClick(edit(f"epochs: {old}", f"epochs: {new}").ok_button, LEFT)
        assert choice.box.currentText() == "classic-small, edited"
        assert choice.value() == SMALL.model_copy(update={"epochs": new})
    assert offered(choice).count("classic-small, edited") == 1
    choose("dsb-elu")
    choose("classic-small")
    assert choice.value() == SMALL


def test_what_is_cancelled_changes_nothing(choice, edit):
    edit("crop: 256", "crop: 512").reject()
    assert choice.box.currentText() == "maskloop"
    assert choice.value() == RECIPES["maskloop"]


def test_reset_brings_back_what_nobody_has_edited(choice, choose, edit, qtbot):
    choose("classic-small")
    qtbot.mouseClick(edit("epochs: 30", "epochs: 7").ok_button, LEFT)
    dialog = edit("crop: 256", "crop: nonsense")
    qtbot.mouseClick(dialog.reset_button, LEFT)
    assert dialog.text.toPlainText() == recipe_text(SMALL)
    qtbot.mouseClick(dialog.ok_button, LEFT)
    assert choice.box.currentText() == "classic-small"
    assert choice.value() == SMALL


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("plateu: 3", "There is no setting 'plateu'. Is 'plateau' meant?"),
        ("plateau: soon", "plateau 'soon': Input should be a valid integer"),
        ("plateau: [", "This is not YAML: line "),
    ],
)
def test_what_is_wrong_is_said_while_one_types_and_cannot_be_accepted_or_saved(edit, wrong, said):
    dialog = edit("plateau: 5", wrong)
    assert dialog.message.text().startswith(said)
    assert not dialog.ok_button.isEnabled()
    assert not dialog.save_button.isEnabled()
    dialog.text.setPlainText("patience: 3")
    assert dialog.message.text().startswith("This trains with ")
    assert dialog.ok_button.isEnabled()


def test_a_recipe_is_saved_as_it_was_typed(edit, choose_file, qtbot, tmp_path):
    dialog = edit("seed: 0", "seed: 5  # lucky")
    choose_file(tmp_path / "mine")
    qtbot.mouseClick(dialog.save_button, LEFT)
    path = tmp_path / "mine.yaml"
    assert dialog.message.text() == f"{path} holds this recipe."
    assert "# lucky" in path.read_text()
    assert read_recipe(path) == RECIPES["maskloop"].model_copy(update={"seed": 5})
    dialog.text.setPlainText("seed: 6")
    qtbot.mouseClick(dialog.save_button, LEFT)  # nobody was asked about mine.yaml
    assert "is there already" in dialog.message.text()
    choose_file(path)
    qtbot.mouseClick(dialog.save_button, LEFT)
    assert path.read_text() == "seed: 6"
    choose_file(tmp_path / "nowhere" / "a.yaml")
    qtbot.mouseClick(dialog.save_button, LEFT)
    assert "nowhere" in dialog.message.text()
