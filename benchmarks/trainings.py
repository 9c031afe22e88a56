"""Stop, kill and repeat trainings: ``python benchmarks/trainings.py [stops] [kills] [memory] [--json FILE]``.

With a display or Xvfb; all three if none is named. Trained is in copies of a small project, with a tiny model, for
about half a second an epoch. What is broken is listed, and its files are kept. Random moments are 0 to 15 s after a
training began; where the first epoch alone takes longer, give ``--within 40``.

``stops`` (``--stops 50``): in a napari window Stop is clicked at a random moment. The window must be free within 1 s
and the trainer gone within 10 s. If an epoch had ended, there is a whole model, otherwise nothing but the record.

``kills`` (``--kills 100``): SIGKILL at a random moment, to the trainer, to napari, or to both. Project, models and
record must be whole. A trainer without its napari goes on, and is found again; one that was killed is gone on with
after the last epoch that it kept.

``memory`` (``--trainings 20``): napari's memory after the last training in one window must be at most 50 MB above that
after the first one, and no trainer may be left.
"""

import argparse
import gc
import json
import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

from maskloop.config import NetworkConfig, TrainConfig
from maskloop.errors import MaskloopError
from maskloop.jobs.run_events import EpochEnded, read_events
from maskloop.jobs.run_process import RunProcess
from maskloop.jobs.run_story import RunStory
from maskloop.project.model_folder import (
    STATE_FILE,
    WEIGHTS_FILE,
    ModelCard,
    check_weights,
    read_card,
    save_card,
    sha256_of,
)
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.project.run import Run, read_runs

if TYPE_CHECKING:
    from latency import Stopwatch
    from maskloop.widgets.main_panel import MainPanel
    from maskloop.widgets.train_panel import TrainPanel

IMAGES, SHAPE, RADIUS = 4, (128, 192), 9
BASE, NETWORK = "tiny", NetworkConfig(filters=(4, 8))
CONFIG = TrainConfig(base=BASE, crop=64, batch=4, steps=8)
ENDLESS = {"epochs": 100_000, "patience": 100_000}
FREE_S, GONE_S, GROWTH_MB = 1.0, 10.0, 50.0  # what is promised
PATIENCE_S = 300.0  # for what must happen, but however slowly
NOTICED_S = 1.0  # until a window has seen what became of its training
VICTIMS = ("trainer", "napari", "both")
RECORD = {"job.json", "events.jsonl", "log.txt", "preview.npz", "running.lock", "stop"}
SILENT_WORKER = [sys.executable, "-c", "import sys; sys.stdin.read()"]  # nothing is segmented here


def make_project(folder: Path) -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    with Project.create(folder) as project:
        for number in range(IMAGES):
            labels = np.zeros(SHAPE, np.int32)
            for i, (row, column) in enumerate(np.ndindex(4, 6), start=1):
                cy, cx = np.array([16 + 32 * row, 16 + 32 * column]) + rng.integers(-5, 6, 2)
                labels[np.hypot(y - cy, x - cx) <= RADIUS] = i
            image = (np.where(labels > 0, 150, 40) + rng.normal(0, 8, SHAPE)).astype(np.uint8)
            project.add(image, labels, name=f"discs {number}", reviewed=np.ones_like(labels))
    make_model(folder / "models" / BASE)


def make_model(folder: Path) -> None:
    from maskloop.model.runtime import start_engine

    start_engine()
    from maskloop.model.unet import build_unet
    from maskloop.model.weights import save_weights

    folder.mkdir(parents=True)
    save_weights(build_unet(NETWORK), folder / WEIGHTS_FILE)
    card = {"name": folder.name, "diameter": 2 * RADIUS, "diameter_range": (5, 80)}
    save_card(ModelCard(network=NETWORK, weights_sha256=sha256_of(folder / WEIGHTS_FILE), **card), folder)


# In the process of a window


