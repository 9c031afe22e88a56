"""What the events of a run come to, up to now."""

from dataclasses import dataclass, field

from maskloop.jobs.run_events import Began, Compared, Decided, Ended, EpochEnded, Queued, Remark, RunEvent, Trained
from maskloop.project.history import Epoch


@dataclass
class RunStory:
    """A run, as far as its record tells.

    Attributes
    ----------
    epochs : list of Epoch
    share : float
        Done of the budget, 0 to 1.
    remarks : list of str
    began : Began or None
    queued, trained : bool
    compared : Compared or None
    ended : Ended or None
        How the last process ended; None while one is at it, or if it was killed.
    decided : Decided or None
    """

    epochs: list[Epoch] = field(default_factory=list)
    share: float = 0.0
    remarks: list[str] = field(default_factory=list)
    began: Began | None = None
    queued: bool = False
    trained: bool = False
    compared: Compared | None = None
    ended: Ended | None = None
    decided: Decided | None = None

    @property
    def computer(self) -> str | None:
        """The name of the computer that the epochs took their time on."""
        return None if self.began is None else self.began.computer

    @property
    def best(self) -> Epoch | None:
        """The epoch whose weights are kept."""
        return min(self.epochs, key=lambda epoch: epoch.val_loss, default=None)

    @property
    def seconds_left(self) -> float | None:
        """How long training goes on, by what the epochs took; None before the first one."""
        spent = sum(epoch.seconds for epoch in self.epochs)
        return spent * (1 - self.share) / self.share if self.share else None

    @property
    def seconds_per_epoch(self) -> float | None:
        """How long an epoch takes; the first one, in which much is prepared, counts only if it is alone."""
        epochs = self.epochs[1:] or self.epochs
        return sum(epoch.seconds for epoch in epochs) / len(epochs) if epochs else None

    def add(self, event: RunEvent) -> None:
        """Take in the next event."""
        match event:
            case Queued():
                self.queued, self.ended = True, None
            case Began():
                self.queued, self.began, self.ended = False, event, None
            case EpochEnded():
                # One that was cut off before its state was written is done again.
                self.epochs = [epoch for epoch in self.epochs if epoch.epoch < event.epoch.epoch] + [event.epoch]
                self.share = event.share
            case Remark():
                self.remarks.append(event.text)
            case Trained():
                self.trained = True
            case Compared():
                self.compared = event
            case Ended():
                self.queued, self.ended = False, event
            case Decided():
                self.decided = event
