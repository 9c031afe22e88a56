"""A worker that keeps to the protocol, without an engine; what it does is asked for by the model's name.

Its maps are the image's grey values stretched to 0 to 1, plane by plane, and its one object is what reaches the
foreground threshold.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

from maskloop.config import OBJECTS, LabelsConfig
from maskloop.jobs.messages import (
    COMMANDS,
    IMAGE_FILE,
    LABELS_FILE,
    MAPS_FILE,
    RESCALED_FILE,
    Broken,
    Cancel,
    Cancelled,
    Done,
    Failed,
    Progress,
    Ready,
    ReportMade,
    Warm,
)

wire = os.fdopen(os.dup(1), "wb", buffering=0)
os.dup2(2, 1)
cancelled = set()
untidy = []


def send(event):
    wire.write(event.line())


def serve(command):
    if isinstance(command, Warm):
        return warm(Path(command.model))
    if command.kind == "relabel":
        maps = np.load(command.folder / MAPS_FILE)
        return finish(command, maps, command.config)
    if command.kind == "make report":
        return make_report(command)
    model = Path(command.config.model).name
    if model == "noisy":
        print("noise on stdout from Python", flush=True)
        os.write(1, b"noise on stdout from C\n")
        wire.write(b"noise on the wire itself\n")
    if model == "raises":
        print("words of a failure", file=sys.stderr, flush=True)
        return send(Failed(job=command.job, reason="It did not work."))
    if model.startswith(("dies", "speaks")):
        end(command, model)
    if model == "hangs":
        hang()
    if model == "untidy":
        untidy.append(command.folder)
    if model in ("slow", "waits") and not work(command):
        return send(Cancelled(job=command.job))
    image = np.load(command.folder / IMAGE_FILE).astype(float)
    channel = command.config.channel
    grey = image.mean(axis=-1) if channel is None else image[..., channel]
    low, high = grey.min(axis=(1, 2), keepdims=True), grey.max(axis=(1, 2), keepdims=True)
    stretched = (grey - low) / np.where(high > low, high - low, 1)
    maps = np.stack([stretched, stretched], axis=-1).astype(np.float16)
    np.save(command.folder / MAPS_FILE, maps)
    np.save(command.folder / RESCALED_FILE, np.ones(len(maps)))
    constant = bool(np.all(low == high))
    return finish(command, maps, command.config.labels or LabelsConfig(), rescaled=(1.0, 1.0), constant=constant)


def warm(model):
    if model.name == "dies while it is loaded":
        die("last words\n")
    while model.name == "waits to be loaded" and not (model / "go").exists():
        time.sleep(0.05)
    if model.name == "broken":
        return send(Broken(model=str(model), reason="The engine does not start."))
    return send(Ready(model=str(model)))


def end(command, model):
    if model == "speaks and dies later":
        print("last words", file=sys.stderr, flush=True)
        work(command)
    die("last words\n" if model == "dies" else "")


def die(words):
    print(words, file=sys.stderr, end="", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def make_report(command):
    if command.model.name == "raises":
        return send(Failed(job=command.job, reason="It did not work."))
    if command.model.name == "dies":
        die("last words\n")
    if command.model.name in ("waits", "hangs"):
        send(Progress(job=command.job, share=0.25))
    if command.model.name == "hangs":
        hang()
    if command.model.name == "waits":
        while not (command.model / "go").exists():
            time.sleep(0.05)
            send(Progress(job=command.job, share=0.25))
            if command.job in cancelled:
                return send(Cancelled(job=command.job))
    file = command.model / "report.html"
    file.write_text(f"on {command.project.name}")
    return send(ReportMade(job=command.job, file=file))


def hang():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def work(command):
    """Take 10 s, or wait for a file "go" in the model's folder; return whether nobody cancelled meanwhile."""
    slow = command.config.model == "slow"
    for i in range(200 if slow else 2000):
        send(Progress(job=command.job, share=i % 200 / 200))
        time.sleep(0.05)
        if command.job in cancelled:
            return False
        if not slow and (Path(command.config.model) / "go").exists():
            break
    return True


def finish(command, maps, config, rescaled=None, constant=False):
    labels = (maps[..., 0] >= config.foreground).astype(np.int32)
    np.save(command.folder / LABELS_FILE, labels)
    done = Done(
        job=command.job,
        task=OBJECTS,
        objects=int(labels.max()),
        highest=float(maps[..., 0].max()),
        diameter=12.5 if labels.any() else None,
        rescaled=rescaled,
        labels=config,
        constant=constant,
    )
    send(done)


def serve_all(queue):
    for line in sys.stdin.buffer:
        command = COMMANDS.validate_json(line)
        if isinstance(command, Cancel):
            cancelled.add(command.job)
        else:
            queue.put(command)
    for folder in untidy:  # what a worker still writes while nobody listens any more
        time.sleep(0.5)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "late.npy").touch()
    os._exit(0)


if __name__ == "__main__":
    from queue import Queue

    commands = Queue()
    threading.Thread(target=serve_all, args=[commands], daemon=True).start()
    while True:
        serve(commands.get())