def play(kind: str, folder: Path, count: int, within_s: float) -> None:
    """Open a napari window on a project, and tell a line of JSON for each thing that was done in it."""
    import napari

    from maskloop.widgets.main_panel import TABS, MainPanel
    from maskloop.widgets.worker_session import WorkerSession

    viewer = napari.Viewer(show=kind != "kills")
    panel = MainPanel(viewer, WorkerSession(SILENT_WORKER) if kind == "kills" else None)
    if kind != "kills":
        viewer.window.add_dock_widget(panel, name="maskloop")
    panel.setCurrentIndex(TABS.index("train"))
    panel.project.open_project(folder)
    until(lambda: panel.project.project is not None)
    panel.project.open(panel.project.project.entries[0].id)
    until(lambda: panel.project.open_entry is not None)
    if kind == "stops":
        play_stops(panel, count, within_s)
    elif kind == "kills":
        play_until_killed(panel)
    else:
        play_trainings(panel, count)
    panel.project.close_project()
    panel.segment.session.close()
    viewer.close()


def play_stops(panel: "MainPanel", count: int, within_s: float) -> None:
    from latency import Stopwatch

    watch = Stopwatch()
    for number in range(count):
        tell(stop_once(panel.train, watch, number, random.Random(number).uniform(0, within_s)))


def stop_once(train: "TrainPanel", watch: "Stopwatch", number: int, moment: float) -> dict:
    from latency import idle

    process = begin(train, **ENDLESS, seed=number)
    idle(moment)
    watch.restart()
    clicked = time.perf_counter()
    train.runs.view.buttons["stop"].click()
    returned_s = time.perf_counter() - clicked
    gone_s = until(lambda: gone(process._process.pid))
    idle(NOTICED_S)
    times = {"after_s": moment, "returned_s": returned_s, "stood_still_s": watch.longest, "gone_s": gone_s}
    result = {"stop": number, "epochs": len(process.story.epochs)}
    result |= {name: round(seconds, 3) for name, seconds in times.items()} | {"model": None}
    result["broken"] = [*flaws_of_stop(process.run, process.story)]
    if max(returned_s, watch.longest) > FREE_S:
        result["broken"].append(f"the window stood still for {max(returned_s, watch.longest):.1f} s")
    if gone_s > GONE_S:
        result["broken"].append(f"the trainer was gone after {gone_s:.1f} s only")
    if process.run.is_trained:
        kept = process.run.project_folder.with_name("stopped") / str(number)  # to be loaded where there is no window
        result["model"] = str(shutil.copytree(process.run.model, kept))
        discard(train, process)
    return result


def flaws_of_stop(run: Run, story: RunStory) -> Iterator[str]:
    if story.ended is None or story.ended.outcome != "stopped":
        yield f"after the click on Stop it ended otherwise: {story.ended}"
    if story.epochs:
        yield from flaws_of_model(run.model)
        return
    if run.model.exists():
        yield f"{run.model} was left, though no epoch had ended"
    if left := {path.name for path in run.folder.iterdir()} - RECORD:
        yield f"besides the record {', '.join(sorted(left))} was left, though no epoch had ended"


def play_until_killed(panel: "MainPanel") -> None:
    from qtpy.QtCore import QEventLoop

    tell({"pid": begin(panel.train, **ENDLESS)._process.pid})
    QEventLoop().exec()


def play_trainings(panel: "MainPanel", count: int) -> None:
    pids = []
    for number in range(count):
        process = begin(panel.train, epochs=1 + number % 2, seed=number)
        pids.append(process._process.pid)
        began = time.perf_counter()
        until(lambda: process.story.ended is not None and not process.alive)  # noqa: B023
        ended = process.story.ended
        broken = [] if ended.outcome == "done" else [f"the training ended otherwise: {ended}"]
        if process.run.is_trained:
            discard(panel.train, process)
        gc.collect()
        left = sum(psutil.pid_exists(pid) for pid in pids)
        if left:
            broken.append(f"{left} trainers are left")
        rss_mb = psutil.Process().memory_info().rss / 2**20
        seconds = round(time.perf_counter() - began, 1)
        tell({"training": number, "seconds": seconds, "rss_mb": round(rss_mb, 1), "broken": broken})


def begin(train: "TrainPanel", **choices: int) -> RunProcess:
    """Begin a training as the button does, and wait until it is shown and can be stopped."""
    before = train.runs.shown
    train.train_with(CONFIG.model_copy(update=choices))
    until(lambda: train.runs.shown is not before)
    until(lambda: train.runs.view.buttons["stop"].isVisibleTo(train.runs.view))
    return train.runs.shown


def discard(train: "TrainPanel", process: RunProcess) -> None:
    button = train.runs.view.buttons["discard"]
    until(lambda: button.isVisibleTo(train.runs.view))
    button.click()
    until(lambda: process.story.decided is not None)


