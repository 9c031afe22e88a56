"""Images by which a model can be judged fairly: it has not learned from them."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from maskloop.config import OBJECTS, TaskConfig
from maskloop.data.examples import Example, read_examples
from maskloop.data.project_examples import read_lesson
from maskloop.ops.task import require_task
from maskloop.project.layout import PROJECT_FILE
from maskloop.project.project import Project

CHOSEN = "Best epoch and thresholds were chosen by them, which flatters the model a little."


@dataclass(frozen=True)
class Unseen:
    """Images to judge a model by.

    Attributes
    ----------
    examples : list of Example
    choice : str
        Which ones these are, in a sentence.
    """

    examples: list[Example]
    choice: str


def read_unseen(
    data: Path, held_out: Collection[str], channel: int | None = None, task: TaskConfig = OBJECTS
) -> Unseen:
    """Read what is held out of a project, or of a folder the images that a model names as held out.

    Parameters
    ----------
    data : Path
        A project, or a folder with ``images`` and ``labels``.
    held_out : collection of str
        Names of the images that were held out when the model was trained; where the folder has none of them, all of
        its images are new to the model.
    channel : int, optional
        Which channel of a project's images, from 0; of colour images beside others all are taken. Left out: the
        only one, or all colours.
    task : TaskConfig, optional
        Of the model. Left out: objects.

    Returns
    -------
    Unseen

    Raises
    ------
    InputError
        If there are no images, they cannot be used, or the task of the project is another one.
    ProjectError
        If a file of the project is damaged.
    """
    name = data.resolve().name
    if (data / PROJECT_FILE).is_file():
        with Project(data, hold=False) as project:
            require_task(task, project.task, "The model", f"the labels of the project {name}")
            examples = read_lesson(project, channel).validation
        return Unseen(
            examples,
            f"Judged by the pixels that are held out of the project {name}: no model of it learns from them. {CHOSEN}",
        )
    examples = read_examples(data, task=task)
    known = [example for example in examples if example.name in set(held_out)]
    if known:
        return Unseen(known, f"Judged by the images of {name} that were held out when the model was trained. {CHOSEN}")
    return Unseen(
        examples,
        f"Judged by all images of {name}, of which the model names none as held out: the scores flatter it if it has "
        "learned from some.",
    )
