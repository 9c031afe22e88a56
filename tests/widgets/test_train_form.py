"""The form of the Train panel: what can be chosen, and what it says training will do."""

import pytest
from qtpy.QtCore import Qt

from maskloop.config import TaskConfig, TrainConfig, name_classes
from maskloop.recipes import RECIPES
from maskloop.widgets.train_form import BUDGETS, BY_RECIPE, SCRATCH, TrainForm, describe_plan, describe_seconds


@pytest.fixture
def form(qtbot):
    """A form that offers three models, of which one is the project's."""
    form = TrainForm()
    qtbot.addWidget(form)
    form.offer_bases(["mine", "other", "nuclei"], "mine")
    form.show()
    return form


@pytest.fixture
def choose():
    """A function that chooses what begins with a text, as a person does in the list of a combo box."""

    def choose(box, text):
        box.setCurrentIndex(box.findText(text, Qt.MatchFlag.MatchStartsWith))
        box.activated.emit(box.currentIndex())

    return choose


def offered(form):
    return [form.base.itemText(i) for i in range(form.base.count())]


def test_at_first_it_takes_a_quick_look_from_the_model_of_the_project(form):
    assert form.value() == TrainConfig(base="mine", minutes=1)
    assert offered(form) == ["mine", "other", "nuclei", SCRATCH]


@pytest.mark.parametrize(
    ("budget", "wanted", "shown"),
    [
        ("Quick look", {"minutes": 1}, set()),
        ("Thorough", {"minutes": 10}, set()),
        ("Minutes", {"minutes": 3}, {"minutes"}),
        ("Epochs", {"epochs": 20}, {"epochs"}),
    ],
)
def test_a_budget_asks_for_the_number_that_it_needs(form, choose, budget, wanted, shown):
    choose(form.budget, budget)
    assert form.value() == TrainConfig(base="mine", **wanted)
    boxes = {"minutes": form._minutes, "epochs": form._epochs}
    assert {name for name, box in boxes.items() if box.isVisible()} == shown


def test_every_choice_is_told(form, choose, qtbot):
    for box, text in ((form.base, "other"), (form.budget, "Epochs")):
        with qtbot.waitSignal(form.changed):
            choose(box, text)
    with qtbot.waitSignal(form.changed):
        form._epochs.stepUp()
    assert form.value() == TrainConfig(base="other", epochs=21)


def test_from_scratch_there_is_a_recipe_and_no_base(form, choose):
    assert not form.recipe.isVisible()
    choose(form.base, "none")
    assert form.recipe.isVisible()
    assert form.value() == RECIPES["maskloop"].model_copy(update={"minutes": 1})
    choose(form.base, "nuclei")
    assert not form.recipe.isVisible()
    assert form.value() == TrainConfig(base="nuclei", minutes=1)


def times(form):
    return [form.budget.itemText(i) for i in range(form.budget.count())]


def test_a_recipe_says_how_long_until_something_else_is_chosen(form, choose):
    choose(form.base, "none")
    assert times(form) == list(BUDGETS)  # the usual recipe does not say
    choose(form.recipe.box, "classic")
    assert times(form) == [BY_RECIPE, *BUDGETS]
    assert form.value() == RECIPES["classic-small"]
    choose(form.recipe.box, "liver")
    assert form.value() == RECIPES["liver-ct"]
    choose(form.budget, "Minutes")
    assert form.value() == RECIPES["liver-ct"].model_copy(update={"epochs": None, "minutes": 3})
    choose(form.recipe.box, "dsb-elu")
    assert form.budget.currentText() == "Minutes"
    choose(form.budget, "As the recipe")
    choose(form.base, "mine")
    assert times(form) == list(BUDGETS)
    assert form.value() == TrainConfig(base="mine", minutes=1)


def test_the_channel_of_the_form_comes_before_that_of_a_recipe(form, choose, tmp_path):
    (tmp_path / "mine.yaml").write_text("base: other\nchannel: 7\ncrop: 64\n")
    choose(form.base, "none")
    form.recipe.read(tmp_path / "mine.yaml")
    assert (form.value().base, form.value().channel, form.value().crop) == ("none", None, 64)
    form.show_channels(3)
    assert form.value().channel == 0


