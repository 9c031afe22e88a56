"""How maps become objects best: ``python benchmarks/labelling.py DSB2018 [MODEL] [--json FILE]``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, MODEL a name or a model folder, by default
``nuclei``. Its maps of all images of fluorescence that it may know, each rescaled as it is segmented, are smoothed and
split in several ways. The smoothing is in pixels of the network, or as ``image`` one pixel of the image, however much
that was enlarged. Scores are AP at IoU 0.5 and mean AP, pooled over the objects of images that were held out, of images
that were enlarged, and of all others; of the last two most were learned from. None is one to test with.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dsb2018 import learned_and_tested
from maskloop.config import LabelsConfig, SegmentConfig
from maskloop.data.examples import Example
from maskloop.model.runtime import start_engine
from maskloop.ops import instances
from maskloop.ops.metrics import count, pool
from maskloop.project.model_folder import find_model, read_card
from maskloop.scores import align

if TYPE_CHECKING:
    from maskloop.inference.model import Model

BLURS = ("image", 0.0, 0.5, 1.0, 1.5, 2.0)
SPLITTINGS = (0.3, 0.4, 0.5, 0.6)
PARTS = ("held out", "enlarged", "others")


@dataclass(frozen=True)
class Seen:
    """What a model makes of an image before it becomes objects."""

    truth: np.ndarray
    maps: np.ndarray
    rescaled: float
    part: str


def see(model: "Model", example: Example, held_out: bool) -> Seen:
    found = model.segment_plane(example.image, SegmentConfig())
    part = "held out" if held_out else "enlarged" if found.rescaled > 1 else "others"
    return Seen(example.labels, found.maps, found.rescaled, part)


def judge(seen: Sequence[Seen], config: LabelsConfig, blur: float | str) -> tuple[float, float]:
    """Return AP at IoU 0.5 and mean AP of labels that were made in one way."""
    counts, usual = [], instances.SPECKLE
    for of in seen:
        instances.SPECKLE = of.rescaled if blur == "image" else blur
        counts.append(count(instances.maps_to_labels(of.maps, config, of.rescaled), of.truth))
    instances.SPECKLE = usual
    ap = pool(counts).ap
    return float(ap[0]), float(ap.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("model", nargs="?", default="nuclei")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start_engine()
    from maskloop.api import load_model

    model = load_model(options.model)
    held_out = set(read_card(find_model(options.model)).training.held_out)
    examples = learned_and_tested(options.data, "fluorescence")[0]
    seen = [see(model, example, example.name in held_out) for example in examples]
    parts = {part: [of for of in seen if of.part == part] for part in PARTS}
    rows = [
        {"blur": blur, "splitting": splitting}
        | {
            part: judge(of_part, model.card.labels.model_copy(update={"splitting": splitting}), blur)
            for part, of_part in parts.items()
        }
        for blur in BLURS
        for splitting in SPLITTINGS
    ]
    head = ["blur", "splitting", *(f"{len(of_part)} {part}" for part, of_part in parts.items())]
    cells = [
        [str(row["blur"]), str(row["splitting"]), *("{:.3f} / {:.3f}".format(*row[part]) for part in parts)]
        for row in rows
    ]
    print(align([head, *cells]))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
