"""One row an epoch, in a file that a spreadsheet opens."""

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from maskloop.files import write_atomically


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to; Dice and IoU are of the foreground thresholded at 0.5, over pixels; AP is at IoU 0.5."""

    epoch: int
    loss: float
    dice: float
    iou: float
    val_loss: float
    val_dice: float
    val_iou: float
    val_ap50: float
    learning_rate: float
    seconds: float


def write_history(path: Path, history: list[Epoch]) -> None:
    """Write epochs as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: round(v, 6) for k, v in asdict(epoch).items()} for epoch in history)
    write_atomically(path, text.getvalue().encode())
