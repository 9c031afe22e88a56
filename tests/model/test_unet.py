"""The network's number of parameters, worked out by hand."""

import numpy as np
import pytest

from maskloop.config import NetworkConfig, TaskConfig, name_classes
from maskloop.model.unet import build_unet
from maskloop.project.weight_shapes import weight_shapes
from maskloop.recipes import RECIPES

# A 3 x 3 convolution from a to b filters has 9ab kernel entries. With batch normalisation it has no bias but 4b
# numbers beside it (scale, shift, mean, variance); without, b biases. A block is two of them.
#   down0  1 -> 4 -> 4:   9*1*4 + 9*4*4 = 36 + 144 = 180
#   down1  4 -> 8 -> 8:   9*4*8 + 9*8*8 = 288 + 576 = 864
#   up0    from n joined to 4 -> 4:  9*n*4 + 144 = 36n + 144
# Filters that are normalised or biased: 4 + 4 + 8 + 8 + 4 + 4 = 32.
# A transposed convolution 8 -> 4 of 2 x 2 has 2*2*8*4 + 4 = 132, and n = 4 + 4; nearest has none, and n = 8 + 4.
# Two heads from 4 filters: 2 * (4 + 1) = 10.


@pytest.mark.parametrize(
    ("choices", "wanted"),
    [
        ({}, 180 + 864 + 132 + (36 * 8 + 144) + 4 * 32 + 10),
        ({"normalisation": "none"}, 180 + 864 + 132 + (36 * 8 + 144) + 32 + 10),
        ({"upsampling": "nearest"}, 180 + 864 + (36 * 12 + 144) + 4 * 32 + 10),
        ({"task": {"kind": "foreground"}}, 1746 - 5),  # one head
        ({"task": {"kind": "classes", "classes": name_classes("ab")}}, 1746 + 5),  # three, with the background
        ({"channels": 3}, 180 + 72 + 864 + 132 + (36 * 8 + 144) + 4 * 32 + 10),  # 9*3*4 in place of 9*1*4
        ({"dropout": (0.1, 0.5), "activation": "elu"}, 1746),  # neither has parameters
    ],
)
def test_the_number_of_parameters_is_that_worked_out_by_hand(choices, wanted):
    assert build_unet(NetworkConfig(filters=(4, 8), **choices)).count_params() == wanted


# The four tutorials' networks are biased and predict one map. Convolution by convolution, each (9a + 1) * b, the
# transposed ones (4a + 1) * b and the head a + 1:
DOWN_DSB = (28 * 16 + 145 * 16) + (145 * 32 + 289 * 32) + (289 * 64 + 577 * 64) + (577 * 128 + 1153 * 128)
DEEPEST_DSB = 1153 * 256 + 2305 * 256
BY_HAND = {
    "classic-small": (10 * 64 + 577 * 64)
    + (577 * 128 + 1153 * 128)
    + (1153 * 256 + 2305 * 256)
    + (1025 * 128 + 2305 * 128 + 1153 * 128)
    + (513 * 64 + 1153 * 64 + 577 * 64)
    + 65,
    "dsb-elu": DOWN_DSB
    + DEEPEST_DSB
    + (1025 * 128 + 2305 * 128 + 1153 * 128)
    + (513 * 64 + 1153 * 64 + 577 * 64)
    + (257 * 32 + 577 * 32 + 289 * 32)
    + (129 * 16 + 289 * 16 + 145 * 16)
    + 17,
    # Up-sampling has no parameters, and joins as many maps as there are below to those beside.
    "dsb-upsampling": DOWN_DSB
    + DEEPEST_DSB
    + (3457 * 128 + 1153 * 128)
    + (1729 * 64 + 577 * 64)
    + (865 * 32 + 289 * 32)
    + (433 * 16 + 145 * 16)
    + 17,
    "liver-ct": (28 * 64 + 577 * 64)
    + (577 * 128 + 1153 * 128)
    + (1153 * 256 + 2305 * 256)
    + (2305 * 512 + 4609 * 512)
    + (2049 * 256 + 4609 * 256 + 2305 * 256)
    + (1025 * 128 + 2305 * 128 + 1153 * 128)
    + (513 * 64 + 1153 * 64 + 577 * 64)
    + 65,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_networks_of_the_recipes_are_as_large_as_worked_out_by_hand(name):
    assert build_unet(RECIPES[name].network).count_params() == BY_HAND[name]


def test_the_widest_known_of_them_has_the_published_number_of_parameters():
    assert BY_HAND["dsb-elu"] == 1_941_105


@pytest.mark.parametrize("kind", ["objects", "foreground", "classes"])
def test_maps_lie_between_0_and_1_and_those_of_classes_add_up_to_it(kind):
    task = {"kind": kind, "classes": name_classes("ab") if kind == "classes" else ()}
    network = build_unet(NetworkConfig(filters=(4, 8), task=task))
    maps = network.predict_on_batch(np.random.default_rng(0).normal(0, 3, (2, 8, 8, 1)))
    assert maps.shape == (2, 8, 8, len(NetworkConfig(task=task).task.heads))
    assert maps.min() >= 0
    assert maps.max() <= 1
    if kind == "classes":
        np.testing.assert_allclose(maps.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(
    "config",
    [
        *(recipe.network for recipe in RECIPES.values()),
        NetworkConfig(channels=3, task=TaskConfig(kind="classes", classes=name_classes("ab"))),
        NetworkConfig(filters=(2, 4, 8), normalisation="none", upsampling="nearest", dropout=(0.1, 0.1, 0.1)),
    ],
)
def test_what_weights_a_network_has_is_known_without_building_it(config):
    assert weight_shapes(config) == {v.path: tuple(v.shape) for v in build_unet(config).weights}
