"""The command that writes reports."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from maskloop.terminal import progress, tell, without_noise


def report(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model: its name, or its folder.")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--on",
            metavar="DATA",
            help="A project, of which is judged what is held out, or a folder with 'images' and 'labels'. Left out: "
            "the project that the model lies in.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The file to write. Left out: report.html in the model folder."),
    ] = None,
    channel: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Which channel of a project's images, counted from 0. Left out: the one that was learned from.",
        ),
    ] = None,
) -> None:
    """Judge a model by images that it has not learned from, and write a report: one HTML file, to read or to print."""
    from maskloop import api
    from maskloop.model.runtime import start_engine

    with without_noise():
        start_engine()
    with progress("Judging", 1) as reach:
        written = api.report(model, data, out, channel=channel, on_image=lambda share: reach(share, ""))
    tell(str(written))


def report_labels(predicted: Path, truth: Path, out: Path) -> None:
    """Write a report on labels that were compared with the truth, where no model is known."""
    from maskloop.evaluation import compare_files
    from maskloop.files import read_labels, write_atomically
    from maskloop.reporting.judged_image import JudgedImage, judge_image
    from maskloop.reporting.of_labels import describe_labels

    def judge(name: str, found: np.ndarray, target: np.ndarray) -> JudgedImage:
        return judge_image(name, None, target, found)

    images = compare_files(predicted, truth, read_labels, judge)
    write_atomically(
        out, describe_labels(predicted.resolve().name, truth.resolve().name, list(images.values())).encode()
    )
