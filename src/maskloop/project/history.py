"""One row an epoch, in a file that a spreadsheet opens."""

import csv
import io
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from maskloop.errors import ModelError
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


def read_history(path: Path) -> list[Epoch]:
    """Read what `write_history` wrote; what an older version did not write yet is no number, and no file no epochs.

    Raises
    ------
    ModelError
        If the file is damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [_epoch(row) for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, OverflowError, TypeError, csv.Error) as error:
        raise ModelError(f"{path} is damaged, the curves of a training; without this file there are none.") from error


def _epoch(row: dict[str, str]) -> Epoch:
    numbers: dict[str, Any] = {field.name: float(row.get(field.name, math.nan)) for field in fields(Epoch)}
    return Epoch(**numbers | {"epoch": int(numbers["epoch"])})
