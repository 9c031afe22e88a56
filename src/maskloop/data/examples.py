"""Images with their labels, read from a folder and checked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from skimage.transform import resize

from maskloop.config import OBJECTS, TaskConfig
from maskloop.errors import InputError
from maskloop.ops.axes import choose_channel, to_planes
from maskloop.project.importers import MatchedImage, read_match
from maskloop.project.masks import Finding, RefusedError, refusing
from maskloop.project.matching import Match, find_matches


@dataclass(frozen=True)
class Example:
    """One image and its truth.

    Attributes
    ----------
    name : str
    image : ndarray of shape (Y, X, C)
        As read.
    labels : ndarray of shape (Y, X), int32
        0 is background.
    reviewed : ndarray of shape (Y, X), bool, optional
        What to learn from; everything where it is left out.
    stack : str, optional
        The stack that it is a plane of; planes beside each other look alike.
    """

    name: str
    image: np.ndarray
    labels: np.ndarray
    reviewed: np.ndarray | None = None
    stack: str = ""


def rescale(example: Example, factor: float) -> Example:
    """Return an example enlarged by a factor, for objects of the size that a base model knows."""
    height, width = (max(round(side * factor), 1) for side in example.labels.shape)
    return bring_to_size(example, (height, width))


def bring_to_size(example: Example, size: tuple[int, int]) -> Example:
    """Return an example shrunk or enlarged to a height and a width."""
    if example.labels.shape == size:
        return example
    shrunk = size[0] * size[1] < example.labels.size
    image = resize(example.image, size, order=1, anti_aliasing=shrunk, preserve_range=True)
    labels = resize(example.labels, size, order=0, anti_aliasing=False, preserve_range=True)
    reviewed = None if example.reviewed is None else resize(example.reviewed, size, order=0, anti_aliasing=False)
    return Example(example.name, image.astype(np.float32), labels.astype(np.int32), reviewed)


def read_examples(
    folder: Path,
    names: Iterable[str] | None = None,
    task: TaskConfig = OBJECTS,
    channel: int | None = None,
    on_note: Callable[[Finding], None] = lambda _: None,
) -> list[Example]:
    """Read the images of a folder with their masks, of any layout that can be imported; stacks plane by plane.

    Where a folder ``reviewed`` says it, only a part of an image is reviewed; planes of which nothing is are left out.

    Parameters
    ----------
    folder : Path
    names : iterable of str, optional
        Of the images, without suffix; all where it is left out.
    task : TaskConfig, optional
        What the numbers or colours of the masks mean. Left out: objects.
    channel : int, optional
        The one to take, counted from 0. Left out: all.
    on_note : callable, optional
        Told what is odd about a mask.

    Returns
    -------
    list of Example
        By name.

    Raises
    ------
    InputError
        If no layout is recognised, an image has no mask or no such channel, a file cannot be used or goes with
        nothing, an image is there twice, or nothing is reviewed.
    """
    found, wanted = find_matches(folder), None if names is None else set(names)
    if wanted is None and found.unmatched:
        raise RefusedError(found.unmatched[0])
    matches = [match for match in found.matches if wanted is None or match.name in wanted]
    if without := [match.image.name for match in matches if not match.masks]:
        raise InputError(f"{len(without)} of {len(matches)} images in {folder} have no mask, such as {without[0]}.")
    seen: dict[str, str] = {}
    examples: list[Example] = []
    for match in matches:
        read = read_match(match, seen, task)
        for note in read.notes:
            on_note(note)
        examples += _planes_of(match, read, channel)
    if matches and not examples:
        raise InputError(f"Nothing in {folder} is reviewed, and only reviewed pixels are learned from.")
    return examples


def _planes_of(match: Match, read: MatchedImage, channel: int | None) -> Iterator[Example]:
    assert read.labels is not None
    assert read.reviewed is not None
    axes = None if read.axes is None else read.axes.replace("C", "")
    planes = to_planes(read.image, read.axes).pixels
    labels, parts = (to_planes(array, axes).pixels[..., 0] for array in (read.labels, read.reviewed))
    if channel is not None:
        with refusing(match.image):
            planes = np.stack([choose_channel(plane, channel, 1) for plane in planes])
    for i, reviewed in enumerate(parts > 0):
        if reviewed.any():
            name, stack = (f"{match.name}, plane {i}", match.name) if len(planes) > 1 else (match.name, "")
            yield Example(name, planes[i], labels[i], None if reviewed.all() else reviewed, stack)
