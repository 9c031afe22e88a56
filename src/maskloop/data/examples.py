"""Images with their labels, read from a folder and checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from skimage.transform import resize

from maskloop.errors import InputError
from maskloop.files import list_images, read_image, read_labels
from maskloop.ops.axes import to_planes

LABEL_FOLDERS = ("labels", "masks")


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
    """

    name: str
    image: np.ndarray
    labels: np.ndarray
    reviewed: np.ndarray | None = None


def rescale(example: Example, factor: float) -> Example:
    """Return an example enlarged by a factor, for objects of the size that a base model knows."""
    if factor == 1:
        return example
    size = tuple(max(round(side * factor), 1) for side in example.labels.shape)
    image = resize(example.image, size, order=1, anti_aliasing=factor < 1, preserve_range=True)
    labels = resize(example.labels, size, order=0, anti_aliasing=False, preserve_range=True)
    reviewed = None if example.reviewed is None else resize(example.reviewed, size, order=0, anti_aliasing=False)
    return Example(example.name, image.astype(np.float32), labels.astype(np.int32), reviewed)


def read_examples(folder: Path, names: Iterable[str] | None = None) -> list[Example]:
    """Read the images of ``folder/images`` with the labels of the same name in ``folder/labels`` or ``masks``.

    Parameters
    ----------
    folder : Path
    names : iterable of str, optional
        File names without suffix; all where it is left out.

    Returns
    -------
    list of Example
        By name.

    Raises
    ------
    InputError
        If the folders are missing, an image has no labels, a file cannot be read, or labels do not fit their image.
    """
    if not (folder / "images").is_dir():
        raise InputError(f"{folder} has no folder 'images'; wanted are 'images' and 'labels' with files of one name.")
    truth = next((folder / n for n in LABEL_FOLDERS if (folder / n).is_dir()), None)
    if truth is None:
        raise InputError(f"{folder} has no folder 'labels' beside 'images'.")
    label_paths = {path.stem: path for path in list_images(truth)}
    wanted = None if names is None else set(names)
    paths = [p for p in list_images(folder / "images") if wanted is None or p.stem in wanted]
    if not paths:
        raise InputError(f"There are no images in {folder / 'images'}.")
    if len({p.stem for p in paths}) < len(paths):
        twice = next(p.stem for i, p in enumerate(paths) if p.stem in {q.stem for q in paths[:i]})
        raise InputError(f"There are two images named {twice} in {folder / 'images'}; wanted is one.")
    if missing := [p.name for p in paths if p.stem not in label_paths]:
        raise InputError(f"{len(missing)} images have no labels of the same name in {truth}, such as {missing[0]}.")
    return [read_example(path, label_paths[path.stem]) for path in paths]


def read_example(image_path: Path, labels_path: Path) -> Example:
    """Read one image and its labels.

    Raises
    ------
    InputError
        If either cannot be read, the image is a stack, or their sizes differ.
    """
    image, axes = read_image(image_path)
    labels = read_labels(labels_path)
    planes = to_planes(image, axes)
    if len(planes.pixels) != 1:
        raise InputError(f"{image_path} is a stack of {len(planes.pixels)} planes; training takes single planes.")
    plane = planes.pixels[0]
    if plane.shape[:2] != labels.shape:
        raise InputError(
            f"The labels {labels_path.name} are {_size(labels)} pixels and their image is {_size(plane)}; "
            "wanted is the same size."
        )
    return Example(image_path.stem, plane, labels)


def _size(array: np.ndarray) -> str:
    return " x ".join(str(n) for n in array.shape[:2])
