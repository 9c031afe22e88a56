"""From examples to a model folder: hold out, fit, tune on what was held out, describe."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from maskloop.config import NetworkConfig, SegmentConfig, TrainConfig
from maskloop.data.dataset import prepare
from maskloop.data.examples import Example
from maskloop.data.split import hold_out
from maskloop.errors import InputError
from maskloop.inference.model import Model, load_model
from maskloop.model.unet import build_unet
from maskloop.model.weights import load_weights
from maskloop.ops.targets import object_diameters
from maskloop.ops.tuning import tune_labels
from maskloop.project.model_folder import ModelCard, Training, find_model, read_card, save_card, sha256_of
from maskloop.training.fit import Run, fit
from maskloop.training.history import Epoch


def train_model(
    examples: Sequence[Example],
    folder: Path,
    config: TrainConfig,
    data: str,
    on_epoch: Callable[[Epoch, float], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ModelCard:
    """Train a model on examples in memory and write its folder.

    Parameters
    ----------
    examples : sequence of Example
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
        If there are fewer than two images or none has objects, or for one of the reasons that `fit` gives.
    ModelError
        If the base model cannot be used.
    """
    keras.utils.set_random_seed(config.seed)
    held = hold_out(examples, config.validation, config.seed)
    _require_objects(examples, held)
    multiple = _network_config(config).multiple
    if config.crop % multiple:
        raise InputError(
            f"A crop of {config.crop} pixels does not suit this model; wanted is a multiple of {multiple}."
        )
    network = _starting_network(config)
    layers = [prepare(example, network.input_shape[-1]) for example in examples]
    training = [array for array, h in zip(layers, held, strict=True) if not h]
    validation = [array for array, h in zip(layers, held, strict=True) if h]
    run = Run(folder)
    history = fit(network, training, validation, config, folder, on_epoch, should_stop)
    card = _describe(run, examples, held, config, data, history)
    save_card(card, folder)
    run.finish()
    return card


def _require_objects(examples: Sequence[Example], held: np.ndarray) -> None:
    if not any(example.labels.any() for example, h in zip(examples, held, strict=True) if not h):
        raise InputError(
            "None of the images to train on has a labelled object, so there is nothing to learn; "
            f"{held.sum()} of {len(examples)} images are held out for validation."
        )


def _network_config(config: TrainConfig) -> NetworkConfig:
    return config.network if config.from_scratch else read_card(find_model(config.base)).network


def _starting_network(config: TrainConfig) -> keras.Model:
    if config.from_scratch:
        return build_unet(config.network, config.bfloat16)
    return load_model(config.base, config.bfloat16).network


def _describe(
    run: Run,
    examples: Sequence[Example],
    held: np.ndarray,
    config: TrainConfig,
    data: str,
    history: list[Epoch],
) -> ModelCard:
    learned = [example for example, h in zip(examples, held, strict=True) if not h]
    checked = [example for example, h in zip(examples, held, strict=True) if h]
    per_image = [np.median(object_diameters(e.labels)) for e in learned if e.labels.any()]
    low, high = np.percentile(per_image, (5, 95))
    untuned = ModelCard(
        name=run.folder.name,
        description=f"Trained on {len(learned)} images of {data}.",
        network=_network_config(config),
        diameter=round(float(np.median(np.concatenate([object_diameters(e.labels) for e in learned]))), 2),
        diameter_range=(round(float(low), 2), round(float(high), 2)),
        weights_sha256=sha256_of(run.best),
    )
    model = Model(untuned, run.folder, _filled(untuned, run))
    native = SegmentConfig(diameter=max(untuned.diameter, 2))
    maps = [model.segment_plane(e.image, native).maps for e in checked]
    labels, ap50, mean_ap = tune_labels(maps, [e.labels for e in checked])
    best = min(history, key=lambda epoch: epoch.val_loss)
    return untuned.model_copy(
        update={
            "labels": labels,
            "training": Training(
                base=None if config.from_scratch else config.base,
                data=data,
                images=len(learned),
                held_out=tuple(example.name for example in checked),
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


def _filled(card: ModelCard, run: Run) -> keras.Model:
    """Build the network in float32, whatever it was trained in, as it will be used."""
    network = build_unet(card.network)
    load_weights(network, run.best)
    return network
