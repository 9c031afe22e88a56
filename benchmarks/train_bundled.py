"""Train the bundled models: ``python benchmarks/train_bundled.py DSB2018 WORK``.

Over four hours on two cores. What was cut off is gone on with when the same command is given again. ``WORK/first``
is trained with whole groups of look-alikes held out, and how maps become labels is tuned on them. ``WORK/second`` goes
on from it and learns from these too, but for one image of each group, which neither has learned from and which choose
its best epoch: so no plate remains unseen. ``WORK/third`` goes on from that, longer and with less variation.
``WORK/nuclei`` has its weights, the tuning and the scores of the first, and crops to rehearse. ``WORK/colour`` goes on
from that, shown in red, green and blue, with groups of stains held out; ``WORK/colour enlarged`` from that, with all
images enlarged, and parts of them that hold no objects; ``WORK/colour worse`` from that, with worse copies of them
beside. It becomes ``WORK/nuclei-colour``. Neither the 50 published test images nor those of other kinds that `dsb2018`
keeps to test with take part in anything.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dsb2018 import SAMPLES, STAINS, learned_and_tested
from emptied import emptied
from empty_field import empty_field
from maskloop.config import AugmentConfig, TrainConfig
from maskloop.data.examples import Example
from maskloop.data.lesson import Lesson
from maskloop.data.split_examples import hold_out, split_examples
from maskloop.model.runtime import start_engine
from maskloop.project.history import read_history, write_history
from maskloop.project.model_folder import (
    HISTORY_FILE,
    MODEL_FILE,
    RECIPE_FILE,
    WEIGHTS_FILE,
    ModelCard,
    read_card,
    save_card,
    sha256_of,
)
from maskloop.project.rehearsal import Rehearsal, save_rehearsal
from maskloop.recipes import RECIPES
from rehearsal_crops import JUDGED, LEARNED, crops_in_turn, in_turn
from worsened import worsened

GREY = ("fluorescence", "brightfield")  # kinds
# Half of the crops are as images come: how wide one outlines, and how small a speck counts, goes by the plate, which
# is not known again when all is varied.
ROBUST = AugmentConfig(
    scale=2, contrast=2, blur=1.5, noise=0.1, invert=0.25, shading=0.6, shot_noise=0.3, saturation=0.4, unvaried=0.5
)
FIRST = RECIPES["maskloop"].model_copy(
    update={"epochs": 56, "steps": 200, "validation": 0.12, "of_base": 0, "augment": ROBUST}
)
SECOND = FIRST.model_copy(update={"epochs": 8, "learning_rate": 5e-4})
THIRD = FIRST.model_copy(
    update={"epochs": 40, "learning_rate": 1e-3, "augment": ROBUST.model_copy(update={"unvaried": 0.7})}
)
IN_COLOUR = FIRST.network.model_copy(update={"channels": 3})
COLOUR = FIRST.model_copy(
    update={
        "epochs": 60,
        "steps": 100,
        "learning_rate": 1e-3,
        "validation": 0.15,
        "network": IN_COLOUR,
        "augment": ROBUST.model_copy(update={"colour": 0.7, "unvaried": 0.7}),
    }
)
WORSE = COLOUR.model_copy(update={"epochs": 24})
LESSON_FILE = "lesson.json"
EMPTIED = 15  # one image of so many is learned from without its objects, too
CUT_OUT = 3  # and one of so many parts that are free of them, by itself: its greys, stretched, look like objects
# Stained nuclei are learned from half as large again as they come, since many are small and touch. Where copies of some
# are smaller, all are enlarged a little more, to the same median.
ENLARGED = 1.5
SOURCE = "BBBC038v1 (Data Science Bowl 2018, stage1_train), CC0 1.0: "
DATA = (
    f"{SOURCE}fluorescence and grey bright field, without the 50 published test images, 46 that are in "
    "neither part of that publication, and a quarter of bright field"
)
DATA_IN_COLOUR = f"{SOURCE}bright field and stained tissue, without a quarter of the one and a fifth of the other"


def train(lesson: Lesson, folder: Path, config: TrainConfig, data: str = DATA) -> ModelCard:
    """Train a model, or go on with it, unless that is done; one of other images or settings is left alone."""
    wanted, file = describe(lesson, config), folder / LESSON_FILE
    if file.exists() and file.read_text() != wanted:
        sys.exit(f"{folder} holds a training of other images, settings or another base; move it away.")
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(wanted)
    if (folder / MODEL_FILE).is_file():
        return read_card(folder)
    from maskloop.training.callbacks import Callbacks
    from maskloop.training.train import train_model

    return train_model(lesson, folder, config, data, Callbacks(lambda epoch, _: print(folder.name, epoch, flush=True)))


def describe(lesson: Lesson, config: TrainConfig) -> str:
    """Write down all that a training depends on."""
    card = None if config.from_scratch else read_card(Path(config.base))
    base = card and (card.weights_sha256, card.diameter)
    names = {part: [e.name for e in getattr(lesson, part)] for part in ("training", "validation")}
    settings = config.model_copy(update={"base": "none"}).model_dump(mode="json")
    return json.dumps({"base": base, **names, "settings": settings}, indent=1)


def all_but_few(examples: list[Example], held_out: list[Example]) -> Lesson:
    """Learn from all images but one of each group that was held out, and those that are shown as samples."""
    names = {example.name for example in in_turn(held_out, JUDGED.count)} | SAMPLES
    return Lesson(*([example for example in examples if (example.name in names) == part] for part in (False, True)))


def with_empty_fields(lesson: Lesson) -> Lesson:
    """Add fields without objects, of which the images hold none."""
    rng = np.random.default_rng(0)
    fields = [emptied(example, rng) for example in lesson.training[::EMPTIED]]
    return Lesson([*lesson.training, *(field for field in fields if field is not None)], lesson.validation)


def cut_out(examples: list[Example]) -> list[Example]:
    """Return parts of images that hold no objects."""
    return [field for example in examples if (field := empty_field(example)) is not None][::CUT_OUT]


def learned(data: Path, kinds: Sequence[str]) -> list[Example]:
    """Read all images that a bundled model may learn from."""
    return [example for kind in kinds for example in learned_and_tested(data, kind)[0]]


def first_lesson(data: Path) -> Lesson:
    return with_empty_fields(split_examples(learned(data, GREY), FIRST))


def train_grey(data: Path, work: Path) -> Path:
    """Train `nuclei`."""
    lesson = first_lesson(data)
    first = train(lesson, work / "first", FIRST)
    few_held_out = all_but_few(learned(data, GREY), lesson.validation)
    lesson = with_empty_fields(few_held_out)
    second = train(lesson, work / "second", SECOND.model_copy(update={"base": str(work / "first")}))
    third = train(lesson, work / "third", THIRD.model_copy(update={"base": str(work / "second")}))
    of_first = {
        "base": None,
        "recipe": first.training.recipe,
        "scores": first.training.scores,  # for these nothing that looks alike was learned from
    }
    changes = {
        "name": "nuclei",
        "description": "Nuclei in fluorescence and in grey bright field",
        "labels": first.labels,
        "training": third.training.model_copy(update=of_first),
    }
    return bundle([work / card.name for card in (first, second, third)], third.model_copy(update=changes), few_held_out)


def train_colour(data: Path, work: Path, grey: Path) -> Path:
    """Train `nuclei-colour`."""
    in_colour, known_larger = work / "nuclei in colour", work / "colour, known larger"
    first, second, third = (work / f"colour{stage}" for stage in ("", " enlarged", " worse"))
    show_colour(grey, in_colour)
    lesson = colour_lesson(data, set(read_card(grey).training.held_out))
    taught = with_empty_fields(lesson)
    card = train(taught, first, COLOUR.model_copy(update={"base": str(in_colour)}), DATA_IN_COLOUR)
    say_larger(card, first, known_larger)
    taught = Lesson([*taught.training, *cut_out(lesson.training)], lesson.validation)
    train(taught, second, COLOUR.model_copy(update={"base": str(known_larger)}), DATA_IN_COLOUR)
    taught = Lesson([*taught.training, *worsened(lesson.training)], lesson.validation)
    config = WORSE.model_copy(update={"base": str(second)})
    card = tune_anew(train(taught, third, config, DATA_IN_COLOUR), third, taught, config)
    named = {"base": grey.name, "recipe": config.model_copy(update={"base": grey.name})}
    changes = {
        "name": "nuclei-colour",
        "description": "Nuclei in stained tissue and in bright field, in colour",
        "training": card.training.model_copy(update=named),
    }
    return bundle([first, second, third], card.model_copy(update=changes), lesson)


def colour_lesson(data: Path, unknown: set[str]) -> Lesson:
    """Hold out stains, and of bright field what the base has not learned from.

    What was left of the stains once some were kept to test with are large groups; parts of them must do.
    """
    stained = learned(data, ("colour",))
    held = hold_out(stained, COLOUR.validation, COLOUR.seed, distance=STAINS / 2)
    names = unknown | {example.name for example, h in zip(stained, held, strict=True) if h}
    examples = learned(data, ("brightfield",)) + stained
    return Lesson(*([example for example in examples if (example.name in names) == part] for part in (False, True)))


def show_colour(grey: Path, folder: Path) -> None:
    """Write a model that takes red, green and blue, and makes of grey shown in colour what another one makes of it."""
    from maskloop.inference.model import load_network
    from maskloop.model.unet import build_unet
    from maskloop.model.weights import save_weights

    card = read_card(grey)
    known, network = load_network(grey, card), build_unet(IN_COLOUR)
    for layer in network.layers:
        weights = known.get_layer(layer.name).get_weights()
        if weights and weights[0].shape != layer.get_weights()[0].shape:  # that of the image
            weights[0] = np.repeat(weights[0] / 3, 3, axis=2)
        layer.set_weights(weights)
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(network, folder / WEIGHTS_FILE)
    found = {"name": folder.name, "network": IN_COLOUR, "weights_sha256": sha256_of(folder / WEIGHTS_FILE)}
    save_card(card.model_copy(update=found), folder)


def say_larger(card: ModelCard, trained: Path, folder: Path) -> None:
    """Write the same model, said to know larger objects: who goes on from it enlarges images as much."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(trained / WEIGHTS_FILE, folder / WEIGHTS_FILE)
    save_card(card.model_copy(update={"name": folder.name, "diameter": round(ENLARGED * card.diameter, 2)}), folder)


