"""What a model loses on images that it may know, and to what: ``python benchmarks/ceiling.py DSB2018 MODEL``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, MODEL a name or a model folder. The images are
those of fluorescence, or for a model of three channels of stained tissue, that may be learned from, of which MODEL held
out a few; none is one to test with. AP at IoU 0.5 is pooled over the objects of all images of a size, for most plates
have one of their own, and of all. It is counted as usual; without specks; and where the true foreground, the true
distance, or both take the place of what the network says. Specks are objects of less than a fifth of the median area of
those that are labelled in the image: fragments and debris, mostly.
``--json FILE`` writes the table.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dsb2018 import learned_and_tested
from maskloop.config import SegmentConfig
from maskloop.data.examples import Example
from maskloop.model.runtime import start_engine
from maskloop.ops.metrics import Counts, count, pool
from maskloop.ops.overlaps import find_overlaps
from maskloop.ops.targets import labels_to_targets
from maskloop.scores import align

if TYPE_CHECKING:
    from maskloop.inference.model import Model

SPECK = 0.2  # of the median area


def keep(labels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Leave out objects, counted from 0 by ascending label."""
    return np.where(np.isin(labels, np.unique(labels[labels > 0])[kept]), labels, 0)


def count_without_specks(found: np.ndarray, truth: np.ndarray) -> Counts:
    """Count neither specks nor what lies on them, mostly."""
    overlaps = find_overlaps(found, truth)
    if not len(overlaps.true_sizes):
        return count(found, truth)
    specks = overlaps.true_sizes < SPECK * np.median(overlaps.true_sizes)
    on_specks = np.bincount(overlaps.rows, overlaps.pixels * specks[overlaps.columns], len(overlaps.sizes))
    return count(keep(found, on_specks <= overlaps.sizes / 2), keep(truth, ~specks))


def judge(model: "Model", example: Example) -> dict[str, Counts]:
    """Count what a model comes to on an image in each way."""
    seen, true = model.segment_plane(example.image, SegmentConfig()), labels_to_targets(example.labels)

    def of(foreground: np.ndarray, distance: np.ndarray) -> Counts:
        maps = np.dstack([foreground[..., 0], distance[..., 1]])
        return count(model.task.to_labels(maps, model.card.labels, seen.rescaled), example.labels)

    return {
        "as it is": count(seen.labels, example.labels),
        "without specks": count_without_specks(seen.labels, example.labels),
        "true foreground": of(true, seen.maps),
        "true distance": of(seen.maps, true),
        "both true": of(true, true),
    }


def rows(examples: Sequence[Example], judged: Sequence[dict[str, Counts]]) -> Iterator[dict]:
    """Yield what comes to images of each size, those with most objects first, and to all."""
    sizes = ["{} x {}".format(*example.labels.shape) for example in examples]
    parts = {
        size: [counts for s, counts in zip(sizes, judged, strict=True) if s == size] for size in sorted(set(sizes))
    }
    parts = dict(sorted(parts.items(), key=lambda part: -sum(counts["as it is"].truth for counts in part[1])))
    for name, each in {**parts, "all": judged}.items():
        pooled = {way: pool(counts[way] for counts in each) for way in each[0]}
        ap50 = {way: float(of.ap[0]) for way, of in pooled.items()}
        yield {"size": name, "images": len(each), "objects": pooled["as it is"].truth, "ap50": ap50}


def table(found: Sequence[dict]) -> str:
    head = ["pixels", "images", "objects", *found[0]["ap50"]]
    cells = [
        [row["size"], str(row["images"]), str(row["objects"]), *(f"{ap:.3f}" for ap in row["ap50"].values())]
        for row in found
    ]
    return align([head, *cells])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("model")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start_engine()
    from maskloop.api import load_model

    model = load_model(options.model)
    examples, _ = learned_and_tested(options.data, "fluorescence" if model.card.network.channels == 1 else "colour")
    found = list(rows(examples, [judge(model, example) for example in examples]))
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
