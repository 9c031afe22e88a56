"""What can be done in the Correct panel, and with which key; the buttons, tooltips and the cheat sheet come from here.

The keys are those that napari leaves free while a labels layer is selected.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Action:
    """Something that a person can do with one key or one click.

    Attributes
    ----------
    name : str
    group : str
        ``"repair"``, ``"look"`` or ``"review"``.
    title : str
        On the button.
    key : str
    hint : str
        What it does, in one sentence.
    mouse : str
        What it needs: ``"path"`` (a drawn line), ``"loop"`` (one drawn around something), ``"box"`` (a drawn box),
        ``"point"`` (where the cursor is), or ``"nothing"``.
    click : str
        What is said while a click is waited for.
    needs_objects : bool
        Whether it makes sense only where labels mean objects.
    """

    name: str
    group: Literal["repair", "look", "review"]
    title: str
    key: str
    hint: str
    mouse: Literal["path", "loop", "box", "point", "nothing"]
    click: str = "Click an object."
    needs_objects: bool = True

    @property
    def how(self) -> str:
        """How the mouse is used while the button is down."""
        return {
            "path": "Drag a line across the objects.",
            "loop": "Draw around an object.",
            "box": "Drag a box.",
            "point": self.click,
            "nothing": "",
        }[self.mouse]


ACTIONS = (
    Action(
        "outline",
        "repair",
        "Outline",
        "C",
        "Make what a drawn line encloses one object: a missed one, one in parts, or one of several grown together. "
        "Where labels mean classes, it becomes the chosen one.",
        "loop",
        needs_objects=False,
    ),
    Action("split", "repair", "Split", "S", "Split objects along a drawn line.", "path"),
    Action("merge", "repair", "Merge", "J", "Join all objects that a drawn line touches into one.", "path"),
    Action("delete", "repair", "Delete", "D", "Delete the object under the cursor.", "point"),
    Action(
        "grow",
        "repair",
        "Grow",
        "G",
        "Grow a new object from the cursor, beside the others, to the edge that the model sees.",
        "point",
        "Click beside the objects, on one that the model has missed.",
    ),
    Action("fill_holes", "repair", "Fill holes", "H", "Fill the holes of the object under the cursor.", "point"),
    Action("smooth", "repair", "Smooth", "O", "Smooth the outline of the object under the cursor.", "point"),
    Action("new_label", "repair", "New label", "U", "Give the brush a label that no object has.", "nothing"),
    Action(
        "redo_box",
        "repair",
        "Segment box",
        "R",
        "Segment a drawn box anew with the settings of the Segment tab; what is reviewed stays.",
        "box",
        needs_objects=False,
    ),
    Action("next_doubtful", "look", "Next doubtful", "N", "Go to the place where the model was least sure.", "nothing"),
    Action("previous_object", "look", "Previous", "Q", "Go to the object before this one.", "nothing"),
    Action("next_object", "look", "Next", "W", "Go to the object after this one.", "nothing"),
    Action(
        "review_object",
        "review",
        "Object",
        "A",
        "Mark the object under the cursor, and the background around it, as reviewed; once more takes it back.",
        "point",
    ),
    Action(
        "review_box",
        "review",
        "Box",
        "Y",
        "Mark a drawn box as reviewed; once more takes it back.",
        "box",
        needs_objects=False,
    ),
    Action(
        "review_image",
        "review",
        "Image",
        "I",
        "Mark the whole plane on screen as reviewed and keep a version of the image; once more takes the mark back.",
        "nothing",
        needs_objects=False,
    ),
)


def action_named(name: str) -> Action:
    """Return an action by its name."""
    return next(action for action in ACTIONS if action.name == name)