def test_a_chosen_model_stays_chosen_while_it_is_there(form, choose):
    choose(form.base, "other")
    form.offer_bases(["mine", "new", "other", "nuclei"], "mine")
    assert form.base.currentText() == "other"
    form.offer_bases(["mine", "nuclei"], "mine")
    assert form.base.currentText() == "mine"


def test_a_model_that_becomes_the_project_s_is_chosen(form, choose):
    choose(form.base, "other")
    form.offer_bases(["mine", "other", "new", "nuclei"], "new")
    assert form.base.currentText() == "new"
    form.offer_bases(["mine", "other", "new", "nuclei"], "mine")  # rolled back: the same models, another is preferred
    assert form.base.currentText() == "mine"


def test_a_channel_is_asked_for_only_where_there_are_some(form):
    assert not form._channel.isVisible()
    assert form.value().channel is None
    form.show_channels(3)
    assert form._channel.isVisible()
    form._channel.setValue(9)
    assert form.value().channel == 2  # counted from 0
    form.show_channels(1)
    assert form.value().channel is None


@pytest.mark.parametrize(
    ("choices", "pace", "plan"),
    [
        (
            {"minutes": 1},
            None,
            "for 1 minute and then compares both on what is held out. It ends sooner if 20 epochs bring no progress.",
        ),
        (
            {"minutes": 10, "patience": None},
            None,
            "for 10 minutes and then compares both on what is held out.",
        ),
        (
            {"minutes": 10},
            6.1,
            "for 10 minutes, which is about 98 epochs on this computer, and then compares both on what is held out. "
            "It ends sooner if 20 epochs bring no progress.",
        ),
        (
            {"minutes": 1},
            59,
            "for 1 minute, which is about 1 epoch on this computer, and then compares both on what is held out.",
        ),
        (
            {"minutes": 1},
            600,
            "for 1 minute, which is about 1 epoch on this computer, and then compares both on what is held out.",
        ),
        (
            {"epochs": 1},
            None,
            "for 1 epoch and then compares both on what is held out. "
            "How long that takes is measured in the first epoch.",
        ),
        (
            {"epochs": 20},
            None,
            "for 20 epochs and then compares both on what is held out. "
            "How long that takes is measured in the first epoch.",
        ),
        ({"epochs": 1}, 8, "for 1 epoch, about 8 s on this computer, and then compares both on what is held out."),
        (
            {"epochs": 60},
            12,
            "for 60 epochs, about 12 minutes on this computer, and then compares both on what is held out. "
            "It ends sooner if 20 epochs bring no progress.",
        ),
    ],
)
def test_the_plan_says_from_what_how_long_and_what_comes_then(choices, pace, plan):
    assert describe_plan(TrainConfig(base="mine", **choices), pace) == f"Goes on training mine {plan}"


def test_the_plan_from_scratch_names_no_base():
    plan = describe_plan(TrainConfig(base="none", minutes=10, patience=None), None)
    assert plan == "Trains a new model from scratch for 10 minutes and then judges it."


def test_the_plan_says_where_the_task_of_the_project_comes_before_that_of_the_recipe():
    classes = TaskConfig(kind="classes", classes=name_classes(["liver", "tumour"]))
    said = "It learns classes (liver, tumour), as the labels of this project mean."
    assert describe_plan(RECIPES["classic-small"], None, classes).endswith(said)
    assert "It learns" not in describe_plan(RECIPES["classic-small"], None, TaskConfig(kind="foreground"))
    assert "It learns" not in describe_plan(TrainConfig(minutes=1), None, classes)  # a base has a task of its own


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1.4, "1 s"),
        (59, "59 s"),
        (59.6, "1 minute"),
        (89, "1 minute"),
        (91, "2 minutes"),
        (3540, "59 minutes"),
        (5400, "1.5 hours"),
        (36_000, "10.0 hours"),
    ],
)
def test_times_are_said_as_a_person_would(seconds, text):
    assert describe_seconds(seconds) == text
