"""The process of one training run: what it leaves behind however it ends."""

import contextlib
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from maskloop.config import TrainConfig
from maskloop.errors import ModelError, ProjectError
from maskloop.jobs.run_events import (
    Began,
    Compared,
    Ended,
    EpochEnded,
    Queued,
    Trained,
    append_event,
    read_events,
)
from maskloop.project.model_folder import STATE_FILE, check_weights, read_card
from maskloop.project.preview import Preview
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.project.run import Run, read_runs

PATIENCE_S = 240.0
CENTRES = [(14, 16), (44, 24), (20, 56), (48, 70), (16, 92), (46, 112)]


@pytest.fixture
def project(tmp_path, discs, make_model, monkeypatch):
    """The folder of a project with two reviewed images and a tiny model of its own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # trainings of other tests have another queue
    folder = tmp_path / "cells"
    with Project.create(folder) as project:
        rng = np.random.default_rng(0)
        for title, shift in (("a", 0), ("b", 3)):
            labels = discs((64, 128), [(y + shift, x + shift) for y, x in CENTRES], 9)
            image = (np.where(labels > 0, 150, 40) + rng.normal(0, 8, labels.shape)).astype(np.uint8)
            project.add(image, labels, name=title, reviewed=np.ones_like(labels))
    (folder / "models").mkdir()
    make_model(folder / "models" / "tiny", diameter=18)
    return folder


def tiny(**choices) -> TrainConfig:
    return TrainConfig(**{"base": "tiny", "epochs": 3, "crop": 32, "batch": 2, "steps": 2, "seed": 7} | choices)


@pytest.fixture
def start():
    """A function that starts the process of a run; what still runs at the end is killed."""
    started = []

    def start(run: Run) -> subprocess.Popen:
        command = [sys.executable, "-P", "-m", "maskloop.jobs.trainer", str(run.folder)]
        with run.log_file.open("ab") as log:
            started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def finish(process: subprocess.Popen, run: Run) -> list:
    assert process.wait(PATIENCE_S) == 0, run.log_file.read_text()
    return read_events(run.events_file)[0]


def wait_for(run: Run, kind: type, count: int = 1) -> list:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        events = read_events(run.events_file)[0]
        if sum(isinstance(event, kind) for event in events) >= count:
            return events
        assert not any(isinstance(event, Ended) for event in events), events
        time.sleep(0.02)
    raise AssertionError(f"no {kind.__name__}: {run.log_file.read_text()}")


def kinds(events: list) -> list[type]:
    return [type(event) for event in events]


def test_a_run_trains_compares_and_leaves_a_model_and_a_record(project, start):
    run = Run.create(project, tiny())
    events = finish(start(run), run)
    assert kinds(events) == [Began, EpochEnded, EpochEnded, EpochEnded, Trained, Compared, Ended]
    assert events[-1].outcome == "done"
    assert [event.epoch.epoch for event in events[1:4]] == [1, 2, 3]
    assert events[3].share == 1
    assert 0 <= events[3].epoch.val_ap50 <= 1
    card = read_card(run.model)
    assert check_weights(run.model, card)
    assert (card.name, card.training.base, card.training.data) == ("tiny-2", "tiny", "cells")
    header, *rows = events[-2].rows
    assert header[:2] == ("pixels", "model")
    assert [row[:2] for row in rows] == [("held out", "tiny"), ("held out", "tiny-2")]
    preview = Preview.load(run.preview_file)
    assert preview.image.shape[:2] == preview.truth.shape == preview.before.shape == preview.after.shape
    assert preview.truth.any()
    assert not run.rival.exists()  # what nobody needs any more
    assert not run.is_running
    assert [r.folder.resolve() for r in read_runs(project)] == [run.folder]


def test_the_same_run_twice_gives_the_same_history(project, start):
    histories = []
    for _ in range(2):
        run = Run.create(project, tiny())
        epochs = [event.epoch for event in finish(start(run), run) if isinstance(event, EpochEnded)]
        histories.append([(e.loss, e.val_loss, e.val_dice, e.val_ap50) for e in epochs])
    assert histories[0] == histories[1]
    assert len(histories[0]) == 3


def test_what_was_asked_to_stop_keeps_the_best_and_can_be_compared_later(project, start):
    run = Run.create(project, tiny(epochs=10_000))
    process = start(run)
    wait_for(run, EpochEnded)
    assert run.is_running
    run.ask_to_stop()
    events = finish(process, run)
    assert kinds(events)[-2:] == [Trained, Ended]
    assert events[-1].outcome == "stopped"
    assert check_weights(run.model, read_card(run.model))
    run.forget_stop()
    events = finish(start(run), run)
    assert kinds(events)[-3:] == [Began, Compared, Ended]


def test_a_stop_before_the_first_epoch_leaves_nothing_but_the_record(project, start):
    run = Run.create(project, tiny(steps=10_000))
    process = start(run)
    wait_for(run, Began)
    run.ask_to_stop()
    events = finish(process, run)
    assert events[-1].outcome == "stopped"
    assert "before its first epoch" in events[-1].reason
    assert not run.model.exists()
    assert [folder.name for folder, _ in Registry(project).models] == ["tiny"]


def test_what_was_killed_goes_on_after_the_last_epoch_as_if_nothing_had_been(project, start):
    whole = Run.create(project, tiny(epochs=4))
    finish(start(whole), whole)
    run = Run.create(project, tiny(epochs=4))
    process = start(run)
    wait_for(run, EpochEnded, 2)
    process.kill()
    process.wait()
    assert not run.is_running
    with run.events_file.open("ab") as file:
        file.write(b'{"kind":"epo')  # what a power cut leaves of a line
    events = finish(start(run), run)
    epochs = {event.epoch.epoch: event.epoch for event in events if isinstance(event, EpochEnded)}
    wanted = {e.epoch.epoch: e.epoch for e in read_events(whole.events_file)[0] if isinstance(e, EpochEnded)}
    assert {n: e.val_loss for n, e in epochs.items()} == {n: e.val_loss for n, e in wanted.items()}
    assert isinstance(events[-1], Ended)


def test_the_base_may_be_removed_while_it_is_in_use(project, start):
    run = Run.create(project, tiny())
    Registry(project).remove("tiny")
    events = finish(start(run), run)
    assert events[-1].outcome == "done"
    assert [row[1] for row in events[-2].rows[1:]] == ["tiny", "tiny-2"]


def test_a_project_may_be_moved_and_changed_while_it_trains(project, start):
    run = Run.create(project, tiny(epochs=10_000))
    process = start(run)
    wait_for(run, EpochEnded)
    with Project(project) as opened:
        opened.remove(opened.entries[0])
    moved = project.with_name("moved")
    project.rename(moved)
    run = read_runs(moved)[0]
    seen = len(read_events(run.events_file)[0])
    wait_for(run, EpochEnded, seen + 1)
    run.ask_to_stop()
    assert finish(process, run)[-1].outcome == "stopped"
    assert check_weights(run.model, read_card(run.model))
    assert not project.exists()


def test_a_second_training_waits_for_the_first(project, start):
    first, second = Run.create(project, tiny(epochs=10_000)), Run.create(project, tiny())
    one = start(first)
    wait_for(first, EpochEnded)
    other = start(second)
    assert kinds(wait_for(second, Queued)) == [Queued]
    first.ask_to_stop()
    finish(one, first)
    events = finish(other, second)
    assert kinds(events)[:2] == [Queued, Began]
    assert events[-1].outcome == "done"
    assert {first.job.model, second.job.model} == {"tiny-2", "tiny-3"}


def test_one_that_waits_can_be_stopped(project, start):
    first, second = Run.create(project, tiny(epochs=10_000)), Run.create(project, tiny())
    start(first)
    wait_for(first, EpochEnded)
    other = start(second)
    wait_for(second, Queued)
    second.ask_to_stop()
    events = finish(other, second)
    assert kinds(events) == [Queued, Ended]
    assert events[-1].outcome == "stopped"
    assert not second.model.exists()
    assert not second.rival.exists()


def test_a_run_is_held_by_one_process(project, start):
    run = Run.create(project, tiny(epochs=10_000))
    process = start(run)
    wait_for(run, EpochEnded)
    assert start(run).wait(PATIENCE_S) == 0
    assert process.poll() is None
    run.ask_to_stop()
    assert kinds(finish(process, run)).count(Began) == 1


def test_what_cannot_be_learned_from_ends_with_a_sentence(project, start):
    with Project(project) as opened:
        for entry in opened.entries:
            annotation = opened.annotation(entry)
            opened.save_correction(entry, np.zeros_like(annotation.labels), annotation.reviewed)
    run = Run.create(project, tiny())
    events = finish(start(run), run)
    assert events[-1].outcome == "failed"
    assert "There are no reviewed objects" in events[-1].reason
    assert not run.model.exists()


def test_the_sentence_that_ends_it_names_folders_as_they_are_found(project, start):
    run = Run.create(project, tiny())
    run.model.mkdir(exist_ok=True)
    (run.model / STATE_FILE).write_text("no state")
    assert f"The unfinished training in {run.model} is damaged" in finish(start(run), run)[-1].reason
    run.discard()
    with Project(project) as opened:
        for entry in opened.entries:
            labels = opened.annotation(entry).labels
            opened.save_correction(entry, labels, np.zeros_like(labels))
    run = Run.create(project, tiny())
    assert f"Nothing in {project} is reviewed yet" in finish(start(run), run)[-1].reason


def test_a_full_disk_ends_it_with_a_sentence_and_it_can_be_gone_on_with(project, start):
    """The disk is a small one of its own."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("mounting a small disk takes root on Linux")
    disk = project.with_name("disk")
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        shutil.copytree(project, disk / "cells")
        run = Run.create(disk / "cells", tiny(epochs=10_000))
        process = start(run)
        wait_for(run, EpochEnded)
        filler = disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
        process.wait(PATIENCE_S)
        filler.unlink()
        events = read_events(run.events_file)[0]
        assert "The disk is full" in events[-1].reason or not isinstance(events[-1], Ended)
        learned = sum(isinstance(event, EpochEnded) for event in events)
        process = start(run)
        while sum(isinstance(event, EpochEnded) for event in read_events(run.events_file)[0]) == learned:
            assert process.poll() is None, run.log_file.read_text()
            time.sleep(0.1)
        run.ask_to_stop()
        finish(process, run)
        assert check_weights(run.model, read_card(run.model))
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_run_of_a_missing_base_is_refused_and_nothing_is_left_behind(project):
    before = sorted(project.rglob("*"))
    with pytest.raises(ModelError, match="no model 'gone'"):
        Run.create(project, tiny(base="gone"))
    assert sorted(project.rglob("*")) == before


def test_a_damaged_run_is_left_out_of_the_list(project):
    run = Run.create(project, tiny())
    (run.folder / "job.json").write_text("{")
    with pytest.raises(ProjectError, match=r"its job\.json is damaged"):
        Run(run.folder)
    assert read_runs(project) == []


def test_discarding_keeps_the_record_alone(project, start):
    run = Run.create(project, tiny(epochs=1))
    finish(start(run), run)
    run.discard()
    assert not run.model.exists()
    assert isinstance(read_events(run.events_file)[0][-1], Ended)


def test_events_are_read_line_by_line_as_they_come(tmp_path):
    path = tmp_path / "events.jsonl"
    assert read_events(path) == ([], 0)
    append_event(Trained(), path)
    with path.open("ab") as file:
        file.write(b"noise\n" + b'{"kind":"que')
    events, end = read_events(path)
    assert kinds(events) == [Trained]
    with path.open("ab") as file:
        file.write(b'ued"}\n')
    assert kinds(read_events(path, end)[0]) == [Queued]
