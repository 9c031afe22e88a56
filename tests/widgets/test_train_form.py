"""The form of the Train panel: what can be chosen, and what it says training will do."""

import pytest

from maskloop.config import TrainConfig
from maskloop.widgets.train_form import SCRATCH, TrainForm, describe_plan, describe_seconds


@pytest.fixture
def form(qtbot):
    """A form that offers three models, of which one is the project's."""
    form = TrainForm()
    qtbot.addWidget(form)
    form.offer_bases(["mine", "other", "nuclei"], "mine")
    form.show()
    return form


@pytest.fixture
def choose(qtbot):
    """A function that chooses something in a combo box, with the keys."""
    return lambda box, text: qtbot.keyClicks(box, text)


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


def test_from_scratch_there_is_no_base(form, choose):
    choose(form.base, "none")
    assert form.value().from_scratch


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
        ({"minutes": 1}, None, "for 1 minute and then compares both on what is held out."),
        ({"minutes": 10}, None, "for 10 minutes and then compares both on what is held out."),
        (
            {"minutes": 10},
            6.1,
            "for 10 minutes, which is about 98 epochs on this computer, and then compares both on what is held out.",
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
            "for 60 epochs, about 12 minutes on this computer, and then compares both on what is held out.",
        ),
    ],
)
def test_the_plan_says_from_what_how_long_and_what_comes_then(choices, pace, plan):
    assert describe_plan(TrainConfig(base="mine", **choices), pace) == f"Goes on training mine {plan}"


def test_the_plan_from_scratch_names_no_base():
    plan = describe_plan(TrainConfig(base="none", minutes=10), None)
    assert plan == "Trains a new model from scratch for 10 minutes and then judges it."


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
