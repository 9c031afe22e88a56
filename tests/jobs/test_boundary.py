"""The process boundary, first with a worker that misbehaves on demand, then with the real one."""

import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from maskloop.config import OBJECTS, LabelsConfig, NetworkConfig, SegmentConfig
from maskloop.jobs import client as client_module
from maskloop.jobs.client import Client
from maskloop.jobs.messages import (
    EVENTS,
    IMAGE_FILE,
    MAPS_FILE,
    TERMINAL,
    Broken,
    Cancelled,
    Crashed,
    Done,
    Failed,
    Progress,
    Ready,
    ReportMade,
)
from maskloop.project.project import Project

SEEN = {}  # reports by client: one job is waited for while others end
FAKE = [sys.executable, str(Path(__file__).with_name("fake_worker.py"))]


@pytest.fixture
def start(tmp_path):
    clients = []

    def start(command=FAKE):
        clients.append(Client(tmp_path / "session", command))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


def image():
    return np.arange(48 * 64, dtype=np.float32).reshape(48, 64, 1)


def submit(client, model, planes=1):
    return client.segment(lambda: iter([image()] * planes), planes, SegmentConfig(model=model))


def wait(client, job, seconds=60):
    """Return the reports of a job up to its end."""
    deadline = time.monotonic() + seconds
    seen = SEEN.setdefault(id(client), [])
    while not any(isinstance(r.event, TERMINAL) and r.event.job == job for r in seen):
        assert time.monotonic() < deadline, f"job {job} did not end: {seen}"
        seen += client.poll()
        time.sleep(0.01)
    return [r for r in seen if getattr(r.event, "job", None) == job]


def wait_for(client, kind, count=1, seconds=60):
    """Return all that came in up to an event of a kind, or up to more of them."""
    deadline = time.monotonic() + seconds
    events = []
    while sum(isinstance(event, kind) for event in events) < count:
        assert time.monotonic() < deadline, f"no {kind}: {events}"
        events += [report.event for report in client.poll()]
        time.sleep(0.01)
    return events


