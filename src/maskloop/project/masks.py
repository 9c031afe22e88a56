"""Masks to labels of objects: numbered ones and binary masks are told apart by what they hold; all else is refused."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from maskloop.errors import InputError, explain
from maskloop.ops.axes import Planes
from maskloop.project.mask_numbers import read_numbers

# The thresholds lie far from either side on nuclei (DSB 2018): labels are in 1.06 parts a number at most, probability
# maps in 5 and photographs in 50 at least, or in colours of one or two pixels each.
MOST_PARTS = 4.0  # per number
FEWEST_PIXELS = 2.0  # of a number in the median, of a part in the mean; counts where there are more than MANY numbers
MANY = 16
SMOOTH, MANY_STEPS = 0.9, 32  # share of neighbours, and of numbers, that differ by 1; from how many numbers on


@dataclass(frozen=True)
class Finding:
    """What is to be said of a file.

    Attributes
    ----------
    path : Path
    reason : str
        A sentence that does not need the path to be understood.
    """

    path: Path
    reason: str


class RefusedError(InputError):
    """A file that cannot be used; `finding` says which and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.path}: {finding.reason}")
        self.finding = finding


@contextlib.contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Make whatever goes wrong a `RefusedError` of that file: one bad file must not end all the others."""
    try:
        yield
    except Exception as error:
        raise RefusedError(Finding(path, explain(error))) from error


def read_masks(
    paths: Sequence[Path], planes: Planes, one_object_each: bool = False, numbers_matter: bool = True
) -> tuple[np.ndarray, list[Finding]]:
    """Read the labels of an image.

    Parameters
    ----------
    paths : sequence of Path
        One file; several only if each holds one object.
    planes : Planes
        The image.
    one_object_each : bool
        A binary mask is one object, whatever its parts; otherwise each part is an object.
    numbers_matter : bool
        Whether each number is an object; of a foreground all but 0 mean the same.

    Returns
    -------
    labels : ndarray of shape ``planes.labels_shape``, int32
        Whole numbers as in the file, the parts of a binary mask or colours numbered from 1, or objects by the names
        of their files; 0 is background.
    notes : list of Finding
        What a person should look at.

    Raises
    ------
    RefusedError
        If a file is damaged, not a mask, or of another size than the image.
    """
    read = _read_objects if one_object_each and len(paths) > 1 else _read_mask
    stack, notes = read(paths, planes, one_object_each, numbers_matter)
    if not stack.any():
        notes = [Finding(paths[0], "There is nothing but background in the mask.")]
    return planes.restore(stack), notes


def _read_mask(
    paths: Sequence[Path], planes: Planes, one_object: bool, numbers_matter: bool
) -> tuple[np.ndarray, list[Finding]]:
    path = paths[0]
    with refusing(path):
        stack, notes = read_numbers(path, planes)
        numbers = np.unique(stack)
        if np.count_nonzero(numbers) > 1:
            notes += _check_numbers(stack, numbers) if numbers_matter else _check_foreground(stack)
        elif numbers.any():
            notes += _whole_border(stack)
            if one_object:
                stack = stack > 0
            else:
                notes.append("A binary mask: objects that touch have become one.")
                stack, _ = ndimage.label(stack, [np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))])
    return stack.astype(np.int32), [Finding(path, note) for note in notes]


def _read_objects(paths: Sequence[Path], planes: Planes, *_: bool) -> tuple[np.ndarray, list[Finding]]:
    notes: list[Finding] = []
    stack = np.zeros(planes.pixels.shape[:-1], np.int32)
    number = overlap = 0
    for path in sorted(paths):
        with refusing(path):
            pixels, said = read_numbers(path, planes)
            if np.count_nonzero(np.unique(pixels)) > 1:
                raise InputError("It holds several numbers or colours; wanted is one object a file.")
        notes += [Finding(path, note) for note in said]
        inside = pixels > 0
        free = inside & (stack == 0)
        overlap += int(np.count_nonzero(inside) - np.count_nonzero(free))
        if free.any():
            number += 1
            stack[free] = number
        else:
            reason = "Other masks cover it" if inside.any() else "The mask is empty"
            notes.append(Finding(path, f"{reason}; it adds nothing."))
    if overlap:
        notes.append(Finding(paths[0].parent, f"Masks overlap in {overlap} pixels; the first file by name keeps them."))
    return stack, notes


def _check_numbers(stack: np.ndarray, numbers: np.ndarray) -> list[str]:
    """Refuse what is a picture, or classes rather than objects; say what is odd about labels."""
    without_background = bool(numbers[0] > 0)
    count = len(numbers) - (not without_background)
    if without_background and count == 2:
        raise InputError(f"It holds {numbers[0]} and {numbers[1]}, and no 0; wanted is 0 for background.")
    parts, pairs = _parts_and_pairs(stack)
    if parts > MOST_PARTS * pairs or _is_picture(stack, parts):
        raise InputError(
            f"It holds {count} different values in {parts} parts, as photographs, probabilities, interpolated labels "
            "and classes do; wanted is one number or colour an object, or a binary mask. Classes are named when a "
            "project is made (there, From masks… finds their colours), or as in "
            '--classes "liver=#b42828,tumour=#00ff00".'
        )
    notes = ["No pixel is background (0)."] if without_background else []
    return [*notes, "Some numbers or colours are in several parts, each one object."] if parts > pairs else notes


def _check_foreground(stack: np.ndarray) -> list[str]:
    """Refuse what is a picture; say what several numbers are taken for."""
    count = np.count_nonzero(np.unique(stack))
    parts, pairs = _parts_and_pairs(stack)
    if (count > MANY and parts > MOST_PARTS * pairs) or _is_picture(stack, parts):
        raise InputError(
            f"It holds {count} different values in {parts} parts, as photographs, probabilities and masks with soft "
            "edges do; wanted is a binary mask, or numbers of objects or classes."
        )
    if parts == pairs:
        return []
    return ["It holds several numbers, some of them in several parts: all but 0 are taken for the foreground."]


def _parts_and_pairs(stack: np.ndarray) -> tuple[int, int]:
    """Count what hangs together and has one number, and the different numbers of each plane."""
    from skimage.measure import label  # slow to import, and a window that opens need not wait

    parts = sum(label(plane, connectivity=2, return_num=True)[1] for plane in stack)
    return parts, sum(int(np.count_nonzero(np.unique(plane))) for plane in stack)


def _is_picture(stack: np.ndarray, parts: int) -> bool:
    """Tell whether values are specks, or rise step by step."""
    sizes = np.unique(stack[stack > 0], return_counts=True)[1]
    specks = len(sizes) > MANY and min(np.median(sizes), sizes.sum() / parts) <= FEWEST_PIXELS
    return bool(specks) or _is_smooth(stack, len(sizes))


def _is_smooth(stack: np.ndarray, count: int) -> bool:
    """Tell whether values rise step by step, as in a large probability map: nearly each touches the next, no other."""
    if count < MANY_STEPS:
        return False
    lower, steps = [], []
    for a, b in ((stack[:, 1:], stack[:, :-1]), (stack[..., 1:], stack[..., :-1])):
        low, high = np.minimum(a, b), np.maximum(a, b)
        touching = (low > 0) & (low < high)
        lower.append(low[touching])
        steps.append((high - low)[touching])
    by_one = np.concatenate(steps) == 1
    climbed = len(np.unique(np.concatenate(lower)[by_one]))
    return climbed > SMOOTH * (count - 1) and bool(by_one.mean() > SMOOTH)


def _whole_border(stack: np.ndarray) -> list[str]:
    edges = (stack[:, 0], stack[:, -1], stack[..., 0], stack[..., -1])
    if all(edge.all() for edge in edges):
        return ["The whole border of the image is labelled; are labels and background exchanged?"]
    return []
