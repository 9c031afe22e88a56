"""The crops that a model carries of its own data: one of each group of images that look alike, in turn."""

from dataclasses import dataclass

import numpy as np

from maskloop.data.examples import Example, rescale
from maskloop.data.split_examples import look_alikes
from maskloop.ops.axes import choose_channel


@dataclass(frozen=True)
class Carried:
    """How many crops a model carries, and their side in pixels by the number of channels."""

    count: int
    sides: dict[int, int]


# With 20 of 192 pixels in place of 40 of 144, kinds of images that were not among the 20 were forgotten; in colour this
# was not measured.
LEARNED = Carried(40, {1: 144, 3: 120})
JUDGED = Carried(12, {1: 192, 3: 120})


def in_turn(examples: list[Example], count: int) -> list[Example]:
    """Pick one image of each group of look-alikes, the largest groups first, until there are enough."""
    groups = look_alikes(examples)
    names, sizes = np.unique(groups, return_counts=True)
    by_size = [np.flatnonzero(groups == name) for name in names[np.argsort(-sizes, kind="stable")]]
    rng = np.random.default_rng(0)
    order = [members[rng.permutation(len(members))] for members in by_size]
    picked = [int(members[turn]) for turn in range(count) for members in order if turn < len(members)]
    return [examples[i] for i in picked[:count]]


def crops_in_turn(
    examples: list[Example], carried: Carried, channels: int, scale: float = 1
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut one crop out of each image that is picked, with the channels and at the scale that a network sees."""
    seen = (rescale(example, scale) for example in in_turn(examples, carried.count))
    crops = (fullest_crop(example, carried.sides[channels]) for example in seen)
    return [(choose_channel(image, None, channels).round().astype(np.uint8), labels) for image, labels in crops]


def fullest_crop(example: Example, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return image and labels of the crop, on a grid, that holds the most objects."""
    height, width = example.labels.shape
    corners = [(y, x) for y in starts(height, side) for x in starts(width, side)]
    y, x = max(corners, key=lambda c: len(np.unique(example.labels[c[0] : c[0] + side, c[1] : c[1] + side])))
    image, labels = (a[y : y + side, x : x + side] for a in (example.image, example.labels))
    return image, labels


def starts(length: int, side: int) -> range:
    """Return where crops along an axis begin."""
    return range(0, max(length - side, 0) + 1, side // 4)
