"""The child's side of the process boundary: ``python -m maskloop.jobs.worker``.

Commands come in on stdin, events go out on what was stdout; whatever else is printed goes to stderr, which the
client has pointed at a log. The end of stdin means that the parent is gone.
"""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from maskloop import api
from maskloop.config import LabelsConfig, TaskConfig
from maskloop.errors import Cancelled as CancelledError
from maskloop.errors import explain
from maskloop.jobs.messages import (
    COMMANDS,
    IMAGE_FILE,
    LABELS_FILE,
    MAPS_FILE,
    RESCALED_FILE,
    Broken,
    Cancel,
    Cancelled,
    Command,
    Done,
    Failed,
    MakeReport,
    Message,
    Progress,
    Ready,
    Relabel,
    ReportMade,
    Segment,
    Warm,
)
from maskloop.jobs.priority import be_nice
from maskloop.ops.targets import object_diameters
from maskloop.ops.task import task_of
from maskloop.project.model_folder import find_model, read_card

if TYPE_CHECKING:
    from maskloop.inference.model import Model

PROGRESS_INTERVAL_S = 0.05
NICENESS = 5  # the window comes first where both want the processor


class Worker:
    """Runs one command after the other, and listens for cancellations meanwhile.

    Parameters
    ----------
    commands, events : binary file
        The two ends of the wire.
    """

    def __init__(self, commands: BinaryIO, events: BinaryIO) -> None:
        self._incoming, self._outgoing = commands, events
        self._waiting: SimpleQueue[Command] = SimpleQueue()
        self._cancelled: set[int] = set()
        self._wanted = ""  # the model that was asked for last; no other one need be made warm
        self._loaded: Model | None = None

    def run(self) -> None:
        """Serve until stdin ends, which ends the process."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            self._serve(self._waiting.get())

    def _listen(self) -> None:
        for line in self._incoming:
            command = COMMANDS.validate_json(line)
            if isinstance(command, Cancel):
                self._cancelled.add(command.job)
                continue
            if isinstance(command, Warm):
                self._wanted = command.model
            self._waiting.put(command)
        os._exit(0)  # the parent is gone, and nobody waits for what is being computed

    def _send(self, event: Message) -> None:
        self._outgoing.write(event.line())
        self._outgoing.flush()

    def _serve(self, command: Command) -> None:
        if isinstance(command, Segment | Relabel | MakeReport):
            self._send(self._outcome(command))
        elif isinstance(command, Warm) and command.model == self._wanted:
            try:
                self._model(command.model)
                self._send(Ready(model=command.model))
            except Exception as error:  # said now, and again by each job that needs the model
                self._send(Broken(model=command.model, reason=explain(error)))

    def _outcome(self, command: Segment | Relabel | MakeReport) -> Message:
        try:
            match command:
                case Segment():
                    return self._segment(command)
                case Relabel():
                    return self._relabel(command)
                case MakeReport():
                    return self._make_report(command)
        except CancelledError:
            return Cancelled(job=command.job)
        except Exception as error:
            traceback.print_exc()  # stderr is the log
            return Failed(job=command.job, reason=explain(error))

    def _model(self, name: str) -> "Model":
        folder = find_model(name)
        # By its card too, which holds the checksum of its weights: another model may be in the folder by now.
        if self._loaded is None or (self._loaded.folder, self._loaded.card) != (folder, read_card(folder)):
            model = api.load_model(folder)
            model.warm()
            self._loaded = model  # one at a time: memory is for the images
        return self._loaded

    def _segment(self, command: Segment) -> Done:
        job, config = command.job, command.config
        stop = self._stopper(job)
        stop_now(stop)
        model = self._model(config.model)
        image = np.load(command.folder / IMAGE_FILE, mmap_mode="r", allow_pickle=False)
        shape = image.shape[:3]
        task = model.card.network.task
        maps = _create(command.folder / MAPS_FILE, (*shape, len(task.heads)), np.float16)
        labels = _create(command.folder / LABELS_FILE, shape, np.int32)
        summary = _Summary(task)
        results = api.segment_planes(image, model, config, self._reporter(job), stop)
        for i, result in enumerate(results):
            labels[i], maps[i] = result.labels, result.maps
            summary.add(result.labels, result.maps, result.rescaled)
        np.save(command.folder / RESCALED_FILE, summary.rescaled)
        constant = not any(d.size for d in summary.diameters) and bool(np.all(image == image.flat[0]))
        return summary.done(job, config.labels or model.card.labels, constant)

    def _relabel(self, command: Relabel) -> Done:
        maps = np.load(command.folder / MAPS_FILE, mmap_mode="r", allow_pickle=False)
        labels = _create(command.folder / LABELS_FILE, maps.shape[:3], np.int32)
        stop, report = self._stopper(command.job), self._reporter(command.job)
        summary, task = _Summary(command.task), task_of(command.task)
        factors = np.load(command.folder / RESCALED_FILE, allow_pickle=False)
        for i, (plane, factor) in enumerate(zip(maps, factors, strict=True)):
            stop_now(stop)
            labels[i] = task.to_labels(plane, command.config, float(factor))
            summary.add(labels[i], plane, None)
            report((i + 1) / len(maps))
        return summary.done(command.job, command.config, constant=False)

    def _make_report(self, command: MakeReport) -> ReportMade:
        stop, report = self._stopper(command.job), self._reporter(command.job)
        stop_now(stop)
        file = api.report(command.model, command.project, on_image=report, should_stop=stop)
        return ReportMade(job=command.job, file=file)

    def _stopper(self, job: int) -> Callable[[], bool]:
        return lambda: job in self._cancelled

    def _reporter(self, job: int) -> Callable[[float], None]:
        last = -PROGRESS_INTERVAL_S

        def report(share: float) -> None:
            nonlocal last
            if (now := time.monotonic()) - last >= PROGRESS_INTERVAL_S:
                last = now
                self._send(Progress(job=job, share=share))

        return report


class _Summary:
    def __init__(self, task: TaskConfig) -> None:
        self.task = task
        self.diameters: list[np.ndarray] = []
        self.highest = 0.0
        self.rescaled: list[float] = []

    def add(self, labels: np.ndarray, maps: np.ndarray, rescaled: float | None) -> None:
        if rescaled is not None:
            self.rescaled.append(rescaled)
        self.diameters.append(object_diameters(task_of(self.task).to_objects(labels)))
        seen = maps[..., 1:] if self.task.kind == "classes" else maps[..., 0]
        self.highest = max(self.highest, float(seen.max()))

    def done(self, job: int, labels: LabelsConfig, constant: bool) -> Done:
        diameters = np.concatenate(self.diameters)
        return Done(
            job=job,
            task=self.task,
            objects=len(diameters),
            highest=self.highest,
            diameter=float(np.median(diameters)) if len(diameters) else None,
            rescaled=(min(self.rescaled), max(self.rescaled)) if self.rescaled else None,
            labels=labels,
            constant=constant,
        )


def stop_now(should_stop: Callable[[], bool]) -> None:
    """Raise Cancelled if it was asked for."""
    if should_stop():
        raise CancelledError


def _create(path: Path, shape: tuple[int, ...], dtype: type) -> np.memmap:
    # Replaced rather than overwritten: the client may still be reading the old one.
    path.unlink(missing_ok=True)
    array = np.lib.format.open_memmap(path, "w+", dtype, shape)
    if hasattr(os, "posix_fallocate"):  # a full disk is an error now, and not a bus error at the first write
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def main() -> None:
    """Keep a private copy of stdout as the wire, point stdout at the log, and serve."""
    wire = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    be_nice(NICENESS)
    Worker(sys.stdin.buffer, wire).run()


if __name__ == "__main__":
    main()
