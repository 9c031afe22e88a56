"""Fine-tune on a few images of a kind that the base has never seen: ``python benchmarks/finetune.py DSB2018 WORK``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, WORK a folder for what is trained: what lies in it
already is not trained again, so that a run of hours can be cut off, and other settings take another folder.
``--only 5 corner`` trains what bears these words in its name, ``--json FILE`` writes the table.

Times are those of two quiet cores on which a step with crops of 256 pixels takes 0.4 s, and of 128 pixels 0.125 s
(``--pace 2`` where it takes twice as long): what is trained is counted in epochs that take as long there, so that what
else a computer does changes nothing.

The base is trained on ``fluorescence`` alone, more of it inverted than usual, as a model should be that others start
from. Of ``colour`` and of ``brightfield``, laid out with look-alikes side by side, every third image is for testing; of
the others, some are drawn at random, put into a project as if a person had corrected them, and trained on by the same
function that the window calls. The ceiling is the same network, trained from scratch on all the others for 20 minutes.
A test with a corner has a quarter of each image reviewed. Forgetting is measured on the 50 published test images, which
take part in nothing but this.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dsb2018 import names, published_test
from maskloop.config import TrainConfig
from maskloop.data.examples import Example, read_examples
from maskloop.data.split_examples import look_alikes, split_examples
from maskloop.project.project import Project
from maskloop.project.rehearsal import Rehearsal, save_rehearsal
from maskloop.recipes import RECIPES
from maskloop.scores import align
from rehearsal_crops import JUDGED, LEARNED, crops_in_turn

KINDS = ("colour", "brightfield")
COUNTS = (1, 2, 10, 20)  # images; 5 come first
DRAWS = 3
SCRATCH = RECIPES["maskloop"]
INVERTED = SCRATCH.augment.model_copy(update={"invert": 0.3})  # dark on bright is another kind
BASE_MINUTES, CEILING_MINUTES = 10, 20
TUNED_MINUTES = 2.35  # of training; reading and judging take the rest of 3 minutes
SECONDS = {256: 0.4, 128: 0.125}  # of one step, by the size of crops
BASE = "base"


@dataclass(frozen=True)
class Task:
    """One training."""

    name: str
    kind: str
    config: TrainConfig
    count: int = 0
    draw: int = 0
    corner: bool = False


def tasks(work: Path, pace: float) -> Iterator[Task]:
    """Yield what is to be trained, the base first, and what the figures need most before the rest."""
    tuned = lasting(TrainConfig(base=str(work / BASE)), TUNED_MINUTES, pace)
    yield Task(BASE, "fluorescence", lasting(SCRATCH.model_copy(update={"augment": INVERTED}), BASE_MINUTES, pace))
    for kind in KINDS:
        yield Task(f"{kind} all", kind, lasting(SCRATCH, CEILING_MINUTES, pace))
    for draw in range(DRAWS):
        for kind in KINDS:
            yield Task(f"{kind} 5 draw {draw}", kind, tuned, 5, draw)
            yield Task(f"{kind} 5 draw {draw} corner", kind, tuned, 5, draw, corner=True)
    for draw in range(DRAWS):
        for count in COUNTS:
            for kind in KINDS:
                yield Task(f"{kind} {count} draw {draw}", kind, tuned, count, draw)


def lasting(config: TrainConfig, minutes: float, pace: float) -> TrainConfig:
    """Return a training that lasts some minutes, if a step takes `pace` times as long as it should."""
    return config.model_copy(update={"epochs": round(60 * minutes / pace / SECONDS[config.crop] / config.steps)})


@cache
def parts(data: Path, kind: str) -> tuple[list[Example], list[Example]]:
    """Return the images of a kind to train on, and those to test with."""
    examples = read_examples(data, names(data, kind))
    groups = look_alikes(examples)
    order = np.argsort(groups, kind="stable")
    tested = {int(i) for i in order[::3]}
    return [e for i, e in enumerate(examples) if i not in tested], [examples[i] for i in sorted(tested)]


def make_project(folder: Path, examples: list[Example], corner: bool) -> None:
    with Project.create(folder) as project:
        for example in examples:
            reviewed = np.ones(example.labels.shape, np.uint8)
            if corner:
                height, width = reviewed.shape
                reviewed[height // 2 :], reviewed[:, width // 2 :] = 0, 0
            axes = "YXC" if example.image.shape[-1] > 1 else None
            image = example.image if axes else example.image[..., 0]
            project.add(image, example.labels, name=example.name, axes=axes, reviewed=reviewed)


def train(data: Path, work: Path, task: Task) -> None:
    from maskloop import api
    from maskloop.model.runtime import start_engine

    start_engine()
    from maskloop.training.train import train_model

    folder = work / task.name
    pool = read_examples(data, names(data, task.kind)) if task.name == BASE else parts(data, task.kind)[0]
    if task.count:
        chosen = np.random.default_rng(task.draw).permutation(len(pool))[: task.count]
        project = work / "projects" / task.name
        shutil.rmtree(project, ignore_errors=True)
        make_project(project, [pool[i] for i in chosen], task.corner)
        shutil.rmtree(folder, ignore_errors=True)  # what was cut off is begun anew, for it is to be timed as a whole
        started = time.monotonic()
        api.train(project, folder, task.config)
        seconds = time.monotonic() - started
    else:
        folder.mkdir(exist_ok=True)
        lesson = split_examples(pool, task.config)
        if task.name == BASE:
            crops = crops_in_turn(lesson.training, LEARNED, 1), crops_in_turn(lesson.validation, JUDGED, 1)
            save_rehearsal(Rehearsal(*crops), folder)
        seconds = 60 * train_model(lesson, folder, task.config, task.kind).training.minutes
    (folder / "seconds.json").write_text(json.dumps(seconds))


def score(data: Path, folder: Path, kind: str) -> tuple[float, float]:
    """Return AP at IoU 0.5 on the test images of a kind, and on the published ones."""
    from maskloop.api import load_model
    from maskloop.inference.judge import judge

    model = load_model(folder)
    own, known = (float(judge(model, part).counts.ap[0]) for part in (parts(data, kind)[1], published_test(data)))
    return own, known


def row(work: Path, task: Task) -> list[dict]:
    """Return what is known of a task: nothing before it is trained."""
    if not (work / task.name / "scores.json").is_file():
        return []
    scores = json.loads((work / task.name / "scores.json").read_text())
    seconds = json.loads((work / task.name / "seconds.json").read_text())
    return [
        {"kind": kind, "images": task.count, "corner": task.corner, "task": task.name, "seconds": seconds}
        | {"ap50": own, "published_ap50": known}
        for kind, (own, known) in scores.items()
    ]


def table(rows: list[dict]) -> str:
    """Lay out one row for each kind and number of images: median and range of the draws."""
    lines = [["kind", "images", "reviewed", "draws", "AP 0.5", "of the ceiling", "published AP 0.5", "minutes"]]
    groups: dict[tuple, list[dict]] = {}
    for found in rows:
        ceiling = found["task"].endswith(" all")
        groups.setdefault((found["kind"], ceiling, found["images"], found["corner"]), []).append(found)
    best = {kind: members[0]["ap50"] for (kind, ceiling, *_), members in groups.items() if ceiling}
    for (kind, ceiling, images, corner), members in sorted(groups.items()):
        ap, known = ([member[key] for member in members] for key in ("ap50", "published_ap50"))
        median = float(np.median(ap))
        lines.append(
            [
                kind,
                "all, from scratch" if ceiling else str(images),
                "a quarter" if corner else "all" if images or ceiling else "",
                str(len(members)),
                f"{median:.3f} ({min(ap):.3f} to {max(ap):.3f})",
                f"{median / best[kind]:.0%}" if kind in best else "",
                f"{np.median(known):.3f} ({min(known):.3f} to {max(known):.3f})",
                f"{np.median([member['seconds'] for member in members]) / 60:.1f}",
            ]
        )
    return align(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="words that a task's name must have")
    parser.add_argument("--pace", type=float, default=1.0, help="how many times as long a step takes")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--task", help="train and judge this one, in this process")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    everything = [
        task
        for task in tasks(options.work, options.pace)
        if not task.count or task.count <= len(parts(options.data, task.kind)[0])
    ]
    if options.task:
        task = next(t for t in everything if t.name == options.task)
        if not (options.work / task.name / "seconds.json").is_file():
            train(options.data, options.work, task)
        kinds = KINDS if task.name == BASE else (task.kind,)
        scores = {kind: score(options.data, options.work / task.name, kind) for kind in kinds}
        (options.work / task.name / "scores.json").write_text(json.dumps(scores))
        return
    trained = (f"{task.name}: {task.config.model_dump_json()}" for task in everything)
    settings = "\n".join([f"rehearsed: {LEARNED}, {JUDGED}", *trained])
    written = options.work / "settings.txt"
    if written.exists() and written.read_text() != settings:
        sys.exit(f"{options.work} holds trainings with other settings; give another folder.")
    written.write_text(settings)
    for task in everything:
        wanted = not options.only or task.name == BASE or any(word in task.name.split() for word in options.only)
        if wanted and not row(options.work, task):
            own = (str(options.data), str(options.work), "--task", task.name, "--pace", str(options.pace))
            subprocess.run([sys.executable, __file__, *own], check=True)  # its memory goes with it
            print(*row(options.work, task), sep="\n", flush=True)
    rows = [found for task in everything for found in row(options.work, task)]
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