def gone(pid, seconds=15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_job_ends_with_its_labels(start):
    client = start()
    reports = wait(client, submit(client, "plain", planes=3))
    assert isinstance(reports[-1].event, Done)
    assert reports[-1].labels.shape == (3, 48, 64)
    assert reports[-1].labels.dtype == np.int32


def test_noise_on_stdout_and_on_the_wire_does_no_harm(start, tmp_path):
    client = start()
    assert isinstance(wait(client, submit(client, "noisy"))[-1].event, Done)
    assert "noise on stdout from C" in (tmp_path / "session" / client_module.LOG_FILE).read_text()


def test_after_a_failure_the_next_job_works(start):
    client = start()
    failed, good = submit(client, "raises"), submit(client, "plain")
    event = wait(client, failed)[-1].event
    assert isinstance(event, Failed)
    assert event.reason == "It did not work."
    assert isinstance(wait(client, good)[-1].event, Done)


def test_cancel_stops_a_running_job_and_the_worker_lives_on(start):
    client = start()
    job = submit(client, "slow")
    while not any(isinstance(r.event, Progress) for r in client.poll()):
        time.sleep(0.01)
    client.cancel(job)
    assert isinstance(wait(client, job, 5)[-1].event, Cancelled)
    assert isinstance(wait(client, submit(client, "plain"))[-1].event, Done)


def test_cancel_ends_a_worker_that_does_not_listen(start, monkeypatch):
    monkeypatch.setattr(client_module, "GRACE_S", 0.3)
    client = start()
    job = submit(client, "hangs")
    time.sleep(1.5)
    client.cancel(job)
    assert isinstance(wait(client, job, 10)[-1].event, Cancelled)
    assert not client.alive


def test_what_waits_behind_a_job_that_does_not_stop_is_told_why_the_worker_ended(start, monkeypatch):
    monkeypatch.setattr(client_module, "GRACE_S", 0.3)
    client = start()
    hanging, waiting = submit(client, "hangs"), submit(client, "plain")
    client.warm("plain")
    while client.pid is None:
        time.sleep(0.01)
    client.cancel(hanging)
    broken, *ends = sorted(wait_for(client, TERMINAL, 2), key=lambda event: isinstance(event, TERMINAL))
    assert ends == [Cancelled(job=hanging), Failed(job=waiting, reason=client_module.ENDED)]
    assert broken == Broken(model="plain", reason=client_module.ENDED)


def test_a_killed_worker_ends_every_open_job_once(start):
    client = start()
    jobs = [submit(client, "dies"), submit(client, "plain"), submit(client, "plain")]
    reports = []
    deadline = time.monotonic() + 30
    while len(reports) < 3 and time.monotonic() < deadline:
        reports += client.poll()
        time.sleep(0.01)
    time.sleep(0.3)
    reports += client.poll()
    assert sorted(r.event.job for r in reports) == jobs
    assert all(isinstance(r.event, Crashed) for r in reports)
    assert reports[0].event.exit_code == -signal.SIGKILL
    assert "last words" in reports[0].event.log


def test_last_words_are_those_of_the_job_at_which_a_worker_died(start):
    client = start()
    assert isinstance(wait(client, submit(client, "raises"))[-1].event, Failed)
    crashed = wait(client, submit(client, "dies quietly"))[-1].event
    assert (type(crashed), crashed.log) == (Crashed, "")


def test_last_words_are_kept_while_more_is_asked_for(start, tmp_path):
    client, model = start(), tmp_path / "speaks and dies later"
    job = submit(client, str(model))
    wait_for(client, Progress)  # it has spoken
    other = submit(client, "plain")
    while not (client.job_folder(other) / IMAGE_FILE).exists():
        time.sleep(0.01)
    time.sleep(0.3)  # until it is handed over
    model.mkdir()
    (model / "go").touch()
    assert wait(client, job)[-1].event.log == "last words\n"


def test_last_words_are_not_those_of_a_worker_before(start):
    first = start()
    assert wait(first, submit(first, "dies"))[-1].event.log == "last words\n"
    second = start()
    assert wait(second, submit(second, "dies quietly"))[-1].event.log == ""


def test_a_worker_that_dies_over_a_model_says_over_which_whatever_was_loaded_before(start):
    client = start()
    client.warm("plain")
    client.warm("dies while it is loaded")
    ready, broken = wait_for(client, Broken)
    assert ready == Ready(model="plain")
    assert broken.model == "dies while it is loaded"
    assert broken.reason == "The worker process ended before it was ready: last words"


def test_a_send_after_death_ends_with_crashed(start):
    client = start()
    wait(client, submit(client, "dies"))
    assert not client.alive
    assert isinstance(wait(client, submit(client, "plain"))[-1].event, Crashed)


def test_a_worker_that_cannot_be_started_is_a_crash_too(start):
    client = start(["/no/such/interpreter"])
    event = wait(client, submit(client, "plain"))[-1].event
    assert isinstance(event, Crashed)
    assert "could not be started" in event.log


def test_an_image_that_cannot_be_computed_fails_its_job_only(start):
    client = start()

    def planes():
        raise RuntimeError("the microscope is on fire")
        yield

    event = wait(client, client.segment(planes, 1, SegmentConfig()))[-1].event
    assert isinstance(event, Failed)
    assert "the microscope is on fire" in event.reason
    assert isinstance(wait(client, submit(client, "plain"))[-1].event, Done)


def test_a_full_disk_fails_the_job_with_a_sentence(start):
    client = start()

    def planes():
        raise OSError(28, "No space left on device", "image.npy")
        yield

    event = wait(client, client.segment(planes, 1, SegmentConfig()))[-1].event
    assert isinstance(event, Failed)
    assert event.reason.startswith("The disk is full")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.25])
def test_numbers_survive_the_wire(value):
    labels = LabelsConfig()
    event = Done(
        job=1, task=OBJECTS, objects=0, highest=value, diameter=None, rescaled=(1.0, 1.0), labels=labels, constant=False
    )
    back = EVENTS.validate_json(event.line())
    assert back.highest == value or (math.isnan(back.highest) and math.isnan(value))


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a matter of POSIX")
@pytest.mark.parametrize("command", [FAKE, None], ids=["fake", "real"])
def test_a_worker_does_not_outlive_its_killed_parent(tmp_path, command):
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from maskloop.jobs.client import Client\n"
            f"client = Client(Path(sys.argv[1]), {command!r})\n"
            "while client.pid is None: time.sleep(0.01)\n"
            "print(client.pid, flush=True); time.sleep(600)",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
    )
    worker = int(parent.stdout.readline())
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    assert gone(worker)


