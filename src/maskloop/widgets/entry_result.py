"""Where a segmentation of the open entry's image goes: into its labels, around what has been reviewed."""

from typing import Any

import numpy as np

from maskloop.errors import InputError
from maskloop.ops.replace import replace
from maskloop.widgets.labels_plane import LabelsPlane
from maskloop.widgets.open_entry import OpenEntry
from maskloop.widgets.snapshot import Snapshot


class EntryResult:
    """The labels of an open entry, to which predictions are written as steps of undo.

    Parameters
    ----------
    entry : OpenEntry
    """

    def __init__(self, entry: OpenEntry) -> None:
        self._entry = entry

    def write(self, labels: np.ndarray, snapshot: Snapshot, metadata: dict[str, Any]) -> str:
        """Lay predicted labels into those of the entry, plane by plane; reviewed objects and pixels stay.

        Parameters
        ----------
        labels : ndarray of shape (P, Y, X), int32
        snapshot : Snapshot
            What they were made from.
        metadata : dict
            For the layer.

        Returns
        -------
        str
            What a person should know.

        Raises
        ------
        InputError
            If the entry was closed meanwhile, or is open for reading only.
        """
        entry = self._entry
        if not entry.is_open:
            raise InputError(f"{entry.entry.name!r} was closed meanwhile; its labels were not changed.")
        for predicted, where in zip(labels, snapshot.positions, strict=True):
            plane = LabelsPlane(entry.labels, snapshot.plane_axes, where)
            keep = entry.reviewed[plane.index] > 0
            whole = (slice(0, predicted.shape[0]), slice(0, predicted.shape[1]))
            plane.apply(replace(plane.labels, whole, predicted, keep, plane.unused_label()))
        entry.labels.metadata = {**entry.labels.metadata, **metadata}
        return "What is reviewed was left alone." if entry.reviewed.any() else ""
