"""Which pixels of a project no model learns from: decided once for each image, so that models can be compared."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from maskloop.config import Config
from maskloop.errors import ProjectError
from maskloop.files import write_atomically
from maskloop.ops.held_region import hold_out_region, judged_by, learned_from
from maskloop.ops.task import Task
from maskloop.project.annotation import Annotation
from maskloop.project.layout import HELD_OUT_FILE

SCHEMA: Literal[1] = 1
MANY = 10  # images, from which on whole ones are held out
SHARE = 0.2  # of the images

Edge = Annotated[int, Field(ge=0)]
Choice = Literal["all", "nothing"] | tuple[Edge, Edge, Edge, Edge]
"""What is held out of an image; a region is top, bottom, left and right, of all its planes."""


class HeldOut(Config):
    """What is held out of the images that a model has ever learned from or was judged by.

    They are known by the SHA-256 of their pixels, so that one which is removed and added again keeps its part.

    Examples
    --------
    >>> from maskloop.ops.task_kinds import Objects
    >>> labels = np.zeros((1, 40, 100), int)
    >>> labels[0, 10:20, 10:20], labels[0, 10:20, 85:95] = 1, 2
    >>> annotation = Annotation(labels, np.ones_like(labels))
    >>> held = HeldOut().extended([("a", annotation)], 1, Objects())
    >>> held.images
    {'a': (0, 40, 80, 100)}
    >>> learned, judged = held.parts("a", annotation)
    >>> int(learned[0, 0].sum()), int(judged[0, 0].sum())  # the rest is a margin
    (64, 20)
    """

    schema_version: Literal[1] = SCHEMA
    images: dict[str, Choice] = Field(default_factory=dict)

    def extended(self, annotations: Iterable[tuple[str, Annotation]], count: int, task: Task) -> "HeldOut":
        """Decide on the images that nothing was decided on yet.

        With few images it is a region of each, and from ten on it is every fifth entry as a whole, or the next one in
        which there is something to judge by. Where nothing is held out of any image, it is the last one as a whole.

        Parameters
        ----------
        annotations : iterable of (str, Annotation)
            By image, in the order in which they were added.
        count : int
            How many images there are to learn from.
        task : Task
            What their labels mean.

        Returns
        -------
        HeldOut
        """
        decided, images, last = dict(self.images), [], None
        for image, annotation in annotations:
            images.append(image)
            if image not in decided:
                judges = _can_judge(annotation, task)
                decided[image] = _choose_whole(decided, judges) if count >= MANY else _choose_region(annotation, task)
                last = image if judges else last
        if last is not None and all(decided[image] == "nothing" for image in images):
            decided[last] = "all"  # such as one of some embryos, each alone in its image
        return self.model_copy(update={"images": decided})

    def parts(self, image: str, annotation: Annotation) -> tuple[np.ndarray, np.ndarray]:
        """Return the reviewed pixels of an image to learn from, and those to judge by; bool, of the labels' shape."""
        reviewed = annotation.reviewed > 0
        choice, nothing = self.images[image], np.zeros_like(reviewed)
        if choice == "nothing":
            return reviewed, nothing
        if choice == "all":
            return nothing, reviewed
        top, bottom, left, right = choice
        box = slice(top, bottom), slice(left, right)
        return learned_from(reviewed, box), judged_by(reviewed, box)


def _can_judge(annotation: Annotation, task: Task) -> bool:
    planes, reviewed = (a.reshape(-1, *a.shape[-2:]) for a in (annotation.labels, annotation.reviewed > 0))
    return bool(task.kinds(planes, reviewed))


def _choose_whole(decided: dict[str, Choice], judges: bool) -> Choice:
    held = sum({"all": 1.0, "nothing": 0.0}.get(str(choice), SHARE) for choice in decided.values())
    return "all" if judges and held + 1 <= SHARE * (len(decided) + 1) else "nothing"


def _choose_region(annotation: Annotation, task: Task) -> Choice:
    box = hold_out_region(annotation.labels, annotation.reviewed > 0, task)
    return "nothing" if box is None else (box[0].start, box[0].stop, box[1].start, box[1].stop)


def read_held_out(project: Path) -> HeldOut:
    """Read what is held out in a project; nothing where no model has been trained yet.

    Raises
    ------
    ProjectError
        If the file is damaged or from a newer version.
    """
    path = project / HELD_OUT_FILE
    try:
        return HeldOut.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return HeldOut()
    except (OSError, ValidationError) as error:
        raise ProjectError(
            f"{path} cannot be used, which says what is held out of training; wanted is the file as maskloop wrote it."
        ) from error


def write_held_out(held: HeldOut, project: Path) -> None:
    """Write what is held out in a project."""
    write_atomically(project / HELD_OUT_FILE, held.model_dump_json(indent=1).encode() + b"\n")
