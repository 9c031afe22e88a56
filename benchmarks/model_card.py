"""Write the card of a model: ``python benchmarks/model_card.py DSB2018 MODEL DOCS``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, MODEL a name or a model folder. ``DOCS/NAME.md``
says what the model was trained on, what it reaches kind by kind, what it loses where images are worse, and where it
fails: of each kind that image of those held out for validation which has the lowest mean AP is shown.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import imageio.v3 as iio
import numpy as np

import accuracy
import robustness
from maskloop.data.examples import Example
from maskloop.model.runtime import start_engine
from maskloop.ops.describe_rescaling import describe_rescaling
from maskloop.ops.overlay import LEGEND, displayed, draw_mistakes
from maskloop.ops.usual_size import LARGE, SMALL
from maskloop.project.model_folder import ModelCard, find_model, read_card

if TYPE_CHECKING:
    from maskloop.inference.model import Model

SIDE = 500  # pixels of a picture, at most
BEHIND = 0.7  # of its brightness, behind outlines
HELD_OUT = {
    "nuclei": "Of groups of images that look alike one was held out, and others were learned from. When, in its first "
    "stage, nothing had been learned from such groups, AP was {ap50:.3f} at IoU 0.5 and {mean_ap:.3f} on average, "
    "without rescaling.",
    "nuclei-colour": "Whole groups of images that look alike were held out. How maps become labels was tuned on these "
    "and on what was learned from.",
}
MISTAKES = ("missed", "invented", "merged", "split")


def facts(card: ModelCard) -> str:
    training, labels = card.training, card.labels
    usual, smallest, largest = (size / card.scale for size in (card.diameter, *card.diameter_range))
    rows = {
        "learned from": f"{training.data}: {training.images} images",
        "trained": f"{training.epochs} epochs in {training.minutes:.0f} minutes, seed {training.seed}, "
        + ", ".join(f"{name} {version}" for name, version in training.versions.items()),
        "network": f"U-Net with {', '.join(map(str, card.network.filters))} filters, {card.network.channels} channel"
        + "s" * (card.network.channels > 1),
        "objects": f"median diameter {usual:.0f} pixels, of most images {smallest:.0f} to {largest:.0f}"
        + (f"; images are {rescaled}" if (rescaled := describe_rescaling([card.scale])) else "")
        + f"; below {SMALL * usual:.0f} and above {LARGE * usual:.0f} an image is rescaled by what is found in it",
        "thresholds": f"foreground {labels.foreground:g}, splitting {labels.splitting:g}, smallest object "
        f"{labels.min_size / card.scale**2:.0f} pixels, certainty {labels.certainty:g}; none was chosen by images to "
        "test with",
    }
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {text} |" for name, text in rows.items())])


def scores(name: str, data: Path, test: bool) -> tuple[str, dict[str, list[Example]], list[accuracy.Found]]:
    """Return the tables on the images to validate or to test with, these images, and what was found in each."""
    examples = accuracy.examples_for(data, [name], test)
    found = accuracy.judge(name, examples, bfloat16=False)
    return accuracy.tables(accuracy.rows({name: found}, list(examples))), examples, found


def failures(
    name: str, model: "Model", examples: dict[str, list[Example]], found: list[accuracy.Found], docs: Path
) -> Iterator[str]:
    """Draw the worst image of each kind; yield it with what went wrong."""
    from maskloop.config import SegmentConfig

    for kind, of_kind in examples.items():
        judged = [of for of in found if of.kind == kind]
        number = int(np.argmin([of.counts.ap.mean() for of in judged]))
        worst, example = judged[number], of_kind[number]
        labels = model.task.to_objects(model.segment_plane(example.image, SegmentConfig()).labels)
        shown = displayed(example.image)
        drawn = draw_mistakes(BEHIND * shown, labels, example.labels)
        plain = np.broadcast_to((255 * shown).round().astype(np.uint8), drawn.shape)
        picture = np.hstack([plain[:SIDE, :SIDE], drawn[:SIDE, :SIDE]])
        file = docs / f"{name}_{kind}.png"
        iio.imwrite(file, picture)
        made = ", ".join(f"{getattr(worst.mistakes, what)} {what}" for what in MISTAKES)
        ap = worst.counts.ap
        yield (
            f"**{kind}** ({example.name[:8]}): AP {ap[0]:.3f} at IoU 0.5, {ap.mean():.3f} on average; of "
            f"{worst.counts.truth} objects {made}.\n\n![Image and outlines]({file.name})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("model")
    parser.add_argument("docs", type=Path)
    options = parser.parse_args()
    start_engine()
    from maskloop.api import load_model

    model, card = load_model(options.model), read_card(find_model(options.model))
    validated, examples, found = scores(options.model, options.data, test=False)
    tested, _, _ = scores(options.model, options.data, test=True)
    *cases, fields = robustness.judge(model, [e for of_kind in examples.values() for e in of_kind])
    parts = [
        f"# The model {card.name}",
        f"{card.description} Made by `benchmarks/model_card.py`.",
        facts(card),
        "## On images to test with",
        "Nothing was learned from these or chosen by them.",
        f"```\n{tested}\n```",
        "## On images held out for validation",
        f"{HELD_OUT[card.name].format(**card.training.scores)}\n\n```\n{validated}\n```",
        "## Where images are worse",
        "Each case changes all images held out for validation. Nuclei are large, in the last column, where the median "
        f"one is at least {robustness.CLEAR} pixels across before the change: {cases[0]['large']} images.\n\n"
        f"```\n{robustness.table(cases, fields)}\n```",
        "## Where it fails",
        f"The worst image held out of each kind. Outlines: {LEGEND}.",
        *failures(card.name, model, examples, found, options.docs),
    ]
    (options.docs / f"{card.name}.md").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
