"""Keys that act while a labels layer is selected; a key that napari uses there is left to napari."""

import weakref
from collections.abc import Callable

from napari.components import ViewerModel
from napari.layers import Labels


class Keys:
    """Binds functions to keys on labels layers, and takes them off again.

    Parameters
    ----------
    actions : dict of str to callable
        By key.
    """

    def __init__(self, actions: dict[str, Callable[[], None]]) -> None:
        taken = napari_keys()
        self.actions = {key: action for key, action in actions.items() if key not in taken}
        self._layers: weakref.WeakSet[Labels] = weakref.WeakSet()

    def bind(self, layer: Labels) -> None:
        """Let the keys act while this layer is selected."""
        layer = getattr(layer, "__wrapped__", layer)  # napari hands out proxies, which live for a moment
        if layer in self._layers:
            return
        self._layers.add(layer)
        for key, action in self.actions.items():
            layer.bind_key(key, _on_press(action), overwrite=True)

    def unbind(self) -> None:
        """Take the keys off all layers."""
        for layer in self._layers:
            for key in self.actions:
                layer.bind_key(key, None)
        self._layers.clear()


def _on_press(action: Callable[[], None]) -> Callable[[Labels], None]:
    def press(_: Labels) -> None:
        action()

    return press


def napari_keys() -> set[str]:
    """Return the keys that mean something to napari while a labels layer is selected, as the person has set them."""
    return {str(key) for kind in (Labels, ViewerModel) for key in kind.class_keymap}
