"""Whether one model serves all kinds of images, or two: ``python benchmarks/one_or_two.py DSB2018 WORK [--minutes 4]``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, WORK a folder for what is trained; what lies in it
already is not trained again. *Two* are a model of one channel for grey images and one of three for colour, which goes
on from it, as first in `train_bundled`, with so many minutes each. *One* learns from the images of both, shown in three
channels, from scratch, for as long as these take together. They are judged by the images of fluorescence and of stained
tissue that none has learned from, with everything left to the model; none is one to test with. ``--json FILE``
writes the table.
"""

import argparse
import json
from pathlib import Path

from choices import minutes_of
from dsb2018 import names
from maskloop.data.lesson import Lesson
from maskloop.model.runtime import start_engine
from maskloop.scores import align
from train_bundled import (
    COLOUR,
    FIRST,
    IN_COLOUR,
    ROBUST,
    colour_lesson,
    first_lesson,
    show_colour,
    train,
    with_empty_fields,
)

FOR_ALL = FIRST.model_copy(
    update={"network": IN_COLOUR, "augment": ROBUST.model_copy(update={"colour": COLOUR.augment.colour})}
)


def train_them(data: Path, work: Path, minutes: float) -> tuple[Lesson, dict[str, Path]]:
    """Train all three; return what they learned from and are judged by, and their folders."""
    grey = first_lesson(data)
    colour = with_empty_fields(colour_lesson(data, {example.name for example in grey.validation}))
    everything = together(grey, colour)
    folders = {"two: grey": work / "grey", "two: colour": work / "colour", "one": work / "one"}
    train(grey, folders["two: grey"], minutes_of(FIRST, minutes))
    show_colour(folders["two: grey"], work / "grey in colour")
    of_colour = COLOUR.model_copy(update={"base": str(work / "grey in colour")})
    train(colour, folders["two: colour"], minutes_of(of_colour, minutes))
    train(everything, folders["one"], minutes_of(FOR_ALL, 2 * minutes))
    return everything, folders


def together(first: Lesson, second: Lesson) -> Lesson:
    """Put two lessons together; what is in both, once."""
    parts = (first.training, second.training), (first.validation, second.validation)
    return Lesson(*(list({e.name: e for examples in part for e in examples}.values()) for part in parts))


def judge_them(data: Path, lesson: Lesson, folders: dict[str, Path]) -> list[dict]:
    from maskloop.api import load_model
    from maskloop.inference.judge import judge

    rows = []
    for kind in ("fluorescence", "colour"):
        known = set(names(data, kind))
        examples = [example for example in lesson.validation if example.name in known]
        for name, folder in folders.items():
            model = load_model(folder)
            ap = judge(model, examples).counts.ap
            scores = {"ap50": float(ap[0]), "mean_ap": float(ap.mean()), "minutes": model.card.training.minutes}
            rows.append({"kind": kind, "images": len(examples), "model": name, **scores})
    return rows


def table(rows: list[dict]) -> str:
    lines = [["images", "model", "AP 0.5", "mean AP", "minutes"]]
    for row in rows:
        scores = (f"{row['ap50']:.3f}", f"{row['mean_ap']:.3f}", f"{row['minutes']:.1f}")
        lines.append([f"{row['images']} {row['kind']}", row["model"], *scores])
    return align(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    start_engine()
    rows = judge_them(options.data, *train_them(options.data, options.work, options.minutes))
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
