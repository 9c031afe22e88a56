"""How fast correcting is on a large image: ``python benchmarks/correct.py [--json FILE]``, with a display or Xvfb.

In a real viewer, on a labels layer of 4096 x 4096 pixels with 10,000 objects that is open in a project: each tool by
its key or by a drawn line, until the labels have changed and until that is drawn; napari's own undo of it; painting
with and without autosave, and the longest gap of the window meanwhile; and the opening of a project of 1,000 entries.
napari's own ``data_setitem`` and ``undo`` on the same layer without maskloop are the floor that no plugin gets below.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")  # the person's own stays as it is

import napari
import numpy as np
import wrapt
from napari.utils.interactions import mouse_move_callbacks, mouse_press_callbacks, mouse_release_callbacks
from qtpy.QtWidgets import QApplication

from latency import Stopwatch, idle, wait_until
from maskloop.project.project import Project

SIDE, OBJECTS_A_SIDE = 4096, 100
STEP = SIDE // OBJECTS_A_SIDE
REPEATS = 15
STROKES, POINTS, POINT_S = 20, 30, 0.008
ENTRIES = 1000


def crowded() -> tuple[np.ndarray, np.ndarray]:
    """Make an image of 10,000 discs, and their labels."""
    y, x = np.mgrid[:STEP, :STEP] - (STEP - 1) / 2
    disc = np.hypot(y, x) <= 0.4 * STEP
    labels = np.zeros((SIDE, SIDE), np.int32)
    image = np.random.default_rng(0).integers(5, 15, (SIDE, SIDE), dtype=np.uint8)
    for number in range(OBJECTS_A_SIDE**2):
        box = box_of(number + 1)
        labels[box][disc] = number + 1
        image[box][disc] += 120
    return image, labels


def box_of(number: int) -> tuple[slice, slice]:
    row, column = divmod(number - 1, OBJECTS_A_SIDE)
    return slice(row * STEP, (row + 1) * STEP), slice(column * STEP, (column + 1) * STEP)


def centre_of(number: int) -> np.ndarray:
    return np.array([(side.start + side.stop - 1) / 2 for side in box_of(number)])


class Window:
    """A viewer with the panel, and hands."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer()
        self.viewer.window.resize(1300, 850)
        image, labels = crowded()
        self.viewer.add_image(image, name="crowd")
        self.labels = self.viewer.add_labels(labels, name="crowd labels")
        _, self.panel = self.viewer.window.add_plugin_dock_widget("maskloop", "Segment and correct")
        self.panel.setCurrentWidget(self.panel.correct)
        self.correct = self.panel.correct
        wait_until(lambda: self.panel.segment.message.text() == "Ready.")

    def open_project(self, folder: Path) -> None:
        self.panel.project.new_project(folder)
        wait_until(lambda: self.panel.project.project is not None)
        self.panel.project.add()
        wait_until(lambda: self.panel.project.open_entry is not None)
        idle(2)

    def press(self, name: str, pixel: np.ndarray) -> None:
        self.viewer.cursor.position = tuple(pixel)
        self.correct.press(name)

    def drag(self, name: str, path: np.ndarray) -> Callable[[], None]:
        """Draw a line but for letting the button go, which is what is returned."""
        if self.correct.drawing.action is None or self.correct.drawing.action.name != name:
            self.correct.act(name)
            QApplication.processEvents()
        mouse_press_callbacks(self.labels, wrapt.ObjectProxy(event("mouse_press", path[0])))  # napari exchanges it
        for point in path[1:]:
            mouse_move_callbacks(self.labels, event("mouse_move", point))
        QApplication.processEvents()
        return lambda: mouse_release_callbacks(self.labels, event("mouse_release", path[-1]))


def event(kind: str, position: np.ndarray) -> SimpleNamespace:
    return SimpleNamespace(
        type=kind,
        button=1,
        buttons=[1],
        modifiers=(),
        position=tuple(position),
        is_dragging=kind == "mouse_move",
        handled=False,
    )


