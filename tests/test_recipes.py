"""Recipes by name and from files."""

from itertools import pairwise
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from maskloop.api import train
from maskloop.config import TaskConfig, TrainConfig, name_classes
from maskloop.errors import InputError
from maskloop.recipes import RECIPES, find_recipe, parse_recipe, read_recipe, recipe_text


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_valid_and_survives_a_file(name, tmp_path):
    recipe = find_recipe(name)
    assert TrainConfig.model_validate(recipe.model_dump()) == recipe
    (tmp_path / "recipe.yaml").write_text(recipe_text(recipe), "utf-8")
    assert find_recipe(str(tmp_path / "recipe.yaml")) == recipe


def test_what_a_file_leaves_out_is_as_in_the_usual_recipe(tmp_path):
    (tmp_path / "mine.yml").write_text("epochs: 3\naugment: {flips: false}\n")
    mine = read_recipe(tmp_path / "mine.yml")
    assert mine.epochs == 3
    assert mine.augment == RECIPES["maskloop"].augment.model_copy(update={"flips": False})
    assert mine.model_copy(update={"epochs": None, "augment": RECIPES["maskloop"].augment}) == RECIPES["maskloop"]


def test_names_of_classes_survive_whatever_they_are():
    task = TaskConfig(kind="classes", classes=name_classes(["größe 大", "a: b # c", "{no}", "two\nlines", "null", "7"]))
    network = TrainConfig().network.model_copy(update={"task": task})
    recipe = TrainConfig(network=network, group_before="'#")
    assert parse_recipe(recipe_text(recipe)) == recipe
    assert "größe 大" in recipe_text(recipe)


def test_the_example_in_the_docs_can_be_used():
    text = (Path(__file__).parents[1] / "docs" / "train.md").read_text("utf-8")
    mine = parse_recipe(text.partition("```yaml")[2].partition("```")[0])
    assert (mine.epochs, mine.network.filters, mine.augment.rotation) == (100, (32, 64, 128, 256), False)


def test_every_setting_is_explained_in_the_line_above_it():
    lines = [line.strip() for line in recipe_text(RECIPES["maskloop"]).splitlines()]
    assert "# Crops per step." in lines
    assert "# Activation. One of: relu, elu, gelu, silu." in lines
    assert all(before.startswith("#") for before, line in pairwise(lines) if line[0] != "#")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lerning_rate: 0.1", "no setting 'lerning_rate'. Is 'learning_rate' meant"),
        ("network: {filter: [1, 2]}", "no setting 'network.filter'. Is 'filters' meant"),
        ("augment: {xyzzy: 1}", "no setting 'augment.xyzzy'.$"),
        ("epochs: many", "epochs 'many': .*integer"),
        ("crop: {side: 64}", "crop: .*integer"),
        ("epochs: 3\nminutes: 2", "epochs or minutes, not both"),
        ("network: {task: {kind: clases}}", "network.task.kind 'clases': .*'classes'"),
        ("network: {task: {kind: classes}}", "network.task: no classes are named"),
        ("validation: 2.5", "2.5; wanted is a share below 1, or a number of images"),
        ("- epochs", "holds list; wanted are settings"),
        ("", "holds NoneType; wanted are settings"),
        ("epochs: 3\ncrop: [", "is not YAML: line 2: expected"),
        ("epochs: 2001-99-99", "is not YAML: month must be"),
        ("[" * 9000, "is not YAML: maximum recursion"),
        ("seed: &a [0]\nepochs: [[[[[[[[*a]]]]]]]]", r"epochs \[\[\[\[\[\[\[...\]\]\]\]\]\]\]: Input"),
        ("epochs: !!python/object/apply:os.getcwd []", "is not YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, text, sentence):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_recipe(tmp_path / "bad.yaml")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("dsb-elo", "no recipe 'dsb-elo'; .*Is 'dsb-elu' meant"), ("nowhere.yaml", "nowhere.yaml cannot be read")],
)
def test_a_recipe_that_is_not_there_is_refused(name, sentence):
    with pytest.raises(InputError, match=sentence):
        find_recipe(name)


