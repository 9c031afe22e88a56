"""What the reviewed pixels of a project teach: examples to learn from, and others to judge by."""

from collections.abc import Iterator

import numpy as np

from maskloop.config import TaskConfig
from maskloop.data.examples import Example
from maskloop.data.lesson import Lesson
from maskloop.errors import InputError
from maskloop.ops.axes import to_planes
from maskloop.ops.objects import count_objects
from maskloop.ops.task import Task, task_of
from maskloop.project.annotation import Annotation
from maskloop.project.entry import Entry
from maskloop.project.held_out import read_held_out, write_held_out
from maskloop.project.project import Project


def read_lesson(project: Project, channel: int | None = None) -> Lesson:
    """Read the reviewed entries of a project, and decide what is held out of those that are new.

    What is decided is written where another process holds the project too: nobody decides it anew, and what others have
    decided meanwhile stays.

    Parameters
    ----------
    project : Project
    channel : int, optional
        Which channel, from 0; of colour images beside others all are taken. Left out: the only one, or all colours.

    Returns
    -------
    Lesson

    Raises
    ------
    InputError
        If nothing is reviewed, there are too few objects, or an image has channels and it is not said which to take.
    ProjectError
        If a file is damaged.
    """
    entries = [entry for entry in project.entries if entry.reviewed]
    annotations = {entry.id: project.annotation(entry) for entry in entries}
    entries = [entry for entry in entries if annotations[entry.id].reviewed.any()]
    if not entries:
        raise InputError(
            f"Nothing in {project.folder} is reviewed yet, and only reviewed pixels are learned from: say what you "
            "have checked in the Correct tab."
        )
    for entry in entries:
        _require_channel(entry, project.channel_of(entry, channel))
        _require_classes(entry, annotations[entry.id], project.task)
    by_pixels = {entry.pixels_sha256: annotations[entry.id] for entry in entries}
    task = task_of(project.task)
    known = read_held_out(project.folder)
    held = known.extended(by_pixels.items(), len(entries), task)
    learned: list[Example] = []
    judged: list[Example] = []
    revisions: dict[str, int] = {}
    for entry in entries:
        annotation, planes = annotations[entry.id], _planes(project, entry, project.channel_of(entry, channel))
        parts = held.parts(entry.pixels_sha256, annotation)
        if parts[0].any():
            revisions[entry.id] = entry.revision
        for examples, part in zip((learned, judged), parts, strict=True):
            examples += _examples(entry, planes, annotation, part)
    _require_objects(learned, judged, task, project.task.noun)
    if read_held_out(project.folder) != known:  # by now, since images take long to read
        return read_lesson(project, channel)
    if held != known:  # a model is judged where nothing may be written, too
        write_held_out(held, project.folder)
    return Lesson(learned, judged, revisions)


def _require_channel(entry: Entry, channel: int | None) -> None:
    count = entry.shape[entry.axes.index("C")] if "C" in entry.axes else 1
    if channel is None and count > 1 and not entry.is_colour:
        raise InputError(f"{entry.name!r} has {count} channels: say which one to learn from, counted from 0.")
    if channel is not None and channel >= count:
        raise InputError(f"{entry.name!r} has no channel {channel}: it has {count}, counted from 0.")


def _require_classes(entry: Entry, annotation: Annotation, task: TaskConfig) -> None:
    highest = int(annotation.labels.max(initial=0))
    if task.kind == "classes" and highest > len(task.classes):
        raise InputError(
            f"{entry.name!r} holds the label {highest}, which is of no class; wanted is 0 for background to "
            f"{len(task.classes)}: paint it over."
        )


def _planes(project: Project, entry: Entry, channel: int | None) -> np.ndarray:
    planes = to_planes(project.image(entry), entry.axes).pixels
    return planes if channel is None else planes[..., [channel]]


def _examples(entry: Entry, planes: np.ndarray, annotation: Annotation, part: np.ndarray) -> Iterator[Example]:
    """Yield the planes of an entry of which something belongs to a part."""
    axes = entry.axes.replace("C", "")
    labels, parts = (to_planes(array, axes).pixels[..., 0] for array in (annotation.labels, part.astype(np.uint8)))
    for i, reviewed in enumerate(parts > 0):
        if reviewed.any():
            name = entry.name if len(planes) == 1 else f"{entry.name}, plane {i}"
            yield Example(name, planes[i], labels[i], None if reviewed.all() else reviewed)


def _require_objects(learned: list[Example], judged: list[Example], task: Task, noun: str) -> None:
    taught, kept = (
        sum(count_objects(task.to_objects(example.labels, example.reviewed)) for example in examples)
        for examples in (learned, judged)
    )
    if not taught or not kept:
        raise InputError(
            f"There {'is' if taught + kept == 1 else 'are'} {taught + kept or 'no'} reviewed "
            f"{noun}{'' if taught + kept == 1 else 's'}; wanted are some to learn from, and some apart from these "
            "to judge the model by: review more."
        )
