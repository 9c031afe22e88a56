"""How good models are on the Data Science Bowl's images, kind by kind: ``python benchmarks/accuracy.py DSB2018 MODEL``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``; each MODEL is a name or a model folder. They are
judged by the images of each kind that they held out for validation, or with ``--test`` by those that are kept to test
with: the 50 published ones of fluorescence, and those of the other kinds that `dsb2018` keeps. Nothing is ever chosen
by these. ``--bfloat16`` computes in half precision, ``--json FILE`` writes the tables. ``--beside FILE ...`` adds what
was written by other runs, or by `stardist_peer`; what is published of the 50 images stands below.

What a model of foreground finds becomes objects as parts that hang together. Scores are pooled over all objects, AP
also as the mean over images. Seconds per megapixel are those of the whole segmentation, image by image.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dsb2018 import KINDS, learned_and_tested
from maskloop.data.examples import Example
from maskloop.model.runtime import start_engine
from maskloop.ops.metrics import THRESHOLDS, Counts, count, pool
from maskloop.ops.mistakes import Mistakes, add_up, count_mistakes
from maskloop.project.model_folder import find_model, read_card
from maskloop.scores import align


def examples_for(data: Path, models: Sequence[str], test: bool) -> dict[str, list[Example]]:
    """Return the images by which models are judged, of each kind that there is."""
    each = {kind: learned_and_tested(data, kind) for kind in KINDS}
    if test:
        return {kind: tested for kind, (_, tested) in each.items()}
    held_out = [set(read_card(find_model(name)).training.held_out) for name in models]
    shared = set.intersection(*held_out)
    found = {kind: [e for e in learned if e.name in shared] for kind, (learned, _) in each.items()}
    return {kind: examples for kind, examples in found.items() if examples}


@dataclass(frozen=True)
class Found:
    """What a model came to on one image."""

    kind: str
    counts: Counts
    mistakes: Mistakes
    pixels: int
    seconds: float


def judge(name: str, examples: dict[str, list[Example]], bfloat16: bool) -> list[Found]:
    """Segment images with a model, and compare its objects with the true ones."""
    from maskloop.api import load_model
    from maskloop.config import SegmentConfig

    model = load_model(name, bfloat16)
    model.segment_plane(next(iter(examples.values()))[0].image, SegmentConfig())  # the first one takes longer
    found = []
    for kind, example in ((kind, example) for kind, of_kind in examples.items() for example in of_kind):
        started = time.perf_counter()
        labels = model.segment_plane(example.image, SegmentConfig()).labels
        seconds = time.perf_counter() - started
        pair = model.task.to_objects(labels), example.labels
        found.append(Found(kind, count(*pair), count_mistakes(*pair), example.labels.size, seconds))
    return found


def row(model: str, kind: str, found: Sequence[Found]) -> dict:
    """Sum up what a model came to on several images."""
    pooled = pool(of.counts for of in found)
    return {
        "model": Path(model).name,
        "kind": kind,
        "images": len(found),
        "objects": pooled.truth,
        "ap": dict(zip(map(str, THRESHOLDS), pooled.ap.tolist(), strict=True)),
        "mean_ap": float(pooled.ap.mean()),
        "ap50_of_images": float(np.mean([of.counts.ap[0] for of in found])),
        "mean_ap_of_images": float(np.mean([of.counts.ap.mean() for of in found])),
        "f1": pooled.f1,
        "pq": pooled.pq,
        "dice": pooled.dice,
        **asdict(add_up(of.mistakes for of in found)),
        "s_per_megapixel": sum(of.seconds for of in found) / (sum(of.pixels for of in found) / 1e6),
    }


# AP at an IoU of 0.5, and on average from 0.5 to 0.9, where it is given.
PUBLISHED = {
    "StarDist (Schmidt et al. 2018, https://doi.org/10.1007/978-3-030-00934-2_30)": (0.864, 0.598),
    "Mask R-CNN (in the same paper)": (0.832, 0.606),
}


def rows(judged: dict[str, list[Found]], kinds: Sequence[str]) -> list[dict]:
    """Sum up each kind of images, and all of them, model by model."""
    found = [
        row(model, kind, [of for of in each if of.kind == kind]) for kind in kinds for model, each in judged.items()
    ]
    return found + [row(model, "all", each) for model, each in judged.items() if len(kinds) > 1]


def tables(found: Sequence[dict]) -> str:
    """Lay out the AP at each IoU, and below it everything else."""
    by_iou = [["model", "images", *(f"AP {t}" for t in THRESHOLDS), "mean"]]
    others = [["model", "images", "objects", "AP 0.5 / mean, of images", "F1", "PQ", "Dice"]]
    others[0] += ["missed", "invented", "merged", "split", "s / Mpx"]
    for of in found:
        who = [of["model"], f"{of['images']} {of['kind']}"]
        by_iou.append([*who, *(f"{ap:.3f}" for ap in of["ap"].values()), f"{of['mean_ap']:.3f}"])
        of_images = f"{of['ap50_of_images']:.3f} / {of['mean_ap_of_images']:.3f}"
        scores = [of_images, *(f"{of[key]:.3f}" for key in ("f1", "pq", "dice"))]
        mistakes = [str(of[key]) for key in ("missed", "invented", "merged", "split")]
        others.append([*who, str(of["objects"]), *scores, *mistakes, f"{of['s_per_megapixel']:.2f}"])
    return f"{align(by_iou)}\n\n{align(others)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--test", action="store_true", help="judge by the images that are kept for the end")
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--beside", type=Path, nargs="*", default=[], metavar="FILE")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start_engine()
    examples = examples_for(options.data, options.models, options.test)
    if not examples:
        sys.exit("The models held out no images in common; judge them one by one.")
    judged = {model: judge(model, examples, options.bfloat16) for model in options.models}
    found = rows(judged, list(examples)) + [row for file in options.beside for row in json.loads(file.read_text())]
    print(tables(found))
    if options.test:
        published = [(who, *(f"{ap:.3f}" for ap in aps)) for who, aps in PUBLISHED.items()]
        print(f"\n{align([('published for the 50 of fluorescence', 'AP 0.5', 'mean'), *published])}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
