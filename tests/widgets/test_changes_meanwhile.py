"""What a person does to the viewer while a segmentation runs, or between two of them."""

import numpy as np
import pytest

from maskloop.config import LabelsConfig


@pytest.fixture
def running(viewer, open_panel, until):
    """A function that starts a segmentation, and returns the panel and what lets it end."""

    def running():
        panel = open_panel("waits")
        go = panel.form.model / "go"
        panel.run_button.click()
        until(lambda: panel.progress.value() > 0)

        def finish():
            go.touch()
            until(panel.run_button.isEnabled)

        return panel, finish

    return running


def test_a_labels_layer_that_was_removed_is_made_anew(viewer, open_panel, click, spots):
    viewer.add_image(spots(16, 20))
    panel = open_panel()
    first = click(panel)
    viewer.layers.remove(first)
    second = click(panel)
    assert second != first
    assert len(viewer.layers) == 2
    np.testing.assert_array_equal(second.data, first.data)


def test_a_labels_layer_removed_while_a_segmentation_runs_is_made_anew(viewer, running, spots):
    viewer.add_image(spots(16, 20))
    panel, finish = running()
    finish()
    (panel.form.model / "go").unlink()
    panel.run_button.click()
    viewer.layers.remove(viewer.layers[-1])
    finish()
    assert viewer.layers[-1].name == "Image labels"


def test_labels_of_an_image_removed_meanwhile_are_not_lost(viewer, running, spots):
    image = viewer.add_image(spots(16, 20), scale=(2, 2))
    panel, finish = running()
    viewer.layers.remove(image)
    finish()
    np.testing.assert_array_equal(viewer.layers[0].data, spots(16, 20) == 200)
    assert tuple(viewer.layers[0].scale) == (2, 2)
    panel.run_button.click()
    assert "no image" in panel.message.text()


def test_labels_of_an_image_renamed_meanwhile_come(viewer, running, click, spots):
    image = viewer.add_image(spots(16, 20), name="before")
    panel, finish = running()
    image.name = "after"
    finish()
    assert viewer.layers[-1].metadata["maskloop"]["image"] == "before"
    assert panel.form.image.name == "after"
    assert click(panel).metadata["maskloop"]["image"] == "after"


def test_labels_are_of_the_pixels_at_the_click(viewer, running, click, spots):
    image = viewer.add_image(spots(16, 20))
    panel, finish = running()
    image.data = spots(9, 9)[::-1]
    finish()
    old = viewer.layers[-1]
    np.testing.assert_array_equal(old.data, spots(16, 20) == 200)
    new = click(panel)
    assert new != old
    np.testing.assert_array_equal(new.data, spots(9, 9)[::-1] == 200)


def test_labels_go_to_the_plane_that_was_shown_at_the_click(viewer, running, spots):
    stack = spots(5, 16, 20)
    viewer.add_image(stack)
    viewer.dims.set_current_step(0, 1)
    _, finish = running()
    viewer.dims.set_current_step(0, 4)
    finish()
    wanted = np.zeros(stack.shape, int)
    wanted[1] = stack[1] == 200
    np.testing.assert_array_equal(viewer.layers[-1].data, wanted)


def test_another_image_chosen_meanwhile_does_not_get_the_labels(viewer, running, spots):
    first = viewer.add_image(spots(16, 20), name="first")
    second = viewer.add_image(spots(9, 9), name="second")
    panel, finish = running()
    clicked = panel.form.image
    panel.form.set_image(first if clicked == second else second)
    finish()
    assert viewer.layers[-1].metadata["maskloop"]["image"] == clicked.name
    assert viewer.layers[-1].data.shape == clicked.data.shape


def test_another_model_chosen_meanwhile_made_none_of_the_labels(viewer, running, until, model_folder, spots):
    viewer.add_image(spots(16, 20))
    panel, finish = running()
    clicked, labels = panel.form.model, panel.adjust.value()
    panel.form.set_model(model_folder("plain", labels=LabelsConfig(foreground=0.9, min_size=99)))
    finish()
    until(lambda: panel.segmentations._adjusting is None)
    settings = viewer.layers[-1].metadata["maskloop"]["settings"]
    assert settings["model"] == str(clicked)
    assert settings["labels"] == labels.model_dump()


def test_the_display_switched_to_3d_meanwhile_does_not_disturb(viewer, running, spots):
    stack = spots(3, 16, 20)
    viewer.add_image(stack)
    _, finish = running()
    shown = viewer.dims.current_step[0]
    viewer.dims.ndisplay = 3
    finish()
    np.testing.assert_array_equal(viewer.layers[-1].data[shown], stack[shown] == 200)
