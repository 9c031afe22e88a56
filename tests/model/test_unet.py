"""The network's number of parameters, worked out by hand."""

import pytest

from maskloop.config import NetworkConfig
from maskloop.model.unet import build_unet

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
        ({"channels": 3}, 180 + 72 + 864 + 132 + (36 * 8 + 144) + 4 * 32 + 10),  # 9*3*4 in place of 9*1*4
        ({"dropout": 0.5, "activation": "elu"}, 1746),  # neither has parameters
    ],
)
def test_the_number_of_parameters_is_that_worked_out_by_hand(choices, wanted):
    assert build_unet(NetworkConfig(filters=(4, 8), **choices)).count_params() == wanted
