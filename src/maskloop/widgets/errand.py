"""Work in the background that a dialog follows, and may not want any more."""

from dataclasses import dataclass


@dataclass
class Errand:
    """How far some work is, and whether it is to stop: what the window and the thread share.

    An answer to another errand than the latest is stale.
    """

    share: float = 0.0
    stopped: bool = False

    def reach(self, share: float) -> None:
        """Note that a share is done, 0 to 1; called in the thread."""
        self.share = share

    def should_stop(self) -> bool:
        """Whether the thread is to stop."""
        return self.stopped

    def stop(self) -> None:
        """Let the thread stop at the next file."""
        self.stopped = True
