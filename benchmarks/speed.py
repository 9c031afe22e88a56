"""How fast a plane is segmented: ``python benchmarks/speed.py [MODEL] [--json FILE]``.

A plane of 1024 x 1024 pixels, made of sample images side by side, is segmented by turns in float32 and in bfloat16,
from pixels to labels at the size they have. The network alone, on an array of the same size, is timed in the same run:
what of the time it does not need is for normalising, cutting and stitching tiles, and turning maps into labels.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="nuclei")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    start_engine()
    from maskloop.api import load_model
    from maskloop.config import SegmentConfig

    image = plane()
    models = {name: load_model(options.model, bfloat16) for name, bfloat16 in (("float32", False), ("bfloat16", True))}
    given = SegmentConfig(diameter=models["float32"].card.diameter)
    labels = models["float32"].segment_plane(image, given).labels
    normalised = np.repeat(image[None].astype(np.float32) / 255, models["float32"].card.network.channels, axis=-1)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    for turn in range(REPEATS + 1):
        for name, model in models.items():
            whole = seconds(lambda model=model: model.segment_plane(image, given))
            network = seconds(lambda model=model: model.network.predict_on_batch(normalised))
            if turn:  # the first ones take longer
                times[name].append((whole, network))
    megapixels = image.size / 1e6
    rows = []
    for name, pairs in times.items():
        whole, network = (statistics.median(column) for column in zip(*pairs, strict=True))
        rows.append({"arithmetic": name, "megapixels_per_s": megapixels / whole, "network_alone": megapixels / network})
        rows[-1]["beside_the_network"] = max(1 - network / whole, 0.0)
    print(f"{labels.max()} objects in {SIDE} x {SIDE} pixels, median of {REPEATS}")
    table = [["", "megapixels a second", "network alone", "not the network"]]
    for row in rows:
        speeds = [f"{row[key]:.2f}" for key in ("megapixels_per_s", "network_alone")]
        table.append([row["arithmetic"], *speeds, f"{row['beside_the_network']:.0%}"])
    print(align(table))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
