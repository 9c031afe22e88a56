"""What all tests share: real settings stay untouched, no screen is needed, a model small enough to build at once."""

import os
import signal
import tempfile
from pathlib import Path

# Before napari is imported: the viewer fixtures would rewrite the person's own settings.
os.environ.setdefault("NAPARI_CONFIG", str(Path(tempfile.mkdtemp(prefix="maskloop-tests-")) / "settings.yaml"))
if os.environ.get("MASKLOOP_TEST_DISPLAY") != "1":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import settings
from safetensors.numpy import save

from maskloop.project.weight_shapes import weight_shapes

# A shell lets what it runs in the background ignore Ctrl+C, and all that this starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples each time, however slow the machine: a suite that fails does so again.
settings.register_profile("maskloop", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("maskloop")

SHARED_FOLDER = Path(__file__).parents[2] / "shared" / "data"


def discs(shape, centres, radius):
    """Labelled discs, numbered from 1; later ones lie on top."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.int32)
    for number, (cy, cx) in enumerate(centres, start=1):
        labels[np.hypot(y - cy, x - cx) <= radius] = number
    return labels


@pytest.fixture(scope="session", name="discs")
def _discs():
    """The function `discs`."""
    return discs


@pytest.fixture(scope="session")
def class_data(discs, tmp_path_factory):
    """Images of bright discs with darker rims, and masks of these classes."""
    folder, rng = tmp_path_factory.mktemp("classes"), np.random.default_rng(0)
    for kind in ("images", "masks"):
        (folder / kind).mkdir()
    for i in range(6):
        centres = rng.uniform(14, 50, (3, 2))
        classes = np.where(discs((64, 64), centres, 6) > 0, 1, 2 * (discs((64, 64), centres, 9) > 0))
        image = np.array([30, 200, 110])[classes] + rng.normal(0, 6, classes.shape)
        iio.imwrite(folder / "images" / f"{i} & co.png", image.clip(0, 255).astype(np.uint8))
        iio.imwrite(folder / "masks" / f"{i} & co.png", classes.astype(np.uint8))
    return folder


@pytest.fixture(scope="session")
def random_weights():
    """A function that returns the content of a file of random weights that fit a network."""

    def random_weights(network, seed):
        rng = np.random.default_rng(seed)
        return save({name: rng.normal(size=shape).astype(np.float32) for name, shape in weight_shapes(network).items()})

    return random_weights


@pytest.fixture(scope="session")
def make_model():
    """A function that writes a complete model folder with a network of random weights."""
    from maskloop.config import NetworkConfig
    from maskloop.model.runtime import start_engine
    from maskloop.project.model_folder import ModelCard, save_card, sha256_of

    start_engine()
    import keras

    from maskloop.model.unet import build_unet
    from maskloop.model.weights import save_weights

    def make_model(folder, config=NetworkConfig(filters=(4, 8)), **card):  # noqa: B008 - frozen
        folder.mkdir()
        keras.utils.set_random_seed(0)
        save_weights(build_unet(config), folder / "weights.safetensors")
        card = {"name": folder.name, "diameter": 20, "diameter_range": (5, 80)} | card
        sha256 = sha256_of(folder / "weights.safetensors")
        save_card(ModelCard(network=config, weights_sha256=sha256, **card), folder)
        return folder

    return make_model


@pytest.fixture(scope="session")
def tiny_model(make_model, tmp_path_factory):
    """A complete model folder with a network of random weights that takes milliseconds."""
    return make_model(tmp_path_factory.mktemp("models") / "tiny")
