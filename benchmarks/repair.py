"""How many actions it takes to repair predictions: ``python benchmarks/repair.py DSB2018 [--json FILE]``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``. A simulated person repairs what the model
``nuclei`` predicts on those 10 images, none of them a published test image, on which its AP at IoU 0.5 is lowest;
once with maskloop's tools, and once with napari's brush and eraser alone. It is done when each true object has an
object of an IoU of at least 0.5 (another one by --iou), and no other object is left. A stroke, a click, a key and a
slider that is moved are one action each, what fails and its undo included. A stroke of brush or eraser is perfect: it
covers exactly what it should, in one go. With the tools the person first tries the diameter of the objects (typed, and
a click on Segment) and the sliders under Adjust, and keeps what helps; a tool that fails more often than it works is
not used again in that image. The tools are the real ones, on a napari labels layer.
"""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from napari.layers import Labels
from scipy import ndimage

from maskloop.api import load_model
from maskloop.config import SegmentConfig
from maskloop.errors import InputError
from maskloop.files import read_image, read_labels
from maskloop.inference.model import Model
from maskloop.ops.axes import to_planes
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.metrics import count
from maskloop.ops.targets import object_diameters
from maskloop.widgets import repairs
from maskloop.widgets.labels_plane import LabelsPlane
from maskloop.widgets.plane_maps import PlaneMaps

IMAGES = 10
FEWEST_OBJECTS = 5
FOREGROUNDS, SPLITTINGS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8), (0.3, 0.55, 0.7, 0.8, 0.9)  # where a slider is let go
KINDS = ("fluorescence", "brightfield")  # what the model is for


class Person:
    """Somebody who knows the truth, and what is done to the labels by how many actions."""

    def __init__(self, predicted: np.ndarray, truth: np.ndarray, good: float) -> None:
        self.good = good
        self.failures: Counter[str] = Counter()
        self.layer = Labels(predicted.copy())
        self.plane = LabelsPlane(self.layer, (0, 1), ())
        self.truth = truth
        self.numbers = [int(n) for n in np.unique(truth) if n]
        self.actions = 0
        self.mode = "pan"

    @property
    def labels(self) -> np.ndarray:
        return self.layer.data

    def best(self, number: int) -> tuple[int, float]:
        """Return the label that fits a true object best, and its IoU."""
        own = self.truth == number
        found = np.unique(self.labels[own])
        fits = {int(n): _iou(self.labels == n, own) for n in found if n}
        return max(fits.items(), key=lambda item: item[1], default=(0, 0.0))

    def is_good(self, number: int) -> bool:
        return self.best(number)[1] >= self.good

    def wrong_ones(self) -> list[int]:
        """Return the labels that are no true object's."""
        right = {label for label, iou in map(self.best, self.numbers) if iou >= self.good}
        return [int(n) for n in np.unique(self.labels) if n and n not in right]

    def switch(self, mode: str) -> None:
        self.actions += self.mode != mode
        self.mode = mode

    def stroke(self, mask: np.ndarray, label: int) -> None:
        self.actions += 1
        self.layer.data_setitem(np.nonzero(mask), label)

    def paint_anew(self, number: int) -> None:
        """Take a new label, one key, and paint a true object with it."""
        label = self.plane.unused_label()
        self.actions += 1
        self.switch("paint")
        self.stroke(self.truth == number, label)

    def erase(self, label: int) -> None:
        self.switch("erase")
        self.stroke(self.labels == label, 0)

    def mend_outline(self, number: int, label: int) -> None:
        """Pick the label of an object (key, click, key), paint what it lacks, and erase what is too much."""
        own = self.truth == number
        self.actions += 2
        self.switch("picked")
        self.switch("paint")
        self.stroke(own & (self.labels != label), label)
        extra = (self.labels == label) & (self.truth == 0)
        if not self.is_good(number) and extra.any():
            self.switch("erase")
            self.stroke(extra, 0)


