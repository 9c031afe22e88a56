"""Keys act on the selected labels, take nothing from napari, and go when the panel goes."""

import numpy as np
import pytest
from napari._app_model import get_app_model
from napari.settings import get_settings
from napari.utils.action_manager import action_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea, QToolButton

from maskloop.widgets.actions import ACTIONS

TAKEN = "napari:activate_labels_paint_mode"


@pytest.fixture
def layer(viewer, discs):
    viewer.add_image(np.zeros((64, 80), np.uint8))
    return viewer.add_labels(discs((64, 80), [(20, 20), (40, 50)], 8))


@pytest.fixture
def open_main(open_main):
    """A function that opens the whole panel with its Correct tab, which else comes a moment later."""

    def open_with_correct():
        panel = open_main()
        assert panel.correct
        return panel

    return open_with_correct


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_key_acts_on_the_selected_labels_only(viewer, layer, open_main, press_key, mouse, action):
    panel = open_main()
    mouse.move_to((20, 20))
    assert press_key(action.key)
    assert panel.correct.message.text()
    panel.correct.message.setText("")
    panel.correct.drawing.end()
    viewer.layers.selection.active = viewer.layers[0]
    press_key(action.key)  # some mean something to napari there
    assert not panel.correct.message.text()
    assert panel.correct.drawing.action is None


def test_a_key_pressed_on_the_canvas_reaches_the_tool(viewer, layer, open_main, mouse, qtbot):
    open_main()
    mouse.move_to((20, 20))
    qtbot.keyClick(viewer.__wrapped__.window._qt_viewer.canvas.native, Qt.Key.Key_D)
    assert set(np.unique(layer.data)) == {0, 2}


def test_a_layer_that_comes_later_has_the_keys_too(viewer, open_main, press_key, mouse, layer):
    panel = open_main()
    later = viewer.add_labels(layer.data.copy(), name="later")
    mouse.move_to((20, 20))
    assert press_key("D")
    assert later.data[20, 20] == 0 < layer.data[20, 20]
    assert "later" in panel.correct.target.text()


def test_no_key_means_something_to_napari_on_labels(viewer, layer):
    """Without the panel nothing listens."""
    maps = viewer.__wrapped__.window._qt_viewer.canvas._key_map_handler.keymap_chain.maps
    napari = {str(key) for keys in maps for key in keys} | {
        str(bound.keybinding) for bound in get_app_model().keybindings
    }
    assert {"P", "F", "Ctrl+Z", "Ctrl+O"} <= napari
    assert not napari & {action.key for action in ACTIONS}
    assert len({action.key for action in ACTIONS}) == len(ACTIONS)


@pytest.fixture
def paint_with_d(viewer):
    """The person has given the key D to napari's brush."""
    before = [str(key) for key in get_settings().shortcuts.shortcuts[TAKEN]]
    action_manager.bind_shortcut(TAKEN, "D")
    yield
    action_manager.unbind_shortcut(TAKEN)
    for key in before:
        action_manager.bind_shortcut(TAKEN, key)


def test_a_key_that_the_person_gave_to_napari_is_left_to_it(paint_with_d, layer, open_main, press_key, mouse):
    panel = open_main()
    mouse.move_to((20, 20))
    assert press_key("D")
    assert layer.mode == "paint"
    assert layer.data[20, 20] == 1
    button = panel.correct.form.buttons["delete"]
    assert button.text() == "Delete"
    assert "Key" not in button.toolTip()
    assert "(S)" in panel.correct.form.buttons["split"].text()
    button.click()
    mouse.on(layer, (20, 20))
    assert layer.data[20, 20] == 0


def test_the_cheat_sheet_names_no_key_that_napari_has(paint_with_d, layer, open_main):
    sheet = cheat_sheet(open_main())
    assert "<b>D</b>" not in sheet
    assert "<b>S</b>" in sheet


def cheat_sheet(panel):
    return panel.correct.form._sheet.text()


def test_the_cheat_sheet_scrolls_and_makes_the_window_no_taller(open_main, qtbot):
    panel = open_main()
    panel.setCurrentWidget(panel.correct)
    panel.resize(360, 300)
    panel.show()
    before = panel.minimumSizeHint().height()
    assert before < 400
    [button] = [b for b in panel.correct.form.findChildren(QToolButton) if "Keys" in b.text()]
    [area] = panel.correct.findChildren(QScrollArea)
    form = panel.correct.form
    assert not form._sheet.isVisible()
    shorter = form.height()
    button.click()
    qtbot.waitUntil(lambda: form.height() > shorter + 200)
    assert form._sheet.height() >= form._sheet.heightForWidth(form._sheet.width())  # nothing is cut off
    assert area.verticalScrollBar().maximum() > 0
    assert panel.minimumSizeHint().height() == before
    button.click()
    qtbot.waitUntil(lambda: form.height() == shorter)


def test_tooltips_and_the_cheat_sheet_name_all_actions(open_main):
    panel = open_main()
    sheet = cheat_sheet(panel)
    for action in ACTIONS:
        button = panel.correct.form.buttons[action.name]
        assert f"({action.key})" in button.text()
        assert button.toolTip().startswith(action.hint)
        assert f"Key: {action.key}" in button.toolTip()
        assert f"<b>{action.key}</b>" in sheet
        assert action.hint in sheet
    assert "Ctrl+Z" in sheet
    assert "<b>Esc</b>" in sheet


def test_each_button_does_its_action(layer, open_main):
    panel = open_main()
    for action in ACTIONS:
        panel.correct.message.setText("")
        panel.correct.form.buttons[action.name].click()
        assert panel.correct.message.text()
        panel.correct.drawing.end()
