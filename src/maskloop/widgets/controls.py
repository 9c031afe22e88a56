"""Controls made from the fields of a config class, so that a choice is described once."""

import types
from typing import Any, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from magicgui.widgets import Widget, create_widget
from pydantic.fields import FieldInfo
from qtpy.QtWidgets import QAbstractSpinBox

from maskloop.config import Config

AUTOMATIC = "automatic"
LONGEST_SLIDER = 1000  # whole numbers beyond this are typed, since no mouse can hit them


def control(config: type[Config], name: str, **options: Any) -> Widget:
    """Make the magicgui control of one field: its title, help, limits and default.

    A number that may be left out shows "automatic" at the lower end of its box; `value_of` makes that None.

    Parameters
    ----------
    config : type of Config
    name : str
        The field.
    **options
        Handed to the control, such as ``choices``.

    Returns
    -------
    magicgui.widgets.Widget
    """
    field = config.model_fields[name]
    label = field.title or name
    options = {"tooltip": field.description or "", **options}
    if "choices" in options:
        return create_widget(annotation=str, widget_type="ComboBox", name=name, label=label, options=options)
    kind, limits, optional = _take_apart(field)
    options |= limits | {"step": 1 if kind is int or optional else 0.01}
    if optional:
        options["min"] -= 1
    value = options["min"] if optional else field.default
    box = optional or limits["max"] > LONGEST_SLIDER
    widget_type = ("Float" if kind is float else "") + ("SpinBox" if box else "Slider")
    widget = create_widget(value, annotation=kind, widget_type=widget_type, name=name, label=label, options=options)
    if optional:
        widget.native.setSpecialValueText(AUTOMATIC)
    if not box:
        _make_readable(widget)
    return widget


def _make_readable(slider: Widget) -> None:
    """Give the number beside a slider its buttons: without, Qt 6.11 squeezes it to nothing in napari's style."""
    for number in slider.native.findChildren(QAbstractSpinBox):
        number.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.UpDownArrows)


def value_of(widget: Widget) -> Any:
    """Return a control's value; None where it shows "automatic"."""
    special = getattr(widget.native, "specialValueText", None)
    # What is typed between "automatic" and the lowest number allowed counts as automatic too.
    automatic = special is not None and special() == AUTOMATIC and widget.value < widget.min + 1
    return None if automatic else widget.value


def _take_apart(field: FieldInfo) -> tuple[type, dict[str, Any], bool]:
    """Take a field's annotation apart: type, limits, whether it may be None."""
    annotation, constraints, optional = field.annotation, list(field.metadata), False
    if get_origin(annotation) in (Union, types.UnionType):
        optional = True
        annotation = next(a for a in get_args(annotation) if a is not type(None))
        for note in getattr(annotation, "__metadata__", ()):
            constraints += note.metadata if isinstance(note, FieldInfo) else [note]
        annotation = get_args(annotation)[0]
    limits: dict[str, Any] = {"min": 0, "max": 1_000_000}
    for constraint in constraints:
        match constraint:
            case Ge(ge=low):
                limits["min"] = low
            case Gt(gt=low):
                limits["min"] = low
            case Le(le=high):
                limits["max"] = high
    assert isinstance(annotation, type)
    return annotation, limits, optional
