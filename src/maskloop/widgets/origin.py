"""Which image of a viewer labels were made from."""

from collections.abc import Iterable

from napari.layers import Image, Layer

from maskloop.widgets.class_look import KEY


def origin_of(layer: Layer, layers: Iterable[Layer]) -> Image | None:
    """Find the image that labels were made from, whatever it is called by now.

    Parameters
    ----------
    layer : napari.layers.Layer
    layers : iterable of napari.layers.Layer
        Among which the image is looked for.

    Returns
    -------
    napari.layers.Image or None
        None where maskloop has not made the labels, or their image is not there any more.
    """
    made_from = layer.metadata.get(KEY, {}).get("image_id")
    images = (other for other in layers if isinstance(other, Image))
    return next((image for image in images if str(image.unique_id) == made_from), None)
