"""From examples to a model folder: hold out, fit, tune on what was held out, describe."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from maskloop.config import LabelsConfig, NetworkConfig, SegmentConfig, TrainConfig
from maskloop.data.dataset import around_reviewed, focus, prepare
from maskloop.data.examples import Example, rescale
from maskloop.data.lesson import Lesson
from maskloop.errors import InputError
from maskloop.inference.model import Model, load_model
from maskloop.model.runtime import has_bfloat16
from maskloop.model.unet import build_unet
from maskloop.model.weights import load_weights
from maskloop.ops.judged import whole_objects
from maskloop.ops.targets import object_diameters
from maskloop.ops.tuning import tune_labels
from maskloop.project.model_folder import ModelCard, Training, find_model, read_card, save_card, sha256_of
from maskloop.project.rehearsal import Rehearsal, read_rehearsal, save_rehearsal
from maskloop.training.fit import Run, fit
from maskloop.training.history import Epoch

SAME_SIZE = 1.25  # factor up to which objects are not worth rescaling


def train_model(
    lesson: Lesson,
    folder: Path,
    config: TrainConfig,
    data: str,
    on_epoch: Callable[[Epoch, float], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ModelCard:
    """Train a model on examples in memory and write its folder.

    Where objects are of another size than the base model knows, the images are rescaled, and so will be those that
    are segmented with the new model.

    Parameters
    ----------
    lesson : Lesson
    folder : Path
        An existing folder, empty or with the state of an unfinished training.
    config : TrainConfig
    data : str
        What the examples are and their licence, for the model's card.
    on_epoch, should_stop : callable, optional
        As in `maskloop.training.fit.fit`.

    Returns
    -------
    ModelCard

    Raises
    ------
    InputError
        If there is no object to learn from, or for one of the reasons that `fit` gives.
    ModelError
        If the base model cannot be used.
    """
    keras.utils.set_random_seed(config.seed)
    _require_objects(lesson)
    multiple = _network_config(config).multiple
    if config.crop % multiple:
        raise InputError(
            f"A crop of {config.crop} pixels does not suit this model; wanted is a multiple of {multiple}."
        )
    network = _starting_network(config)
    native = float(np.median(np.concatenate([whole_diameters(e) for e in lesson.training])))
    factor = _factor(config, native)
    channels = network.input_shape[-1]
    training, validation = (
        [prepare(rescale(focus(example, channels), factor)) for example in part]
        for part in (lesson.training, lesson.validation)
    )
    rehearsal = Rehearsal([], []) if config.from_scratch else read_rehearsal(find_model(config.base))
    known = (Example("", image[..., None], labels) for image, labels in rehearsal.learned)
    rehearsed = [prepare(focus(example, channels)) for example in known]
    run = Run(folder)
    history = fit(network, training, validation, config, folder, on_epoch, should_stop, rehearsed)
    card = _describe(run, lesson, config, data, history, factor)
    if rehearsal.learned:
        save_rehearsal(rehearsal, folder)
    save_card(card, folder)
    run.finish()
    return card


def whole_diameters(example: Example) -> np.ndarray:
    """Return the diameters in pixels of the objects of an example that are reviewed as a whole."""
    return object_diameters(whole_objects(example.labels, example.reviewed))


def _factor(config: TrainConfig, diameter: float) -> float:
    """Return the factor that brings objects to the size that the base model knows, if they are of quite another."""
    if config.from_scratch:
        return 1.0
    factor = read_card(find_model(config.base)).diameter / diameter
    return factor if max(factor, 1 / factor) > SAME_SIZE else 1.0


def _require_objects(lesson: Lesson) -> None:
    if not any(len(whole_diameters(example)) for example in lesson.training):
        raise InputError(
            "None of the images to train on has a labelled object, so there is nothing to learn; "
            f"{len(lesson.validation)} of {len(lesson.training + lesson.validation)} images are held out for "
            "validation."
        )


def _network_config(config: TrainConfig) -> NetworkConfig:
    return config.network if config.from_scratch else read_card(find_model(config.base)).network


def _starting_network(config: TrainConfig) -> keras.Model:
    bfloat16 = has_bfloat16() if config.bfloat16 is None else config.bfloat16
    if config.from_scratch:
        return build_unet(config.network, bfloat16)
    return load_model(config.base, bfloat16).network


def _describe(
    run: Run, lesson: Lesson, config: TrainConfig, data: str, history: list[Epoch], factor: float
) -> ModelCard:
    native = [found for example in lesson.training if len(found := whole_diameters(example))]
    median = float(np.median(np.concatenate(native)))
    low, high = factor * np.percentile([np.median(of_image) for of_image in native], (5, 95))
    untuned = ModelCard(
        name=run.folder.name,
        description=f"Trained on {len(lesson.training)} images of {data}.",
        network=_network_config(config),
        diameter=round(factor * median, 2),
        usual_diameter=None if factor == 1 else round(median, 2),
        diameter_range=(round(float(low), 2), round(float(high), 2)),
        weights_sha256=sha256_of(run.best),
    )
    labels, ap50, mean_ap = _tune(Model(untuned, run.folder, _filled(untuned, run)), lesson.validation, factor)
    best = min(history, key=lambda epoch: epoch.val_loss)
    return untuned.model_copy(
        update={
            "labels": labels,
            "training": Training(
                base=None if config.from_scratch else Path(config.base).name,
                data=data,
                images=len(lesson.training),
                held_out=tuple(example.name for example in lesson.validation),
                revisions=lesson.revisions,
                epochs=len(history),
                minutes=round(sum(epoch.seconds for epoch in history) / 60, 2),
                seed=config.seed,
                versions={name: version(name) for name in ("maskloop", "tensorflow", "keras", "numpy")},
                scores={
                    "ap50": round(ap50, 4),
                    "mean_ap": round(mean_ap, 4),
                    "dice": round(best.val_dice, 4),
                    "iou": round(best.val_iou, 4),
                },
            ),
        }
    )


def _tune(model: Model, examples: list[Example], factor: float) -> tuple[LabelsConfig, float, float]:
    diameter = model.card.usual_diameter or model.card.diameter
    maps, truths, masks = [], [], []
    for example in examples:
        box = around_reviewed(example)
        maps.append(model.segment_plane(example.image, SegmentConfig(diameter=max(diameter, 2))).maps[box].copy())
        truths.append(example.labels[box])
        masks.append(None if example.reviewed is None else example.reviewed[box])
    return tune_labels(maps, truths, masks, factor)


def _filled(card: ModelCard, run: Run) -> keras.Model:
    """Build the network in float32, whatever it was trained in, as it will be used."""
    network = build_unet(card.network)
    load_weights(network, run.best)
    return network
