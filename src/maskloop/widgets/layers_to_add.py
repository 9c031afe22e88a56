"""An image of the viewer and the labels that belong to it, on their way into a project."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import LayerList
from napari.layers import Image, Labels, Layer

from maskloop.errors import InputError
from maskloop.ops.axes import require_intensities
from maskloop.ops.task import OF_PROJECT, require_task
from maskloop.project.project import Project
from maskloop.widgets.class_look import known_task
from maskloop.widgets.layer_view import view_of
from maskloop.widgets.open_entry import LoadedEntry, load_entry
from maskloop.widgets.origin import origin_of

CHANNELS = 16  # a picture is wider than that


@dataclass(frozen=True)
class LayersToAdd:
    """What is added, taken at the moment of the click.

    Attributes
    ----------
    image : napari.layers.Image
    labels : napari.layers.Labels or None
        None where nothing was segmented yet.
    pixels : array
        Of the image, at full resolution.
    numbers : ndarray or None
        A copy of the labels.
    name, source : str
    view : dict
        How the layers lie and look, as JSON can hold it.
    """

    image: Image
    labels: Labels | None
    pixels: Any
    numbers: np.ndarray | None
    name: str
    source: str
    view: dict[str, Any]

    def store(self, project: Project) -> LoadedEntry:
        """Add everything to a project; slow, and touches no widget.

        Raises
        ------
        MaskloopError
            If the project has the image already, cannot be written, or the image is not to be used.
        OSError
            If the disk is full.
        """
        pixels = np.asarray(self.pixels)
        axes = "QSTZ"[4 - (pixels.ndim - 2 - self.image.rgb) :] + ("YXC" if self.image.rgb else "YX")
        known = project.named_like(pixels)
        if known:
            raise InputError(f"This image is in the project already, as {known!r}: click it in the list.")
        if self.labels is not None and (made := known_task(self.labels)) is not None:
            require_task(made, project.task, f"What made {self.labels.name!r}", OF_PROJECT)
        entry = project.add(pixels, self.numbers, name=self.name, source=self.source, axes=axes, view=self.view)
        return load_entry(project, entry)


def take_layers(viewer_layers: LayerList, own: Sequence[Layer], chosen: Image | None) -> LayersToAdd:
    """Take an image and its labels from a viewer.

    The image is the selected one, or that of the selected labels, or else the one of the Segment tab. Its labels are
    the selected ones, or else the topmost that fit: first those that were made from this very image.

    Parameters
    ----------
    viewer_layers : napari.components.LayerList
    own : sequence of napari.layers.Layer
        Those of the entry that is open: nothing is taken of them, nor labels that were made from them.
    chosen : napari.layers.Image or None
        The image of the Segment tab.

    Raises
    ------
    InputError
        If there is no image that can be added, it is one of the open entry, the selected labels are not of its shape,
        or those that belong to it have several resolutions.
    """
    layers = [layer for layer in viewer_layers if layer not in own and origin_of(layer, viewer_layers) not in own]
    active = next((layer for layer in layers if layer == viewer_layers.selection.active), None)
    wanted = (active, active and origin_of(active, layers), chosen)
    image = next((layer for layer in wanted if isinstance(layer, Image)), None)
    if image is None:
        raise InputError("There is no image to add: open one, or one of File > Open Sample > maskloop.")
    if image in own:
        raise InputError(f"{image.name!r} is in the project already: select another image to add.")
    return _take(image, layers, active)


def _take(image: Image, layers: Sequence[Layer], active: Layer | None) -> LayersToAdd:
    pixels = image.data[0] if image.multiscale else image.data
    require_intensities(np.dtype(pixels.dtype))
    _refuse_channels_last(image, pixels.shape)
    shape = tuple(pixels.shape[:-1] if image.rgb else pixels.shape)
    if isinstance(active, Labels) and tuple(active.data.shape) != shape:
        raise InputError(
            f"The labels {active.name!r} are of shape {tuple(active.data.shape)}, and the image {image.name!r} is of "
            f"{shape}: select labels that were made from this image."
        )
    labels = active if isinstance(active, Labels) else _labels_of(image, shape, layers)
    if labels is not None and labels.multiscale:
        raise InputError(
            f"The labels {labels.name!r} have several resolutions, which napari cannot edit: select labels of one, or "
            "remove these from the viewer."
        )
    return LayersToAdd(
        image=image,
        labels=labels,
        pixels=pixels,
        numbers=None if labels is None else np.array(labels.data),
        name=image.name,
        source=str(image.source.path or ""),
        view=view_of(image, labels),
    )


def _labels_of(image: Image, shape: tuple[int, ...], layers: Sequence[Layer]) -> Labels | None:
    """Return the topmost labels made from an image, or else the topmost of its shape that are of no other image."""
    fitting = [layer for layer in layers if isinstance(layer, Labels) and tuple(layer.data.shape) == shape]
    origins = [(origin_of(labels, layers), labels) for labels in reversed(fitting)]
    wanted = [labels for origin in (image, None) for made_from, labels in origins if made_from is origin]
    return next(iter(wanted), None)


def _refuse_channels_last(image: Image, shape: tuple[int, ...]) -> None:
    """Refuse an image of which each row would be taken for a plane."""
    if not image.rgb and len(shape) > 2 and shape[-1] <= CHANNELS < min(shape[-3:-1]):
        channels = f"{shape[-1]} channel{'' if shape[-1] == 1 else 's'}"
        raise InputError(
            f"The last axis of {image.name!r} looks like {channels}, and napari takes it for the width of "
            f"{shape[-3]} planes: open each channel as an image of its own, and add one of them."
        )
