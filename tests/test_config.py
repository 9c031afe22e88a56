"""What labels mean: classes have names and colours that tell them apart."""

from itertools import islice

import pytest
from pydantic import ValidationError

from maskloop.config import BLACK, COLOURS, MOST_CLASSES, ClassConfig, TaskConfig, name_classes, usual_colours


def test_as_many_classes_as_there_can_be_have_each_a_colour_of_its_own():
    classes = name_classes([f"class {n}" for n in range(MOST_CLASSES)])
    assert len({BLACK, *(of.colour for of in classes)}) == MOST_CLASSES + 1
    assert TaskConfig(kind="classes", classes=classes).highest == MOST_CLASSES


def test_a_colour_that_is_taken_is_given_to_nobody_else():
    seventh, eighth = list(islice(usual_colours(), 8))[-2:]
    assert next(usual_colours({COLOURS[0], COLOURS[1]})) == COLOURS[2]
    assert next(usual_colours(set(COLOURS))) == eighth
    assert next(usual_colours({*COLOURS, eighth})) not in {seventh, eighth}


@pytest.mark.parametrize("colours", [("#00ff00", "#00ff00"), ("#00ff00", BLACK)])
def test_classes_of_one_colour_are_refused(colours):
    classes = [ClassConfig(name=name, colour=colour) for name, colour in zip("ab", colours, strict=True)]
    with pytest.raises(ValidationError, match="two classes have one colour; black is the background's"):
        TaskConfig(kind="classes", classes=classes)


def test_only_numbers_of_objects_may_be_any():
    assert [TaskConfig(kind=kind).highest for kind in ("objects", "foreground")] == [None, 1]
