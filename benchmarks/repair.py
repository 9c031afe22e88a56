"""How many actions it takes to repair predictions: ``python benchmarks/repair.py DSB2018 [--json FILE]``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``. A simulated person repairs what the model
``nuclei`` predicts on those 10 images, none of them a published test image, on which its AP at IoU 0.5 is lowest;
once with maskloop's tools, and once with napari's brush and eraser alone. It is done when each true object has an
object of an IoU of at least 0.5 (another one by --iou), and no other object is left. A stroke, a click, a key and a
slider that is moved are one action each, also where they bring nothing.

A stroke of brush or eraser is perfect: it covers exactly what it should, in one go. What is wrong is painted anew with
a new label, which never takes more than to pick its label and mend it. With the tools the person first moves the two
sliders under Adjust, and lets go where the least is left to do, then draws around what is wrong with *Outline*, and
deletes what is left over. These lines are drawn by a hand: along the outline of the true object there is a point every
3 pixels, each off by normal noise in y and x, of a standard deviation of 1 pixel, or for objects of less than 20
pixels, for which one zooms in, a twentieth of their diameter. Where that is not good the line is drawn again, up to
three times, and then the brush is taken. The tools are the real ones, on a napari labels layer.
"""

import argparse
import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from napari.layers import Labels
from scipy import ndimage
from skimage.measure import find_contours

from maskloop.api import load_model
from maskloop.config import SegmentConfig
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
SLIDERS = {"splitting": np.linspace(0, 1, 11), "foreground": np.linspace(0.1, 0.9, 9)}  # where one may be let go
STEP, TREMOR, TREMOR_SHARE = 3.0, 1.0, 0.05  # of a drawn line: in pixels, and of the diameter
TRIES = 3
KINDS = ("fluorescence", "brightfield")  # what the model is for


class Person:
    """Somebody who knows the truth, and what is done to the labels by how many actions."""

    def __init__(self, predicted: np.ndarray, truth: np.ndarray, good: float) -> None:
        self.good = good
        self.hand = np.random.default_rng(0)
        self.layer = Labels(predicted.copy())
        self.plane = LabelsPlane(self.layer, (0, 1), ())
        self.truth = truth
        self.boxes = ndimage.find_objects(truth)
        sizes = np.bincount(truth.ravel())
        # The smallest first: of those grown together the largest then needs nothing.
        self.numbers = [int(n) for n in np.argsort(sizes, kind="stable") if n and sizes[n]]
        self.actions = 0
        self.mode = "pan"

    @property
    def labels(self) -> np.ndarray:
        return self.layer.data

    def best(self, number: int) -> tuple[int, float]:
        """Return the label that fits a true object best, and its IoU."""
        box = self.boxes[number - 1]
        own = self.truth[box] == number
        sizes = np.bincount(self.labels.ravel())
        shared = np.bincount(self.labels[box][own], minlength=len(sizes))
        shared[0] = 0
        fits = shared / np.maximum(sizes + np.count_nonzero(own) - shared, 1)
        return int(fits.argmax()), float(fits.max())

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

    def outline(self, number: int) -> None:
        """Draw around a true object."""
        self.switch("outline")
        self.actions += 1
        repairs.outline(self.plane, drawn_by_hand(self.truth == number, self.hand))

    def erase(self, label: int) -> None:
        self.switch("erase")
        self.stroke(self.labels == label, 0)

    def delete(self, label: int) -> None:
        """Press the key over an object."""
        self.actions += 1
        repairs.delete(self.plane, np.argwhere(self.labels == label)[:1].astype(float))

    def left_to_do(self) -> int:
        """Return how many objects are to be drawn around, and how many others to be deleted."""
        bad = [number for number in self.numbers if not self.is_good(number)]
        drawn = np.where(np.isin(self.truth, bad), self.truth, 0)
        others = [np.bincount(drawn[self.labels == label], minlength=2) for label in self.wrong_ones()]
        return len(bad) + sum(2 * shares[1:].max() <= shares.sum() for shares in others)


def with_brush(predicted: np.ndarray, truth: np.ndarray, good: float) -> Person:
    """Repair with brush and eraser."""
    person = Person(predicted, truth, good)
    for number in person.numbers * 2:  # once more, since painting one may have spoilt another
        if not person.is_good(number):
            person.paint_anew(number)
    for label in person.wrong_ones():
        person.erase(label)
    return person


def with_tools(hard: "Hard", good: float) -> Person:
    """Repair with maskloop's tools, and the brush where they do not get there."""
    person = Person(_adjust(hard, good), hard.truth, good)
    person.actions = len(SLIDERS)
    for number in person.numbers * 2:  # once more, since drawing around one may have spoilt another
        for _ in range(TRIES):
            if not person.is_good(number):
                person.outline(number)
        if not person.is_good(number):
            person.mode = "paint"  # the key for a new label takes up the brush too
            person.paint_anew(number)
    for label in person.wrong_ones():
        person.delete(label)
    return person


def _adjust(hard: "Hard", good: float) -> np.ndarray:
    """Move each slider to where the least is left to do, or back to where it was."""
    labels, config = hard.predicted, hard.maps.labels
    least = Person(labels, hard.truth, good).left_to_do()
    for slider, places in SLIDERS.items():
        for moved in [config.model_copy(update={slider: float(place)}) for place in places]:
            made = maps_to_labels(hard.maps.maps.astype(np.float32), moved, hard.maps.rescaled)
            left = Person(made, hard.truth, good).left_to_do()
            if left < least:
                least, labels, config = left, made, moved
    return labels


def drawn_by_hand(mask: np.ndarray, hand: np.random.Generator) -> np.ndarray:
    """Return the points (y, x) of a line around a mask, or around its largest piece."""
    outline = max(find_contours(np.pad(mask, 1).astype(float), 0.5), key=len) - 1
    along = np.append(0, np.cumsum(np.hypot(*np.diff(outline, axis=0).T)))
    at = np.arange(0, along[-1], min(STEP, along[-1] / 6))
    points = np.stack([np.interp(at, along, side) for side in outline.T], axis=1)
    diameter = float(object_diameters(mask.astype(np.int32))[0])
    return points + hand.normal(0, min(TREMOR, TREMOR_SHARE * diameter), points.shape)


@dataclass(frozen=True)
class Hard:
    """An image that the model finds hard."""

    ap50: float
    name: str
    predicted: np.ndarray
    truth: np.ndarray
    maps: PlaneMaps


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
        result = model.segment_plane(plane, SegmentConfig())
        maps = PlaneMaps(result.maps, model.card.labels, result.rescaled)
        found.append(Hard(float(count(result.labels, truth).ap[0]), row["id"], result.labels, truth, maps))
        found = sorted(found, key=lambda hard: (hard.ap50, hard.name))[:IMAGES]
    return found


def repair(hard: Hard, good: float) -> dict:
    brush = with_brush(hard.predicted, hard.truth, good)
    tools = with_tools(hard, good)
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
    images = hardest(arguments.folder, load_model("nuclei"))
    tables = {str(good): [repair(hard, good) for hard in images] for good in arguments.iou}
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
