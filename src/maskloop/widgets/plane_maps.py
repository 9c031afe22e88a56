"""The model's maps of the plane on screen, and labels of a part of it, made by the worker in the background."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QObject

from maskloop.config import LabelsConfig, SegmentConfig
from maskloop.errors import explain
from maskloop.jobs.client import Report
from maskloop.jobs.messages import TERMINAL, Done
from maskloop.widgets.describe_end import describe_end
from maskloop.widgets.snapshot import Snapshot
from maskloop.widgets.worker_session import WorkerSession


@dataclass(frozen=True)
class PlaneMaps:
    """What the model sees in a plane.

    Attributes
    ----------
    maps : ndarray of shape (Y, X, 2), float16
        Probability of foreground and normalised distance.
    labels : LabelsConfig
        How maps become labels.
    rescaled : float
        Factor by which the plane was enlarged for the network.
    """

    maps: np.ndarray
    labels: LabelsConfig
    rescaled: float


class MapsOfPlanes(QObject):
    """Asks the worker for maps and labels of single planes, and keeps the maps asked for last.

    Parameters
    ----------
    session : WorkerSession
    """

    def __init__(self, session: WorkerSession) -> None:
        super().__init__()
        self._session = session
        self._open: dict[int, tuple[Callable[[Report], None], Callable[[str], None]]] = {}
        self._kept: tuple[Snapshot, SegmentConfig, PlaneMaps] | None = None
        session.reported.connect(self._handle)

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self._open)

    def find(self, snapshot: Snapshot, config: SegmentConfig) -> PlaneMaps | None:
        """Return the maps of the one plane of a snapshot, if they are there."""
        if self._kept is None:
            return None
        kept, kept_config, maps = self._kept
        same = kept.same_image(snapshot) and kept.where == snapshot.where and kept_config == config
        return maps if same else None

    def ask(
        self,
        snapshot: Snapshot,
        config: SegmentConfig,
        then: Callable[[PlaneMaps], None],
        failed: Callable[[str], None],
    ) -> None:
        """Have the maps of the one plane of a snapshot made, and kept; one of the two functions is called."""

        def keep(report: Report) -> None:
            assert isinstance(report.event, Done)
            maps, rescaled = self._session.maps(report.event.job)
            # Read at once, since the worker's folder is not ours to keep.
            made = PlaneMaps(np.array(maps[0]), report.event.labels, float(rescaled[0]))
            self._kept = (snapshot, config, made)
            then(made)

        self._send(snapshot, config, keep, failed)

    def segment(
        self,
        snapshot: Snapshot,
        config: SegmentConfig,
        then: Callable[[np.ndarray], None],
        failed: Callable[[str], None],
    ) -> None:
        """Have the one plane of a snapshot segmented; `then` is given labels of shape (Y, X), int32."""

        def unpack(report: Report) -> None:
            assert report.labels is not None
            then(report.labels[0])

        self._send(snapshot, config, unpack, failed)

    def _send(
        self,
        snapshot: Snapshot,
        config: SegmentConfig,
        then: Callable[[Report], None],
        failed: Callable[[str], None],
    ) -> None:
        job = self._session.segment(snapshot.planes, 1, config)
        self._open[job] = (then, failed)

    def _handle(self, report: Report) -> None:
        event = report.event
        if not isinstance(event, TERMINAL) or event.job not in self._open:
            return
        then, failed = self._open.pop(event.job)
        try:
            if isinstance(event, Done):
                then(report)
            else:
                failed(describe_end(event))
        except OSError as error:  # somebody has tidied the folder for temporary files
            failed(explain(error))
        finally:
            self._session.forget(event.job)
