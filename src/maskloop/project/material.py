"""What there is in a project to learn from."""

from dataclasses import dataclass

import numpy as np

from maskloop.ops.axes import to_planes
from maskloop.ops.judged import whole_objects_by_plane
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
        That are reviewed as a whole, in each plane anew; None where labels do not mean objects.
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
        if entry.reviewed == 1 and len(entry.labels_shape) == 2:
            return entry.objects
        key = entry.id, entry.revision, entry.objects, entry.reviewed
        if key not in self._known:
            known, axes = project.annotation(entry), entry.axes.replace("C", "")
            labels, reviewed = (to_planes(a, axes).pixels[..., 0] for a in (known.labels, known.reviewed))
            self._known[key] = sum(count_objects(plane) for plane in whole_objects_by_plane(labels, reviewed > 0))
        return self._known[key]