def test_a_file_too_large_or_not_text_is_refused(tmp_path):
    (tmp_path / "large.yaml").write_bytes(b"#" * 200_000)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for name, sentence in {"large": "too large", "binary": "cannot be read"}.items():
        with pytest.raises(InputError, match=sentence):
            read_recipe(tmp_path / f"{name}.yaml")


NO_VARIATION = {"rotation": False, "scale": 1, "brightness": 0, "contrast": 1, "gamma": 1, "blur": 0, "noise": 0}
OF_TUTORIALS = {
    "classic-small": (
        {
            "crop": 256,
            "epochs": 30,
            "average": False,
            "optimiser": "adam",
            "schedule": "plateau",
            "plateau": 5,
            "dice": False,
        },
        {"channels": 1, "filters": (64, 128, 256), "activation": "relu", "upsampling": "transposed"},
        NO_VARIATION | {"flips": True},
    ),
    "dsb-elu": (
        {
            "crop": 128,
            "epochs": 20,
            "average": False,
            "batch": 16,
            "validation": 0.1,
            "patience": 2,
            "tensorboard": True,
            "dice": False,
        },
        {
            "channels": 3,
            "filters": (16, 32, 64, 128, 256),
            "activation": "elu",
            "dropout": (0.1, 0.1, 0.2, 0.2, 0.3),
            "upsampling": "transposed",
        },
        NO_VARIATION | {"flips": False},
    ),
    "dsb-upsampling": (
        {"crop": 128, "epochs": 5, "average": False, "batch": 8, "validation": 10, "patience": None, "dice": False},
        {"channels": 3, "filters": (16, 32, 64, 128, 256), "upsampling": "nearest"},
        NO_VARIATION | {"flips": False},
    ),
    "liver-ct": (
        {
            "crop": 256,
            "epochs": 50,
            "average": False,
            "batch": 16,
            "validation": 0.2,
            "seed": 42,
            "patience": 5,
            "group_before": "_",
        },
        {"channels": 3, "filters": (64, 128, 256, 512), "upsampling": "transposed"},
        NO_VARIATION | {"flips": True, "rotation": True, "brightness": 0.15},
    ),
}


@pytest.mark.parametrize("name", OF_TUTORIALS)
def test_recipes_of_tutorials_have_their_numbers(name):
    recipe = RECIPES[name]
    for part, wanted in zip((recipe, recipe.network, recipe.augment), OF_TUTORIALS[name], strict=True):
        assert {key: getattr(part, key) for key in wanted} == wanted
    assert recipe.whole
    assert recipe.network.task.kind == "foreground"
    assert recipe.network.normalisation == "none"


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("colour", [False, True])
def test_each_recipe_trains_on_images_of_mixed_sizes(name, colour, tmp_path):
    folder, rng = tmp_path / "data", np.random.default_rng(0)
    for i in range(4):
        labels = np.zeros((40 + i, 48), np.uint8)
        labels[5:20, 5:20], labels[25:35, 20 + i : 40] = 1, 2
        image = np.clip(rng.normal(40 + 30 * i, 8, labels.shape) + 90 * (labels > 0), 0, 255).astype(np.uint8)
        for kind, pixels in (("images", np.stack([image] * 3, axis=-1) if colour else image), ("masks", labels)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            iio.imwrite(folder / kind / f"p{i}_0.png", pixels)
    network = RECIPES[name].network
    narrow = network.model_copy(update={"filters": tuple(range(2, 2 + len(network.filters)))})
    small = {"network": narrow, "crop": 32, "epochs": 1, "batch": 2, "steps": 1}
    card = train(folder, tmp_path / "model", RECIPES[name].model_copy(update=small))
    assert card.training.epochs == 1
    assert card.training.images + len(card.training.held_out) == 4
    assert (tmp_path / "model" / "tensorboard").is_dir() == RECIPES[name].tensorboard
