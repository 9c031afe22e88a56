"""Images of any layout to planes and back; pixels travel with their axes, so the way back is never guessed."""

from dataclasses import dataclass

import numpy as np

from maskloop.errors import InputError


@dataclass(frozen=True)
class Planes:
    """An image as a sequence of planes.

    Attributes
    ----------
    pixels : ndarray of shape (P, Y, X, C)
        The planes, a view of the image where numpy can make one.
    axes : str
        One letter an axis of the image that this came from, such as ``"TYXC"``.
    shape : tuple of int
        The shape of that image.
    """

    pixels: np.ndarray
    axes: str
    shape: tuple[int, ...]

    @property
    def labels_shape(self) -> tuple[int, ...]:
        """The image's shape without its channel axis."""
        return tuple(n for n, axis in zip(self.shape, self.axes, strict=True) if axis != "C")

    def restore(self, labels: np.ndarray) -> np.ndarray:
        """Lay labels of shape (P, Y, X) out like the image, without its channel axis.

        Examples
        --------
        >>> planes = to_planes(np.zeros((5, 2, 8, 9)), "TCYX")
        >>> planes.pixels.shape, planes.restore(np.zeros((5, 8, 9))).shape
        ((5, 8, 9, 2), (5, 8, 9))
        """
        axes = self.axes.replace("C", "")
        leading = [n for n, axis in zip(self.labels_shape, axes, strict=True) if axis not in "YX"]
        sorted_axes = [
            *(axes.index(axis) for axis in axes if axis not in "YX"),
            axes.index("Y"),
            axes.index("X"),
        ]
        stacked = labels.reshape(*leading, *labels.shape[-2:])
        return stacked.transpose(np.argsort(sorted_axes))


def guess_axes(shape: tuple[int, ...]) -> str:
    """Name the axes of an array that came without names.

    Two axes are a plane; a last axis of 3 or 4 behind a larger plane is colour; all others come before the plane.

    Parameters
    ----------
    shape : tuple of int

    Returns
    -------
    str
        One letter an axis.

    Raises
    ------
    InputError
        If there are fewer than two or more than six axes.

    Examples
    --------
    >>> guess_axes((512, 512)), guess_axes((512, 512, 3)), guess_axes((10, 512, 512)), guess_axes((7, 10, 99, 99))
    ('YX', 'YXC', 'ZYX', 'TZYX')
    """
    colour = len(shape) >= 3 and shape[-1] in (3, 4) and min(shape[-3:-1]) > 4
    leading = len(shape) - (3 if colour else 2)
    if not 0 <= leading <= 4:
        raise InputError(
            f"An image of shape {shape} has {len(shape)} axes; wanted is a plane (Y, X), with colour (Y, X, C), "
            "or a stack of planes with at most four axes before it."
        )
    return "QSTZ"[4 - leading :] + ("YXC" if colour else "YX")


def to_planes(image: np.ndarray, axes: str | None = None) -> Planes:
    """View an image as planes of shape (P, Y, X, C).

    Parameters
    ----------
    image : ndarray
        Real-valued, at least one pixel.
    axes : str, optional
        One letter an axis; Y and X once each, C (channel; S as tifffile writes it for colour, see `files`) at
        most once, any other letters count planes. Guessed from the shape where it is left out.

    Returns
    -------
    Planes

    Raises
    ------
    InputError
        If the image is empty, not numeric, boolean or complex, or if `axes` does not describe it.

    Examples
    --------
    >>> to_planes(np.zeros((4, 64, 48), np.uint8)).pixels.shape
    (4, 64, 48, 1)
    """
    image = np.asanyarray(image)
    require_intensities(image.dtype)
    axes = (axes or guess_axes(image.shape)).upper()
    proper = len(axes) == image.ndim and len(set(axes)) == len(axes) and {"Y", "X"} <= set(axes)
    if not proper:
        raise InputError(
            f"Axes {axes!r} do not describe an image of shape {image.shape}; wanted is one different letter an "
            "axis, Y and X among them."
        )
    if image.size == 0:
        raise InputError(f"The image of shape {image.shape} is empty; wanted is at least one pixel.")
    order = [axes.index(a) for a in axes if a not in "YXC"] + [axes.index("Y"), axes.index("X")]
    ordered = image.transpose(order + ([axes.index("C")] if "C" in axes else []))
    if "C" not in axes:
        ordered = ordered[..., None]
    return Planes(ordered.reshape(-1, *ordered.shape[-3:]), axes, image.shape)


def require_intensities(dtype: np.dtype) -> None:
    """Refuse pixels that are not intensities.

    Raises
    ------
    InputError
        If `dtype` is boolean, complex or not a number.
    """
    if dtype.kind not in "uif":
        hint = {"b": "a mask, not an image", "c": "complex numbers; take their magnitude first"}.get(
            dtype.kind, "not numbers"
        )
        raise InputError(f"The image has pixels of type {dtype} ({hint}); wanted are integers or floats.")


def choose_channel(plane: np.ndarray, channel: int | None, wanted: int) -> np.ndarray:
    """Reduce a plane's channels to those that a model takes.

    Parameters
    ----------
    plane : ndarray of shape (Y, X, C)
    channel : int or None
        Counted from 0. None takes what fits: the only channel, or colour as grey (the mean of red, green, blue).
    wanted : int
        Number of channels that the model takes.

    Returns
    -------
    ndarray of shape (Y, X, wanted)

    Raises
    ------
    InputError
        If there is no such channel, or if the choice is not clear.

    Examples
    --------
    >>> choose_channel(np.full((2, 2, 3), [10, 20, 60]), None, 1)[0, 0]
    array([30.], dtype=float32)
    """
    count = plane.shape[-1]
    if channel is not None:
        if not 0 <= channel < count:
            raise InputError(f"Channel {channel} was asked for, but the image has {count}, counted from 0.")
        return np.repeat(plane[..., channel : channel + 1], wanted, axis=-1)
    if count == wanted:
        return plane
    colour = plane[..., :3] if count == 4 else plane
    if colour.shape[-1] == wanted:
        return colour
    if colour.shape[-1] == 3 and wanted == 1:
        return colour.mean(axis=-1, keepdims=True, dtype=np.float32)
    if count == 1:
        return np.repeat(plane, wanted, axis=-1)
    raise InputError(f"The image has {count} channels and the model takes {wanted}; say which channel to take.")
