"""A model and images that it has not learned from to a report."""

from collections.abc import Callable
from pathlib import Path

from maskloop.errors import Cancelled, InputError
from maskloop.files import write_atomically
from maskloop.model.runtime import start_engine
from maskloop.project.history import read_history
from maskloop.project.layout import MODELS, PROJECT_FILE
from maskloop.project.model_folder import HISTORY_FILE, REPORT_FILE, bundled_models, find_model, model_of


def report(
    model: str | Path,
    data: str | Path | None = None,
    out: str | Path | None = None,
    *,
    channel: int | None = None,
    on_image: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Judge a model by images that it has not learned from, and write what comes of it as one HTML file.

    Parameters
    ----------
    model : str or Path
        Name of a model of the project that is given, of a bundled one, or a model folder.
    data : str or Path, optional
        A project, of which is judged what is held out; or a folder with ``images`` and ``labels``, of which are judged
        the images that were held out when the model was trained on it, or all where it was not. Left out: the project
        that the model lies in.
    out : str or Path, optional
        The file to write, replaced where it is there. Left out: ``report.html`` in the model folder.
    channel : int, optional
        Which channel, from 0; of a project's colour images beside others all are taken. Left out: the one that the
        model has learned from.
    on_image : callable, optional
        Called with the share done, 0 to 1.
    should_stop : callable, optional
        Asked at each tile.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If there is nothing to judge by, it is of another task, or there is no place for the file.
    ProjectError
        If a file of the project is damaged.
    ModelError
        If the model cannot be used.
    EngineError
        If TensorFlow is missing or broken, or memory ran out.
    OSError
        If the file cannot be written.
    Cancelled
        If it was asked to stop.
    """
    folder = find_model(model if data is None else model_of(model, Path(data)))
    place = _place_of_report(folder, out)
    source = _project_around(folder) if data is None else Path(data)
    start_engine()
    from maskloop.data.unseen import read_unseen
    from maskloop.inference.model import load_model
    from maskloop.reporting.judge_model import judge_model
    from maskloop.reporting.of_model import describe_model

    loaded, history = load_model(folder), read_history(folder / HISTORY_FILE)
    recipe = loaded.card.training.recipe
    learned = None if recipe is None else recipe.channel
    unseen = read_unseen(source, loaded.card, learned if channel is None else channel)
    images = judge_model(loaded, unseen.examples, on_image, should_stop)
    page = describe_model(loaded.card, images, unseen.choice, history)
    if should_stop():
        raise Cancelled
    write_atomically(place, page.encode())
    return place


def _place_of_report(model: Path, out: str | Path | None) -> Path:
    """Return where a report goes, before minutes are spent on it."""
    if out is None and model in bundled_models():
        raise InputError(f"{model.name} ships with maskloop, so its folder stays as it is: give a file for the report.")
    place = model / REPORT_FILE if out is None else Path(out)
    if place.is_dir() or not place.parent.is_dir():
        raise InputError(f"{place} is a folder, or in no folder that is there; wanted is a file for the report.")
    return place


def _project_around(model: Path) -> Path:
    models = model.resolve().parent
    if models.name != MODELS or not (models.parent / PROJECT_FILE).is_file():
        raise InputError(
            f"{model.name} lies in no project, so there is nothing to judge it by; give a project, or a folder with "
            "'images' and 'labels'."
        )
    return models.parent
