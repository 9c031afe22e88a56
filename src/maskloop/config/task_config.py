"""What labels mean: objects, a foreground, or classes, which have names and colours."""

from collections.abc import Collection, Iterable, Iterator
from colorsys import hsv_to_rgb
from itertools import count
from typing import Literal, Self

from pydantic import Field, model_validator

from maskloop.config.config import Config

TaskKind = Literal["objects", "foreground", "classes"]  # numbered one by one, one mask, or a class for each pixel

# Of Okabe and Ito, told apart by the colour-blind too: https://jfly.uni-koeln.de/color/
COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442")
GOLDEN = 0.618034  # of the circle of hues, from one colour to the next
BLACK = "#000000"
MOST_CLASSES, LONGEST_CLASS = 255, 100  # characters


class ClassConfig(Config):
    """A class of pixels."""

    name: str = Field(min_length=1, max_length=LONGEST_CLASS, title="Name")
    colour: str = Field(pattern="^#[0-9a-f]{6}$", title="Colour")


def usual_colours(taken: Collection[str] = ()) -> Iterator[str]:
    """Yield colours of classes, always in the same order and none twice, but those that are taken."""
    yield from (colour for colour in COLOURS if colour not in taken)
    for number in count(1):
        rgb = hsv_to_rgb(number * GOLDEN % 1, 0.9, 0.9)  # each far from those before
        colour = "#" + bytes(round(255 * part) for part in rgb).hex()
        if colour not in taken:
            yield colour


def name_classes(names: Iterable[str]) -> tuple[ClassConfig, ...]:
    """Give each class that is named a colour, the same ones in the same order."""
    return tuple(ClassConfig(name=name, colour=colour) for name, colour in zip(names, usual_colours(), strict=False))


class TaskConfig(Config):
    """What labels mean."""

    kind: TaskKind = Field(
        "objects",
        title="Kind of task",
        description="Objects, each with a label of its own; the foreground, which is one; or classes, by number.",
    )
    classes: tuple[ClassConfig, ...] = Field(
        (),
        max_length=MOST_CLASSES,
        title="Classes",
        description="What the labels 1, 2, ... mean, where they mean classes; 0 is the background.",
    )

    def __str__(self) -> str:
        return f"classes ({', '.join(of.name for of in self.classes)})" if self.classes else self.kind

    @property
    def heads(self) -> tuple[str, ...]:
        """The maps that a network predicts for it."""
        if self.kind == "classes":
            return ("background", *(of.name for of in self.classes))
        return ("foreground", "distance") if self.kind == "objects" else ("foreground",)

    @property
    def noun(self) -> str:
        """What one of those is called that hang together."""
        return "object" if self.kind == "objects" else "part"

    @property
    def highest(self) -> int | None:
        """The highest label that means something; None of objects, which may be any number."""
        return {"objects": None, "foreground": 1, "classes": len(self.classes)}[self.kind]

    @model_validator(mode="after")
    def _in_agreement(self) -> Self:
        if (self.kind == "classes") != bool(self.classes):
            wanted = "at least one" if self.kind == "classes" else f"none, for {self.kind}"
            raise ValueError(f"{len(self.classes) or 'no'} classes are named; wanted is {wanted}")
        if len(set(self.heads)) < len(self.heads):
            raise ValueError("two classes have one name; the background, 0, need not be named")
        if len({BLACK, *(of.colour for of in self.classes)}) <= len(self.classes):
            raise ValueError("two classes have one colour; black is the background's")
        return self


OBJECTS = TaskConfig()
OBJECT_HEADS = OBJECTS.heads
