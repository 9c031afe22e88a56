"""The U-Net (Ronneberger et al. 2015, https://doi.org/10.1007/978-3-319-24574-4_28)."""

import keras
from keras import layers

from maskloop.config import NetworkConfig
from maskloop.model.batch_normalisation import BatchNormalisation

# Of the averages that take the place of a batch's own when the network is used. Keras's 0.99 lags behind by hundreds of
# steps: a short training would be judged, and used, with the averages of its base.
MOMENTUM = 0.9


def build_unet(config: NetworkConfig, bfloat16: bool = False) -> keras.Model:
    """Build the network that a config describes, with random weights.

    Parameters
    ----------
    config : NetworkConfig
    bfloat16 : bool
        Compute in bfloat16; weights and maps stay float32.

    Returns
    -------
    keras.Model
        From images of shape (batch, Y, X, channels) to maps of shape (batch, Y, X, heads), float32, each 0 to 1; those
        of classes add up to 1. Y and X are multiples of ``config.multiple``.
    """
    policy = keras.DTypePolicy("mixed_bfloat16" if bfloat16 else "float32")
    coarsest = len(config.filters) - 1
    x = image = keras.Input((None, None, config.channels), name="image")
    skips = []
    for level in range(len(config.filters)):
        x = _block(x, level, "down", config, policy)
        if level < coarsest:
            skips.append(x)
            x = layers.MaxPooling2D(name=f"pool{level}", dtype=policy)(x)
    for level in reversed(range(coarsest)):
        x = _double(x, config.filters[level], f"double{level}", config, policy)
        x = layers.Concatenate(name=f"join{level}", dtype=policy)([skips[level], x])
        x = _block(x, level, "up", config, policy)
    return keras.Model(image, _maps(x, config), name="unet")


def _maps(x: keras.KerasTensor, config: NetworkConfig) -> keras.KerasTensor:
    if config.task.kind == "classes":
        return layers.Conv2D(len(config.task.heads), 1, activation="softmax", name="maps", dtype="float32")(x)
    maps = [layers.Conv2D(1, 1, activation="sigmoid", name=head, dtype="float32")(x) for head in config.task.heads]
    return layers.Concatenate(name="maps", dtype="float32")(maps) if len(maps) > 1 else maps[0]


def _block(
    x: keras.KerasTensor, level: int, way: str, config: NetworkConfig, policy: keras.DTypePolicy
) -> keras.KerasTensor:
    batch, name = config.normalisation == "batch", f"{way}{level}"
    for part in "ab":
        if part == "b" and config.dropout:
            x = layers.Dropout(config.dropout[level], name=f"{name}_dropout", dtype=policy)(x)
        x = layers.Conv2D(
            config.filters[level],
            3,
            padding="same",
            use_bias=not batch,
            kernel_initializer="he_normal",
            name=f"{name}{part}",
            dtype=policy,
        )(x)
        if batch:
            x = BatchNormalisation(momentum=MOMENTUM, name=f"{name}{part}_norm", dtype=policy)(x)
        x = layers.Activation(config.activation, name=f"{name}{part}_act", dtype=policy)(x)
    return x


def _double(
    x: keras.KerasTensor, filters: int, name: str, config: NetworkConfig, policy: keras.DTypePolicy
) -> keras.KerasTensor:
    if config.upsampling == "transposed":
        return layers.Conv2DTranspose(filters, 2, strides=2, name=name, dtype=policy)(x)
    return layers.UpSampling2D(interpolation="nearest", name=name, dtype=policy)(x)
