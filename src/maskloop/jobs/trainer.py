"""The process of one training run: ``python -m maskloop.jobs.trainer RUN_FOLDER``.

It does what is left to do: trains, or goes on with what was cut off; compares the model with its base; and ends, which
gives all memory back. It tells what it does in the folder's record, and needs nobody who listens.
"""

import contextlib
import os
import platform
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path

from filelock import Timeout

from maskloop import api
from maskloop.errors import Cancelled, explain
from maskloop.jobs.messages import Message
from maskloop.jobs.priority import come_last
from maskloop.jobs.run_events import Began, Compared, Ended, EpochEnded, Queued, Remark, Trained, append_event
from maskloop.jobs.turn import LOOK_INTERVAL_S, turn
from maskloop.model.runtime import describe_device, start_engine
from maskloop.project.history import Epoch
from maskloop.project.preview import Preview
from maskloop.project.run import Run

NOTHING_YET = "Training was stopped before its first epoch ended, so there is nothing to keep."


class Trainer:
    """Does what is left to do of a run.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._looked, self._stop_seen = 0.0, False
        self._last_word = threading.Lock()

    def work(self) -> None:
        """Train and compare; the record says how it ends."""
        # The engine takes seconds to start, and asks nobody meanwhile.
        threading.Thread(target=self._end_if_nothing_is_lost, daemon=True).start()
        try:
            ended = self._work()
        except Cancelled:
            ended = Ended(outcome="stopped")
        except Exception as error:
            traceback.print_exc()  # to the log
            here = self.run.project_folder  # "../..", and who reads wants to know which that is
            reason = explain(error).replace(str(here), str(here.resolve()))
            ended = Ended(outcome="stopped" if self._should_stop() else "failed", reason=reason)
        self._end(ended)

    def _end(self, ended: Ended) -> None:
        self._last_word.acquire()  # for good: one ending is told, and the other thread waits for the end
        if not self.run.has_learned:
            self.run.discard()
        self._tell(ended)

    def _end_if_nothing_is_lost(self) -> None:
        """Wait for the wish to stop, and end the process at once if it comes before the first epoch is kept."""
        while not self.run.has_learned:
            if self.run.stop_wanted:
                self._end(Ended(outcome="stopped", reason=NOTHING_YET))
                os._exit(0)
            time.sleep(LOOK_INTERVAL_S)

    def _work(self) -> Ended:
        with turn(lambda: self._tell(Queued()), self._should_stop):
            start_engine()
            self._tell(Began(device=describe_device(), computer=platform.node()))
            if not self.run.is_trained:
                self._train()
            if self._should_stop():
                return Ended(outcome="stopped")
            self._compare()
        self.run.settle()
        return Ended(outcome="done")

    def _train(self) -> None:
        if not self.run.has_learned:  # what is there was cut off in its first epoch
            shutil.rmtree(self.run.model, ignore_errors=True)
        api.train(
            self.run.project_folder,
            self.run.model,
            self.run.config,
            on_epoch=self._tell_epoch,
            on_preview=self._show,
            on_remark=lambda text: self._tell(Remark(text=text)),
            should_stop=self._should_stop,
        )
        self._tell(Trained())

    def _compare(self) -> None:
        models, channel = (self.run.rival, self.run.model), self.run.config.channel
        found = api.compare(*models, self.run.project_folder, channel=channel, should_stop=self._should_stop)
        self._show(found.picture)
        self._tell(Compared(rows=found.rows(), recommendation=found.recommendation, better=found.is_better))

    def _tell(self, event: Message) -> None:
        # On a full disk the record has a gap, but what was learned is there.
        with contextlib.suppress(OSError):
            append_event(event, self.run.events_file)

    def _show(self, preview: Preview) -> None:
        # A disk may be full, and under Windows the window may just be reading it.
        with contextlib.suppress(OSError):
            preview.save(self.run.preview_file)

    def _tell_epoch(self, epoch: Epoch, share: float) -> None:
        self._tell(EpochEnded(epoch=epoch, share=share))

    def _should_stop(self) -> bool:
        if not self._stop_seen and time.monotonic() - self._looked > LOOK_INTERVAL_S:
            self._looked = time.monotonic()
            self._stop_seen = self.run.stop_wanted
        return self._stop_seen


def main(folder: Path) -> None:
    """Do what is left to do of a run, unless another process is at it."""
    come_last()
    os.chdir(folder)  # so that a project that is moved meanwhile is followed
    run = Run(Path())
    with contextlib.suppress(Timeout), run.hold():
        Trainer(run).work()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