def with_brush(predicted: np.ndarray, truth: np.ndarray, good: float) -> Person:
    """Repair with brush and eraser: each object in the cheaper of two ways."""
    person = Person(predicted, truth, good)
    for number in person.numbers * 2:  # once more, since mending one may have spoilt another
        if person.is_good(number):
            continue
        label, iou = person.best(number)
        if iou >= 0.3 and _mostly_in(person.labels == label, truth == number):
            person.mend_outline(number, label)
        if not person.is_good(number):
            person.paint_anew(number)
    for label in person.wrong_ones():
        person.erase(label)
    return person


def with_tools(hard: "Hard", good: float, segment: Callable[[float], PlaneMaps]) -> Person:
    """Repair with maskloop's tools, and the brush where they do not get there."""
    labels, maps, actions = _adjust(hard, good, segment)
    person = Person(labels, hard.truth, good)
    person.actions = actions
    for number in person.numbers * 2:  # once more, since mending one may have spoilt another
        if not person.is_good(number):
            _ = _split(person, number) or _merge(person, number) or _grow(person, number, maps)
        if not person.is_good(number):
            person.mode = "paint"  # the key for a new label takes up the brush too
            person.paint_anew(number)
    for label in person.wrong_ones():
        person.actions += 1
        repairs.delete(person.plane, np.argwhere(person.labels == label)[:1].astype(float))
    return person


def _adjust(hard: "Hard", good: float, segment: Callable[[float], PlaneMaps]) -> tuple[np.ndarray, PlaneMaps, int]:
    """Try another diameter and the sliders; return what came of it, and the actions it took."""
    labels, maps, actions = hard.predicted, hard.maps, 0
    best = _score(Person(labels, hard.truth, good))
    rescaled = segment(float(np.median(object_diameters(hard.truth))))
    trials = [(rescaled, rescaled.labels, 2)]
    for _ in range(3):  # the diameter, then a slider, then the other
        found = [(maps_to_labels(m.maps.astype(np.float32), c, m.rescaled), m, c, n) for m, c, n in trials]
        scores = [_score(Person(made, hard.truth, good)) for made, *_ in found]
        if max(scores) > best:
            best = max(scores)
            labels, maps, config, cost = found[int(np.argmax(scores))]
            maps = replace(maps, labels=config)
            actions += cost
        trials = [(maps, maps.labels.model_copy(update={"foreground": f}), 1) for f in FOREGROUNDS]
        trials += [(maps, maps.labels.model_copy(update={"splitting": s}), 1) for s in SPLITTINGS]
    return labels, maps, actions


def _split(person: Person, number: int) -> bool:
    """Split what a true object shares with others, along a straight line."""
    own = person.truth == number
    label = int(np.bincount(person.labels[own]).argmax())
    shared = (person.labels == label) & ~own & (person.truth > 0)
    if not label or np.count_nonzero(shared) < 0.2 * np.count_nonzero(own):
        return False
    between = np.argwhere(ndimage.binary_dilation(own, iterations=2) & ndimage.binary_dilation(shared, iterations=2))
    if len(between) < 3:
        return False
    centre = between.mean(axis=0)
    direction = np.linalg.svd(between - centre, full_matrices=False)[2][0]
    reach = np.abs((between - centre) @ direction).max() + 3
    path = centre + np.linspace(-reach, reach, 20)[:, None] * direction
    return _try(person, "split", lambda: repairs.split(person.plane, path))


def _merge(person: Person, number: int) -> bool:
    own = person.truth == number
    parts = [int(n) for n in np.unique(person.labels[own]) if n and _mostly_in(person.labels == n, own)]
    if len(parts) < 2:
        return False
    points = np.array([_innermost(person.labels == part) for part in parts], float)
    return _try(person, "merge", lambda: repairs.merge(person.plane, points))


def _grow(person: Person, number: int, maps: PlaneMaps) -> bool:
    own = person.truth == number
    if np.count_nonzero(person.labels[own]) > 0.25 * np.count_nonzero(own):
        return False
    seed = np.array([_innermost(own)], float)
    return _try(person, "", lambda: repairs.grow_object(person.plane, seed, maps))


