"""Kill napari with SIGKILL while somebody corrects: ``python benchmarks/crash.py [--kills 200] [--json FILE]``.

With a display or Xvfb. Each time a process of its own opens a copy of a project in napari, and plays back strokes,
repairs, undos, marks and acceptances through the panel, a fixed sequence for each seed. After each one it says its
number. It is killed at a random moment, and the project is opened again: it must be readable as a whole, and its
labels and reviewed pixels exactly those after the last step that was announced, the one before, or one begun since.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from maskloop.errors import MaskloopError
from maskloop.project.annotation import Annotation
from maskloop.project.project import Project

SIDE, STEPS, SEEDS = 512, 60, 8
PAUSE_S = (0.03, 0.25)  # between two steps
LATEST_KILL_S = 8.0
SILENT_WORKER = [sys.executable, "-c", "import sys; sys.stdin.read()"]  # nothing is segmented here


def make_project(folder: Path) -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    labels = np.zeros((SIDE, SIDE), np.int32)
    for number in range(1, 101):
        row, column = divmod(number - 1, 10)
        labels[np.hypot(y - 26 - 50 * row, x - 26 - 50 * column) <= 20] = number
    image = (rng.integers(0, 20, labels.shape) + 100 * (labels > 0)).astype(np.uint8)
    with Project.create(folder) as project:
        project.add(image, labels, name="crowd")


def state(annotation: Annotation) -> str:
    digest = hashlib.sha256(annotation.labels.astype("<i4").tobytes())
    digest.update((annotation.reviewed > 0).tobytes())
    return digest.hexdigest()


def play(folder: Path, seed: int, patient: bool) -> None:
    """Correct in a napari window; say after each step which it was, and what the labels are."""
    os.environ["NAPARI_CONFIG"] = str(folder / "settings.yaml")
    import napari

    from latency import idle, wait_until
    from maskloop.widgets.main_panel import MainPanel
    from maskloop.widgets.worker_session import WorkerSession

    viewer = napari.Viewer(show=False)
    panel = MainPanel(viewer, WorkerSession(SILENT_WORKER))
    panel.project.open_project(folder)
    wait_until(lambda: panel.project.project is not None)
    panel.project.open(panel.project.project.entries[0].id)
    wait_until(lambda: panel.project.open_entry is not None)
    print("ready", flush=True)
    entry, pauses = panel.project.open_entry, random.Random(os.urandom(8))
    for i in range(STEPS):
        step(panel, np.random.default_rng((seed, i)))
        print(i, state(Annotation(entry.labels.data, entry.reviewed)), flush=True)
        idle(0.01 if patient else pauses.uniform(*PAUSE_S))
    panel.project.close_project()
    panel.segment.session.close()


def step(panel, rng: np.random.Generator) -> None:
    """Do one thing at random, through the panel where it is one of maskloop's."""
    correct, entry = panel.correct, panel.project.open_entry
    layer = entry.labels
    a, b = rng.integers(10, SIDE - 10, (2, 2))
    kind = rng.choice(["stroke", "fill", "split", "merge", "point", "point", "undo", "box", "image"])
    if kind == "stroke":
        with layer.block_history():
            for point in np.linspace(a, a + rng.integers(-30, 30, 2), 8):
                layer.paint(tuple(point), int(rng.integers(0, 150)))
    elif kind == "fill":
        layer.fill(tuple(a), int(rng.integers(1, 150)))
    elif kind == "undo":
        layer.undo()
    elif kind == "point":
        y, x = rng.integers(0, 10, 2) * 50 + 26
        correct._viewer.cursor.position = (y, x)
        correct.press(str(rng.choice(["delete", "smooth", "fill_holes", "review_object"])))
    elif kind == "image":
        correct.act("review_image")
    else:
        name = "review_box" if kind == "box" else str(kind)
        correct.act(name)
        correct._drawn(correct.drawing.action, correct._plane(), np.array([a, b], float))
        correct.drawing.end()


def log_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.log")


