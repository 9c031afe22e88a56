"""What a network may predict beside the foreground: ``python benchmarks/heads.py DSB2018 WORK [--minutes 8]``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, WORK a folder for what is trained; what lies in it
already is not trained again. Each row is trained as many minutes as `train_bundled` trains first, on the same images,
and is judged by the same held-out groups of look-alikes; how maps become labels is tuned on these for each. All have
the normalised distance, of which basins are made. It counts alike everywhere, or more where two objects are near, as
in maskloop; or there is another map, too, which lowers it between objects: of the borders at which objects touch, of
how near other objects are (Scherr et al. 2020, https://doi.org/10.1371/journal.pone.0243219), or of the offsets from
each pixel to the centre of its object, in radii, which point apart there. ``--json FILE`` writes the table.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from choices import minutes_of
from maskloop.config import TaskConfig
from maskloop.model.runtime import start_engine
from maskloop.ops import targets
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.metrics import count, pool
from maskloop.ops.mistakes import add_up, count_mistakes
from maskloop.ops.objects import number_densely
from maskloop.ops.task_kinds import Objects
from maskloop.ops.tuning import tune_labels
from maskloop.scores import align
from train_bundled import FIRST, first_lesson

DISTANCE = ("foreground", "distance")


@dataclass(frozen=True)
class Kind:
    """A further map.

    Attributes
    ----------
    heads : tuple of str
    to_targets : callable
        From labels of shape (Y, X) to what the heads fit, of shape (Y, X, heads), 0 to 1.
    lower : callable
        From the predicted maps, of shape (Y, X, 2 + heads), to how much of the distance is taken away, 0 to 1.
    """

    heads: tuple[str, ...]
    to_targets: Callable[[np.ndarray], np.ndarray]
    lower: Callable[[np.ndarray], np.ndarray]


def near_two(labels: np.ndarray) -> np.ndarray:
    return (targets.labels_to_weights(labels, None)[..., 1:] > 1).astype(np.float32)


def to_neighbours(labels: np.ndarray) -> np.ndarray:
    """Make what is 1 where an object touches another one, and falls to 0 at its pixel that is farthest from others."""
    _, dense = number_densely(labels)
    near = np.zeros(labels.shape, np.float32)
    found = ((label, box) for label, box in enumerate(ndimage.find_objects(dense), start=1) if box is not None)
    for label, box in found:
        margin = max(along.stop - along.start for along in box)
        window = tuple(slice(max(along.start - margin, 0), along.stop + margin) for along in box)
        own, others = dense[window] == label, (dense[window] > 0) & (dense[window] != label)
        if others.any():
            away = ndimage.distance_transform_edt(~others)[own]
            near[window][own] = (1 - (away - 1) / max(away.max() - 1, 1)) ** 3
    return near


def to_centres(labels: np.ndarray) -> np.ndarray:
    _, dense = number_densely(labels)
    inside, numbers = dense > 0, np.arange(1, int(dense.max()) + 1)
    offsets = np.full((*labels.shape, 2), 0.5, np.float32)
    if len(numbers):
        centres = np.array(ndimage.center_of_mass(inside, dense, numbers))
        radii = np.sqrt(np.bincount(dense.ravel(), minlength=len(numbers) + 1)[1:] / np.pi)
        own = dense[inside] - 1
        offsets[inside] = 0.5 + np.clip((centres[own] - np.argwhere(inside)) / radii[own][:, None], -1, 1) / 2
    return offsets


def apart(maps: np.ndarray) -> np.ndarray:
    down, right = ((maps[..., i] - 0.5) * maps[..., 0] for i in (2, 3))
    divergence = ndimage.gaussian_filter(down, 1, order=(1, 0)) + ndimage.gaussian_filter(right, 1, order=(0, 1))
    return np.clip(4 * divergence, 0, 1)


FURTHER = {
    "distance, alike everywhere": None,
    "distance": None,
    "distance and borders": Kind(("border",), near_two, lambda maps: maps[..., 2]),
    "distance and neighbours": Kind(("neighbours",), to_neighbours, lambda maps: maps[..., 2]),
    "distance and offsets": Kind(("down", "right"), to_centres, apart),
}


def use(kind: Kind) -> None:
    """Let all networks of this process have a further map."""
    from keras import ops

    from maskloop.data import dataset
    from maskloop.model.loss import loss_of
    from maskloop.training import fit

    plain_targets, plain_warp, extra = Objects.to_targets, dataset.warp, len(kind.heads)

    def with_further(*what: object) -> Callable:
        plain = loss_of(*what)

        def loss(truth, maps):
            known = ops.cast(truth, maps.dtype)
            near, found = known[..., 2 : 2 + extra], maps[..., 2:]
            weight = known[..., 2 + extra] * (known[..., 0] if extra == 2 else 1)  # offsets count in objects alone
            wrong = ops.abs(near - found) if extra == 2 else ops.binary_crossentropy(near, found)
            wrong = ops.sum(wrong, axis=-1) * weight
            return plain(truth, maps) + 4 * ops.sum(wrong, (1, 2)) / (ops.sum(weight, (1, 2)) + 1)

        return loss

    def turned(window, transform, size):
        crop = plain_warp(window, transform, size)
        first = crop.shape[-1] - 4  # of the offsets, before the weights
        a, b, c, d = (transform[i] for i in (0, 1, 3, 4))
        step = ops.sqrt(ops.abs(a * d - b * c))
        down, right = crop[..., first, None] - 0.5, crop[..., first + 1, None] - 0.5
        offsets = [0.5 + (b * right + d * down) / step, 0.5 + (a * right + c * down) / step]
        return ops.concatenate([crop[..., :first], *offsets, crop[..., first + 2 :]], axis=-1)

    Objects.targets = 2 + extra
    Objects.to_targets = staticmethod(lambda labels: np.dstack([plain_targets(labels), kind.to_targets(labels)]))
    TaskConfig.heads = property(lambda _: DISTANCE + kind.heads)
    fit.loss_of = with_further
    if extra == 2:
        dataset.warp = turned


def train(name: str, data: Path, folder: Path, minutes: float) -> None:
    """Train a network and write what it reaches."""
    from maskloop.data.dataset import normalise_greys, prepare
    from maskloop.inference.predict_maps import predict_maps
    from maskloop.model.unet import build_unet
    from maskloop.training.fit import fit

    kind, lesson, config = FURTHER[name], first_lesson(data), minutes_of(FIRST, minutes)
    if name == "distance, alike everywhere":
        targets.NEAR = 1
    if kind is not None:
        use(kind)
    seen = [[normalise_greys(example, 1) for example in part] for part in (lesson.training, lesson.validation)]
    network = build_unet(config.network, bfloat16=True)
    folder.mkdir(parents=True, exist_ok=True)
    history = fit(network, *([prepare(example, Objects()) for example in part] for part in seen), config, folder)
    exact = build_unet(config.network)
    exact.set_weights(network.get_weights())
    maps = [predict_maps(exact, config.network, example.image) for example in seen[1]]
    if kind is not None:
        maps = [np.dstack([one[..., 0], one[..., 1] * (1 - kind.lower(one))]) for one in maps]
    truths = [example.labels for example in lesson.validation]
    labels = tune_labels(maps, truths)
    pairs = [(maps_to_labels(one, labels), truth) for one, truth in zip(maps, truths, strict=True)]
    ap, made = pool(count(*pair) for pair in pairs).ap, add_up(count_mistakes(*pair) for pair in pairs)
    found = {"ap50": float(ap[0]), "mean_ap": float(ap.mean()), "merged": made.merged, "split": made.split}
    row = {"maps": name, **found, "minutes": sum(epoch.seconds for epoch in history) / 60}
    (folder / "row.json").write_text(json.dumps(row))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", choices=list(FURTHER), help="train this one, in this process")
    options = parser.parse_args()
    if options.one:
        start_engine()
        train(options.one, options.data, options.work / options.one, options.minutes)
        return
    rows = []
    for name in FURTHER:
        if not (options.work / name / "row.json").is_file():
            own = (str(options.data), str(options.work), "--minutes", str(options.minutes), "--one", name)
            subprocess.run([sys.executable, __file__, *own], check=True)  # what is changed goes with it
        rows.append(json.loads((options.work / name / "row.json").read_text()))
    lines = [["maps", "AP 0.5", "mean AP", "merged", "split", "minutes"]]
    for row in rows:
        scores = (f"{row['ap50']:.3f}", f"{row['mean_ap']:.3f}", str(row["merged"]), str(row["split"]))
        lines.append([row["maps"], *scores, f"{row['minutes']:.1f}"])
    print(align(lines))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
