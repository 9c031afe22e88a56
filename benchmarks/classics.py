"""Train the classic recipes on what `nuclei` learns from: ``python benchmarks/classics.py DSB2018 WORK --minutes M``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, WORK a folder for the models; those that lie in it
already are not trained again. Each recipe has the split of `train_bundled`'s first training and so many minutes, of
which the best epoch is kept, and beside them the same minutes for `train_bundled`'s own settings, as ``maskloop``. What
they reach says ``python benchmarks/accuracy.py DSB2018 WORK/* --test``.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from maskloop.model.runtime import start_engine
from maskloop.project.model_folder import MODEL_FILE
from maskloop.recipes import RECIPES
from train_bundled import FIRST, first_lesson, train

CLASSICS = RECIPES | {"maskloop": FIRST.model_copy(update={"steps": 50})}  # shorter epochs, or few would fit in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--one", choices=list(CLASSICS), help="train this one, in this process")
    options = parser.parse_args()
    if options.one:
        start_engine()
        budget = {"epochs": None, "minutes": options.minutes, "patience": None}
        config = CLASSICS[options.one].model_copy(update=budget)
        train(first_lesson(options.data), options.work / options.one, config)
        return
    for name in CLASSICS:
        if not (options.work / name / MODEL_FILE).is_file():
            own = (str(options.data), str(options.work), "--minutes", str(options.minutes), "--one", name)
            subprocess.run([sys.executable, __file__, *own], check=True)  # its memory goes with it


if __name__ == "__main__":
    main()