def _try(person: Person, tool: str, do) -> bool:
    """Do something, and undo it if it brought nothing."""
    name = tool or "grow"
    if person.failures[name] > 1:
        return False
    before = _score(person)
    if tool:
        person.switch(tool)
    person.actions += 1
    try:
        do()
    except InputError:
        person.failures[name] += 1
        return False
    if _score(person) > before:
        person.failures[name] -= 1
        return True
    person.failures[name] += 1
    person.layer.undo()
    person.actions += 1
    return False


def _score(person: Person) -> int:
    return 2 * sum(map(person.is_good, person.numbers)) - len(person.wrong_ones())


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.count_nonzero(one & other) / np.count_nonzero(one | other))


def _mostly_in(part: np.ndarray, whole: np.ndarray) -> bool:
    return bool(2 * np.count_nonzero(part & whole) > np.count_nonzero(part))


def _innermost(mask: np.ndarray) -> tuple[int, int]:
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(y) - 1, int(x) - 1


@dataclass(frozen=True)
class Hard:
    """An image that the model finds hard."""

    ap50: float
    name: str
    plane: np.ndarray
    predicted: np.ndarray
    truth: np.ndarray
    maps: PlaneMaps


def segment_plane(model: Model, plane: np.ndarray, diameter: float | None = None) -> tuple[np.ndarray, PlaneMaps]:
    result = model.segment_plane(plane, SegmentConfig(diameter=diameter))
    return result.labels, PlaneMaps(result.maps, model.card.labels, result.rescaled)


def hardest(folder: Path, model: Model) -> list[Hard]:
    """Segment all images that the model is for, but for the test images, and keep the worst."""
    with (folder / "index.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["stardist_split"] != "test" and r["kind"] in KINDS]
    found: list[Hard] = []
    for row in rows:
        if int(row["objects"]) < FEWEST_OBJECTS:
            continue
        image, axes = read_image(folder / "images" / f"{row['id']}.png")
        truth = read_labels(folder / "labels" / f"{row['id']}.png")
        plane = to_planes(image, axes).pixels[0]
        predicted, maps = segment_plane(model, plane)
        found.append(Hard(float(count(predicted, truth).ap[0]), row["id"], plane, predicted, truth, maps))
        found = sorted(found, key=lambda hard: (hard.ap50, hard.name))[:IMAGES]
    return found


def repair(hard: Hard, model: Model, good: float) -> dict:
    brush = with_brush(hard.predicted, hard.truth, good)
    tools = with_tools(hard, good, lambda diameter: segment_plane(model, hard.plane, diameter)[1])
    for person in (brush, tools):
        assert not person.wrong_ones(), hard.name
        assert all(map(person.is_good, person.numbers)), hard.name
    return {
        "image": hard.name,
        "ap50": round(hard.ap50, 3),
        "objects": len(brush.numbers),
        "brush": brush.actions,
        "tools": tools.actions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--iou", type=float, nargs="+", default=[0.5])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    model = load_model("nuclei")
    images = hardest(arguments.folder, model)
    tables = {str(good): [repair(hard, model, good) for hard in images] for good in arguments.iou}
    for good, rows in tables.items():
        print(f"an object is good at an IoU of {good}; actions with")
        print(f"{'image':14}{'AP50':>6}{'true':>6}{'brush':>8}{'tools':>8}{'ratio':>8}")
        for row in rows:
            ratio = row["tools"] / max(row["brush"], 1)
            print(
                f"{row['image'][:12]:14}{row['ap50']:6.2f}{row['objects']:6}{row['brush']:8}{row['tools']:8}{ratio:8.2f}"
            )
        brush, tools = (np.mean([row[key] for row in rows]) for key in ("brush", "tools"))
        print(f"{'per image':26}{brush:8.1f}{tools:8.1f}{tools / brush:8.2f}\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(tables, indent=1) + "\n")


if __name__ == "__main__":
    main()
