"""A model that is ready to segment."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from skimage.transform import resize

from maskloop.config import LabelsConfig, SegmentConfig
from maskloop.errors import EngineError, InputError
from maskloop.inference.predict_maps import as_kept, predict_maps
from maskloop.model.fold import fold_normalisation
from maskloop.model.unet import build_unet
from maskloop.model.weights import load_weights
from maskloop.ops.axes import choose_channel
from maskloop.ops.instances import drop_small
from maskloop.ops.normalise import normalise
from maskloop.ops.targets import object_diameters
from maskloop.ops.task import Task, task_of
from maskloop.ops.usual_size import usual_size_factor
from maskloop.project.model_folder import ModelCard, check_weights, find_model, read_card

SMALLEST_SIDE, LARGEST_AREA = 8, 4e8  # pixels, after rescaling
# The parts of the progress. An image is rescaled twice at most, by what is measured at the scale before.
FIRST_PASS, RESCALED = (0.0, 0.5), ((0.5, 0.75), (0.75, 1.0))
SMALLEST = 0.5  # of the smallest object's diameter: is measured still, and not taken for a speck


@dataclass(frozen=True)
class Segmentation:
    """What a model makes of one plane.

    Attributes
    ----------
    labels : ndarray of shape (Y, X), int32
    maps : ndarray of shape (Y, X, heads), float16
        At the plane's own size.
    rescaled : float
        The factor by which the plane was enlarged for the network.
    """

    labels: np.ndarray
    maps: np.ndarray
    rescaled: float


@dataclass(frozen=True)
class Model:
    """A model folder, its network built and its weights loaded.

    Attributes
    ----------
    card : ModelCard
    folder : Path
    network : keras.Model
        From images of shape (batch, Y, X, C) to maps of shape (batch, Y, X, heads).
    """

    card: ModelCard
    folder: Path
    network: keras.Model

    @property
    def task(self) -> Task:
        """What its labels mean."""
        return task_of(self.card.network.task)

    def warm(self) -> None:
        """Let the network be traced for planes of any size, which takes longer than a small image does."""
        network = self.card.network
        for multiples in (2, 3):  # of one size only, it would be traced once more for the first image
            side = multiples * network.multiple
            predict_maps(self.network, network, np.zeros((side, side, network.channels), np.float32))

    def segment_plane(
        self,
        plane: np.ndarray,
        config: SegmentConfig,
        on_tile: Callable[[float], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Segmentation:
        """Segment one plane.

        Parameters
        ----------
        plane : ndarray of shape (Y, X, C)
            Any real dtype.
        config : SegmentConfig
        on_tile : callable, optional
            Called with the share that is done. With an automatic diameter the first pass is half of it.
        should_stop : callable, optional
            Asked at each tile.

        Returns
        -------
        Segmentation

        Raises
        ------
        InputError
            If the channels do not fit the model, or the diameter would make the image too large.
        Cancelled
            If it was asked to stop.
        EngineError
            If memory ran out.
        """
        try:
            return self._segment(plane, config, on_tile, should_stop)
        except (MemoryError, tf.errors.ResourceExhaustedError) as error:
            raise EngineError(
                f"Memory ran out while segmenting a plane of {plane.shape[1]} x {plane.shape[0]} pixels; close other "
                "programs or give a larger diameter."
            ) from error

    def _segment(
        self,
        plane: np.ndarray,
        config: SegmentConfig,
        on_tile: Callable[[float], None],
        should_stop: Callable[[], bool],
    ) -> Segmentation:
        pixels = choose_channel(plane, config.channel, self.card.network.channels)
        steps = self.card.preprocessing
        image = normalise(pixels, steps.low, steps.high)
        wanted = config.labels or self.card.labels
        factor = self._first_factor(config.diameter, image.shape[:2])
        if config.diameter is not None or self.card.network.task.kind != "objects" or steps.side is not None:
            maps = self._maps(image, factor, on_tile, should_stop)
            return Segmentation(self.task.to_labels(maps, wanted, factor), maps, factor)
        maps = self._maps(image, factor, _part_of(on_tile, *FIRST_PASS), should_stop)
        labels, better = self._find(maps, wanted, factor)
        for part in RESCALED:
            if better == factor:
                break
            tried = self._maps(image, better, _part_of(on_tile, *part), should_stop)
            found, next_better = self._find(tried, wanted, better)
            if not found.any() or (better > factor and found.max() < labels.max()):  # it was misled
                break
            labels, maps, factor, better = found, tried, better, next_better
        on_tile(1.0)
        return Segmentation(labels, maps, factor)

    def _first_factor(self, diameter: float | None, size: tuple[int, int]) -> float:
        """Return the factor for objects of the diameter that is given, or else of the one that is usual."""
        if self.card.preprocessing.side is not None:
            return self.card.preprocessing.side / float(np.sqrt(np.prod(size)))
        if diameter is not None:
            return self.card.diameter / diameter
        return self.card.scale if _is_reasonable(size, self.card.scale) else 1.0

    def _find(self, maps: np.ndarray, wanted: LabelsConfig, factor: float) -> tuple[np.ndarray, float]:
        """Return the objects, and the factor that brings those of unusual size to the usual one."""
        all_sizes = wanted.model_copy(update={"min_size": wanted.min_size * SMALLEST**2})
        measured = self.task.to_labels(maps, all_sizes, factor)
        labels = drop_small(measured, wanted.min_size / factor**2)
        better = factor * usual_size_factor(object_diameters(measured) * factor, self.card.diameter)
        return labels, better if _is_reasonable(maps.shape[:2], better) else factor

    def _maps(
        self,
        image: np.ndarray,
        factor: float,
        on_tile: Callable[[float], None],
        should_stop: Callable[[], bool],
    ) -> np.ndarray:
        size = image.shape[:2]
        side = self.card.preprocessing.side
        scaled_size = (side, side) if side else tuple(max(round(n * factor), 1) for n in size)
        if factor > 1 and np.prod(scaled_size) > LARGEST_AREA:
            raise InputError(
                f"An image of {size[1]} x {size[0]} pixels would become {scaled_size[1]} x {scaled_size[0]} with this "
                f"diameter; this model was trained on objects of {self.card.diameter:.0f} pixels."
            )
        scaled = image if scaled_size == size else resize(image, scaled_size, order=1, anti_aliasing=factor < 1)
        maps = predict_maps(
            self.network, self.card.network, scaled, lambda done, tiles: on_tile(done / tiles), should_stop
        )
        native = maps if scaled_size == size else resize(maps, size, order=1, anti_aliasing=False)
        return as_kept(native)


def _part_of(on_tile: Callable[[float], None], start: float, end: float) -> Callable[[float], None]:
    return lambda share: on_tile(start + share * (end - start))


def _is_reasonable(size: tuple[int, ...], factor: float) -> bool:
    sides = [side * factor for side in size]
    return min(sides) >= SMALLEST_SIDE and bool(np.prod(sides) <= LARGEST_AREA)


def load_model(name: str | Path = "nuclei", bfloat16: bool = False) -> Model:
    """Load a model.

    Parameters
    ----------
    name : str or Path
        Name of a bundled model, or a model folder.
    bfloat16 : bool
        Compute in bfloat16: about twice as fast on processors that have it, with slightly different maps.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If there is no such model, or its folder is incomplete, damaged or from a newer version.
    """
    folder = find_model(name)
    card = read_card(folder)
    network = fold_normalisation(load_network(folder, card), card.network, bfloat16)
    return Model(card, folder, network)


def load_network(folder: Path, card: ModelCard, bfloat16: bool = False) -> keras.Model:
    """Load the network of a model folder as it was trained, to go on with.

    Parameters
    ----------
    folder : Path
    card : ModelCard
        What the folder says of it.
    bfloat16 : bool
        Compute in bfloat16.

    Returns
    -------
    keras.Model
        From `build_unet`.

    Raises
    ------
    ModelError
        If the weights are missing, damaged, or not those that the card was written for.
    """
    weights = check_weights(folder, card)
    network = build_unet(card.network, bfloat16)
    load_weights(network, weights)
    return network
