"""Training as a whole: from a folder of images to a model that segments."""

import csv
import json
import math
import shutil

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save

from maskloop import load_model, segment, train
from maskloop.errors import InputError, ModelError
from maskloop.project.model_folder import Preprocessing, check_weights, read_card, save_card
from maskloop.recipes import find_recipe, read_recipe


class CutOffError(Exception):
    """Stands for whatever ends a training in the middle."""


def rows(folder):
    """The rows of history.csv, without what differs from run to run."""
    with (folder / "history.csv").open(newline="") as file:
        return [{k: float(v) for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def cut_off_after(epochs):
    def on_epoch(epoch, _):
        if epoch.epoch == epochs:
            raise CutOffError

    return on_epoch


@pytest.fixture(scope="module")
def trained(data, settings, tmp_path_factory):
    """A model trained without interruption, with what was reported and which files there were meanwhile."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    seen = []

    def on_epoch(epoch, share):
        seen.append((epoch, share, {path.name for path in folder.iterdir()}))

    return folder, train(data, folder, settings(), on_epoch=on_epoch), seen


def test_the_history_has_one_row_an_epoch_as_reported(trained):
    folder, _, seen = trained
    header = (folder / "history.csv").read_text().splitlines()[0]
    assert header == "epoch,loss,dice,iou,val_loss,val_dice,val_iou,val_ap50,learning_rate,seconds"
    for number, (row, (epoch, share, _)) in enumerate(zip(rows(folder), seen, strict=True), start=1):
        assert row["epoch"] == epoch.epoch == number
        assert share == pytest.approx(number / 3)
        assert row["val_loss"] == pytest.approx(epoch.val_loss, abs=1e-6)
        assert row["dice"] == pytest.approx(2 * row["iou"] / (1 + row["iou"]), abs=1e-5)
        assert all(math.isfinite(value) for value in row.values())


def test_the_model_is_described_last_and_nothing_else_is_left(trained):
    folder, _, seen = trained
    for _, _, files in seen:
        assert files == {"weights.safetensors", "history.csv", "state.safetensors"}
    assert {path.name for path in folder.iterdir()} == {
        "weights.safetensors",
        "history.csv",
        "model.json",
        "recipe.yaml",
    }


def test_the_recipe_that_is_written_trains_the_same_again(trained, data, tmp_path):
    folder, card, _ = trained
    again = train(data, tmp_path / "model", find_recipe(str(folder / "recipe.yaml")))
    assert again.weights_sha256 == card.weights_sha256


def test_the_recipe_names_a_base_and_no_path(trained, data, settings, tmp_path):
    train(data, tmp_path / "model", settings(base=str(trained[0]), epochs=1))
    assert read_recipe(tmp_path / "model" / "recipe.yaml").base == "model"


def test_the_card_says_what_the_model_is_and_where_it_comes_from(trained, data, settings):
    folder, card, _ = trained
    assert read_card(folder) == card
    assert check_weights(folder, card)
    assert card.name == "model"
    assert card.network == settings().network
    assert card.diameter == pytest.approx(18, abs=3)
    assert card.diameter_range[0] <= card.diameter <= card.diameter_range[1]
    assert (card.training.base, card.training.data, card.training.seed) == (None, data.name, 7)
    assert (card.training.epochs, card.training.images, len(card.training.held_out)) == (3, 3, 1)
    assert card.training.scores["iou"] == pytest.approx(
        min(rows(folder), key=lambda row: row["val_loss"])["val_iou"], abs=1e-4
    )


def test_the_model_segments(trained, discs):
    image = np.where(discs((50, 60), [(25, 25)], 9), 150, 40)
    assert segment(image, trained[0]).shape == (50, 60)


def test_it_learns(data, settings, tmp_path):
    train(data, tmp_path / "model", settings(epochs=4, steps=12))
    history = rows(tmp_path / "model")
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    assert history[-1]["dice"] > 0.7


def test_the_same_seed_gives_the_same_training(trained, data, settings, tmp_path):
    assert train(data, tmp_path / "model", settings()).weights_sha256 == trained[1].weights_sha256
    assert rows(tmp_path / "model") == rows(trained[0])


@pytest.mark.parametrize("dropout", [(), (0.2, 0.5)])
def test_a_training_that_was_cut_off_goes_on_as_if_it_had_not_been(dropout, trained, data, settings, tmp_path):
    whole, card, _ = trained
    if dropout:
        whole = tmp_path / "whole"
        card = train(data, whole, settings(dropout=dropout))
    with pytest.raises(CutOffError):
        train(data, tmp_path / "model", settings(dropout=dropout), on_epoch=cut_off_after(2))
    seen = []
    again = train(data, tmp_path / "model", settings(dropout=dropout), on_epoch=lambda e, _: seen.append(e.epoch))
    assert seen == [3]
    assert rows(tmp_path / "model") == rows(whole)
    assert again.weights_sha256 == card.weights_sha256


def test_a_training_that_is_stopped_keeps_the_best_so_far(trained, data, settings, tmp_path):
    epochs, asked = [], []

    def should_stop():
        asked.append(len(epochs))
        return asked.count(2) > 1  # at a batch of the third epoch, not before it

    card = train(data, tmp_path / "model", settings(), on_epoch=lambda *e: epochs.append(e), should_stop=should_stop)
    assert rows(tmp_path / "model") == rows(trained[0])[:2]
    assert card.training.epochs == 2
    assert load_model(tmp_path / "model").card == card
    assert trained[1].training.scores.keys() == {"ap50", "mean_ap", "dice", "iou"}
    assert card.training.scores.keys() == {"dice", "iou"}  # as of an epoch; AP would be of a few crops


def test_a_training_that_is_stopped_at_once_says_that_nothing_is_kept(data, settings, tmp_path):
    with pytest.raises(InputError, match="stopped before its first epoch ended"):
        train(data, tmp_path / "model", settings(), should_stop=lambda: True)
    assert not (tmp_path / "model" / "model.json").exists()


def test_a_training_whose_model_could_not_be_described_is_finished_by_another_call(trained, data, settings, tmp_path):
    folder = tmp_path / "model"
    with pytest.raises(OSError, match=r"model\.json"):
        train(data, folder, settings(), on_epoch=lambda *_: (folder / "model.json").mkdir(exist_ok=True))
    (folder / "model.json").rmdir()
    card = train(data, folder, settings(), on_epoch=lambda *_: pytest.fail("an epoch was trained again"))
    assert card.weights_sha256 == trained[1].weights_sha256
    assert rows(folder) == rows(trained[0])


def test_what_was_cut_off_after_the_model_was_described_is_finished_by_another_call(
    data, settings, tmp_path, monkeypatch
):
    folder = tmp_path / "model"

    def cut_off(_):
        raise CutOffError

    with monkeypatch.context() as patch:
        patch.setattr("maskloop.training.draft.Draft.finish", cut_off)
        with pytest.raises(CutOffError):
            train(data, folder, settings())
    assert {"model.json", "state.safetensors"} <= {path.name for path in folder.iterdir()}
    train(data, folder, settings(), on_epoch=lambda *_: pytest.fail("an epoch was trained again"))
    assert not (folder / "state.safetensors").exists()


@pytest.mark.parametrize("damage", ["cut off", "empty", "without arrays", "without settings"])
def test_going_on_with_what_is_damaged_is_refused(damage, data, settings, tmp_path):
    with pytest.raises(CutOffError):
        train(data, tmp_path / "model", settings(), on_epoch=cut_off_after(1))
    state = tmp_path / "model" / "state.safetensors"
    content, arrays = state.read_bytes(), load_file(state)
    fewer = {name: array for name, array in arrays.items() if not name.startswith("spare")}
    with safe_open(state, "numpy") as file:
        metadata = file.metadata()
    state.write_bytes(
        {
            "cut off": content[: len(content) // 2],
            "empty": b"",
            "without arrays": save(fewer, metadata),
            "without settings": save(arrays),
        }[damage]
    )
    before = (state.read_bytes(), (tmp_path / "model" / "weights.safetensors").read_bytes())
    with pytest.raises(InputError, match=r"is damaged, or of another version.*train anew, into another folder"):
        train(data, tmp_path / "model", settings())
    assert before == (state.read_bytes(), (tmp_path / "model" / "weights.safetensors").read_bytes())


def test_going_on_with_other_settings_is_refused(data, settings, tmp_path):
    folder = tmp_path / "model"
    with pytest.raises(CutOffError):
        train(data, folder, settings(), on_epoch=cut_off_after(1))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InputError, match="unfinished training with other settings"):
        train(data, folder, settings(seed=8))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_model_is_never_overwritten(trained, data, settings):
    before = {path.name: path.read_bytes() for path in trained[0].iterdir()}
    with pytest.raises(InputError, match="holds a model already"):
        train(data, trained[0], settings())
    assert {path.name: path.read_bytes() for path in trained[0].iterdir()} == before


def test_a_folder_with_files_of_others_is_refused(data, settings, tmp_path):
    (tmp_path / "weights.safetensors").write_text("somebody's work")
    with pytest.raises(InputError, match=r"wanted is a (new )?folder"):
        train(data, tmp_path, settings(epochs=1))
    assert (tmp_path / "weights.safetensors").read_text() == "somebody's work"


def test_a_file_in_place_of_the_folder_is_refused(data, settings, tmp_path):
    (tmp_path / "model").write_text("somebody's work")
    with pytest.raises(InputError, match="is a file"):
        train(data, tmp_path / "model", settings())


def test_a_base_model_is_started_from_and_named(data, settings, trained, tmp_path):
    card = train(data, tmp_path / "model", settings(base=str(trained[0]), epochs=1, learning_rate=1e-9))
    assert card.training.base == trained[0].name
    assert card.network == trained[1].network
    before, after = (load_file(folder / "weights.safetensors") for folder in (trained[0], tmp_path / "model"))
    np.testing.assert_allclose(after["up0a/kernel"], before["up0a/kernel"], atol=1e-6)


def test_a_model_sees_grey_values_as_its_base_does(trained, data, settings, tmp_path):
    base, steps = shutil.copytree(trained[0], tmp_path / "base"), Preprocessing(low=2, high=99)
    save_card(trained[1].model_copy(update={"preprocessing": steps}), base)
    assert train(data, tmp_path / "model", settings(base=str(base), epochs=1)).preprocessing == steps


def test_the_thresholds_of_a_base_stay_where_a_single_image_is_held_out(trained, data, settings, tmp_path):
    base = shutil.copytree(trained[0], tmp_path / "base")
    labels = trained[1].labels.model_copy(update={"foreground": 0.62, "splitting": 0.62})
    save_card(trained[1].model_copy(update={"labels": labels}), base)
    assert train(data, tmp_path / "model", settings(base=str(base), epochs=1)).labels == labels


def test_a_base_model_that_is_not_there_is_refused(data, settings, tmp_path):
    with pytest.raises(ModelError, match="no model 'nothing'"):
        train(data, tmp_path / "model", settings(base="nothing"))


def test_settings_are_stored_with_an_unfinished_training_as_data(data, settings, tmp_path):
    with pytest.raises(CutOffError):
        train(data, tmp_path / "model", settings(), on_epoch=cut_off_after(1))
    with safe_open(tmp_path / "model" / "state.safetensors", "numpy") as state:
        past = json.loads(state.metadata()["past"])
    assert past["config"] == settings().model_dump(mode="json")
    assert len(past["epochs"]) == 1