def until(true: Callable[[], bool], patience_s: float = PATIENCE_S) -> float:
    """Let the window work until something is true; return the seconds that took."""
    from qtpy.QtCore import QEventLoop, QTimer

    started = time.perf_counter()
    loop, timer = QEventLoop(), QTimer(interval=20)
    timer.timeout.connect(lambda: loop.quit() if true() or time.perf_counter() - started > patience_s else None)
    timer.start()
    if not true():
        loop.exec()
    if not true():
        raise TimeoutError("the window did not do what it was to do")
    return time.perf_counter() - started


def tell(row: dict) -> None:
    print(json.dumps(row), flush=True)


# In the process of the benchmark


def log_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.log")


def started(kind: str, folder: Path, count: int = 1, within_s: float = 0.0) -> subprocess.Popen:
    options = {"--play": kind, "--folder": folder, "--count": count, "--within": within_s}
    settings = {"NAPARI_CONFIG": str(folder.with_name(f"{folder.name} settings") / "settings.yaml")}
    with log_of(folder).open("w") as log:
        return subprocess.Popen(
            [sys.executable, __file__, *(str(part) for option in options.items() for part in option)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=os.environ | settings,
        )


def use_own_queue(work: Path) -> None:
    """Let the trainings that this process and its children start wait for no others of this computer."""
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="queue ", dir=work)


def in_one_window(kind: str, project: Path, work: Path, count: int, within_s: float) -> list[dict]:
    folder = shutil.copytree(project, work / kind)
    player = started(kind, folder, count, within_s)
    assert player.stdout is not None
    rows = [json.loads(line) for line in player.stdout if line.startswith("{")]
    if player.wait() or len(rows) < count:
        end_all_in(folder)
        trouble = f"the window ended with {player.returncode} after {len(rows)} of {count}"
        rows.append({"broken": [f"{trouble}:\n{log_of(folder).read_text()[-2000:]}"]})
    return rows


def stops(project: Path, work: Path, count: int, within_s: float) -> list[dict]:
    rows = in_one_window("stops", project, work, count, within_s)
    for row in rows:
        if row.get("model"):
            row["broken"] += flaws_of_loading(Path(row["model"]))
    return rows


def memory(project: Path, work: Path, count: int, within_s: float) -> list[dict]:
    rows = in_one_window("memory", project, work, count, within_s)
    sizes = [row["rss_mb"] for row in rows if "rss_mb" in row]
    if sizes and sizes[-1] - sizes[0] > GROWTH_MB:
        rows[-1]["broken"].append(f"napari's memory has grown by {sizes[-1] - sizes[0]:.0f} MB")
    return rows


def kills(project: Path, work: Path, count: int, within_s: float) -> list[dict]:
    spawned = multiprocessing.get_context("spawn")  # the engine runs in this process, and does not outlast a fork
    with ProcessPoolExecutor(2, spawned, use_own_queue, (work,)) as pool:
        return list(pool.map(partial(kill_once, project, work, within_s), range(count)))


def kill_once(project: Path, work: Path, within_s: float, number: int) -> dict:
    folder, victim = shutil.copytree(project, work / f"killed {number}"), VICTIMS[number % len(VICTIMS)]
    player = started("kills", folder)
    assert player.stdout is not None
    try:
        told = next((line for line in player.stdout if line.startswith("{")), "")
        if not told:
            return {"kill": number, "broken": [f"napari began no training:\n{log_of(folder).read_text()[-2000:]}"]}
        moment = random.Random(number).uniform(0, within_s)
        time.sleep(moment)
        result = {"kill": number, "victim": victim, "after_s": round(moment, 3)}
        alone = kill(victim, player, json.loads(told)["pid"])
        result |= judged(folder, victim)
        result["broken"] += alone
    finally:
        player.kill()
        player.wait()
        end_all_in(folder)
    if not result["broken"]:
        shutil.rmtree(folder)
    return result


def kill(victim: str, player: subprocess.Popen, trainer: int) -> list[str]:
    """Kill; return what was wrong with a napari whose trainer is gone, which is then killed too."""
    broken = []
    if victim != "napari":
        os.kill(trainer, 9)
    if victim == "trainer":
        time.sleep(NOTICED_S)
        if player.poll() is not None:
            broken.append(f"napari ended with {player.returncode} when its trainer was killed")
    player.kill()
    player.wait()
    if victim != "napari":
        waited_for(lambda: gone(trainer))
    return broken


