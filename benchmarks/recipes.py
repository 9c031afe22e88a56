"""Train each recipe from its own layout, and the default one beside it: ``python benchmarks/recipes.py DATA WORK``.

DATA is the folder with ``dsb2018``, ``dsb2018_raw_layout`` and ``liver_ct``, WORK a folder for what is made; what lies
in it already is trained again only if its recipe has changed. Each training is one command, ``maskloop train``. A
recipe is trained as it is, and then the default one for as many minutes as that took, told what labels mean and which
images to hold out, and nothing else; of the liver for 10 minutes too. Dice and IoU are those of the held-out images at
their own size, pooled over all pixels and as the mean over images; since few are held out of 60 grey ones, these models
are judged by others of fluorescence, too, that neither has seen. ``--only NAME`` trains the recipes of these names,
``--json FILE`` writes the table.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import imageio.v3 as iio
import numpy as np

from dsb2018 import names
from maskloop.config import TrainConfig
from maskloop.ops.axes import choose_channel
from maskloop.project.model_folder import read_card
from maskloop.recipes import RECIPES, find_recipe, recipe_text
from maskloop.scores import align

if TYPE_CHECKING:
    from maskloop.inference.model import Model

DEFAULT = "maskloop"
GREY_IMAGES = 60
EVERY = 4  # of the other images, so many are judged by
LONGER = {"liver-ct": 10.0}  # minutes


@dataclass(frozen=True)
class Task:
    """One training."""

    name: str
    data: Path
    recipe: str
    beside: str  # the recipe whose images it learns from
    others: Path | None = None  # images to judge by beside those that are held out
    minutes: float | None = None  # None: as long as that recipe says, or took


def make_grey(data: Path, work: Path) -> tuple[Path, Path]:
    """Make folders of grey images and binary masks, as tutorials have them, of fluorescence: to train, and others."""
    usable = names(data / "dsb2018", "fluorescence")
    chosen = [usable[i] for i in np.linspace(0, len(usable) - 1, GREY_IMAGES).round().astype(int)]
    others = [name for name in usable if name not in chosen][::EVERY]
    return write_grey(data, work / "grey", chosen), write_grey(data, work / "other grey", others)


def write_grey(data: Path, folder: Path, images: list[str]) -> Path:
    if not folder.exists():
        for kind in ("images", "masks"):
            (folder / kind).mkdir(parents=True)
        for name in images:
            image = iio.imread(data / "dsb2018" / "images" / f"{name}.png")
            grey = choose_channel(image if image.ndim == 3 else image[..., None], None, 1)[..., 0]
            labels = iio.imread(data / "dsb2018" / "labels" / f"{name}.png")
            iio.imwrite(folder / "images" / f"{name}.png", grey.round().astype(np.uint8))
            iio.imwrite(folder / "masks" / f"{name}.png", np.uint8(255) * (labels > 0))
    return folder


def default_beside(recipe: TrainConfig) -> TrainConfig:
    """Return the default recipe for the task and the split of another one."""
    default = RECIPES[DEFAULT]
    same = {name: getattr(recipe, name) for name in ("seed", "validation", "group_before")}
    network = default.network.model_copy(update={"task": recipe.network.task})
    return default.model_copy(update=same | {"network": network})


def tasks(data: Path, work: Path) -> list[Task]:
    grey, other_grey = make_grey(data, work)
    layouts = {
        "classic-small": grey,
        "dsb-elu": data / "dsb2018_raw_layout",
        "dsb-upsampling": data / "dsb2018_raw_layout",
        "liver-ct": data / "liver_ct",
    }
    planned = []
    for name, folder in layouts.items():
        file = work / f"maskloop beside {name}.yaml"
        file.write_text(recipe_text(default_beside(find_recipe(name))))
        others = other_grey if folder == grey else None
        planned += [
            Task(name, folder, name, name, others),
            Task(f"maskloop beside {name}", folder, str(file), name, others),
        ]
        if minutes := LONGER.get(name):
            planned.append(Task(f"maskloop beside {name}, {minutes:g} min", folder, str(file), name, None, minutes))
    return planned


def is_trained(task: Task, folder: Path) -> bool:
    if not (folder / "model.json").is_file():
        return False
    done, wanted = (
        recipe.model_dump(exclude={"minutes", "epochs"})
        for recipe in (read_card(folder).training.recipe, find_recipe(task.recipe))
    )
    return done == wanted


def train(task: Task, work: Path) -> None:
    shutil.rmtree(work / task.name, ignore_errors=True)
    command = ["train", task.data, "--recipe", task.recipe, "--out", work / task.name]
    if task.name != task.beside:
        command += ["--minutes", task.minutes or read_card(work / task.beside).training.minutes]
    subprocess.run([sys.executable, "-m", "maskloop", *map(str, command)], check=True)


def judge(task: Task, folder: Path) -> Iterator[dict]:
    """Yield how long a model was trained, and what it reaches on the images that were held out, and on others."""
    from maskloop.api import load_model
    from maskloop.inference.model import load_network

    model = load_model(folder)
    training = model.card.training
    known = {
        "training": task.name,
        "beside": task.beside,
        "parameters": int(load_network(folder, model.card).count_params()),
        "minutes": training.minutes,
        "epochs": training.epochs,
        "images": training.images,
        "held_out": sorted(training.held_out),
    }
    yield known | {"judged_by": f"{len(training.held_out)} held out"} | scores(model, task.data, training.held_out)
    if task.others:
        others = [path.stem for path in (task.others / "images").iterdir()]
        yield known | {"judged_by": f"{len(others)} others"} | scores(model, task.others, others)


def scores(model: "Model", data: Path, images: Sequence[str]) -> dict[str, float]:
    from maskloop.config import SegmentConfig
    from maskloop.data.examples import read_examples
    from maskloop.ops.class_scores import count_classes
    from maskloop.ops.metrics import pool

    counts = [
        count_classes(model.segment_plane(e.image, SegmentConfig()).labels, np.minimum(e.labels, 1), 2)
        for e in read_examples(data, images, model.card.network.task)
    ]
    pooled = pool(counts)
    return {
        "dice": float(pooled.dice[1]),
        "iou": float(pooled.iou[1]),
        "dice_mean": float(np.mean([c.dice[1] for c in counts])),
        "iou_mean": float(np.mean([c.iou[1] for c in counts])),
    }


def table(rows: list[dict]) -> str:
    lines = [
        ["recipe", "parameters", "images", "epochs", "minutes", "judged by", "Dice", "IoU", "mean Dice", "mean IoU"]
    ]
    for row in rows:
        reached = [f"{row[key]:.3f}" for key in ("dice", "iou", "dice_mean", "iou_mean")]
        counts = [str(row["images"]), str(row["epochs"]), f"{row['minutes']:.1f}", row["judged_by"]]
        lines.append([row["training"], f"{row['parameters']:,}", *counts, *reached])
    return align(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="recipes")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    rows = []
    for task in tasks(options.data, options.work):
        if options.only and task.beside not in options.only:
            continue
        if not is_trained(task, options.work / task.name):
            train(task, options.work)
        rows += judge(task, options.work / task.name)
        print(table(rows), flush=True)
    for recipe in {row["beside"] for row in rows}:
        assert len({tuple(row["held_out"]) for row in rows if row["beside"] == recipe}) == 1, "they saw other images"
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
