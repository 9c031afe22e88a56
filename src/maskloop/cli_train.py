"""The command that trains."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskloop.cli_models import describe_model
from maskloop.config import TrainConfig
from maskloop.errors import Cancelled, InputError
from maskloop.jobs.turn import turn
from maskloop.options import ClassesOption, RecipeOption, TaskOption, read_settings
from maskloop.terminal import Interrupt, Interrupted, UsageError, progress, tell, warn, without_noise

if TYPE_CHECKING:
    from maskloop.project.history import Epoch
    from maskloop.project.model_folder import ModelCard

TRAIN = TrainConfig()
BASE_HELP = f"{TRAIN.help('base')} Left out: nuclei, for a project of stained tissue nuclei-colour."
WAITS = "another training runs on this computer; this one begins when that has ended."


def train(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="A project, of which reviewed pixels are learned, or a folder with 'images' and 'labels', files of "
            "the same names; masks in a folder 'reviewed' say where to learn from.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The model folder to make. A project has a place for it.", metavar="MODEL_FOLDER"),
    ] = None,
    recipe: RecipeOption = None,
    base: Annotated[str | None, typer.Option(help=BASE_HELP, metavar="NAME|none")] = None,
    task: TaskOption = None,
    classes: ClassesOption = None,
    epochs: Annotated[int | None, typer.Option(help=TRAIN.help("epochs"), metavar="N")] = None,
    minutes: Annotated[float | None, typer.Option(help=TRAIN.help("minutes"), metavar="M")] = None,
    seed: Annotated[int | None, typer.Option(help=TRAIN.help("seed"), metavar="N")] = None,
    channel: Annotated[int | None, typer.Option(help=TRAIN.help("channel"), metavar="N")] = None,
) -> None:
    """Train a model on images and their labels.

    Waits while another training, of the window or of a terminal, has this computer. Ctrl+C stops and keeps the best
    epoch so far. What was cut off goes on when the same command is given again, with --out.
    """
    if base is None and recipe is None and task is None and classes is None:
        base = _suggested_base(data)
    config = read_settings(recipe, task, classes, base=base, epochs=epochs, minutes=minutes, seed=seed, channel=channel)
    _refuse_at_once(data, out, config)
    from maskloop.project.passport import Passport

    with Interrupt("stopping as soon as possible.") as interrupt:
        try:
            with turn(lambda: warn(WAITS), lambda: interrupt.asked):
                out, card = _train(data, out, config, interrupt)
        except Cancelled as error:
            raise Interrupted("stopped before its turn came.") from error
        except InputError as error:
            if interrupt.asked:
                raise Interrupted(str(error)) from error
            raise
    tell(describe_model(Passport(str(out), card)))
    command = shlex.join(["maskloop", "report", str(out), "--on", str(data)])
    tell(f"{command} shows how good it is, and where it fails.")
    if interrupt.asked:
        raise Interrupted(f"stopped; {out} holds the best epoch so far.")


def _refuse_at_once(data: Path, out: Path | None, config: TrainConfig) -> None:
    """Refuse what nobody should learn of only when the training has had to wait for its turn.

    The base need not be finished: it may be what the training before makes.
    """
    from maskloop.api.train_models import check_place
    from maskloop.project.layout import PROJECT_FILE
    from maskloop.project.model_folder import find_model, model_of

    if not data.is_dir():
        raise InputError(f"There is no folder {data}.")
    if out is not None:
        check_place(out)
    elif not (data / PROJECT_FILE).is_file():
        raise UsageError(f"--out is missing: {data} is no project, which alone has a place for models.")
    if not config.from_scratch:
        find_model(model_of(config.base, data))


def _train(data: Path, out: Path | None, config: TrainConfig, interrupt: Interrupt) -> "tuple[Path, ModelCard]":
    """Train, and return the model folder and the card."""
    from maskloop import api
    from maskloop.model.runtime import start_engine

    with without_noise():
        start_engine()
    if out is None:
        out = _place_in_project(data, config.base)
        tell(f"Training {out.name}; if it is cut off, --out {out} goes on with it.")
    with progress("Training", 1) as reach:
        card = api.train(
            data,
            out,
            config,
            on_epoch=lambda epoch, share: reach(share, _scores_of_epoch(epoch)),
            on_remark=warn,
            should_stop=lambda: interrupt.asked,
        )
    return out, card


def _suggested_base(data: Path) -> str | None:
    """Name the bundled model that suits the images of a project; None for what is no project."""
    from maskloop.project.layout import PROJECT_FILE
    from maskloop.project.registry import Registry

    return Registry(data).suggest() if (data / PROJECT_FILE).is_file() else None


def _place_in_project(data: Path, base: str) -> Path:
    """Make an empty folder for a new model of a project."""
    from maskloop.project.project import Project
    from maskloop.project.registry import Registry

    with Project(data):  # or it is missing or damaged, which is said
        return Registry(data).new_folder(base)


def _scores_of_epoch(epoch: "Epoch") -> str:
    scores = f"loss {epoch.val_loss:.3f}, Dice {epoch.val_dice:.3f}, IoU {epoch.val_iou:.3f}"
    return f"epoch {epoch.epoch}: {scores} on validation images"
