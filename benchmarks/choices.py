"""What was tried for the bundled model: ``python benchmarks/choices.py DSB2018 WORK [--minutes 8] [--only NAME ...]``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, WORK a folder for what is trained; what lies in it
already is not trained again. Each row changes one thing of what `train_bundled` trains first, is trained as many
minutes on the same images, and is judged by the same held-out groups of look-alikes, which none has learned from; how
maps become labels is tuned on these for each. The 50 published test images take part in nothing. ``--json FILE``
writes the table.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from maskloop.config import AugmentConfig, TrainConfig
from maskloop.data.examples import Example
from maskloop.model.runtime import start_engine
from maskloop.ops.instances import maps_to_labels
from maskloop.ops.metrics import count, pool
from maskloop.ops.tuning import tune_labels
from maskloop.project.model_folder import MODEL_FILE, read_card
from maskloop.scores import align
from train_bundled import FIRST, ROBUST, first_lesson, train

PLAIN = AugmentConfig(rotation=False, scale=1, brightness=0, contrast=1, gamma=1, blur=0, noise=0)
EIGHT_WAYS = "as it is, the mean of eight ways"


def changed(**settings: object) -> TrainConfig:
    of_network = ("filters", "upsampling", "normalisation")
    network = {name: settings.pop(name) for name in of_network if name in settings}
    built = FIRST.network.model_copy(update=network)
    return FIRST.model_copy(update={"network": built, **settings})


CHOICES = {
    "as it is": FIRST,
    "half as wide": changed(filters=(8, 16, 32, 64, 128)),
    "twice as wide, finest level": changed(filters=(32, 32, 64, 128, 256)),
    "half as wide again, but the finest and coarsest": changed(filters=(16, 48, 96, 192, 256)),
    "four levels": changed(filters=(16, 32, 64, 128)),
    "up-sampling": changed(upsampling="nearest"),
    "without Dice": changed(dice=False),
    "crops of 128, batches of 32": changed(crop=128, batch=32),
    "crops of 384, batches of 4": changed(crop=384, batch=4),
    "as it is, another seed": changed(seed=1),
    "all crops varied": changed(augment=ROBUST.model_copy(update={"unvaried": 0})),
    "usual augmentation": changed(augment=AugmentConfig(unvaried=ROBUST.unvaried)),
    "flips and turns alone": changed(augment=PLAIN),
    "without batch normalisation": changed(normalisation="none"),
}


def minutes_of(config: TrainConfig, minutes: float) -> TrainConfig:
    return config.model_copy(update={"epochs": None, "minutes": minutes, "steps": 50})


def in_eight_ways(folder: Path, validation: Sequence[Example]) -> dict:
    """Judge a model whose maps are the mean of those of an image turned and mirrored; return its row."""
    from maskloop.inference.model import load_model
    from maskloop.inference.predict_maps import predict_maps

    model, maps = load_model(folder), []
    for example in validation:
        each = []
        for turns, mirrored in np.ndindex(4, 2):
            seen = np.rot90(example.image[:, ::-1] if mirrored else example.image, turns)
            found = np.rot90(predict_maps(model.network, model.card.network, seen), -turns)
            each.append(found[:, ::-1] if mirrored else found)
        maps.append(np.mean(each, axis=0))
    truths = [example.labels for example in validation]
    labels = tune_labels(maps, truths)
    ap = pool(count(maps_to_labels(of, labels), truth) for of, truth in zip(maps, truths, strict=True)).ap
    found = {"ap50": float(ap[0]), "mean_ap": float(ap.mean()), "labels": labels.model_dump()}
    return {"choice": EIGHT_WAYS, **found, "minutes": model.card.training.minutes}


def row(name: str, work: Path) -> dict:
    card = read_card(work / name)
    found = {key: card.training.scores[key] for key in ("ap50", "mean_ap")}
    return {"choice": name, **found, "labels": card.labels.model_dump(), "minutes": card.training.minutes}


def table(rows: list[dict]) -> str:
    lines = [["choice", "AP 0.5", "mean AP", "foreground", "splitting", "smallest", "minutes"]]
    for of in rows:
        labels = [str(of["labels"][key]) for key in ("foreground", "splitting", "min_size")]
        lines.append([of["choice"], f"{of['ap50']:.3f}", f"{of['mean_ap']:.3f}", *labels, f"{of['minutes']:.1f}"])
    return align(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--only", nargs="*", default=list(CHOICES), choices=list(CHOICES))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", choices=list(CHOICES), help="train this one, in this process")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.one:
        start_engine()
        train(first_lesson(options.data), options.work / options.one, minutes_of(CHOICES[options.one], options.minutes))
        return
    rows = []
    for name in options.only:
        if not (options.work / name / MODEL_FILE).is_file():
            own = (str(options.data), str(options.work), "--minutes", str(options.minutes), "--one", name)
            subprocess.run([sys.executable, __file__, *own], check=True)  # its memory goes with it
        rows.append(row(name, options.work))
        print(table(rows), flush=True)
    if "as it is" in options.only:
        start_engine()
        from maskloop.training.course import Course

        rows.append(in_eight_ways(options.work / "as it is", Course(first_lesson(options.data), FIRST).exam.examples))
        print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
