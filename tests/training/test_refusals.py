"""Data and settings that cannot be trained on: a sentence, before or instead of a crash."""

import shutil

import numpy as np
import pytest
import tifffile
from safetensors.numpy import load_file, save_file

from maskloop import train
from maskloop.config import NetworkConfig
from maskloop.errors import InputError
from maskloop.project.model_folder import read_card, save_card, sha256_of


def labels(discs, count):
    return [discs((64, 64), [(20 + 5 * i, 30)], 9) for i in range(count)]


@pytest.mark.parametrize("count", [1, 0])
def test_fewer_than_two_images_are_refused(count, discs, write_data, settings, tmp_path):
    with pytest.raises(InputError, match=r"at least two|No images were found"):
        train(write_data(tmp_path / "data", labels(discs, count)), tmp_path / "model", settings())


def test_images_without_a_single_object_are_refused(discs, write_data, settings, tmp_path):
    data = write_data(tmp_path / "data", [truth * 0 for truth in labels(discs, 3)])
    with pytest.raises(InputError, match="nothing to learn"):
        train(data, tmp_path / "model", settings())


def test_labels_that_do_not_fit_their_image_are_refused(discs, write_data, settings, tmp_path):
    data = write_data(tmp_path / "data", labels(discs, 2))
    tifffile.imwrite(data / "labels" / "1.tif", np.ones((64, 63), np.uint8))
    with pytest.raises(InputError, match=r"1\.tif: The mask is 64 x 63 pixels; wanted is 64 x 64"):
        train(data, tmp_path / "model", settings())


def test_what_is_odd_about_masks_is_remarked_once_for_all_files(discs, write_data, settings, tmp_path):
    binary = [discs((64, 64), centres, 9) > 0 for centres in ([(20, 20)], [(40, 40)], [(20, 44)])]
    numbered = discs((64, 64), [(20, 20), (44, 44)], 9)
    remarks = []
    folder = write_data(tmp_path / "data", [*binary, numbered])
    train(folder, tmp_path / "model", settings(epochs=1), on_remark=remarks.append)
    assert remarks == ["0.tif and 2 more: A binary mask: objects that touch have become one."]


def test_data_that_are_not_there_are_refused(settings, tmp_path):
    with pytest.raises(InputError, match=r"There is no folder .*nothing"):
        train(tmp_path / "nothing", tmp_path / "model", settings())


def test_a_folder_whose_name_no_model_can_have_is_refused_before_the_data_are_read(settings, tmp_path):
    for name in ("m" * 101, "m\udcff"):
        with pytest.raises(InputError, match="cannot be the name of a model"):
            train(tmp_path / "nothing", tmp_path / name, settings())


def test_a_model_in_the_current_folder_bears_its_name(discs, write_data, settings, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    with pytest.raises(InputError, match="no folder"):
        train("nothing", ".", settings())
    assert (tmp_path / "mine").is_dir()
    data = write_data(tmp_path / "data", labels(discs, 2))
    assert train(data, ".", settings(epochs=1)).name == read_card(tmp_path / "mine").name == "mine"


@pytest.mark.parametrize("empty", [0, 1])
def test_objects_in_one_image_of_two_are_learned_from_or_refused(empty, discs, write_data, settings, tmp_path):
    truths = labels(discs, 2)  # one of the two images is held out, be it the one with the object
    truths[empty][:] = 0
    assert_learned_or_refused(write_data(tmp_path / "data", truths), tmp_path / "model", settings(), diameter=18)


def test_objects_of_single_pixels_are_learned_from_or_refused(write_data, settings, tmp_path):
    spots = np.zeros((2, 64, 64), np.int32)
    spots[:, ::4, ::4] = np.arange(1, 257).reshape(16, 16)
    assert_learned_or_refused(write_data(tmp_path / "data", list(spots)), tmp_path / "model", settings(), diameter=1)


def assert_learned_or_refused(data, folder, settings, diameter):
    try:
        card = train(data, folder, settings.model_copy(update={"epochs": 1}))
    except InputError:
        assert not (folder / "weights.safetensors").exists(), "refused only after the training"
    else:
        assert card.diameter == pytest.approx(diameter, rel=0.2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_pixels_that_are_not_finite_are_no_obstacle(bad, discs, write_data, settings, tmp_path):
    data = write_data(tmp_path / "data", labels(discs, 3))
    image = tifffile.imread(data / "images" / "0.tif").astype(np.float32)
    image[:3] = bad
    tifffile.imwrite(data / "images" / "0.tif", image)
    card = train(data, tmp_path / "model", settings(epochs=1, steps=1))
    assert card.training.epochs == 1


def test_a_crop_that_does_not_suit_the_base_model_is_refused(discs, write_data, settings, make_model, tmp_path):
    deep = make_model(tmp_path / "deep", NetworkConfig(filters=(2,) * 6))  # sides must be multiples of 32
    data = write_data(tmp_path / "data", labels(discs, 2))
    with pytest.raises(InputError, match="multiple of 32"):
        train(data, tmp_path / "model", settings(base=str(deep), crop=48, epochs=1))


def test_a_loss_that_is_no_number_is_said(discs, write_data, settings, tiny_model, tmp_path):
    base = shutil.copytree(tiny_model, tmp_path / "base")
    arrays = load_file(base / "weights.safetensors")
    save_file({name: np.full_like(array, np.nan) for name, array in arrays.items()}, base / "weights.safetensors")
    sha256 = sha256_of(base / "weights.safetensors")
    save_card(read_card(base).model_copy(update={"weights_sha256": sha256}), base)
    data = write_data(tmp_path / "data", labels(discs, 2))
    with pytest.raises(InputError, match=r"diverged in its first epoch.*Give a learning rate below"):
        train(data, tmp_path / "model", settings(base=str(base)))
    assert not (tmp_path / "model" / "model.json").exists()
