"""What a model loses where images are worse: ``python benchmarks/robustness.py DSB2018 MODEL [--json FILE]``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, MODEL a name or a model folder. The images are
those that the model held out for validation; each case changes all of them in one way, and everything is left to the
model, the diameter too. What is lost is AP at IoU 0.5, pooled over all objects, and over those of images of large ones:
in which the median object, before any change, is at least 12 pixels across. That limit was set once it was seen that
`nuclei` loses most where they are smaller. Of fields without objects, what is found is counted.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

import imageio.v3 as iio
import numpy as np
from scipy import ndimage

from accuracy import examples_for
from empty_field import empty_field
from maskloop.data.examples import Example, rescale
from maskloop.model.runtime import start_engine
from maskloop.ops.metrics import count, pool
from maskloop.ops.targets import object_diameters
from maskloop.scores import align

if TYPE_CHECKING:
    from maskloop.inference.model import Model

PHOTONS = 20  # at the brightest, in low light
GAP = 1  # pixels between clustered objects
CLEAR = 12  # pixels across

Change = Callable[[Example, np.random.Generator], Example]


def of_grey(change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Change:
    """Make a change of an image of one that acts on grey values from 0 to 1."""

    def changed(example: Example, rng: np.random.Generator) -> Example:
        highest = float(example.image.max()) or 1.0
        image = change(example.image / highest, rng)
        return replace(example, image=np.clip(255 * image, 0, 255).round().astype(np.uint8))

    return changed


def of_bits(bits: int) -> Change:
    """Make an image of 8 bit one of more, with noise in the added bits, on a tenth of the range."""

    def changed(example: Example, rng: np.random.Generator) -> Example:
        finer = example.image * 2.0 ** (bits - 8) + rng.uniform(0, 2 ** (bits - 8), example.image.shape)
        return replace(example, image=(0.1 * 2**bits + 0.9 * finer).astype(np.uint16))

    return changed


def of_size(factor: float, usual: float) -> Change:
    """Bring the objects to a diameter, in proportion to the usual one."""

    def changed(example: Example, _: np.random.Generator) -> Example:
        diameters = object_diameters(example.labels)
        return rescale(example, factor * usual / float(np.median(diameters))) if len(diameters) else example

    return changed


def shaded(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Let the light fall to a quarter from one corner to the other."""
    y, x = (np.linspace(0, 1, n) for n in image.shape[:2])
    return image * (1 - 0.75 * (y[:, None] + x) / 2)[..., None]


def compressed(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
    pixels = (255 * image).round().astype(np.uint8)
    file = io.BytesIO()
    iio.imwrite(file, pixels if pixels.shape[-1] == 3 else pixels[..., 0], extension=".jpg", quality=30)
    return iio.imread(file.getvalue()).reshape(image.shape) / 255


def in_low_light(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.poisson(PHOTONS * image) / PHOTONS


def clustered(example: Example, rng: np.random.Generator) -> Example:
    """Lay the whole objects out anew, row by row, close to each other, on pixels of the background."""
    found = enumerate(ndimage.find_objects(example.labels), start=1)
    pieces = [(example.image[box], example.labels[box] == label) for label, box in found if box is not None]
    sizes = [own.shape for _, own in pieces]
    width = max(int(np.sqrt(sum((h + GAP) * (w + GAP) for h, w in sizes))), *(w for _, w in sizes), 64)
    corners, y, x, tallest = [], 0, 0, 0
    for height, length in sizes:
        if x + length > width:
            y, x, tallest = y + tallest + GAP, 0, 0
        corners.append((y, x))
        x, tallest = x + length + GAP, max(tallest, height)
    shape = max(y + tallest, 64), width
    background = example.image[example.labels == 0]
    image, labels = rng.choice(background, shape), np.zeros(shape, np.int32)
    for label, ((seen, own), (top, left)) in enumerate(zip(pieces, corners, strict=True), start=1):
        there = slice(top, top + own.shape[0]), slice(left, left + own.shape[1])
        image[there][own], labels[there][own] = seen[own], label
    return Example(example.name, image, labels)


def cases(usual: float) -> dict[str, Change]:
    """Name each case; `usual` is the median diameter of the images that the model was trained on."""
    sizes = {"a third": 1 / 3, "half": 1 / 2, "twice": 2, "three times": 3}
    return {
        "as they are": lambda example, _: example,
        **{f"objects {name} the usual size": of_size(factor, usual) for name, factor in sizes.items()},
        "inverted": of_grey(lambda image, _: 1 - image),
        "light falls to a quarter": of_grey(shaded),
        "out of focus by 2 pixels": of_grey(lambda image, _: ndimage.gaussian_filter(image, (2, 2, 0))),
        f"at most {PHOTONS} photons": of_grey(in_low_light),
        "12 bit, with an offset": of_bits(12),
        "16 bit, with an offset": of_bits(16),
        "upper half saturated": of_grey(lambda image, _: 2 * image),
        "JPEG of quality 30": of_grey(compressed),
        "dense clusters": clustered,
    }


def judge(model: "Model", examples: list[Example]) -> Iterator[dict]:
    """Yield what a model comes to in each case, and at last what it finds in fields without objects."""
    from maskloop.config import SegmentConfig

    def objects_in(image: np.ndarray) -> np.ndarray:
        return model.task.to_objects(model.segment_plane(image, SegmentConfig()).labels)

    diameters = [object_diameters(example.labels) for example in examples]
    large = [len(of_image) > 0 and float(np.median(of_image)) >= CLEAR for of_image in diameters]
    for name, change in cases(model.card.diameter / model.card.scale).items():
        rng = np.random.default_rng(0)
        changed = [change(example, rng) for example in examples]
        counts = [count(objects_in(e.image), e.labels) for e in changed]
        ap = pool(counts).ap
        of_large = float(pool(compress(counts, large)).ap[0]) if any(large) else float("nan")
        scores = {"ap50": float(ap[0]), "mean_ap": float(ap.mean()), "ap50_of_large": of_large}
        yield {"case": name, "images": len(changed), "large": sum(large)} | scores
    fields = [field for example in examples if (field := empty_field(example)) is not None]
    objects = [int(objects_in(field.image).max()) for field in fields]
    yield {"case": "no objects", "images": len(fields), "found": sum(objects), "most": max(objects, default=0)}


def table(rows: list[dict], fields: dict) -> str:
    lines = [["images", "", "AP 0.5", "mean AP", "lost at 0.5", "lost where they are large"]]
    for row in rows:
        lost, of_large = (rows[0][key] - row[key] for key in ("ap50", "ap50_of_large"))
        scores = (row["ap50"], row["mean_ap"], lost, of_large)
        lines.append([row["case"], str(row["images"]), *(f"{score:.3f}" for score in scores)])
    empty = f"{fields['found']} found in {fields['images']} fields without objects, at most {fields['most']} in one"
    return f"{align(lines)}\n{empty}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("model")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start_engine()
    from maskloop.api import load_model

    examples = [e for of_kind in examples_for(options.data, [options.model], False).values() for e in of_kind]
    if not examples:
        sys.exit("The model held out none of these images.")
    *rows, fields = judge(load_model(options.model), examples)
    print(table(rows, fields))
    if options.json:
        options.json.write_text(json.dumps([*rows, fields], indent=1) + "\n")


if __name__ == "__main__":
    main()
