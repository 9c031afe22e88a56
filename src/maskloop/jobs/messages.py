"""What crosses the pipes between the window's process and a worker: one JSON object a line.

Pixels don't cross: they lie in the job's folder, which can so be replayed, and is a bug report.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from maskloop.config import LabelsConfig, SegmentConfig, TaskConfig

IMAGE_FILE = "image.npy"  # (P, Y, X, C), any real dtype
MAPS_FILE = "maps.npy"  # (P, Y, X, heads), float16
RESCALED_FILE = "rescaled.npy"  # (P,), float64: the factor by which each plane was enlarged for the network
LABELS_FILE = "labels.npy"  # (P, Y, X), int32


class Message(BaseModel):
    """A frozen message; its field `kind` names its class on the wire."""

    # JSON has no NaN, but both ends are Python, which reads and writes it.
    # Deferred: a window that opens need not wait for the checks of messages that nobody has sent yet.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants", defer_build=True)

    def line(self) -> bytes:
        """Return the message as a line of JSON."""
        return self.model_dump_json().encode() + b"\n"


class Warm(Message):
    """Load a model before it is needed; of several that wait, only the one that was asked for last is loaded."""

    kind: Literal["warm"] = "warm"
    model: str


class Segment(Message):
    """Segment the planes of `IMAGE_FILE` in a folder; write `MAPS_FILE` and `LABELS_FILE` beside it."""

    kind: Literal["segment"] = "segment"
    job: int
    folder: Path
    config: SegmentConfig


class Relabel(Message):
    """Make `LABELS_FILE` anew from the kept `MAPS_FILE` of a folder."""

    kind: Literal["relabel"] = "relabel"
    job: int
    folder: Path
    config: LabelsConfig
    task: TaskConfig


class MakeReport(Message):
    """Judge a model by what is held out of a project, and write the report into the model's folder."""

    kind: Literal["make report"] = "make report"
    job: int
    model: Path
    project: Path


class Cancel(Message):
    """Stop a job, running or waiting."""

    kind: Literal["cancel"] = "cancel"
    job: int


class Ready(Message):
    """The engine runs and a model is loaded."""

    kind: Literal["ready"] = "ready"
    model: str


class Broken(Message):
    """The engine or a model cannot be started; jobs that need it will fail with the same reason."""

    kind: Literal["broken"] = "broken"
    model: str
    reason: str


class Progress(Message):
    """The share of a job that is done, 0 to 1."""

    kind: Literal["progress"] = "progress"
    job: int
    share: float


class Done(Message):
    """A job ended well.

    Attributes
    ----------
    task : TaskConfig
        What the labels mean.
    objects : int
        Number of objects in all planes, or of parts of the foreground or of classes.
    highest : float
        Highest probability of foreground.
    diameter : float or None
        Median diameter of the objects in pixels.
    rescaled : (float, float) or None
        The least and the greatest factor by which a plane was enlarged for the network; None where only the labels
        were made anew.
    labels : LabelsConfig
        How the maps became labels.
    constant : bool
        Whether the image has one grey value only; never where only the labels were made anew.
    """

    kind: Literal["done"] = "done"
    job: int
    task: TaskConfig
    objects: int
    highest: float
    diameter: float | None
    rescaled: tuple[float, float] | None
    labels: LabelsConfig
    constant: bool


class ReportMade(Message):
    """A report was written."""

    kind: Literal["report made"] = "report made"
    job: int
    file: Path


class Cancelled(Message):
    """A job was stopped because it was asked to."""

    kind: Literal["cancelled"] = "cancelled"
    job: int


class Failed(Message):
    """A job ended with an error; `reason` is one sentence for the person, the traceback is in the log."""

    kind: Literal["failed"] = "failed"
    job: int
    reason: str


class Crashed(Message):
    """The worker died with this job in its hands; made by the client, with the end of the worker's log."""

    kind: Literal["crashed"] = "crashed"
    job: int
    exit_code: int | None
    log: str


Command = Annotated[Warm | Segment | Relabel | MakeReport | Cancel, Field(discriminator="kind")]
Event = Annotated[
    Ready | Broken | Progress | Done | ReportMade | Cancelled | Failed | Crashed, Field(discriminator="kind")
]
TERMINAL = (Done, ReportMade, Cancelled, Failed, Crashed)

COMMANDS: TypeAdapter[Command] = TypeAdapter(Command, config=ConfigDict(defer_build=True))
EVENTS: TypeAdapter[Event] = TypeAdapter(Event, config=ConfigDict(defer_build=True))
