"""The terminal: arguments to the config objects that everything else uses, and on to the plain functions.

What is slow to import is imported by the commands that need it; TensorFlow only by those that run a network.
"""

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskloop import cli_models, cli_project, cli_recipe, cli_report, cli_train
from maskloop.config import SegmentConfig, TaskKind
from maskloop.errors import InputError
from maskloop.options import ClassesOption, RecipeOption, TaskOption, make_config, read_settings
from maskloop.terminal import FAILED, Commands, progress, tell, warn, without_noise

if TYPE_CHECKING:
    from maskloop.batch import Outcome
    from maskloop.inference.model import Model
    from maskloop.ops.axes import Planes

AUTOMATIC = "auto"
LONGEST_TABLE = 20  # images
SEGMENT = SegmentConfig()
MODEL_HELP = f"{SEGMENT.help('model')} Automatic: nuclei-colour for stained tissue in colour, nuclei for all else."


app = typer.Typer(cls=Commands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(cli_project.app, name="project")
app.add_typer(cli_models.app, name="models")
app.command()(cli_report.report)
app.command()(cli_recipe.recipe)


def main() -> None:
    """Run the command line."""
    app(prog_name="maskloop")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        tell(f"maskloop {version('maskloop')}")
        raise typer.Exit


@app.callback()
def maskloop(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Segment microscopy images with a U-Net, correct the result, retrain on what you corrected."""


@app.command()
def segment(
    paths: Annotated[list[Path], typer.Argument(help="Images, or folders of images.", metavar="PATH")],
    out: Annotated[Path, typer.Option(help="Folder for the labels.", metavar="DIR")],
    model: Annotated[str, typer.Option(help=MODEL_HELP, metavar="NAME_OR_FOLDER|auto")] = AUTOMATIC,
    diameter: Annotated[str, typer.Option(help=SEGMENT.help("diameter"), metavar="PX|auto")] = AUTOMATIC,
    channel: Annotated[int | None, typer.Option(help=SEGMENT.help("channel"), metavar="N")] = None,
) -> None:
    """Segment images: each becomes DIR/<name>_labels.tif, where 0 is background."""
    pixels = None if diameter == AUTOMATIC else diameter
    config = make_config(SegmentConfig, model=model, diameter=pixels, channel=channel)
    from maskloop import api
    from maskloop.batch import plan_targets, segment_files
    from maskloop.project.suggested_model import GREY_MODEL, suggested_model

    targets = plan_targets(paths, out)
    _make_folder(out)
    load = functools.cache(api.load_model)
    with without_noise():
        load(GREY_MODEL if model == AUTOMATIC else model)  # what is wrong with it is said before all else

    def model_for(planes: "Planes") -> "Model":
        return load(suggested_model(planes) if model == AUTOMATIC else model)

    with progress("Segmenting", len(targets)) as reach:
        done = [_tell_outcome(outcome) for outcome in segment_files(targets, model_for, config, reach)]
    if not all(done):
        if len(done) > 1:
            warn(f"{sum(done)} of {len(done)} images were segmented.")
        raise typer.Exit(FAILED)


app.command()(cli_train.train)  # here, for --help lists them in this order


@app.command()
def check(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A project, or a folder of images and their masks.")],
    masks: Annotated[Path | None, typer.Option(metavar="DIR", help="The masks, where DATA holds images only.")] = None,
    recipe: RecipeOption = None,
    task: TaskOption = None,
    classes: ClassesOption = None,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a picture of each problem that can be seen.")
    ] = None,
) -> None:
    """Find out whether images and masks are fit to learn from: what is wrong, and what to do about it."""
    import imageio.v3 as iio

    config = read_settings(recipe, task, classes)
    from maskloop.project.doctor import check_data

    if pictures is not None:
        _make_folder(pictures)
    with progress("Examining", 1) as reach:
        checkup = check_data(data, masks, config, on_file=lambda share: reach(share, ""))
    for number, problem in enumerate(checkup.problems, start=1):
        first, *others = problem.paths
        tell(f"{problem.gravity}: {first}: {problem.reason} {problem.advice}")
        for path in others:
            tell(f"  also {path}")
        if pictures is not None and (picture := checkup.draw(first)) is not None:
            iio.imwrite(pictures / f"{number:03} {first.stem}.png", picture)
    found = f"problems: {len(checkup.problems)}" if checkup.problems else "nothing is wrong with them"
    tell(f"{checkup.layout}; images: {checkup.images}; {checkup.task.noun}s: {checkup.objects}; {found}")
    if any(problem.gravity == "error" for problem in checkup.problems):
        raise typer.Exit(FAILED)


@app.command()
def evaluate(
    predicted: Annotated[
        Path, typer.Argument(metavar="PREDICTED", help="A file of labels or a mask, or a folder of them.")
    ],
    truth: Annotated[
        Path, typer.Argument(metavar="TRUTH", help="The true ones; in a folder, x.png belongs to x_labels.tif.")
    ],
    task: Annotated[
        TaskKind, typer.Option(help="What they hold: numbered objects, one mask of foreground, or numbers of classes.")
    ] = "objects",
    json: Annotated[Path | None, typer.Option(help="Write all scores to this file too.", metavar="FILE")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report, one HTML file, too.", metavar="FILE")] = None,
) -> None:
    """Compare labels or masks with the truth: object by object or class by class, and pixel by pixel."""
    from maskloop import api
    from maskloop.evaluation import SCORINGS
    from maskloop.scores import write_report

    images, scoring = api.evaluate(predicted, truth, task), SCORINGS[task]
    if len(images) <= LONGEST_TABLE:
        tell(scoring.table(images) + "\n")
    tell(scoring.summary(images))
    if json is not None:
        write_report(json, scoring.report(images))
    if report is not None:
        cli_report.report_labels(predicted, truth, task, report)


@app.command()
def compare(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A model: its name, or its folder.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The model that may take its place.")],
    project: Annotated[
        Path, typer.Option("--on", metavar="PROJECT", help="The project whose pixels they are judged by.")
    ],
    channel: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Which channel of the project's images, counted from 0; of colour images beside others all are taken. "
            "Left out: the only one, or all colours.",
        ),
    ] = None,
) -> None:
    """Judge two models by what is held out of a project, and by what the old one knew before."""
    from maskloop import api
    from maskloop.model.runtime import start_engine

    with without_noise():
        start_engine()
    with progress("Comparing", 1) as reach:
        comparison = api.compare(old, new, project, channel=channel, on_image=lambda share: reach(share, ""))
    tell(f"{comparison.table()}\n\n{comparison.recommendation}")


@app.command()
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Open no window.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for what is made without a window.", metavar="DIR")] = Path(
        "maskloop_demo"
    ),
) -> None:
    """Segment sample images: in napari, or without a screen here, compared with the truth."""
    from maskloop.demo import open_window, segment_samples, why_no_window

    obstacle = None if headless else why_no_window()
    if obstacle is not None:
        warn(f"{obstacle}; going on without a window.")
    if headless or obstacle is not None:
        _make_folder(out)
        tell(segment_samples(out))
    else:
        open_window()


def _make_folder(path: Path) -> None:
    if path.is_file():
        raise InputError(f"{path} is a file; wanted is a folder.")
    path.mkdir(parents=True, exist_ok=True)


def _tell_outcome(outcome: "Outcome") -> bool:
    """Say what became of an image; return whether it was segmented."""
    if outcome.reason:
        named = outcome.source.name in outcome.reason
        warn(outcome.reason if named else f"{outcome.source}: {outcome.reason}")
    if outcome.model is not None:
        count = f"{outcome.objects} {outcome.model.network.task.noun}{'' if outcome.objects == 1 else 's'}"
        rescaled = f"; the image was {outcome.rescaled} for the model" if outcome.rescaled else ""
        tell(f"{outcome.target}: {count} by {outcome.model.name}{rescaled}")
    return outcome.objects is not None
