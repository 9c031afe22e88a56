"""Image files to labels files: what is written where, and one file after the other."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maskloop.config import SegmentConfig
from maskloop.errors import InputError, explain
from maskloop.files import FORMATS, image_name, list_images, read_image, write_labels
from maskloop.ops.axes import Planes, to_planes
from maskloop.ops.describe_rescaling import describe_rescaling
from maskloop.ops.nothing_found import explain_nothing_found
from maskloop.ops.objects import count_objects
from maskloop.ops.task import task_of
from maskloop.project.model_folder import ModelCard

if TYPE_CHECKING:
    from maskloop.inference.model import Model


@dataclass(frozen=True)
class Outcome:
    """What became of an image file.

    Attributes
    ----------
    source, target : Path
        The image and its labels.
    objects : int or None
        How many were found, or parts of classes, in all planes; None where the image could not be segmented.
    reason : str
        Why there are none.
    rescaled : str
        By how much it was enlarged or shrunk for the model; empty where it was not.
    model : ModelCard or None
        Of the model that found them.
    """

    source: Path
    target: Path
    objects: int | None
    reason: str
    rescaled: str = ""
    model: ModelCard | None = None


def plan_targets(paths: Iterable[Path], folder: Path) -> dict[Path, Path]:
    """Choose the labels file of each image.

    Parameters
    ----------
    paths : iterable of Path
        Images, and folders that stand for the images in them.
    folder : Path
        Where the labels go.

    Returns
    -------
    dict of Path to Path
        ``folder/<stem>_labels.tif`` by image.

    Raises
    ------
    InputError
        If a folder holds no images, two images have one labels file, or an image would be overwritten.
    """
    sources: dict[Path, Path] = {}
    for source in _images(paths):
        target = folder / f"{image_name(source)}_labels.tif"
        if (other := sources.setdefault(target, source)) != source:
            raise InputError(f"{other} and {source} would both become {target}; give them different names.")
    targets = {source: target for target, source in sources.items()}
    inputs = {source.resolve() for source in targets}
    for source, target in targets.items():
        if target.resolve() in inputs:
            raise InputError(f"The labels of {source} would overwrite {target}, which is to be segmented too.")
    return targets


def _images(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        images = list_images(path)
        if not images:
            raise InputError(f"There are no images in {path}; wanted is {FORMATS}.")
        yield from images


def segment_files(
    targets: dict[Path, Path],
    model_for: Callable[[Planes], "Model"],
    config: SegmentConfig,
    on_share: Callable[[float, str], None],
) -> Iterator[Outcome]:
    """Segment image files one after the other; one that fails does not keep the others from being done.

    Parameters
    ----------
    targets : dict of Path to Path
        From `plan_targets`.
    model_for : callable
        Returns the model for an image.
    config : SegmentConfig
    on_share : callable
        Called with how many images are done, as a fraction, and the name of the one at hand.

    Yields
    ------
    Outcome
    """
    for done, (source, target) in enumerate(targets.items()):
        report = partial(_report, on_share, done, source.name)
        report(0)
        try:
            yield _segment_file(source, target, model_for, config, report)
        except Exception as error:  # one bad image, whatever is wrong with it, must not end all the others
            yield Outcome(source, target, None, explain(error))
        report(1)


def _report(on_share: Callable[[float, str], None], done: int, name: str, share: float) -> None:
    on_share(done + share, name)


def _segment_file(
    source: Path,
    target: Path,
    model_for: Callable[[Planes], "Model"],
    config: SegmentConfig,
    on_tile: Callable[[float], None],
) -> Outcome:
    from maskloop import api

    image, axes = read_image(source)
    planes = to_planes(image, axes)
    model = model_for(planes)
    meaning = model.card.network.task
    task = task_of(meaning)
    objects, labels, highest, rescaled = 0, [], 0.0, []
    for result in api.segment_planes(planes.pixels, model, config, on_tile):
        labels.append(result.labels)
        objects += count_objects(task.to_objects(result.labels))
        seen = result.maps[..., 1:] if meaning.kind == "classes" else result.maps[..., 0]
        highest = max(highest, float(seen.max()))
        rescaled.append(result.rescaled)
    write_labels(target, planes.restore(np.stack(labels)))
    if objects:
        return Outcome(source, target, objects, "", describe_rescaling(rescaled), model.card)
    constant = bool(np.all(image == image.flat[0]))
    thresholds = config.labels or model.card.labels
    reason = explain_nothing_found(highest, thresholds, rescaled[0], constant, meaning)
    return Outcome(source, target, 0, reason, model=model.card)
