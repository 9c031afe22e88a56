"""A small data set and settings with which an epoch takes a fraction of a second."""

import numpy as np
import pytest
import tifffile

from maskloop.config import NetworkConfig, TrainConfig


def write_data(folder, labels):
    """Write noisy images of labels, and the labels, as training wants them."""
    rng = np.random.default_rng(0)
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for i, truth in enumerate(labels):
        image = np.where(truth > 0, 150, 40) + rng.normal(0, 8, truth.shape)
        tifffile.imwrite(folder / "images" / f"{i}.tif", image.astype(np.uint8))
        tifffile.imwrite(folder / "labels" / f"{i}.tif", truth.astype(np.uint16))
    return folder


@pytest.fixture(scope="session", name="write_data")
def _write_data():
    """The function `write_data`."""
    return write_data


@pytest.fixture(scope="session")
def data(discs, tmp_path_factory):
    """Four images of discs."""
    rng = np.random.default_rng(1)
    labels = [discs((64, 64), rng.uniform(10, 54, (4, 2)), 9) for _ in range(4)]
    return write_data(tmp_path_factory.mktemp("data"), labels)


@pytest.fixture(scope="session")
def settings():
    """A function that makes settings of tiny trainings."""

    def settings(**choices):
        network = NetworkConfig(filters=(4, 8), dropout=choices.pop("dropout", ()))
        usual = {"base": "none", "epochs": 3, "crop": 32, "batch": 2, "steps": 2, "seed": 7, "learning_rate": 0.02}
        return TrainConfig(**usual | {"network": network} | choices)

    return settings