def test_close_ends_the_worker(start):
    client = start()
    wait(client, submit(client, "plain"))
    client.close()
    assert gone(client.pid)


class TestRealWorker:
    """The same boundary with TensorFlow behind it."""

    def test_segment_relabel_error_and_on(self, start, tiny_model):
        client = start(None)
        client.warm(str(tiny_model))
        assert wait_for(client, Ready) == [Ready(model=str(tiny_model))]

        config = SegmentConfig(model=str(tiny_model), labels=LabelsConfig(foreground=0.05, min_size=0))
        job = client.segment(lambda: iter([image()] * 2), 2, config)
        segmented = wait(client, job)[-1]
        assert isinstance(segmented.event, Done)
        assert segmented.labels.shape == (2, 48, 64)
        np.testing.assert_array_equal(segmented.labels[0], segmented.labels[1])

        none = wait(client, client.relabel(job, LabelsConfig(foreground=0.95, min_size=100_000), OBJECTS))[-1]
        assert none.event.objects == 0
        again = wait(client, client.relabel(job, config.labels, OBJECTS))[-1]
        np.testing.assert_array_equal(again.labels, segmented.labels)

        missing = wait(client, client.segment(lambda: iter([image()]), 1, SegmentConfig(model="gone")))[-1]
        assert isinstance(missing.event, Failed)
        assert "no model 'gone'" in missing.event.reason
        assert isinstance(wait(client, client.segment(lambda: iter([image()]), 1, config))[-1].event, Done)

    def test_another_model_in_the_same_folder_is_loaded(self, start, make_model, tmp_path):
        client, folder = start(None), tmp_path / "model"

        def maps():
            job = submit(client, str(folder))
            assert isinstance(wait(client, job)[-1].event, Done)
            return np.load(client.job_folder(job) / MAPS_FILE)

        make_model(folder)
        before = maps()
        np.testing.assert_array_equal(maps(), before)
        shutil.rmtree(folder)
        make_model(folder, NetworkConfig(filters=(8, 8)))
        assert not np.array_equal(maps(), before)

    def test_of_models_that_are_to_be_loaded_only_the_last_one_is(self, start, tiny_model):
        client = start(None)
        large = np.random.default_rng(0).random((2200, 2200, 1), np.float32)
        job = client.segment(lambda: iter([large] * 5), 5, SegmentConfig(model=str(tiny_model)))
        wait_for(client, Progress)
        client.warm("gone")
        client.warm(str(tiny_model))
        client.cancel(job)
        events = wait_for(client, Ready)
        assert events[-2:] == [Cancelled(job=job), Ready(model=str(tiny_model))]

    def test_cancel_between_tiles(self, start, tiny_model):
        client = start(None)
        large = np.random.default_rng(0).random((2200, 2200, 1), np.float32)
        config = SegmentConfig(model=str(tiny_model))
        job = client.segment(lambda: iter([large] * 20), 20, config)
        while not any(isinstance(r.event, Progress) for r in client.poll()):
            time.sleep(0.01)
        client.cancel(job)
        assert isinstance(wait(client, job, 10)[-1].event, Cancelled)
        assert client.alive


def test_the_real_worker_makes_a_report_or_says_why_not(start, tiny_model, discs, tmp_path):
    with Project.create(tmp_path / "cells") as project:
        labels = discs((64, 128), [(14, 16), (44, 24), (20, 56), (48, 70), (16, 92), (46, 112)], 9)
        project.add(np.where(labels > 0, 150, 40).astype(np.uint8), labels, name="a", reviewed=np.ones_like(labels))
    model = shutil.copytree(tiny_model, tmp_path / "cells" / "models" / "tiny")
    client = start(None)
    reports = wait(client, client.make_report(model, tmp_path / "cells"))
    assert [type(report.event) for report in reports] == [Progress, ReportMade]
    assert reports[-1].event.file == model / "report.html"
    assert "held out of the project cells" in (model / "report.html").read_text()
    failed = wait(client, client.make_report(tmp_path / "nothing", tmp_path / "cells"))[-1].event
    assert isinstance(failed, Failed)
    assert "There is no model" in failed.reason
