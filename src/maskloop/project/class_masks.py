"""Masks of classes to labels: by the numbers of the classes, or by their colours."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NoReturn, TypeVar

import numpy as np

from maskloop.config import BLACK, ClassConfig, usual_colours
from maskloop.errors import Cancelled, InputError
from maskloop.files import read_image
from maskloop.ops.axes import Planes, guess_axes, to_planes
from maskloop.project.mask_numbers import JPEG_SUFFIXES
from maskloop.project.masks import refusing

MOST_NAMED = 6  # values or colours in a sentence
MOST_PROPOSED = 64  # classes; photographs hold more numbers and colours
WHITE = 255

Named = TypeVar("Named", list[str], np.ndarray)


def read_class_mask(paths: Sequence[Path], planes: Planes, classes: tuple[ClassConfig, ...]) -> np.ndarray:
    """Read the labels of an image from a file of classes.

    Parameters
    ----------
    paths : sequence of Path
        One file: whole numbers of classes, colours as they are given for the classes (black, or nothing at all, is
        background), or for a single class a binary mask.
    planes : Planes
        The image.
    classes : tuple of ClassConfig
        Of the labels 1, 2, ...

    Returns
    -------
    ndarray of shape ``planes.labels_shape``, int32

    Raises
    ------
    RefusedError
        If there are several files, or the one is damaged, a JPEG, of another size than the image, or holds other
        numbers or colours.
    """
    path = paths[0]
    with refusing(path):
        if len(paths) > 1:
            raise InputError(f"There are {len(paths)} masks for one image; wanted is one that shows all classes.")
        mask, axes = _read(path)
        if mask.shape != planes.labels_shape and axes.endswith("C"):
            mask = _from_colours(mask, classes)
        if mask.shape != planes.labels_shape:
            size, wanted = (" x ".join(map(str, shape)) for shape in (mask.shape, planes.labels_shape))
            raise InputError(f"The mask is {size} pixels; wanted is {wanted}, the size of its image.")
        labels = to_planes(_from_numbers(mask, classes), planes.axes.replace("C", "")).pixels[..., 0]
    return planes.restore(labels)


def propose_colours(paths: Sequence[Path], should_stop: Callable[[], bool] = lambda: False) -> tuple[str, ...]:
    """Return which colours classes have in masks.

    Parameters
    ----------
    paths : sequence of Path
        Files as `read_class_mask` reads them.
    should_stop : callable, optional
        Asked before each file.

    Returns
    -------
    tuple of str
        A colour for each class, as ``#rrggbb``: all that the masks hold but black, or usual ones where they hold
        numbers.

    Raises
    ------
    RefusedError
        If a file is damaged, a JPEG, or no mask of classes.
    InputError
        If the masks hold too many colours together.
    Cancelled
        If it was asked to stop.
    """
    numbers, greys, painted = dict[Path, np.ndarray](), dict[Path, np.ndarray](), set[str]()
    for path in paths:
        if should_stop():
            raise Cancelled
        with refusing(path):
            mask, axes = _read(path)
            colours = _opaque(mask) if axes.endswith("C") else None
            if colours is None:
                numbers[path] = np.unique(mask)
            elif _is_grey(colours):
                greys[path] = np.unique(colours)
            else:
                painted.update(_few(_names(colours)))
    if not painted:
        highest = (_highest(path, values) for path, values in (numbers | greys).items())
        return tuple(islice(usual_colours(), max(highest, default=0)))
    for path, values in (numbers | greys).items():
        with refusing(path):
            if path in numbers or values.dtype != np.uint8:
                raise InputError("It holds numbers, and other masks hold colours; wanted is one or the other.")
            painted.update(_few([f"#{3 * bytes([value]).hex()}" for value in values.tolist()]))
    painted.discard(BLACK)
    if len(painted) > MOST_PROPOSED:
        raise InputError(f"The masks hold {len(painted)} colours together; wanted are at most {MOST_PROPOSED}.")
    return tuple(sorted(painted))


def _read(path: Path) -> tuple[np.ndarray, str]:
    """Read a mask and its axes."""
    if path.suffix.lower() in JPEG_SUFFIXES:
        raise InputError("JPEG changes numbers and blurs colours; wanted is a mask as PNG or TIFF.")
    mask, axes = read_image(path)
    return mask, axes or guess_axes(mask.shape)


def _highest(path: Path, values: np.ndarray) -> int:
    """Return the number of the last class of a mask that holds these values, 1 of a binary one."""
    with refusing(path):
        _check_whole(values)
        if values[-1] == WHITE and len(values) <= 2 and values[0] in (0, WHITE):
            return 1
        _few(values)
        if values[0] < 0 or values[-1] > MOST_PROPOSED:
            outside = values[-1] if values[-1] > MOST_PROPOSED else values[0]
            raise InputError(f"It holds the number {outside:g}; wanted is 1 to {MOST_PROPOSED} for the classes.")
    return int(values[-1])


def _few(values: Named) -> Named:
    if len(values) > MOST_PROPOSED + 1:  # with the background
        raise InputError(f"It holds more than {MOST_PROPOSED} colours or numbers, as photographs do.")
    return values


def _check_whole(values: np.ndarray) -> None:
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values == np.rint(values))).all():
        raise InputError("It holds fractions, as probabilities do; wanted is the number of a class for each pixel.")


def _from_numbers(mask: np.ndarray, classes: tuple[ClassConfig, ...]) -> np.ndarray:
    if mask.dtype.kind == "b" and len(classes) > 1:
        raise InputError(
            f"It tells black from white only (1 bit), and there are {len(classes)} classes; wanted is the number of a "
            "class for each pixel."
        )
    values = np.unique(mask)
    _check_whole(values)
    if len(classes) == 1 and values[-1] in (1, WHITE) and set(values.tolist()) <= {0, values[-1]}:
        return (mask > 0).astype(np.int32)
    if values[0] < 0 or values[-1] > len(classes):
        found = _some(f"{value:g}" for value in values.tolist())
        wanted = ", ".join(f"{number} for {of.name}" for number, of in enumerate(classes, start=1))
        raise InputError(f"It holds {found}; wanted is 0 for background, {wanted}.")
    return mask.astype(np.int32)


def _from_colours(pixels: np.ndarray, classes: tuple[ClassConfig, ...]) -> np.ndarray:
    """Give each colour the number of its class; greys of no class are the numbers that they are."""
    colours = _opaque(pixels)
    labels = np.full(colours.shape[:-1], -1, np.int32)
    labels[(colours == 0).all(axis=-1)] = 0
    for number, of in enumerate(classes, start=1):
        labels[(colours == list(bytes.fromhex(of.colour[1:]))).all(axis=-1)] = number
    strange = colours[labels < 0]
    if strange.size and _is_grey(colours):
        return colours[..., 0]
    if strange.size:
        _refuse_colours(_names(strange), classes)
    return labels


def _opaque(pixels: np.ndarray) -> np.ndarray:
    """Return the colours of a mask of shape (..., 3), black where it is transparent; black on nothing becomes white."""
    if pixels.shape[-1] not in (1, 3, 4):
        raise InputError(f"It has {pixels.shape[-1]} channels; wanted is one, or colours.")
    colours = np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels[..., :3]
    if pixels.shape[-1] == 4 and (opaque := pixels[..., 3:] > 0).any():
        colours = colours * opaque
        if not colours.any() and not opaque.all():
            colours = np.repeat(opaque.astype(np.uint8) * np.uint8(WHITE), 3, axis=-1)
    if colours.dtype != np.uint8 and not _is_grey(colours):
        raise InputError(f"It holds colours of {pixels.dtype}; wanted are those of 8 bits, or the numbers of classes.")
    return colours


def _is_grey(colours: np.ndarray) -> bool:
    return bool((colours == colours[..., :1]).all())


def _names(colours: np.ndarray) -> list[str]:
    """Name each colour of an array of shape (..., 3) once, as ``#rrggbb``."""
    red, green, blue = (colours[..., i].astype(np.uint32) for i in range(3))
    return [f"#{code:06x}" for code in np.unique(red << 16 | green << 8 | blue)]


def _refuse_colours(found: Sequence[str], classes: tuple[ClassConfig, ...]) -> NoReturn:
    known = ", ".join(f"{of.colour} for {of.name}" for of in classes)
    colours = chain(found, usual_colours(found))
    example = ",".join(f"{of.name}={colour}" for of, colour in zip(classes, colours, strict=False))
    raise InputError(
        f"It holds the colour{'s' * (len(found) > 1)} {_some(found)}, of no class; wanted is black for background, "
        f"{known}. Classes get the colours of masks when they are named: with From masks… under New… in the Project "
        f'tab, or as in --classes "{example}".'
    )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = "" if len(listed) <= MOST_NAMED else f" and {len(listed) - MOST_NAMED} others"
    return ", ".join(listed[:MOST_NAMED]) + more
