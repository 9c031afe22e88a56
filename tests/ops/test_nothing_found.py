"""Why an image came out empty."""

import re

import pytest

from maskloop.config import LabelsConfig
from maskloop.ops.nothing_found import explain_nothing_found


@pytest.mark.parametrize(
    ("highest", "choices", "sentence"),
    [
        (0.0, {"constant": True}, "same grey value"),
        (0.9, {"rescaled": 10.0}, "enlarged 10.0 times"),
        (0.9, {"rescaled": 0.05}, "shrunk to 0.05"),
        (0.2, {}, "highest probability is 0.20.*threshold of 0.50"),
        (0.799, {"rescaled": 1.2}, "highest probability is 0.79.*certainty of 0.80"),
        (0.9, {"rescaled": 1.2}, "fewer than 16 pixels or is less certain than 0.80"),
    ],
)
def test_the_likeliest_reason_is_given(highest, choices, sentence):
    reason = explain_nothing_found(highest, LabelsConfig(foreground=0.5, min_size=16, certainty=0.8), **choices)
    assert re.search(sentence, reason)
