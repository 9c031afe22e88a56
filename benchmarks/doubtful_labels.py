"""List images whose labels a model cannot learn: ``python benchmarks/doubtful_labels.py DSB2018 MODEL PICTURE``.

DSB2018 is the folder with ``images``, ``labels`` and ``index.csv``, MODEL a name or a model folder. Of the grey images
that `train_bundled` may learn from, those with the highest loss are listed, with what the model would have missed,
invented, merged or split, and drawn into PICTURE: the part with most mistakes, as it is and with them. What a model
still gets wrong in images that it learned from is hard, or wrongly labelled; which of both, eyes must tell.
"""

import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from maskloop.model.runtime import start_engine
from maskloop.ops.axes import choose_channel
from maskloop.ops.judged import box_amid_objects
from maskloop.ops.mistakes import count_mistakes
from maskloop.ops.normalise import normalise
from maskloop.ops.overlay import LEGEND, draw_mistakes, matching_objects
from maskloop.project.model_folder import find_model, read_card
from maskloop.scores import align
from train_bundled import GREY, learned

WORST = 12
SIDE = 256  # pixels of an image in the picture


def main(data: Path, name: str, picture: Path) -> None:
    start_engine()
    from maskloop.api import load_model
    from maskloop.config import SegmentConfig
    from maskloop.model.loss import loss_of

    held_out = set(read_card(find_model(name)).training.held_out)
    model, loss = load_model(name), loss_of("objects")
    judged = []
    for example in learned(data, GREY):
        found = model.segment_plane(example.image, SegmentConfig())
        known = model.task.to_targets(example.labels), model.task.to_weights(example.labels, None)
        lost = loss(np.concatenate(known, axis=-1)[None], found.maps[None].astype(np.float32))
        judged.append((float(np.asarray(lost)[0]), example, found.labels))
    worst = sorted(judged, key=lambda one: -one[0])[:WORST]
    rows, pictures = [["image", "", "loss", "objects", "missed", "invented", "merged", "split"]], []
    for lost, example, labels in worst:
        made = count_mistakes(labels, example.labels)
        counts = (len(np.unique(example.labels)) - 1, made.missed, made.invented, made.merged, made.split)
        part = "held out" if example.name in held_out else "learned"
        rows.append([example.name[:8], part, f"{lost:.2f}", *map(str, counts)])
        grey = normalise(choose_channel(example.image, None, 1)).clip(0, 1)
        plain = np.repeat((255 * grey).round().astype(np.uint8), 3, axis=-1)
        right, right_true = matching_objects(labels, example.labels)
        wrong = np.isin(labels, right, invert=True) * labels + np.isin(example.labels, right_true, invert=True)
        box = box_amid_objects(wrong, None, SIDE)
        both = [a[box] for a in (plain, draw_mistakes(0.7 * grey, labels, example.labels))]
        pictures.append(np.hstack([np.pad(a, ((0, SIDE - a.shape[0]), (0, SIDE - a.shape[1]), (0, 0))) for a in both]))
    print(f"{align(rows)}\n\nmedian loss {np.median([lost for lost, *_ in judged]):.2f}; outlines: {LEGEND}")
    columns = [np.vstack(pictures[i : i + WORST // 2]) for i in (0, WORST // 2)]
    iio.imwrite(picture, np.hstack(columns))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
