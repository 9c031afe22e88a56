"""What is in the viewer is segmented anew last, in all its planes, or it is said why not."""

import numpy as np
import pytest

from maskloop.project.project import Project

SHAPE = (64, 80)


@pytest.fixture
def folder(make_project, spots):
    """A project with one image, a stack."""
    return make_project(stack=spots(3, *SHAPE))


@pytest.fixture
def channels(tmp_path, spots):
    """A project with one image of two channels, with something to be seen in the second."""
    with Project.create(tmp_path / "channels") as project:
        project.add(np.stack([np.zeros(SHAPE, np.uint8), spots(*SHAPE)]), name="two", axes="CYX")
    return project.folder


@pytest.fixture
def resegment(until):
    """A function that segments anew what is in the viewer, and waits for the end; returns what is said."""

    def resegment(panel, channel=None):
        panel.train.message.setText("before")
        panel.train.resegment_wanted.emit(panel.segment.form.model, channel)
        until(panel.segment.run_button.isEnabled)
        return panel.train.message.text()

    return resegment


def test_all_planes_are_segmented_and_the_choice_of_planes_stays(panel, folder, open_entry, resegment, until):
    entry = open_entry(panel, folder, "stack")
    assert resegment(panel) == ""
    until(lambda: entry.labels.data.any(axis=(1, 2)).all())
    assert not panel.segment.form.all_planes


def test_the_channel_that_was_learned_from_is_segmented(panel, channels, open_entry, resegment, until):
    entry = open_entry(panel, channels, "two")
    assert resegment(panel, 1) == ""
    until(lambda: entry.labels.data.any())
    assert panel.segment.form.image == entry.images[1]


def test_a_channel_that_was_removed_is_said_and_no_other_is_taken(viewer, panel, channels, open_entry, resegment):
    entry = open_entry(panel, channels, "two")
    viewer.layers.remove(entry.images[1])
    told = "two, which is open, is not segmented anew: the layer 'two, channel 1' was removed."
    assert resegment(panel, 1) == told
    assert not entry.labels.data.any()


def test_a_channel_that_an_image_does_not_have_is_said(panel, channels, open_entry, resegment):
    open_entry(panel, channels, "two")
    told = "two, which is open, is not segmented anew: it has 2 channels, and the model has learned from channel 2."
    assert resegment(panel, 2) == told


def test_that_something_is_being_segmented_is_said(open_main, folder, open_entry, resegment, until, model_folder):
    panel = open_main("waits")
    open_entry(panel, folder, "stack")
    panel.segment.run_button.click()
    panel.train.resegment_wanted.emit(panel.segment.form.model, None)
    told = "stack, which is open, is not segmented anew: Something is being segmented already"
    assert panel.train.message.text().startswith(told)
    (model_folder("waits") / "go").touch()
    until(panel.segment.run_button.isEnabled)