def timed(do: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds until it is done, and until that is drawn too."""
    QApplication.processEvents()
    started = time.perf_counter()
    do()
    done = time.perf_counter() - started
    QApplication.processEvents()
    return done, time.perf_counter() - started


def measure_tools(window: Window) -> dict[str, dict[str, float]]:
    line = np.linspace(-1, 1, 12)[:, None]

    def across(number: int) -> np.ndarray:
        return centre_of(number) + line * [0.48 * STEP, 0]

    def over_two(number: int) -> np.ndarray:
        return centre_of(number) + [0, STEP / 2] + line * [0, STEP / 2]

    def around_one(number: int) -> np.ndarray:
        angles = np.linspace(0, 2 * np.pi, 60)
        return centre_of(number) + 0.45 * STEP * np.stack([np.sin(angles), np.cos(angles)], axis=1)

    labels = window.labels.data
    tools = {
        "outline": lambda n: window.drag("outline", around_one(n)),
        "split": lambda n: window.drag("split", across(n)),
        "merge": lambda n: window.drag("merge", over_two(n)),
        "delete": lambda n: lambda: window.press("delete", centre_of(n)),
        "fill holes": lambda n: lambda: window.press("fill_holes", centre_of(n)),
        "smooth": lambda n: lambda: window.press("smooth", centre_of(n)),
        "grow": lambda n: lambda: window.press("grow", centre_of(n)),
        "new label": lambda _: lambda: window.correct.press("new_label"),
    }
    rows = {}
    for tool, prepare in tools.items():
        runs, undos = [], []
        for i in range(REPEATS):
            number = 50 * OBJECTS_A_SIDE + 10 + 3 * i
            make_ready(window, tool, number)
            act = prepare(number)
            here, columns = box_of(number)
            around = labels[here, columns.start : columns.stop + STEP]  # with the neighbour
            before = around.copy()
            runs.append(timed(act))
            if tool != "new label":
                assert not np.array_equal(before, around), (tool, window.correct.message.text())
                undos.append(timed(window.labels.undo))
                assert np.array_equal(before, around), tool
        window.correct.drawing.end()
        rows[tool] = row(runs) | {f"undo_{key}": value for key, value in row(undos).items()}
    return rows


def make_ready(window: Window, tool: str, number: int) -> None:
    """Give an object a hole or a spike, or take it away, where the tool needs that."""
    y, x = np.round(centre_of(number)).astype(int)
    own = np.nonzero(window.labels.data == number) if tool == "grow" else None
    pixels = {
        "fill holes": (slice(y + 4, y + 7), slice(x + 4, x + 7)),
        "smooth": (slice(y, y + 1), slice(x - STEP // 2, x - STEP // 4)),
    }.get(tool)
    if own is not None:
        window.labels.data_setitem(own, 0)
        if window.correct.message.text() == "" or not hasattr(window, "maps_made"):
            window.maps_made = True
            window.press("grow", np.array([y, x]))
            wait_until(lambda: "New object" in window.correct.message.text())
            window.labels.undo()
    elif pixels is not None:
        index = tuple(np.mgrid[pixels].reshape(2, -1))
        window.labels.data_setitem(index, 0 if tool == "fill holes" else number)
    QApplication.processEvents()


def row(runs: list[tuple[float, float]]) -> dict[str, float]:
    if not runs:
        return {}
    done, drawn = (1000 * statistics.median(values) for values in zip(*runs, strict=True))
    return {"changed_ms": round(done, 1), "drawn_ms": round(drawn, 1), "slowest_ms": round(1000 * max(runs)[1], 1)}


def measure_painting(window: Window, first_label: int) -> dict[str, float]:
    """Paint strokes as a hand does, and return the gaps of the window in ms."""
    watch = Stopwatch()
    gaps = []
    for i in range(STROKES):
        watch.restart()
        start = centre_of(20 * OBJECTS_A_SIDE + 20 + 2 * i)
        with window.labels.block_history():
            for j in range(POINTS):
                window.labels.paint((start[0] + j, start[1] + j % 7), first_label + i)
                idle(POINT_S)
        idle(0.4)
        gaps.append(1000 * watch.longest)
        if os.environ.get("VERBOSE"):
            print(round(1000 * watch.longest), round(1000 * watch.longest_without_gc), end="; ")
    watch.restart()
    idle(2.5)  # the pause after which the whole plane is looked over
    gaps.append(1000 * watch.longest)
    return {"median_gap_ms": round(statistics.median(gaps), 1), "longest_gap_ms": round(max(gaps), 1)}


def measure_list(window: Window, folder: Path) -> dict[str, float]:
    rng = np.random.default_rng(0)
    with Project.create(folder) as project:
        for i in range(ENTRIES):
            labels = np.kron(rng.integers(0, 5, (4, 4)), np.ones((16, 16))).astype(np.int32)
            project.add(rng.integers(0, 255, (64, 64), dtype=np.uint8), labels, name=f"field {i:04d}")
    window.panel.setCurrentWidget(window.panel.project)
    watch = Stopwatch()
    idle(0.5)
    watch.restart()
    seconds = []
    for _ in range(3):
        window.panel.project.close_project()
        idle(0.5)
        watch.restart()
        started = time.perf_counter()
        window.panel.project.open_project(folder)
        wait_until(lambda: window.panel.project.form.list.model().rowCount() == ENTRIES)
        QApplication.processEvents()
        seconds.append(time.perf_counter() - started)
        idle(0.3)
    return {"seconds": round(statistics.median(seconds), 3), "longest_gap_ms": round(1000 * watch.longest, 1)}


def floor(labels: np.ndarray) -> dict[str, float]:
    """Measure napari by itself on a layer of the same size."""
    viewer = napari.Viewer()
    viewer.window.resize(1300, 850)
    layer = viewer.add_labels(labels)
    idle(1)
    runs, undos = [], []
    for i in range(REPEATS):
        index = np.nonzero(labels[box_of(i + 1)])
        runs.append(timed(lambda index=index, i=i: layer.data_setitem(index, 30_000 + i)))
        undos.append(timed(layer.undo))
    viewer.close()
    return row(runs) | {f"undo_{key}": value for key, value in row(undos).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results: dict[str, dict] = {"napari's own": floor(crowded()[1])}
    window = Window()
    results["painting without a project"] = measure_painting(window, 20_000)
    scratch = Path(tempfile.mkdtemp())
    window.open_project(scratch / "large")
    results["painting with autosave"] = measure_painting(window, 21_000)
    results |= measure_tools(window)
    results["project of 1,000 entries"] = measure_list(window, scratch / "many")
    assert "tensorflow" not in sys.modules
    report(results)
    window.viewer.close()
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": platform.processor(), "rows": results}, indent=1) + "\n")


def report(results: dict[str, dict]) -> None:
    print(f"{'median in ms':28}{'changed':>9}{'drawn':>8}{'slowest':>9}{'undone':>9}{'drawn':>8}{'slowest':>9}")
    keys = [f"{undo}{key}" for undo in ("", "undo_") for key in ("changed_ms", "drawn_ms", "slowest_ms")]
    for name, values in results.items():
        if "changed_ms" in values:
            numbers = [values.get(key) for key in keys]
            texts = ["" if n is None else f"{n:.1f}" for n in numbers]
            print(f"{name:28}" + "".join(f"{t:>{w}}" for t, w in zip(texts, (9, 8, 9, 9, 8, 9), strict=True)))
    for name, values in results.items():
        if "changed_ms" not in values:
            print(f"{name:28}" + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items()))


if __name__ == "__main__":
    main()
