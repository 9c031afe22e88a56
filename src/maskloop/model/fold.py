"""Batch normalisation merged into the convolutions: the same maps, with less to compute."""

import keras
import numpy as np

from maskloop.config import NetworkConfig
from maskloop.model.unet import build_unet


def fold_normalisation(network: keras.Model, config: NetworkConfig, bfloat16: bool = False) -> keras.Model:
    """Return a network that predicts the same as another one, and has no batch normalisation.

    What a trained normalisation does to a channel, a factor and an offset do as well, and these the convolution before
    it can take over (Jacob et al. 2018, https://doi.org/10.1109/CVPR.2018.00286, section 3.2).

    Parameters
    ----------
    network : keras.Model
        From `build_unet`.
    config : NetworkConfig
        How it was built.
    bfloat16 : bool
        Compute in bfloat16.

    Returns
    -------
    keras.Model
        For use, not for training.
    """
    folded = build_unet(config.model_copy(update={"normalisation": "none", "dropout": ()}), bfloat16)
    known = {layer.name: layer for layer in network.layers}
    for layer in folded.layers:
        weights = known[layer.name].get_weights()
        if (norm := known.get(f"{layer.name}_norm")) is not None:
            gamma, beta, mean, variance = norm.get_weights()
            factor = gamma / np.sqrt(variance + norm.epsilon)
            weights = [weights[0] * factor, beta - mean * factor]
        layer.set_weights(weights)
    return folded
