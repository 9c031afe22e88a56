"""A control is its config field: title, help, limits, default."""

import pytest
from annotated_types import Ge, Le

from maskloop.config import LabelsConfig, SegmentConfig
from maskloop.widgets.adjust_form import AdjustForm
from maskloop.widgets.controls import AUTOMATIC, control, value_of


def limits(config, name):
    """The limits as pydantic enforces them, found by its own JSON schema."""
    schema = config.model_json_schema()["properties"][name]
    schema = schema.get("anyOf", [schema])[0]
    return schema.get("minimum"), schema.get("maximum")


@pytest.mark.parametrize("name", LabelsConfig.model_fields)
def test_a_slider_takes_all_it_says_from_its_field(qtbot, name):
    field = LabelsConfig.model_fields[name]
    widget = control(LabelsConfig, name)
    assert widget.label == field.title
    assert widget.tooltip == field.description
    assert value_of(widget) == field.default
    assert (widget.min, widget.max) == limits(LabelsConfig, name)
    for bound in field.metadata:
        widget.value = bound.ge if isinstance(bound, Ge) else bound.le
        assert isinstance(bound, Ge | Le)
        assert value_of(widget) == widget.value == (bound.ge if isinstance(bound, Ge) else bound.le)


@pytest.mark.parametrize("name", ["diameter", "channel"])
def test_a_number_that_may_be_left_out_starts_as_automatic(qtbot, name):
    field = SegmentConfig.model_fields[name]
    widget = control(SegmentConfig, name)
    assert (widget.label, widget.tooltip) == (field.title, field.description)
    assert value_of(widget) is field.default is None
    low, _ = limits(SegmentConfig, name)
    widget.value = low
    assert value_of(widget) == low
    assert SegmentConfig(**{name: value_of(widget)})
    widget.value = widget.min
    assert value_of(widget) is None


def test_the_diameter_reads_automatic_and_is_limited_as_its_field_is(qtbot):
    widget = control(SegmentConfig, "diameter")
    assert widget.native.text() == AUTOMATIC
    assert widget.max == limits(SegmentConfig, "diameter")[1]


@pytest.mark.parametrize("name", ["model", "channel"])
def test_a_choice_offers_what_it_is_given(qtbot, name):
    field = SegmentConfig.model_fields[name]
    widget = control(SegmentConfig, name, choices=[("one", 1), ("none", None)])
    assert (widget.label, widget.tooltip) == (field.title, field.description)
    widget.value = None
    assert value_of(widget) is None
    widget.value = 1
    assert value_of(widget) == 1


CHOICES = [
    LabelsConfig(),
    LabelsConfig(foreground=0.05, splitting=0, min_size=0),
    LabelsConfig(foreground=0.95, splitting=1, min_size=100_000),
    LabelsConfig(foreground=0.525, splitting=0.6875, min_size=1234),
]


@pytest.mark.parametrize("config", CHOICES, ids=["default", "lowest", "highest", "between"])
def test_the_adjust_form_gives_back_what_it_is_given(qtbot, config):
    form = AdjustForm()
    qtbot.addWidget(form)
    form.set_value(config)
    assert form.value() == config


def test_the_adjust_form_tells_a_change_once_and_no_change_never(qtbot):
    form = AdjustForm()
    qtbot.addWidget(form)
    told = []
    form.changed.connect(lambda: told.append(form.value()))
    form.set_value(LabelsConfig(foreground=0.3, splitting=0.2, min_size=5))
    form.set_value(LabelsConfig(foreground=0.3, splitting=0.2, min_size=5))
    assert told == [LabelsConfig(foreground=0.3, splitting=0.2, min_size=5)]


def test_the_adjust_form_keeps_quiet_while_its_signals_are_blocked(qtbot):
    from qtpy.QtCore import QSignalBlocker

    form = AdjustForm()
    qtbot.addWidget(form)
    told = []
    form.changed.connect(lambda: told.append(1))
    with QSignalBlocker(form):
        form.set_value(LabelsConfig(foreground=0.3))
    assert told == []
    form.set_value(LabelsConfig(foreground=0.4))
    assert told == [1]
