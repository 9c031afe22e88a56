"""Cut the crops that a bundled model carries of its own data: ``python benchmarks/make_rehearsal.py DSB2018 MODEL``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, MODEL the folder of the bundled model. The crops to
rehearse come from images that it learned from, those to judge by from its validation images: one of each group of
images that look alike, the largest groups first, and never a published test image.
"""

import sys
from pathlib import Path

import numpy as np

from maskloop.data.examples import Example, read_examples
from maskloop.data.split_examples import look_alikes
from maskloop.project.model_folder import read_card
from maskloop.project.rehearsal import Rehearsal, save_rehearsal
from train_bundled import training_names

SIDE = 192  # pixels of a crop
LEARNED, JUDGED = 20, 12


def main(data: Path, folder: Path) -> None:
    held_out = set(read_card(folder).training.held_out)
    examples = read_examples(data, training_names(data))
    learned = [example for example in examples if example.name not in held_out]
    judged = [example for example in examples if example.name in held_out]
    rehearsal = Rehearsal(choose(learned, LEARNED), choose(judged, JUDGED))
    path = save_rehearsal(rehearsal, folder)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB, {len(rehearsal.learned)} and {len(rehearsal.judged)} crops")


def choose(examples: list[Example], count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut one crop out of an image of each group, in turn, until there are enough."""
    groups = look_alikes(examples)
    names, sizes = np.unique(groups, return_counts=True)
    by_size = [np.flatnonzero(groups == name) for name in names[np.argsort(-sizes, kind="stable")]]
    rng = np.random.default_rng(0)
    order = [members[rng.permutation(len(members))] for members in by_size]
    picked = [int(members[turn]) for turn in range(count) for members in order if turn < len(members)]
    return [fullest_crop(examples[i]) for i in picked[:count]]


def fullest_crop(example: Example) -> tuple[np.ndarray, np.ndarray]:
    """Return image and labels of the crop, on a grid, that holds the most objects."""
    height, width = example.labels.shape
    corners = [(y, x) for y in starts(height) for x in starts(width)]
    y, x = max(corners, key=lambda c: len(np.unique(example.labels[c[0] : c[0] + SIDE, c[1] : c[1] + SIDE])))
    image, labels = (a[y : y + SIDE, x : x + SIDE] for a in (example.image, example.labels))
    return image.mean(axis=-1).round().astype(np.uint8), labels


def starts(length: int) -> range:
    """Return where crops along a side begin."""
    return range(0, max(length - SIDE, 0) + 1, SIDE // 4)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
