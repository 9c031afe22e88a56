"""Model folders that are whole, and those that someone or something has spoilt."""

import hashlib
import json
import pickle
import shutil

import numpy as np
import pytest

from maskloop import load_model
from maskloop.errors import ModelError
from maskloop.project.model_folder import bundled_models, check_weights, find_model, read_card, save_card

LIVER = {"name": "liver", "colour": "#b42828"}


@pytest.fixture
def folder(tiny_model, tmp_path):
    """A copy of a good model folder, to be spoilt."""
    return shutil.copytree(tiny_model, tmp_path / "model")


def describe(folder, **changes):
    """Change model.json; a name such as network__filters reaches one level down."""
    card = json.loads((folder / "model.json").read_text())
    for name, value in changes.items():
        *outer, last = name.split("__")
        (card[outer[0]] if outer else card)[last] = value
    (folder / "model.json").write_text(json.dumps(card))


def put_weights(folder, content):
    """Replace the weights, and vouch for them."""
    (folder / "weights.safetensors").write_bytes(content)
    describe(folder, weights_sha256=hashlib.sha256(content).hexdigest())


def test_a_good_folder_loads(folder):
    assert load_model(folder).card == read_card(folder)


def test_a_card_comes_back_as_it_was_written(folder):
    card = read_card(folder).model_copy(update={"description": "Zellkerne, 20 µm, “bright”"})
    save_card(card, folder)
    assert read_card(folder) == card


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_model(folder)


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_folder_in_place_of_a_file_is_refused(folder, name):
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(ModelError, match=name):
        load_model(folder)


def test_a_newer_version_says_so_even_with_settings_unheard_of(folder):
    describe(folder, schema_version=2, attention=True)
    with pytest.raises(ModelError, match=r"schema 2.*reads schema 1.*newer"):
        load_model(folder)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"attention": True}, "attention"),
        ({"network__lambda": "import os"}, "network.lambda"),
        ({"network__filters": [4, 10**9]}, "network.filters"),
        ({"network__filters": [4]}, "network.filters"),
        ({"network__filters": [2] * 30}, "network.filters"),
        ({"network__filters": "4, 8"}, "network.filters"),
        ({"network__activation": "os.system"}, "network.activation"),
        ({"network__channels": 0}, "network.channels"),
        ({"network__task": {"kind": "anything"}}, "network.task.kind"),
        ({"network__task": {"kind": "classes"}}, "network.task"),
        ({"network__task": {"kind": "objects", "classes": [LIVER]}}, "network.task"),
        ({"network__task": {"kind": "classes", "classes": [LIVER, LIVER]}}, "network.task"),
        ({"network__task": {"kind": "classes", "classes": [LIVER | {"name": "background"}]}}, "network.task"),
        ({"network__task": {"kind": "classes", "classes": [LIVER | {"colour": "red"}]}}, "network.task.classes.0"),
        ({"network__dropout": [0.5]}, "network"),
        ({"network__dropout": [0.5, 1]}, "network.dropout"),
        ({"network": None}, "network"),
        ({"task": "anything"}, "task"),
        ({"diameter": -5}, "diameter"),
        ({"diameter": float("nan")}, "diameter"),
        ({"diameter": float("inf")}, "diameter"),
        ({"diameter_range": [80, 5]}, "diameter_range"),
        ({"diameter_range": [-5, float("nan")]}, "diameter_range"),
        ({"preprocessing__low": 99, "preprocessing__high": 1}, "preprocessing"),
        ({"preprocessing__high": 101}, "preprocessing.high"),
        ({"labels__foreground": 7}, "labels.foreground"),
        ({"weights_sha256": "none"}, "weights_sha256"),
        ({"name": ""}, "name"),
    ],
)
def test_what_makes_no_sense_is_named(folder, changes, where):
    describe(folder, **changes)
    with pytest.raises(ModelError, match=f"cannot? use.*{where}|can use: {where}"):
        load_model(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe\x00", b"[" * 100_000, pickle.dumps({"name": "x"})])
def test_what_is_no_description_of_a_model_is_refused(folder, content):
    (folder / "model.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.json"):
        load_model(folder)


def test_a_description_too_large_to_be_one_is_not_even_read(folder):
    with (folder / "model.json").open("a") as file:
        file.write(" " * 1_000_000)
    with pytest.raises(ModelError, match="too large"):
        load_model(folder)


def test_weights_of_other_shapes_are_refused(folder):
    describe(folder, network__filters=[4, 9])
    with pytest.raises(ModelError, match=r"do not fit.*wanted is float32"):
        load_model(folder)


def test_weights_of_another_depth_are_refused(folder):
    describe(folder, network__filters=[4, 8, 16])
    with pytest.raises(ModelError, match="not those of the network"):
        load_model(folder)


def test_weights_that_were_tampered_with_are_refused(folder):
    content = bytearray((folder / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"SHA-256 differs.*tampered"):
        load_model(folder)


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (self.marker, "w")


def test_a_pickle_is_refused_without_being_run(folder, tmp_path):
    marker = tmp_path / "code was run"
    attack = pickle.dumps(Malicious(str(marker)))
    put_weights(folder, attack + bytes(100_000))  # large enough for the network
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(folder)
    assert not marker.exists()
    pickle.loads(attack).close()
    assert marker.exists(), "the attack is not one, so the test proves nothing"


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5"])
def test_a_serialised_keras_object_is_refused(folder, tmp_path, suffix):
    network = load_model(folder).network
    path = tmp_path / f"network{suffix}"
    network.save(path) if suffix == ".keras" else network.save_weights(path)
    put_weights(folder, path.read_bytes())
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(folder)


def test_an_array_that_numpy_would_have_to_unpickle_is_refused(folder, tmp_path):
    np.save(tmp_path / "weights.npy", np.array([{"a": 1}]), allow_pickle=True)
    put_weights(folder, (tmp_path / "weights.npy").read_bytes() + bytes(100_000))
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(folder)


@pytest.mark.parametrize("name", ["nothing of that name", "", "~nobody-of-that-name/model", "x" * 5000, "a\0b"])
def test_a_model_that_is_not_there_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"no model|not a model folder"):
        load_model(name)


def test_a_file_is_no_model_folder(folder):
    with pytest.raises(ModelError, match="wanted is the path of a model folder"):
        find_model(folder / "model.json")


def test_every_bundled_model_is_whole_and_found_by_its_name():
    for path in bundled_models():
        card = read_card(path)
        assert find_model(card.name) == path
        assert check_weights(path, card).parent == path


def test_a_network_larger_than_its_weights_is_refused_before_it_is_built(folder):
    describe(folder, network__filters=[2048] * 8)
    with pytest.raises(ModelError, match="too small for the network"):
        load_model(folder)


@pytest.mark.parametrize(("dropout", "wanted"), [(0.0, ()), (0.3, (0, 0.3))])
def test_what_was_written_before_there_were_tasks_is_read(folder, dropout, wanted):
    describe(folder, task="objects", network__heads=["foreground", "distance"], network__dropout=dropout)
    network = read_card(folder).network
    assert network.task.kind == "objects"
    assert network.dropout == wanted
