"""A worker that keeps to the protocol, without an engine; what it does is asked for by the model's name."""

import os
import signal
import sys
import threading
import time

import numpy as np

from maskloop.jobs.messages import (
    COMMANDS,
    IMAGE_FILE,
    LABELS_FILE,
    MAPS_FILE,
    Cancel,
    Cancelled,
    Done,
    Failed,
    Progress,
    Ready,
    Warm,
)
from maskloop.config import LabelsConfig

wire = os.fdopen(os.dup(1), "wb", buffering=0)
os.dup2(2, 1)
cancelled = set()


def send(event):
    wire.write(event.line())


def serve(command):
    if isinstance(command, Warm):
        return send(Ready())
    if command.kind == "relabel":
        maps = np.load(command.folder / MAPS_FILE)
        labels = (maps[..., 0] >= command.config.foreground).astype(np.int32)
        np.save(command.folder / LABELS_FILE, labels)
        return send(done(command.job, labels, command.config, maps))
    model = command.config.model
    if model == "noisy":
        print("noise on stdout from Python", flush=True)
        os.write(1, b"noise on stdout from C\n")
        wire.write(b"noise on the wire itself\n")
    if model == "raises":
        return send(Failed(job=command.job, reason="It did not work."))
    if model == "dies":
        print("last words", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if model == "hangs":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if model == "slow":
        for i in range(200):
            send(Progress(job=command.job, share=i / 200))
            time.sleep(0.05)
            if command.job in cancelled:
                return send(Cancelled(job=command.job))
    image = np.load(command.folder / IMAGE_FILE)
    labels = (image[..., 0] > image.mean()).astype(np.int32)
    maps = np.stack([labels, labels], axis=-1).astype(np.float16) * 0.75
    np.save(command.folder / LABELS_FILE, labels)
    np.save(command.folder / MAPS_FILE, maps)
    return send(done(command.job, labels, command.config.labels or LabelsConfig(), maps))


def done(job, labels, config, maps):
    return Done(
        job=job,
        objects=int(labels.max()),
        highest=float("nan") if not maps.size else float(maps[..., 0].max()),
        diameter=12.5 if labels.any() else None,
        rescaled=1.0,
        labels=config,
        constant=False,
    )


def serve_all(queue):
    for line in sys.stdin.buffer:
        command = COMMANDS.validate_json(line)
        if isinstance(command, Cancel):
            cancelled.add(command.job)
        else:
            queue.put(command)
    os._exit(0)


if __name__ == "__main__":
    from queue import Queue

    commands = Queue()
    threading.Thread(target=serve_all, args=[commands], daemon=True).start()
    while True:
        serve(commands.get())
