"""Train the bundled model `nuclei`: ``python benchmarks/train_bundled.py DSB2018 WORK``.

Hours on two recent cores. What was cut off is gone on with when the same command is given again. ``WORK/first`` is
trained with whole groups of look-alikes held out, and how maps become labels is tuned on them. ``WORK/second`` goes on
from it and learns from these too, but for one image of each group, which neither has learned from and which choose its
best epoch: so no plate remains unseen. ``WORK/nuclei`` has its weights, the tuning of the first, and crops to rehearse.
Neither the 50 published test images nor those of bright field that `dsb2018` keeps to test with take part in anything.
"""

import shutil
import sys
from pathlib import Path

import numpy as np

from dsb2018 import learned_and_tested
from emptied import emptied
from maskloop.config import AugmentConfig, TrainConfig
from maskloop.data.examples import Example
from maskloop.data.lesson import Lesson
from maskloop.data.split_examples import split_examples
from maskloop.model.runtime import start_engine
from maskloop.project.model_folder import MODEL_FILE, ModelCard, read_card, save_card
from maskloop.project.rehearsal import Rehearsal, save_rehearsal
from maskloop.recipes import RECIPES
from rehearsal_crops import JUDGED, LEARNED, crops_in_turn, in_turn

KINDS = ("fluorescence", "brightfield")
# Half of the crops are as images come: how wide one outlines, and how small a speck counts, goes by the plate, which
# is not known again when all is varied.
ROBUST = AugmentConfig(
    scale=2, contrast=2, blur=1.5, noise=0.1, invert=0.25, shading=0.6, shot_noise=0.3, saturation=0.4, unvaried=0.5
)
FIRST = RECIPES["maskloop"].model_copy(update={"epochs": 56, "steps": 200, "validation": 0.12, "augment": ROBUST})
SECOND = FIRST.model_copy(update={"epochs": 12, "learning_rate": 5e-4})
EMPTIED = 15  # one image of so many is learned from without its objects, too
DESCRIPTION = "Nuclei in fluorescence and in grey bright field, 7 to 60 pixels across."
DATA = (
    "BBBC038v1 (Data Science Bowl 2018, stage1_train), CC0 1.0: fluorescence and grey bright field, without the 50 "
    "published test images, the 46 that these were chosen without, and a quarter of bright field"
)


def train(lesson: Lesson, folder: Path, config: TrainConfig) -> ModelCard:
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
    return train_model(lesson, folder, config, DATA, Callbacks(lambda epoch, _: print(folder.name, epoch, flush=True)))


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


def learned(data: Path) -> list[Example]:
    """Read all images that the bundled model may learn from."""
    return [example for kind in KINDS for example in learned_and_tested(data, kind)[0]]


def first_lesson(data: Path) -> Lesson:
    return with_empty_fields(split_examples(learned(data), FIRST))


def main(data: Path, work: Path) -> None:
    start_engine()
    from maskloop.inference.judge import judge
    from maskloop.inference.model import load_model

    lesson = first_lesson(data)
    first = train(lesson, work / "first", FIRST)
    lesson = all_but_few(learned(data), lesson.validation)
    config = SECOND.model_copy(update={"base": str(work / "first")})
    second = train(with_empty_fields(lesson), work / "second", config)
    of_both = {
        "base": None,
        "images": len(lesson.training),
        "epochs": first.training.epochs + second.training.epochs,
        "minutes": first.training.minutes + second.training.minutes,
        "recipe": first.training.recipe,
    }
    training = second.training.model_copy(update=of_both)
    card = second.model_copy(
        update={"name": "nuclei", "description": DESCRIPTION, "labels": first.labels, "training": training}
    )
    folder = work / card.name
    shutil.copytree(work / "second", folder, dirs_exist_ok=True)
    save_rehearsal(Rehearsal(crops_in_turn(lesson.training, LEARNED), crops_in_turn(lesson.validation, JUDGED)), folder)
    save_card(card, folder)
    ap = judge(load_model(folder), lesson.validation).counts.ap
    scores = {"ap50": round(float(ap[0]), 4), "mean_ap": round(float(ap.mean()), 4)}
    card = card.model_copy(update={"training": training.model_copy(update={"scores": training.scores | scores})})
    save_card(card, folder)
    print(card.model_dump_json(indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
