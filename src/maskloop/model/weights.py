"""A network's weights as safetensors: arrays by name, nothing that could run."""

from pathlib import Path

import keras
from safetensors.numpy import load_file, save

from maskloop.errors import ModelError
from maskloop.files import write_atomically


def save_weights(network: keras.Model, path: Path) -> None:
    """Write all weights of a network; a reader never sees half of them."""
    write_atomically(path, save({v.path: v.numpy() for v in network.weights}))


def load_weights(network: keras.Model, path: Path) -> None:
    """Fill a network with the weights of a file that fits it exactly.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or its names, shapes or types are not the network's.
    """
    try:
        arrays = load_file(path)
    except Exception as error:  # whatever a damaged or foreign file leads the reader to
        raise ModelError(f"The weights {path} cannot be read: {error}") from error
    wanted = {v.path: v for v in network.weights}
    if strange := sorted(wanted.keys() ^ arrays.keys()):
        raise ModelError(
            f"The weights {path} are not those of the network that its model.json describes: "
            f"{len(strange)} names differ, such as {strange[0]!r}."
        )
    for name, variable in wanted.items():
        array = arrays[name]
        if array.shape != tuple(variable.shape) or array.dtype.name != variable.dtype:
            raise ModelError(
                f"The weights {path} do not fit: {name!r} is {array.dtype} {array.shape}, "
                f"wanted is {variable.dtype} {tuple(variable.shape)}."
            )
    for name, variable in wanted.items():
        variable.assign(arrays[name])