def judged(folder: Path, victim: str) -> dict:
    broken, read_only = flaws_of_project(folder)
    run, *others = read_runs(folder)
    assert not others
    told, kept = last_epoch(run), epochs_in_state(run)
    result = {"told": told, "kept": kept, "read_only": read_only, "resumed_at": None, "next_s": None}
    broken += flaws_of_record(run)
    began = time.perf_counter()
    if victim == "napari":
        broken += flaws_of_going_on(run)
        result["next_s"] = round(time.perf_counter() - began, 1)
    elif kept or told:
        result["resumed_at"], flaws = resumed(run, kept)
        broken += flaws
        result["next_s"] = round(time.perf_counter() - began, 1)
    broken += flaws_of_project(folder)[0]
    result["stranded"] = victim != "napari" and not kept and run.model.exists()
    result["temporary"] = sum(path.name.startswith(".") for path in (*files_in(run.model), *files_in(run.folder)))
    return result | {"broken": broken}


def flaws_of_project(folder: Path) -> tuple[list[str], bool]:
    """Open a project; return what is wrong with it and its models, and whether it could not be written."""
    broken, read_only = [], False
    try:
        with Project(folder) as project:
            read_only = project.read_only
            broken += [f"entry {name}: {reason}" for name, reason in project.damaged.items()]
            for entry in project.entries:
                project.annotation(entry)
                project.image(entry)
        registry = Registry(folder)
        broken += [f"model {name}: {reason}" for name, reason in registry.damaged.items()]
        for model, _ in registry.models:
            broken += flaws_of_model(model)
    except (MaskloopError, OSError) as error:
        broken.append(f"the project cannot be opened: {error}")
    return broken, read_only


def flaws_of_model(folder: Path) -> list[str]:
    try:
        check_weights(folder, read_card(folder))
    except MaskloopError as error:
        return [str(error)]
    return []


def flaws_of_loading(folder: Path) -> list[str]:
    from maskloop.inference.model import load_model

    try:
        load_model(folder)
    except MaskloopError as error:
        return [f"{folder} cannot be loaded: {error}"]
    return []


def flaws_of_record(run: Run) -> list[str]:
    if not run.events_file.exists():  # killed before it told anything
        return []
    lines = run.events_file.read_bytes().count(b"\n")
    events = read_events(run.events_file)[0]
    return [f"{lines - len(events)} of {lines} lines of the record are none"] if len(events) < lines else []


def flaws_of_going_on(run: Run) -> list[str]:
    """Find a training again whose window was killed, see it go on, and stop it."""
    process = RunProcess(run)
    if not waited_for(lambda: process.alive):
        return ["the trainer whose napari was killed is not found"]
    before = last_epoch(run)
    if not waited_for(lambda: last_epoch(run) > before or not process.alive) or last_epoch(run) <= before:
        return [f"the trainer whose napari was killed got stuck after epoch {before}"]
    return flaws_of_ending(process)


def resumed(run: Run, kept: int) -> tuple[int | None, list[str]]:
    """Go on with what was killed, and stop it; return the first epoch that is told, and what is wrong."""
    broken = flaws_of_weights(run)
    size = run.events_file.stat().st_size
    process = RunProcess(run)
    process.start()
    waited_for(lambda: epochs_told(run, size) or not process.alive)
    first = next(iter(epochs_told(run, size)), None)
    if first != kept + 1:
        broken.append(f"Resume went on with epoch {first}, and {kept} were kept")
    return first, broken + flaws_of_ending(process)


def flaws_of_weights(run: Run) -> list[str]:
    try:
        load_file(run.model / WEIGHTS_FILE)
    except (SafetensorError, OSError) as error:
        return [f"the best weights cannot be read: {error}"]
    return []


def flaws_of_ending(process: RunProcess) -> list[str]:
    """Stop a training; return what is wrong with what it leaves."""
    process.run.ask_to_stop()
    if not waited_for(lambda: not process.alive):
        return ["asked to stop, it did not"]
    process.follow()
    ended = process.story.ended
    broken = [] if ended is not None and ended.outcome == "stopped" else [f"asked to stop, it ended otherwise: {ended}"]
    return broken + flaws_of_model(process.run.model)


def epochs_told(run: Run, start: int = 0) -> list[int]:
    return [event.epoch.epoch for event in read_events(run.events_file, start)[0] if isinstance(event, EpochEnded)]