def started(folder: Path, seed: int, *options: str) -> subprocess.Popen:
    with log_of(folder).open("w") as log:
        return subprocess.Popen(
            [sys.executable, __file__, "--play", str(folder), "--seed", str(seed), *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


def reference(project: Path, work: Path, seed: int) -> list[str]:
    """Play a sequence to its end, and return the state after each step, the one at the start first."""
    folder = shutil.copytree(project, work / f"reference {seed}")
    player = started(folder, seed, "--patient")
    lines = player.communicate()[0].splitlines()
    if player.returncode != 0 or len(lines) != STEPS + 1:
        sys.exit(f"seed {seed}: the player ended with {player.returncode} after {len(lines)} lines")
    with Project(project, hold=False) as untouched:
        before = state(untouched.annotation(untouched.entries[0]))
    states = [before, *(line.split()[1] for line in lines[1:])]
    with Project(folder) as played:
        assert state(played.annotation(played.entries[0])) == states[-1], "what was played is not what was saved"
    shutil.rmtree(folder)
    return states


def kill_once(number: int, project: Path, work: Path, states: list[str], seed: int) -> dict:
    folder = shutil.copytree(project, work / f"killed {number}")
    player = started(folder, seed)
    assert player.stdout is not None
    assert player.stdout.readline() == "ready\n", log_of(folder).read_text()[-2000:]
    time.sleep(random.Random(number).uniform(0, LATEST_KILL_S))
    player.kill()
    lines = player.stdout.read().splitlines()
    player.wait()
    # A slow computer may play a step otherwise, such as an undo that comes later: what it said itself counts.
    said = [states[0], *(line.split()[1] for line in lines if line.count(" ") == 1 and len(line.split()[1]) == 64)]
    begun = [states[len(said)]] if said == states[: len(said)] and len(said) < len(states) else []
    result = {"kill": number, "seed": seed, "announced": len(said) - 1, **reopened(folder, said + begun)}
    result["as the reference"] = said == states[: len(said)]
    shutil.rmtree(folder)
    return result


def reopened(folder: Path, states: list[str]) -> dict:
    """Open a project after a crash, and find which step its labels are those of; None where of none."""
    try:
        with Project(folder) as project:
            if project.damaged or project.read_only:
                return {"readable": False, "step": None, "revisions": 0}
            entry = project.entries[0]
            found = state(project.annotation(entry))
            for revision in entry.revisions:
                project.annotation(entry, revision.number)
            project.image(entry)
    except (MaskloopError, OSError) as error:
        return {"readable": False, "step": None, "revisions": 0, "error": str(error)}
    # Undo may lead back to an earlier state: of those that are equal, the latest that can be meant.
    steps = [i for i, known in enumerate(states) if known == found]
    return {"readable": True, "step": max(steps, default=None), "revisions": len(entry.revisions)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--play", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--patient", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.play:
        play(arguments.play, arguments.seed, arguments.patient)
        return
    work = Path(tempfile.mkdtemp(prefix="maskloop crash "))
    project = work / "whole"
    make_project(project)
    seeds = range(min(SEEDS, arguments.kills))
    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(lambda seed: reference(project, work, seed), seeds))
        results = list(
            pool.map(
                lambda i: kill_once(i, project, work, states[i % len(seeds)], i % len(seeds)), range(arguments.kills)
            )
        )
    shutil.rmtree(work)
    bad = [r for r in results if not r["readable"] or r["step"] is None or r["step"] < r["announced"] - 1]
    missing = [r for r in results if r["step"] is not None and r["step"] == r["announced"] - 1]
    print(f"kills                         {len(results)}")
    print(
        f"steps played before the kill  {min(r['announced'] for r in results)} to "
        f"{max(r['announced'] for r in results)}"
    )
    print(f"unreadable projects           {sum(not r['readable'] for r in results)}")
    print(f"more than one step missing    {len(bad) - sum(not r['readable'] for r in results)}")
    print(f"one step missing              {len(missing)}")
    print(f"with an acceptance            {sum(r['revisions'] > 1 for r in results)}")
    print(f"played as the reference       {sum(r['as the reference'] for r in results)}")
    for result in bad:
        print(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
