"""Train the bundled models: ``python benchmarks/train_bundled.py DSB2018 WORK``.

Two hours on two recent cores. What was cut off is gone on with when the same command is given again. ``WORK/first`` is
trained with whole groups of look-alikes held out, and how maps become labels is tuned on them. ``WORK/second`` goes on
from it and learns from these too, but for one image of each group, which neither has learned from and which choose its
best epoch: so no plate remains unseen. ``WORK/nuclei`` has its weights, the tuning of the first, and crops to rehearse.
``WORK/colour`` goes on from that, shown in red, green and blue, with whole groups held out; it becomes
``WORK/nuclei-colour``. Neither the 50 published test images nor those of other kinds that `dsb2018` keeps to test with
take part in anything.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dsb2018 import STAINS, learned_and_tested
from emptied import emptied
from maskloop.config import AugmentConfig, TrainConfig
from maskloop.data.examples import Example
from maskloop.data.lesson import Lesson
from maskloop.data.split_examples import hold_out, split_examples
from maskloop.model.runtime import start_engine
from maskloop.project.model_folder import MODEL_FILE, WEIGHTS_FILE, ModelCard, read_card, save_card, sha256_of
from maskloop.project.rehearsal import Rehearsal, save_rehearsal
from maskloop.recipes import RECIPES
from rehearsal_crops import JUDGED, LEARNED, crops_in_turn, in_turn

GREY, COLOURED = ("fluorescence", "brightfield"), ("brightfield", "colour")  # kinds
# Half of the crops are as images come: how wide one outlines, and how small a speck counts, goes by the plate, which
# is not known again when all is varied.
ROBUST = AugmentConfig(
    scale=2, contrast=2, blur=1.5, noise=0.1, invert=0.25, shading=0.6, shot_noise=0.3, saturation=0.4, unvaried=0.5
)
FIRST = RECIPES["maskloop"].model_copy(update={"epochs": 56, "steps": 200, "validation": 0.12, "augment": ROBUST})
SECOND = FIRST.model_copy(update={"epochs": 12, "learning_rate": 5e-4})
IN_COLOUR = FIRST.network.model_copy(update={"channels": 3})
COLOUR = FIRST.model_copy(
    update={"epochs": 30, "steps": 100, "learning_rate": 1e-3, "validation": 0.15, "network": IN_COLOUR}
)
EMPTIED = 15  # one image of so many is learned from without its objects, too
SOURCE = "BBBC038v1 (Data Science Bowl 2018, stage1_train), CC0 1.0: "
DATA = (
    f"{SOURCE}fluorescence and grey bright field, without the 50 published test images, the 46 that these were chosen "
    "without, and a quarter of bright field"
)
DATA_IN_COLOUR = f"{SOURCE}bright field and stained tissue, without a quarter of the one and a fifth of the other"


def train(lesson: Lesson, folder: Path, config: TrainConfig, data: str = DATA) -> ModelCard:
    """Train a model, or go on with it, unless that is done; one that was trained with other settings is left alone."""
    if (folder / MODEL_FILE).is_file():
        card = read_card(folder)
        recipe = card.training.recipe
        if recipe is None or recipe.model_copy(update={"base": config.base}) != config:
            sys.exit(f"{folder} holds a model that was trained with other settings.")
        return card
    from maskloop.training.callbacks import Callbacks
    from maskloop.training.train import train_model

    folder.mkdir(parents=True, exist_ok=True)
    return train_model(lesson, folder, config, data, Callbacks(lambda epoch, _: print(folder.name, epoch, flush=True)))


def all_but_few(examples: list[Example], held_out: list[Example]) -> Lesson:
    """Learn from all images but one of each group that was held out."""
    few = in_turn(held_out, JUDGED)
    names = {example.name for example in few}
    return Lesson([example for example in examples if example.name not in names], few)


def with_empty_fields(lesson: Lesson) -> Lesson:
    """Add fields without objects, of which the images hold none."""
    rng = np.random.default_rng(0)
    fields = [emptied(example, rng) for example in lesson.training[::EMPTIED]]
    return Lesson([*lesson.training, *(field for field in fields if field is not None)], lesson.validation)


def learned(data: Path, kinds: Sequence[str]) -> list[Example]:
    """Read all images that a bundled model may learn from."""
    return [example for kind in kinds for example in learned_and_tested(data, kind)[0]]


def first_lesson(data: Path) -> Lesson:
    return with_empty_fields(split_examples(learned(data, GREY), FIRST))


def train_grey(data: Path, work: Path) -> Path:
    """Train `nuclei`."""
    lesson = first_lesson(data)
    first = train(lesson, work / "first", FIRST)
    lesson = all_but_few(learned(data, GREY), lesson.validation)
    second = train(with_empty_fields(lesson), work / "second", SECOND.model_copy(update={"base": str(work / "first")}))
    of_both = {
        "base": None,
        "images": len(lesson.training),
        "epochs": first.training.epochs + second.training.epochs,
        "minutes": first.training.minutes + second.training.minutes,
        "recipe": first.training.recipe,
    }
    changes = {
        "name": "nuclei",
        "description": "Nuclei in fluorescence and in grey bright field, 7 to 60 pixels across.",
        "labels": first.labels,
        "training": second.training.model_copy(update=of_both),
    }
    return bundle(work / "second", second.model_copy(update=changes), lesson)


def train_colour(data: Path, work: Path, grey: Path) -> Path:
    """Train `nuclei-colour`."""
    base = work / "nuclei in colour"
    if not (base / MODEL_FILE).is_file():
        show_colour(grey, base)
    config, examples = COLOUR.model_copy(update={"base": str(base)}), learned(data, COLOURED)
    # What was left of the stains once some were kept to test with are large groups; parts of them must do.
    held_out = hold_out(examples, config.validation, config.seed, distance=STAINS / 2)
    lesson = Lesson(*([examples[i] for i in np.flatnonzero(held_out == part)] for part in (False, True)))
    card = train(with_empty_fields(lesson), work / "colour", config, DATA_IN_COLOUR)
    changes = {
        "name": "nuclei-colour",
        "description": "Nuclei in stained tissue and in bright field, in colour, 7 to 60 pixels across.",
        "training": card.training.model_copy(update={"base": grey.name}),
    }
    return bundle(work / "colour", card.model_copy(update=changes), lesson)


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


def bundle(trained: Path, card: ModelCard, lesson: Lesson) -> Path:
    """Write what is bundled of a trained model, with crops to rehearse, beside it; return its folder."""
    from maskloop.inference.judge import judge
    from maskloop.inference.model import load_model

    folder = trained.with_name(card.name)
    shutil.copytree(trained, folder, dirs_exist_ok=True)
    parts = (lesson.training, LEARNED), (lesson.validation, JUDGED)
    save_rehearsal(Rehearsal(*(crops_in_turn(*part, card.network.channels) for part in parts)), folder)
    save_card(card, folder)
    ap = judge(load_model(folder), lesson.validation).counts.ap
    scores = {"ap50": round(float(ap[0]), 4), "mean_ap": round(float(ap.mean()), 4)}
    training = card.training.model_copy(update={"scores": card.training.scores | scores})
    card = card.model_copy(update={"training": training})
    save_card(card, folder)
    print(card.model_dump_json(indent=1))
    return folder


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    start_engine()
    data, work = map(Path, sys.argv[1:])
    train_colour(data, work, train_grey(data, work))
