"""A network applied to an image of any size, tile by tile."""

from collections.abc import Callable

import keras
import numpy as np

from maskloop.config import NetworkConfig
from maskloop.errors import Cancelled
from maskloop.ops.tiling import pad_to_multiple, plan_tiles, stitch

TILE = 1024  # the largest plane that a small laptop holds the network's layers of; a multiple of any network's


def predict_maps(
    network: keras.Model,
    config: NetworkConfig,
    image: np.ndarray,
    on_tile: Callable[[int, int], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> np.ndarray:
    """Predict the maps of a normalised image.

    Parameters
    ----------
    network : keras.Model
        From images of shape (batch, Y, X, C) to maps of shape (batch, Y, X, heads).
    config : NetworkConfig
        How it was built.
    image : ndarray of shape (Y, X, C), float32
    on_tile : callable, optional
        Called with the tiles done and their number.
    should_stop : callable, optional
        Asked at each tile.

    Returns
    -------
    ndarray of shape (Y, X, heads), float32

    Raises
    ------
    Cancelled
        If it was asked to stop.
    """
    padded = pad_to_multiple(image, config.multiple)
    tiles = plan_tiles(padded.shape[:2], TILE, config.receptive_radius)
    maps = np.empty((*padded.shape[:2], len(config.task.heads)), np.float32)
    on_tile(0, len(tiles))
    for done in stitch(padded, tiles, lambda tile: np.asarray(network.predict_on_batch(tile[None]))[0], maps):
        on_tile(done, len(tiles))
        if should_stop():
            raise Cancelled
    return maps[: image.shape[0], : image.shape[1]]


def as_kept(maps: np.ndarray) -> np.ndarray:
    """Bring maps to the precision in which they are kept, so that these give the very same labels later.

    Parameters
    ----------
    maps : ndarray of float32

    Returns
    -------
    ndarray of float16
        What would be subnormal is 0, since it takes ten times as long to compute with.
    """
    return np.where(maps < np.finfo(np.float16).tiny, 0, maps).astype(np.float16)
