"""What is said of a segmentation."""

import pytest

from maskloop.config import OBJECTS, LabelsConfig
from maskloop.jobs.messages import Done
from maskloop.widgets.describe_segmented import describe_segmented


def done(**changes):
    usual = {"objects": 3, "highest": 0.9, "diameter": 12.4, "rescaled": (1.0, 1.0), "constant": False}
    return Done(job=1, task=OBJECTS, labels=LabelsConfig(), **(usual | changes))


@pytest.mark.parametrize(
    ("rescaled", "said"),
    [
        ((1.0, 1.04), ""),
        (None, ""),
        ((0.4, 0.4), " The image was shrunk to 40 % for the model."),
        ((0.5, 2.0), " The image was brought to between 50 and 200 % for the model."),
    ],
)
def test_it_is_said_what_was_found_and_by_how_much_the_image_was_rescaled(rescaled, said):
    assert describe_segmented(done(rescaled=rescaled)) == f"3 objects, about 12 pixels across.{said}"


def test_where_nothing_was_found_it_is_said_why():
    assert "shrunk to 0.05" in describe_segmented(done(objects=0, diameter=None, rescaled=(0.05, 1.0)))
