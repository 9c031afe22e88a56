"""What there is in a project to learn from."""

from dataclasses import dataclass

import numpy as np

from maskloop.ops.judged import whole_objects
from maskloop.ops.objects import count_objects
from maskloop.project.entry import Entry
from maskloop.project.project import Project


@dataclass(frozen=True)
class Material:
    """Reviewed images, and what they hold.

    Attributes
    ----------
    images : int
        In which something is reviewed.
    objects : int or None
        That are reviewed as a whole; None where labels do not mean objects.
    share : float
        Of the pixels of these images that is reviewed.
    """

    images: int
    objects: int | None
    share: float

    def __str__(self) -> str:
        if not self.images:
            return "Nothing is reviewed yet. Only what you have checked is learned from: say so in the Correct tab."
        images = f"{self.images} image{'' if self.images == 1 else 's'}"
        plural = "" if self.objects == 1 else "s"
        objects = "" if self.objects is None else f" {self.objects:,} reviewed object{plural},"
        return f"{images},{objects} {self.share:.0%} of the pixels reviewed."


class MaterialCounter:
    """Counts what is reviewed, and remembers it of entries that have not changed since."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int, float], int] = {}

    def count(self, project: Project) -> Material:
        """Count what is reviewed in a project; reads labels, and so takes a while.

        Raises
        ------
        ProjectError
            If a file is damaged.
        """
        reviewed = [entry for entry in project.entries if entry.reviewed]
        pixels = {entry.id: int(np.prod(entry.labels_shape)) for entry in reviewed}
        share = sum(entry.reviewed * pixels[entry.id] for entry in reviewed) / max(sum(pixels.values()), 1)
        counts = project.task.kind == "objects"
        objects = sum(self._objects(project, entry) for entry in reviewed) if counts else None
        return Material(len(reviewed), objects, share)

    def _objects(self, project: Project, entry: Entry) -> int:
        key = entry.id, entry.revision, entry.objects, entry.reviewed
        if entry.reviewed == 1:
            return entry.objects
        if key not in self._known:
            annotation = project.annotation(entry)
            self._known[key] = count_objects(whole_objects(annotation.labels, annotation.reviewed > 0))
        return self._known[key]
