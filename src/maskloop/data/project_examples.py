"""What the reviewed pixels of a project teach: examples to learn from, and others to judge by."""

from collections.abc import Iterator

import numpy as np

from maskloop.data.examples import Example
from maskloop.data.lesson import Lesson
from maskloop.errors import InputError
from maskloop.ops.axes import to_planes
from maskloop.ops.judged import whole_objects
from maskloop.ops.objects import count_objects
from maskloop.project.annotation import Annotation
from maskloop.project.entry import Entry
from maskloop.project.held_out import read_held_out, write_held_out
from maskloop.project.project import Project


def read_lesson(project: Project) -> Lesson:
    """Read the reviewed entries of a project, and decide what is held out of those that are new.

    Raises
    ------
    InputError
        If nothing is reviewed, or there are too few objects.
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
    held = read_held_out(project.folder).extended(((e.id, annotations[e.id]) for e in entries), len(entries))
    learned: list[Example] = []
    judged: list[Example] = []
    for entry in entries:
        parts = held.parts(entry.id, annotations[entry.id])
        for examples, part in zip((learned, judged), parts, strict=True):
            examples += _examples(project, entry, annotations[entry.id], part)
    _require_objects(learned, judged)
    write_held_out(held, project.folder)
    return Lesson(learned, judged, {entry.id: project.entry(entry.id).revision for entry in entries})


def _examples(project: Project, entry: Entry, annotation: Annotation, part: np.ndarray) -> Iterator[Example]:
    """Yield the planes of an entry of which something belongs to a part."""
    axes = entry.axes.replace("C", "")
    planes = to_planes(project.image(entry), entry.axes).pixels
    labels, parts = (to_planes(array, axes).pixels[..., 0] for array in (annotation.labels, part.astype(np.uint8)))
    for i, reviewed in enumerate(parts > 0):
        if reviewed.any():
            name = entry.name if len(planes) == 1 else f"{entry.name}, plane {i}"
            yield Example(name, planes[i], labels[i], None if reviewed.all() else reviewed)


def _require_objects(learned: list[Example], judged: list[Example]) -> None:
    taught, kept = (sum(_count(example) for example in examples) for examples in (learned, judged))
    if not taught or not kept:
        raise InputError(
            f"There {'is' if taught + kept == 1 else 'are'} {taught + kept or 'no'} reviewed "
            f"object{'' if taught + kept == 1 else 's'}; wanted are some to learn from, and some apart from these "
            "to judge the model by: review more."
        )


def _count(example: Example) -> int:
    return count_objects(whole_objects(example.labels, example.reviewed))
