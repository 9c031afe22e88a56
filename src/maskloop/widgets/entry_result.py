"""Where a segmentation of the open entry's image goes: into its labels, around what has been reviewed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from maskloop.config import TaskConfig
from maskloop.errors import InputError
from maskloop.ops.edit import Edit
from maskloop.ops.task import task_of
from maskloop.widgets.background import Background
from maskloop.widgets.class_look import show_classes
from maskloop.widgets.labels_plane import LabelsPlane, require_editable
from maskloop.widgets.open_entry import OpenEntry
from maskloop.widgets.snapshot import Snapshot


class EntryResult:
    """The labels of an open entry, to which predictions are written as steps of undo.

    Parameters
    ----------
    entry : OpenEntry
    background : Background
        Where what becomes of each plane is worked out.
    """

    def __init__(self, entry: OpenEntry, background: Background) -> None:
        self._entry, self._background = entry, background
        self._unused = 0  # the first number that no object has

    def write(
        self, labels: np.ndarray, snapshot: Snapshot, metadata: dict[str, Any], done: Callable[[str], None]
    ) -> None:
        """Lay predicted labels into those of the entry, plane by plane; reviewed objects and pixels stay.

        What a person has painted since the latest version is kept as one first.

        Parameters
        ----------
        labels : ndarray of shape (P, Y, X), int32
        snapshot : Snapshot
            What they were made from.
        metadata : dict
            For the layer.
        done : callable
            Told at the end what a person should know; not at all if something else is written meanwhile.

        Raises
        ------
        InputError
            If the entry was closed meanwhile, or is open for reading only.
        """
        self._require_open()
        require_editable(self._entry.labels)
        self._entry.latest_result = self
        planes = [LabelsPlane(self._entry.labels, snapshot.plane_axes, where) for where in snapshot.positions]
        self._entry.labels.metadata = {**self._entry.labels.metadata, **metadata}
        show_classes(self._entry.labels, self._entry.task)  # another project may have its model in other colours
        begin = partial(self._begin, list(zip(planes, labels, strict=True)), done)
        # All planes are looked at for it, which may take a while.
        self._background.run(partial(np.max, self._entry.labels.data), begin, done)

    def _begin(self, left: list[tuple[LabelsPlane, np.ndarray]], done: Callable[[str], None], highest: int) -> None:
        """Write all planes, once it is known which numbers objects have."""
        self._unused = int(max(highest, self._entry.labels.selected_label)) + 1
        self._go_on(left, done)

    def _go_on(self, left: list[tuple[LabelsPlane, np.ndarray]], done: Callable[[str], None]) -> None:
        if not left:
            done(self._remark())
            return
        plane, predicted = left[0]
        before = _Plane(plane.labels.copy(), self._reviewed(plane))
        work = partial(before.replaced, predicted, self._unused, self._entry.task)
        self._background.run(work, partial(self._apply, before, left, done), done)

    def _apply(
        self, before: "_Plane", left: list[tuple[LabelsPlane, np.ndarray]], done: Callable[[str], None], edit: Edit
    ) -> None:
        plane, _ = left[0]
        if self._entry.latest_result is not self:
            return
        try:
            self._require_open()
            if fresh := self._is_fresh(before, plane):
                self._entry.lay(edit, plane, left[-1][0])
                self._unused = max(self._unused, int(edit.labels.max(initial=0)) + 1)
        except InputError as error:
            done(str(error))
        else:
            self._go_on(left[1:] if fresh else left, done)

    def _is_fresh(self, before: "_Plane", plane: LabelsPlane) -> bool:
        """Whether nobody has painted on the plane or taken a new number meanwhile; if so, it is worked out anew."""
        taken, self._unused = self._unused, max(self._unused, int(self._entry.labels.selected_label) + 1)
        return taken == self._unused and before == _Plane(plane.labels, self._reviewed(plane))

    def _remark(self) -> str:
        reviewed = "What is reviewed was left alone." if self._entry.reviewed.any() else ""
        kept = f"What you had painted is kept: Earlier versions, {self._entry.kept}." if self._entry.kept else ""
        return f"{reviewed} {kept}".strip()

    def _reviewed(self, plane: LabelsPlane) -> np.ndarray:
        return np.asarray(self._entry.reviewed[plane.index] > 0)

    def _require_open(self) -> None:
        if not self._entry.is_open:
            raise InputError(f"{self._entry.entry.name!r} was closed meanwhile; no more of its labels was changed.")


@dataclass(frozen=True, eq=False)
class _Plane:
    """A plane of labels as it is at some moment."""

    labels: np.ndarray
    reviewed: np.ndarray

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Plane)
            and np.array_equal(self.labels, other.labels)
            and np.array_equal(self.reviewed, other.reviewed)
        )

    def replaced(self, predicted: np.ndarray, unused: int, task: TaskConfig) -> Edit:
        whole = (slice(0, predicted.shape[0]), slice(0, predicted.shape[1]))
        return task_of(task).lay(self.labels, whole, predicted, self.reviewed, unused)
