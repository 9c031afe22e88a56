"""Train the bundled model `nuclei`: ``python benchmarks/train_bundled.py DSB2018_FOLDER MODEL_FOLDER``.

An hour or more on two recent cores. What was cut off is gone on with when the same command is given again. The
50 published test images (``stardist_split`` = test in ``index.csv``) take no part in anything.
"""

import csv
import sys
from pathlib import Path

from maskloop.config import TrainConfig
from maskloop.model.runtime import start_engine
from maskloop.project.model_folder import save_card

CONFIG = TrainConfig(
    base="none",
    epochs=80,
    crop=256,
    steps=75,
    learning_rate=2e-3,
    patience=1000,
    validation=0.12,
    seed=0,
    bfloat16=True,
)
KINDS = ("fluorescence", "brightfield")
DESCRIPTION = "Nuclei in fluorescence and in grey bright field, 10 to 50 pixels across."
DATA = "BBBC038v1 (Data Science Bowl 2018, stage1_train), CC0 1.0, without its 50 published test images"


def training_names(data: Path) -> list[str]:
    """Name the grey images of `data` that may be trained on."""
    with (data / "index.csv").open() as file:
        return [row["id"] for row in csv.DictReader(file) if row["stardist_split"] != "test" and row["kind"] in KINDS]


def main(data: Path, folder: Path) -> None:
    start_engine()
    from maskloop.data.examples import read_examples
    from maskloop.data.split_examples import split_examples
    from maskloop.training.callbacks import Callbacks
    from maskloop.training.train import train_model

    folder.mkdir(parents=True, exist_ok=True)
    lesson = split_examples(read_examples(data, training_names(data)), CONFIG)
    card = train_model(lesson, folder, CONFIG, DATA, Callbacks(lambda epoch, _: print(epoch, flush=True)))
    save_card(card.model_copy(update={"name": "nuclei", "description": DESCRIPTION}), folder)
    print(card.model_dump_json(indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
