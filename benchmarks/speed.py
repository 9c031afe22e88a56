"""How fast a plane is segmented: ``python benchmarks/speed.py [MODEL] [--json FILE]``.

A plane of 1024 x 1024 pixels, made of sample images side by side, is segmented by turns in float32 and in bfloat16,
from pixels to labels; everything is left to the model, the diameter too. The network alone, on an array of the same
size, is timed in the same run, and what turns its maps into labels: the rest of the time is for normalising, cutting
and stitching tiles, and measuring objects.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from maskloop.model.runtime import start_engine
from maskloop.resources import resource
from maskloop.scores import align

SIDE = 1024
REPEATS = 15
SAMPLE = "crowded"


def plane() -> np.ndarray:
    """Lay a sample image side by side, mirrored, until the plane is full; return it of shape (Y, X, 1)."""
    [file] = (resource("sample_data") / "images").glob(f"*{SAMPLE}*.png")
    image = iio.imread(file)
    grey = image if image.ndim == 2 else image[..., :3].mean(axis=-1)
    return np.pad(grey, [(0, SIDE - n) if n < SIDE else (0, 0) for n in grey.shape], "symmetric")[:SIDE, :SIDE, None]


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(name: str) -> Iterator[dict]:
    """Yield how fast a model is, in each arithmetic."""
    from maskloop.api import load_model
    from maskloop.config import SegmentConfig

    image = plane()
    models = {arithmetic: load_model(name, arithmetic == "bfloat16") for arithmetic in ("float32", "bfloat16")}
    card = models["float32"].card
    alike = np.repeat(image[None].astype(np.float32) / 255, card.network.channels, axis=-1)
    times: dict[str, list[tuple[float, float, float]]] = {arithmetic: [] for arithmetic in models}
    found = models["float32"].segment_plane(image, SegmentConfig())
    to_labels = partial(models["float32"].task.to_labels, found.maps, card.labels, found.rescaled)
    for turn in range(REPEATS + 1):
        for arithmetic, model in models.items():
            whole = seconds(partial(model.segment_plane, image, SegmentConfig()))
            network = seconds(partial(model.network.predict_on_batch, alike))
            if turn:  # the first ones take longer
                times[arithmetic].append((whole, network, seconds(to_labels)))
    for arithmetic, turns in times.items():
        whole, network, labels = (statistics.median(column) for column in zip(*turns, strict=True))
        speeds = {"megapixels_per_s": image.size / 1e6 / whole, "network_alone": image.size / 1e6 / network}
        shares = {"maps_to_labels": labels / whole, "beside_the_network": max(1 - network / whole, 0.0)}
        yield {"arithmetic": arithmetic, **speeds, **shares}


def table(rows: list[dict]) -> str:
    lines = [["", "megapixels a second", "network alone", "maps to labels", "all but the network"]]
    for row in rows:
        speeds = [f"{row[key]:.2f}" for key in ("megapixels_per_s", "network_alone")]
        shares = [f"{row[key]:.0%}" for key in ("maps_to_labels", "beside_the_network")]
        lines.append([row["arithmetic"], *speeds, *shares])
    return align(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="nuclei")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start_engine()
    rows = list(measure(options.model))
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