def last_epoch(run: Run) -> int:
    return max(epochs_told(run), default=0)


def epochs_in_state(run: Run) -> int:
    """Return how many epochs can be gone on after."""
    if not (run.model / STATE_FILE).is_file():
        return 0
    with safe_open(run.model / STATE_FILE, "numpy") as state:
        return len(json.loads(state.metadata()["past"])["epochs"])


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def waited_for(true: Callable[[], object], patience_s: float = PATIENCE_S) -> bool:
    end = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end_all_in(folder: Path) -> None:
    """End the trainers of a copy of the project that something went wrong with."""
    for process in psutil.process_iter(["cmdline"]):
        if any(part.startswith(f"{folder}/runs/") for part in process.info["cmdline"] or ()):
            process.kill()


# What is printed


def line(title: str, *values: object) -> None:
    print(f"  {title:48}{'   '.join(str(value) for value in values)}")


def spread(values: list[float], unit: str) -> str:
    if not values:
        return "none"
    return f"median {statistics.median(values):.2f} {unit}, at most {max(values):.2f} {unit}"


def report_stops(rows: list[dict]) -> None:
    rows = [row for row in rows if "stop" in row]
    line("stops", len(rows))
    line("of them after an epoch, with a model", sum(row["model"] is not None for row in rows))
    line("the click returned after", spread([row["returned_s"] for row in rows], "s"))
    line("the window stood still", spread([row["stood_still_s"] for row in rows], "s"))
    for title, chosen in (("before", False), ("after", True)):
        times = [row["gone_s"] for row in rows if (row["epochs"] > 0) is chosen]
        line(f"the trainer was gone, {title} the first epoch", spread(times, "s"))


def report_kills(rows: list[dict]) -> None:
    rows = [row for row in rows if "kept" in row]
    for victim in VICTIMS:
        chosen = [row for row in rows if row["victim"] == victim]
        line(f"kills of {victim}", len(chosen), f"{sum(row['kept'] > 0 for row in chosen)} after an epoch")
        line("  until the next epoch, and stopped", spread([row["next_s"] for row in chosen if row["next_s"]], "s"))
    killed = [row for row in rows if row["victim"] != "napari"]
    line("gone on with", sum(row["resumed_at"] is not None for row in killed))
    line("kept, but not told of", sum(row["kept"] > row["told"] for row in killed))
    line("open for reading only, at first", sum(row["read_only"] for row in rows))
    line("before an epoch, with a folder left of no use", sum(row["stranded"] for row in rows))
    line("temporary files left", sum(row["temporary"] for row in rows))


def report_memory(rows: list[dict]) -> None:
    sizes = [row["rss_mb"] for row in rows if "rss_mb" in row]
    line("trainings", len(sizes))
    if sizes:
        line("napari's memory after the first and the last", f"{sizes[0]:.0f} MB, {sizes[-1]:.0f} MB")
        line("growth", f"{sizes[-1] - sizes[0]:.0f} MB")


KINDS = {"stops": (stops, report_stops), "kills": (kills, report_kills), "memory": (memory, report_memory)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", choices=[[], *KINDS], metavar="stops | kills | memory")
    parser.add_argument("--stops", type=int, default=50)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--trainings", type=int, default=20)
    parser.add_argument("--within", type=float, default=15.0, help="latest moment of a stop or a kill, in seconds")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--play", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.play:
        play(arguments.play, arguments.folder, arguments.count, arguments.within)
        return
    counts = {"stops": arguments.stops, "kills": arguments.kills, "memory": arguments.trainings}
    work = Path(tempfile.mkdtemp(prefix="maskloop trainings "))
    use_own_queue(work)
    make_project(work / "whole")
    results = {}
    for kind in arguments.kinds or KINDS:
        measure, report = KINDS[kind]
        began = time.perf_counter()
        results[kind] = measure(work / "whole", work, counts[kind], arguments.within)
        print(f"{kind} ({(time.perf_counter() - began) / max(len(results[kind]), 1):.0f} s each)")
        report(results[kind])
        line("broken", sum(bool(row["broken"]) for row in results[kind]))
        for row in results[kind]:
            if row["broken"]:
                print(f"  {row}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if any(row["broken"] for rows in results.values() for row in rows):
        sys.exit(f"What is broken is in {work}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
