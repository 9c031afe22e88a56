"""How long the window makes a person wait: ``python benchmarks/latency.py [--json FILE]``, with a display or Xvfb.

In a real viewer: the first opening of the panel, the warm click to labels, an adjustment, and the longest gaps of a
5 ms timer in the window's event loop. A full garbage collection of Python's stops any napari window; its share is
told apart. napari's own strokes and panning, before the panel is opened, and how long it takes to show labels, in a new
layer and in one that is there, are measured in the same run, as what no plugin can go below. Then the same while a
model is being trained on the sample images, and while that process is halted, by turns: clicks, strokes and panning, so
that what else the computer does falls on both alike.
"""

import argparse
import gc
import json
import platform
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import imageio.v3 as iio
import napari
import numpy as np
from qtpy.QtCore import QEventLoop, QTimer

from maskloop.config import TrainConfig
from maskloop.files import read_labels
from maskloop.project.project import Project
from maskloop.resources import resource

SIDE = 1024
REPEATS = 10
TURNS = 4  # with and without training
TICK_MS = 5
PATIENCE_S = 120


class Stopwatch:
    """Ticks in the event loop and keeps the longest gap between two ticks, with and without garbage collection."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._collecting = self._collected = 0.0
        self.longest = self.longest_without_gc = 0.0
        gc.callbacks.append(self._note_gc)
        self._timer = QTimer(interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def restart(self) -> None:
        self._last = time.perf_counter()
        self._collected = self.longest = self.longest_without_gc = 0.0

    def _tick(self) -> None:
        now = time.perf_counter()
        gap, self._last = now - self._last, now
        self.longest = max(self.longest, gap)
        self.longest_without_gc = max(self.longest_without_gc, gap - self._collected)
        self._collected = 0.0

    def _note_gc(self, phase: str, info: dict) -> None:
        if info["generation"] < 2:
            return
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self._collected += time.perf_counter() - self._collecting


def wait_until(true: Callable[[], bool]) -> float:
    """Run the event loop until something holds; return the seconds that took."""
    started = time.perf_counter()
    loop = QEventLoop()
    timer = QTimer(interval=1)
    timer.timeout.connect(lambda: loop.quit() if true() or time.perf_counter() - started > PATIENCE_S else None)
    timer.start()
    if not true():
        loop.exec()
    if not true():
        sys.exit("the panel did not answer")
    return time.perf_counter() - started


def idle(seconds: float) -> None:
    until = time.perf_counter() + seconds
    wait_until(lambda: time.perf_counter() > until)


def sample_image() -> np.ndarray:
    """Return a sample image, mirrored to 1024 x 1024."""
    image = iio.imread(sorted((resource("sample_data") / "images").glob("*.png"))[0])
    image = image if image.ndim == 2 else image[..., 0]
    return np.pad(image, [(0, max(SIDE - n, 0)) for n in image.shape], mode="symmetric")[:SIDE, :SIDE]


@contextmanager
def measured(watch: Stopwatch, results: dict, name: str):
    watch.restart()
    started = time.perf_counter()
    yield
    seconds = time.perf_counter() - started
    idle(0.3)  # the picture is drawn after the labels are there
    results.setdefault(name, []).append((seconds, watch.longest, watch.longest_without_gc))


def run(viewer: "napari.Viewer") -> dict[str, list[tuple[float, float, float]]]:
    results: dict[str, list[tuple[float, float, float]]] = {}
    image = viewer.add_image(sample_image(), name="cells")
    idle(2)
    watch = Stopwatch()
    idle(0.5)
    viewer.add_labels((image.data > image.data.mean()).astype(np.int32))
    idle(2)
    move_about(viewer, watch, results, ", napari alone")
    remove_top_layer(viewer)
    with measured(watch, results, "first open of the panel"):
        _, main = viewer.window.add_plugin_dock_widget("maskloop", "Segment and correct")
    panel = main.segment
    engine = {"tensorflow", "keras"} & sys.modules.keys()
    assert not engine, engine
    with measured(watch, results, "model loaded in the background"):
        wait_until(lambda: panel.message.text() == "Ready.")

    for i in range(REPEATS + 1):
        with measured(watch, results, "first click to labels" if i == 0 else "warm click to labels"):
            panel.segment()
            wait_until(lambda: panel.run_button.isEnabled())
    value = panel.adjust.value()
    for i in range(REPEATS):
        changed = value.model_copy(update={"foreground": value.foreground - 0.1 * (1 + i % 2)})
        before = layer_data(viewer)
        with measured(watch, results, "adjustment to labels"):
            panel.adjust.set_value(changed)
            wait_until(lambda: layer_data(viewer) is not before)  # noqa: B023
    for _ in range(REPEATS):
        labels = layer_data(viewer).copy()
        with measured(watch, results, "napari's own add_labels"):
            layer = viewer.add_labels(labels)
        with measured(watch, results, "napari's own layer.data"):
            layer.data = labels.copy()
        remove_top_layer(viewer)
    remove_top_layer(viewer)
    assert list(viewer.layers) == [image]
    with training(main) as process:
        for i in range(2 * TURNS):
            process.send_signal(signal.SIGSTOP if i % 2 else signal.SIGCONT)
            idle(0.5)
            suffix = ", training halted" if i % 2 else ", training"
            for j in range(REPEATS // 2):
                with measured(watch, results, ("click to labels" if j else "click to a new layer") + suffix):
                    panel.segment()
                    wait_until(lambda: panel.run_button.isEnabled())
            move_about(viewer, watch, results, suffix)
            remove_top_layer(viewer)  # it is painted on, and would be drawn below the next one
    return results


def remove_top_layer(viewer: "napari.Viewer") -> None:
    viewer.layers.pop()
    idle(0.3)  # napari crashes where two are removed without a picture between


def move_about(viewer: "napari.Viewer", watch: Stopwatch, results: dict, suffix: str) -> None:
    """Paint strokes and pan, a step each time the window is free."""
    layer = [layer for layer in viewer.layers if isinstance(layer, napari.layers.Labels)][-1]  # the one that is seen
    camera = viewer.camera
    rng = np.random.default_rng(0)
    for _ in range(REPEATS // 2):
        start, stop = rng.integers(50, SIDE - 50, (2, 2))
        with measured(watch, results, f"a stroke of 40 points{suffix}"), layer.block_history():
            for point in np.linspace(start, stop, 40):
                layer.paint(tuple(point), 7)
                idle(0.01)
    for _ in range(REPEATS // 2):
        with measured(watch, results, f"panning by 40 steps{suffix}"):
            for angle in np.linspace(0, 2 * np.pi, 40):
                camera.center = (SIDE / 2 + 99 * np.sin(angle), SIDE / 2 + 99 * np.cos(angle))
                idle(0.01)


@contextmanager
def training(main):
    """Train on the sample images as long as the block lasts; yields the process."""
    folder = Path(tempfile.mkdtemp())
    samples = resource("sample_data")
    with Project.create(folder / "samples") as project:
        for path in sorted((samples / "images").glob("*.png")):
            labels = read_labels(samples / "labels" / path.name)
            project.add(iio.imread(path), labels, name=path.stem, reviewed=np.ones_like(labels))
    main.project.open_project(folder / "samples")
    wait_until(lambda: main.project.project is not None)
    main.setCurrentWidget(main.train)  # with its curves, which are followed while they are seen
    main.train.train_with(TrainConfig(epochs=10_000))
    try:
        wait_until(lambda: main.train.runs.shown is not None and len(main.train.runs.shown.story.epochs) > 0)
        process = main.train.runs.shown._process
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
    finally:
        main.train.runs.view.buttons["stop"].click()  # or it would go on, and others would wait for it
    wait_until(lambda: main.train.runs.shown.story.ended is not None)


def layer_data(viewer: "napari.Viewer") -> np.ndarray:
    return next(layer.data for layer in viewer.layers if layer.name == "cells labels")


def report(results: dict[str, list[tuple[float, float, float]]]) -> dict[str, dict[str, float]]:
    table = {}
    print(f"{'':40}{'median':>9}   gaps of the window in ms: {'median':>8}{'longest':>9}{'without gc':>12}")
    for name, runs in results.items():
        seconds, gaps, gaps_without_gc = zip(*runs, strict=True)
        row = {
            "median_s": statistics.median(seconds),
            "longest_gap_ms": 1000 * max(gaps),
            "longest_gap_without_gc_ms": 1000 * max(gaps_without_gc),
            "median_gap_ms": 1000 * statistics.median(gaps),
        }
        table[name] = {key: round(value, 4) for key, value in row.items()}
        gaps_text = f"{row['median_gap_ms']:34.0f}{row['longest_gap_ms']:9.0f}{row['longest_gap_without_gc_ms']:12.0f}"
        print(f"{name:40}{row['median_s']:7.2f} s{gaps_text}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    viewer = napari.Viewer()
    viewer.window.resize(1300, 850)
    table = report(run(viewer))
    viewer.close()
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": platform.processor(), "rows": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