def tune_anew(card: ModelCard, folder: Path, lesson: Lesson, config: TrainConfig) -> ModelCard:
    """Choose how maps become labels as if nothing had served: what suits grey nuclei parts stained ones too often.

    Images that were learned from have their say, too: those held out are few, and are found no worse than these.
    """
    from maskloop.inference.model import load_network
    from maskloop.training.course import Course

    everything = Lesson(lesson.training, [*lesson.training, *lesson.validation])
    exam = Course(everything, config).exam
    maps = exam.maps(load_network(folder, card))
    labels = exam.tune(maps, card.labels, has_served=False, should_stop=lambda: False)
    held_out = slice(-len(lesson.validation), None)
    exam = replace(exam, examples=exam.examples[held_out])
    ap = exam.ap(exam.labels(maps[held_out], labels))
    scores = card.training.scores | {"ap50": round(float(ap[0]), 4), "mean_ap": round(float(ap.mean()), 4)}
    return card.model_copy(update={"labels": labels, "training": card.training.model_copy(update={"scores": scores})})


def bundle(stages: Sequence[Path], card: ModelCard, lesson: Lesson) -> Path:
    """Write what is bundled of a model trained in stages, with crops to rehearse, beside them; return its folder."""
    folder = stages[-1].with_name(card.name)
    shutil.copytree(stages[-1], folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(LESSON_FILE, RECIPE_FILE))
    epochs = [epoch for stage in stages for epoch in read_history(stage / HISTORY_FILE)]
    write_history(folder / HISTORY_FILE, [replace(epoch, epoch=i) for i, epoch in enumerate(epochs, start=1)])
    parts = (lesson.training, LEARNED), (lesson.validation, JUDGED)
    save_rehearsal(Rehearsal(*(crops_in_turn(*part, card.network.channels, card.scale) for part in parts)), folder)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    facts = {
        "images": len(lesson.training),
        "epochs": len(epochs),
        "minutes": round(sum(epoch.seconds for epoch in epochs) / 60, 2),
        "versions": card.training.versions | {"commit": commit[:12]},
    }
    low, high = (size / card.scale for size in card.diameter_range)
    changes = {
        "description": f"{card.description}, {low:.0f} to {high:.0f} pixels across.",
        "training": card.training.model_copy(update=facts),
    }
    card = card.model_copy(update=changes)
    save_card(card, folder)
    print(card.model_dump_json(indent=1))
    return folder


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    start_engine()
    data, work = map(Path, sys.argv[1:])
    train_colour(data, work, train_grey(data, work))
