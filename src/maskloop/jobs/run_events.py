"""What a training run tells: one JSON object a line in a file of its folder, which a window reads, now or later.

Each time that its process ends by itself, the last event is `Ended`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from maskloop.jobs.messages import Message
from maskloop.project.history import Epoch


class Queued(Message):
    """Another training has the computer; this one waits for it."""

    kind: Literal["queued"] = "queued"


class Began(Message):
    """The engine runs.

    Attributes
    ----------
    device : str
        What it computes on.
    computer : str
        The name of the computer, by which times can be compared.
    """

    kind: Literal["began"] = "began"
    device: str
    computer: str


class EpochEnded(Message):
    """An epoch ended, and is kept.

    Attributes
    ----------
    epoch : Epoch
    share : float
        Of the budget, 0 to 1.
    """

    kind: Literal["epoch"] = "epoch"
    epoch: Epoch
    share: float


class Remark(Message):
    """A sentence that a person should read."""

    kind: Literal["remark"] = "remark"
    text: str


class Trained(Message):
    """The model is whole."""

    kind: Literal["trained"] = "trained"


class Compared(Message):
    """The new model was compared to its base, on the same held-out pixels.

    Attributes
    ----------
    rows : tuple of tuple of str
        The first one is the header; the others begin with what the models were compared on, and the model.
    recommendation : str
    better : bool
        Whether the new one is to be adopted.
    """

    kind: Literal["compared"] = "compared"
    rows: tuple[tuple[str, ...], ...]
    recommendation: str
    better: bool


class Ended(Message):
    """The process ends.

    Attributes
    ----------
    outcome : str
        Whether all is done, somebody stopped it, or it failed.
    reason : str
        A sentence, where it failed.
    """

    kind: Literal["ended"] = "ended"
    outcome: Literal["done", "stopped", "failed"]
    reason: str = ""


class Decided(Message):
    """A person has looked at what came of it; written by the window.

    Attributes
    ----------
    adopted : bool
        Whether the model was adopted, or else discarded.
    """

    kind: Literal["decided"] = "decided"
    adopted: bool


AnyEvent = Queued | Began | EpochEnded | Remark | Trained | Compared | Ended | Decided
RunEvent = Annotated[AnyEvent, Field(discriminator="kind")]
RUN_EVENTS: TypeAdapter[RunEvent] = TypeAdapter(RunEvent)


def append_event(event: Message, path: Path) -> None:
    """Write an event behind the others; a line that a power cut left unfinished is closed first."""
    with path.open("a+b") as file:
        if file.tell() and not _ends_with_newline(path):
            file.write(b"\n")
        file.write(event.line())


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"


def read_events(path: Path, start: int = 0) -> tuple[list[RunEvent], int]:
    """Read the events from a place on.

    Parameters
    ----------
    path : Path
    start : int
        In bytes.

    Returns
    -------
    events : list
        Lines that are no event are left out.
    end : int
        Where to go on reading; a line that is still being written is left for then.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            content = file.read()
    except OSError:  # not there yet, or its disk is out of reach for the moment
        return [], start
    whole = content.rpartition(b"\n")[0]
    events = []
    for line in whole.splitlines():
        try:
            events.append(RUN_EVENTS.validate_json(line))
        except ValidationError:
            continue
    return events, start + len(whole) + (1 if b"\n" in content else 0)
