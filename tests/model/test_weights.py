"""Weights on disk: refused unless they fit exactly."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from maskloop.config import NetworkConfig
from maskloop.errors import ModelError
from maskloop.model.unet import build_unet
from maskloop.model.weights import load_weights, save_weights


@pytest.fixture(scope="module")
def network():
    return build_unet(NetworkConfig(filters=(2, 3)))


@pytest.fixture
def path(network, tmp_path):
    save_weights(network, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


def values(network):
    return [variable.numpy() for variable in network.weights]


def spoil(path, change):
    arrays = load_file(path)
    change(arrays, "down0a/kernel")
    save_file(arrays, path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda arrays, name: arrays.pop(name), "1 names differ, such as 'down0a/kernel'"),
        (lambda arrays, name: arrays.update(other=arrays[name]), "1 names differ, such as 'other'"),
        (lambda arrays, name: arrays.update({name: arrays[name][..., :1].copy()}), r"wanted is float32 \(3, 3, 1, 2\)"),
        (lambda arrays, name: arrays.update({name: arrays[name].astype(np.float64)}), "is float64"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(network, path, change, sentence):
    spoil(path, change)
    before = values(network)
    with pytest.raises(ModelError, match=sentence):
        load_weights(network, path)
    for old, new in zip(before, values(network), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("share", [0, 0.1, 0.9])
def test_a_truncated_file_is_refused(network, path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match="cannot be read"):
        load_weights(network, path)


def test_a_missing_file_is_refused(network, tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        load_weights(network, tmp_path / "weights.safetensors")


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "NONE"])
def test_types_that_numpy_does_not_know_are_refused(network, path, dtype):
    size = {"BF16": 2}.get(dtype, 1)
    header, offset = {}, 0
    for name, array in load_file(path).items():
        end = offset + array.size * size
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(offset))
    with pytest.raises(ModelError):
        load_weights(network, path)


def test_a_failed_write_leaves_the_old_weights(network, path):
    before = path.read_bytes()
    path.with_name("folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        save_weights(network, path.with_name("folder"))
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["folder", "weights.safetensors"]
