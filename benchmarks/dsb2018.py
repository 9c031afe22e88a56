"""The images of the Data Science Bowl 2018, and what each may be used for.

Of fluorescence, 447 images are for training and 50 are the published test images (Schmidt et al. 2018); the 46 that are
in neither set, the bundled models do not learn from. Of bright field a quarter and of colour a fifth of the images,
whole groups of look-alikes, are kept to test with.
"""

import csv
from pathlib import Path

import numpy as np

from maskloop.data.examples import Example, read_examples
from maskloop.data.split_examples import ALIKE, hold_out

# Shown as samples, so never learned from.
SAMPLES = {
    "6fe2df6de1d962b90146c822bcefc84d0d3d6926fdfbacd3acdc9de830ee5622",
    "942d56861fc83e195e9c559a000bb86627d8682f8dcc2300818458e5b6850dd0",
    "6bc8cda54f5b66a2a27d962ac219f8075bf7cc43b87ba0c9e776404370429e80",
    "30311520606ec99b6a810ae1a9a753df991777d374212423bb075c408a98ed74",
    "136000dc18fa6def2d6c98d4d0b2084d13c22eaffe82e26c665bcaa2a9e51261",
}
KINDS = ("fluorescence", "brightfield", "colour")
TESTED = {"brightfield": 0.25, "colour": 0.2}  # share
STAINS = 0.1  # at this distance the images of colour are ten groups; at the usual one three, of 76, 27 and 4


def names(data: Path, kind: str, splits: tuple[str, ...] = ("train", "")) -> list[str]:
    """Name the images of a kind that are in one of the published splits; most are in none, ``""``."""
    with (data / "index.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [row["id"] for row in rows if row["kind"] == kind and row["stardist_split"] in splits]


def published_test(data: Path) -> list[Example]:
    """Read the 50 published test images."""
    return read_examples(data, names(data, "fluorescence", ("test",)))


def learned_and_tested(data: Path, kind: str) -> tuple[list[Example], list[Example]]:
    """Read the images of a kind: those that a bundled model may learn from, and those that it is tested with."""
    if kind == "fluorescence":
        return read_examples(data, names(data, kind, ("train",))), published_test(data)
    examples = read_examples(data, names(data, kind))
    distance = STAINS if kind == "colour" else ALIKE
    tested = hold_out(examples, TESTED[kind], seed=0, distance=distance)
    return tuple([examples[i] for i in np.flatnonzero(tested == part)] for part in (False, True))
