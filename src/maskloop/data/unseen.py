"""Images by which a model can be judged fairly: it has not learned from them."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from maskloop.data.examples import Example, read_examples
from maskloop.data.project_examples import read_lesson
from maskloop.ops.task import require_task
from maskloop.project.layout import PROJECT_FILE
from maskloop.project.model_folder import ModelCard, Training
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


def read_unseen(data: Path, card: ModelCard, channel: int | None = None) -> Unseen:
    """Read what is held out of a project, or of a folder the images that were held out when a model was trained on it.

    Parameters
    ----------
    data : Path
        A project, or a folder with ``images`` and ``labels``. Of one that the model was not trained on, all images are
        read.
    card : ModelCard
        Of the model.
    channel : int, optional
        Which channel, from 0; of a project's colour images beside others all are taken. Left out: the only one, or all
        colours.

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
    name, task = data.resolve().name, card.network.task
    if (data / PROJECT_FILE).is_file():
        with Project(data, hold=False) as project:
            require_task(task, project.task, "The model", f"the labels of the project {name}")
            examples = read_lesson(project, channel).validation
        return Unseen(
            examples,
            f"Judged by the pixels that are held out of the project {name}: no model of it learns from them. {CHOSEN}",
        )
    examples = read_examples(data, task=task, channel=channel)
    held_out = _held_out_of(name, card.training)
    known = [example for example in examples if example.name in held_out]
    if known:
        return Unseen(known, f"Judged by the images of {name} that were held out when the model was trained. {CHOSEN}")
    return Unseen(
        examples,
        f"Judged by all images of {name}, of which none is known to be held out: the scores flatter the model if it "
        "has learned from some.",
    )


def _held_out_of(folder: str, training: Training) -> Collection[str]:
    """Return the names of a folder's images that were held out, whole: of a project it may be a region of each."""
    return set(training.held_out) if training.data == folder and not training.revisions else ()
