"""Train StarDist on what `nuclei` learns fluorescence from: ``python benchmarks/stardist_peer.py DSB2018 WORK``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, WORK a folder for the model. It takes the package
itself (``pip install stardist``), which maskloop does not need. Network, loss, schedule and thresholds are the
package's own; the augmentation is that of its examples: flips, quarter turns, and grey values scaled, shifted and
noisy. The same 447 images are learned from, a share of them held out by groups of look-alikes, for ``--minutes``; the
50 published test images are then segmented, and scored as all others. ``--json FILE`` writes what `accuracy` writes.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from csbdeep.utils import normalize
from csbdeep.utils.tf import keras_import
from stardist import fill_label_holes
from stardist.models import Config2D, StarDist2D

from accuracy import Found, row, tables
from dsb2018 import learned_and_tested
from maskloop.data.examples import Example
from maskloop.data.split_examples import hold_out
from maskloop.ops.axes import choose_channel
from maskloop.ops.metrics import count
from maskloop.ops.mistakes import count_mistakes
from train_bundled import FIRST

RNG = np.random.default_rng(0)
STEPS, LONGEST = 100, 10_000  # steps of an epoch, and epochs


def stop_after(model: StarDist2D, minutes: float) -> object:
    """Return a callback that ends a training when its time is over."""
    end = time.monotonic() + 60 * minutes
    return keras_import("callbacks", "LambdaCallback")(
        on_epoch_end=lambda *_: setattr(model.keras_model, "stop_training", time.monotonic() > end)
    )


def grey(example: Example) -> np.ndarray:
    return normalize(choose_channel(example.image, None, 1)[..., 0], 1, 99.8)


def vary(image: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    turns, step = RNG.integers(4), RNG.choice([-1, 1])
    image, labels = (np.rot90(a, turns)[::step] for a in (image, labels))
    image = image * RNG.uniform(0.6, 2) + RNG.uniform(-0.2, 0.2)
    return image + 0.02 * RNG.uniform() * RNG.normal(size=image.shape), labels


def train(examples: list[Example], folder: Path, minutes: float) -> StarDist2D:
    held = hold_out(examples, FIRST.validation, seed=0)
    parts = [[e for e, h in zip(examples, held, strict=True) if h == part] for part in (False, True)]
    (images, labels), validation = (
        ([grey(e) for e in part], [fill_label_holes(e.labels) for e in part]) for part in parts
    )
    model = StarDist2D(
        Config2D(n_rays=32, grid=(2, 2), n_channel_in=1, train_tensorboard=False), name="stardist", basedir=str(folder)
    )
    model.prepare_for_training()
    model.callbacks.append(stop_after(model, minutes))
    options = {"augmenter": vary, "epochs": LONGEST, "steps_per_epoch": STEPS, "seed": 0}
    model.train(images, labels, validation_data=validation, **options)
    model.optimize_thresholds(*validation)
    return model


def judge(model: StarDist2D, example: Example) -> Found:
    started = time.perf_counter()
    labels = model.predict_instances(grey(example))[0]
    seconds = time.perf_counter() - started
    pair = labels, example.labels
    return Found("fluorescence", count(*pair), count_mistakes(*pair), labels.size, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    learned, tested = learned_and_tested(options.data, "fluorescence")
    model = train(learned, options.work, options.minutes)
    judge(model, tested[0])  # the first one takes longer
    rows = [row("StarDist", "fluorescence", [judge(model, example) for example in tested])]
    print(tables(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
