"""The process of one training run: ``python -m maskloop.jobs.trainer RUN_FOLDER``.

It does what is left to do: trains, or goes on with what was cut off; compares the model with its base; and ends, which
gives all memory back. It tells what it does in the folder's record, and needs nobody who listens.
"""

import contextlib
import getpass
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from maskloop import api
from maskloop.errors import Cancelled, explain
from maskloop.jobs.messages import Message
from maskloop.jobs.run_events import Began, Compared, Ended, EpochEnded, Queued, Remark, Trained, append_event
from maskloop.model.runtime import describe_device, start_engine
from maskloop.project.history import Epoch
from maskloop.project.run import Run

NICENESS = 10  # the window and its worker come first
LOOK_INTERVAL_S = 0.2  # at most this often for the wish to stop


class Trainer:
    """Does what is left to do of a run.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._looked, self._stop_seen = 0.0, False

    def work(self) -> None:
        """Train and compare; the record says how it ends."""
        try:
            ended = self._work()
        except Cancelled:
            ended = Ended(outcome="stopped")
        except Exception as error:
            traceback.print_exc()  # to the log
            ended = Ended(outcome="stopped" if self._should_stop() else "failed", reason=explain(error))
        self._tell(ended)

    def _work(self) -> Ended:
        with self._turn():
            start_engine()
            self._tell(Began(device=describe_device(), computer=platform.node()))
            if not self.run.is_trained:
                self._train()
            if self._should_stop():
                return Ended(outcome="stopped")
            self._compare()
        self.run.settle()
        return Ended(outcome="done")

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until no other training of this person runs on this computer."""
        lock = FileLock(Path(tempfile.gettempdir()) / f"maskloop-training-{getpass.getuser()}.lock", timeout=0)
        told = False
        while True:
            try:
                lock.acquire()
                break
            except Timeout:
                if not told:
                    told = True
                    self._tell(Queued())
            if self._should_stop():
                raise Cancelled
            time.sleep(LOOK_INTERVAL_S)
        with lock:
            yield

    def _train(self) -> None:
        api.train(
            self.run.project_folder,
            self.run.model,
            self.run.config,
            on_epoch=self._tell_epoch,
            on_preview=lambda preview: preview.save(self.run.preview_file),
            on_remark=lambda text: self._tell(Remark(text=text)),
            should_stop=self._should_stop,
        )
        self._tell(Trained())

    def _compare(self) -> None:
        models, channel = (self.run.rival, self.run.model), self.run.config.channel
        found = api.compare(*models, self.run.project_folder, channel=channel, should_stop=self._should_stop)
        found.picture.save(self.run.preview_file)
        self._tell(Compared(rows=found.rows(), recommendation=found.recommendation, better=found.is_better))

    def _tell(self, event: Message) -> None:
        # On a full disk the record has a gap, but what was learned is there.
        with contextlib.suppress(OSError):
            append_event(event, self.run.events_file)

    def _tell_epoch(self, epoch: Epoch, share: float) -> None:
        self._tell(EpochEnded(epoch=epoch, share=share))

    def _should_stop(self) -> bool:
        if not self._stop_seen and time.monotonic() - self._looked > LOOK_INTERVAL_S:
            self._looked = time.monotonic()
            self._stop_seen = self.run.stop_wanted
        return self._stop_seen


def main(folder: Path) -> None:
    """Do what is left to do of a run, unless another process is at it."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    os.chdir(folder)  # so that a project that is moved meanwhile is followed
    run = Run(Path())
    with contextlib.suppress(Timeout), run.hold():
        Trainer(run).work()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
