"""Whether images and their masks are fit to learn from: what is wrong, in order of weight, and what to do about it."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from maskloop.config import TrainConfig
from maskloop.errors import Cancelled, InputError
from maskloop.ops.axes import to_planes
from maskloop.ops.examine import clipped_share, displacement, outlines, thumbnail
from maskloop.ops.targets import object_diameters
from maskloop.project.entry import Entry
from maskloop.project.importers import MatchedImage, read_match
from maskloop.project.layout import PROJECT_FILE
from maskloop.project.masks import Finding, RefusedError, refusing
from maskloop.project.matching import find_matches
from maskloop.project.project import Project

Weight = Literal["error", "warning", "hint"]
WEIGHTS: tuple[Weight, ...] = ("error", "warning", "hint")
FAR_OFF = 4  # pixels that labels may lie beside their image; a person is not more exact
OVEREXPOSED = 0.01  # share of the pixels at the highest value
ALIKE = 0.98  # correlation of thumbnails; of different images of one plate it is 0.9 at most (DSB 2018)
SCARCE, PLENTY = 0.01, 0.8  # share of the pixels that are object
SMALLEST, LARGEST = 6.0, 0.75  # diameter in pixels; share of a crop's side
SPREAD = 5.0  # times as large are the objects of one image as those of another
CHUNK = 500  # thumbnails compared with all others at a time
PICTURE, OUTLINE = 256, (240, 228, 66)  # pixels of a side; yellow

USE = {
    "refused": "Mend the file, or take it away: it is left out otherwise.",
    "note": "Look at it before you train on it.",
    "shifted": "Move the labels back, or export them anew: outlines beside their objects teach the wrong edges.",
    "clipped": "Take such images with less exposure: what was brighter than the highest value is lost.",
    "mixed": "Keep images of one kind in a folder, or choose one channel for all.",
    "alike": "Remove one of them: if one is held out and the other learned from, the scores flatter.",
    "scarce": "Cut the images to where objects are, or label the objects that were left out.",
    "plenty": "See whether objects and background are exchanged.",
    "small": "Take images at a higher magnification, or enlarge them.",
    "large": "Nothing: they are shrunk to fit for training, and so is what is segmented. Thin parts may get lost.",
    "spread": "Keep images of one magnification together, or give the diameter of each kind when you segment.",
    "few": "Label at least one more, so that one can be held out.",
}


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with one or more files.

    Attributes
    ----------
    weight : str
        ``"error"``: cannot be used; ``"warning"``: spoils a model; ``"hint"``: should be looked at.
    paths : tuple of Path
    reason, advice : str
        A sentence each.
    picture : ndarray of shape (Y, X, 3), uint8, or None
        Of the first file, the outlines of its objects in yellow.
    """

    weight: Weight
    paths: tuple[Path, ...]
    reason: str
    advice: str
    picture: np.ndarray | None = None


@dataclass(frozen=True)
class Checkup:
    """What was found out about a dataset.

    Attributes
    ----------
    layout : str
        How the files lie, in one phrase.
    images, objects : int
        That can be used.
    problems : tuple of Problem
        Those of the greatest weight first.
    """

    layout: str
    images: int
    objects: int
    problems: tuple[Problem, ...]


def check_data(
    data: Path,
    masks: Path | None = None,
    config: TrainConfig = TrainConfig(),  # noqa: B008 - frozen
    on_file: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Checkup:
    """Examine a project, or images with their masks in a folder, one after the other.

    Parameters
    ----------
    data : Path
        A project, or a folder of any layout that `maskloop.project.importers.plan_import` knows.
    masks : Path, optional
        The folder of the masks, where `data` holds the images only.
    config : TrainConfig, optional
        How it is to be learned from.
    on_file : callable
        Called after each image with the share of the images that are done.
    should_stop : callable
        Asked before each image.

    Returns
    -------
    Checkup

    Raises
    ------
    InputError
        If there is no such folder, or no layout is recognised in it.
    ProjectError
        If the project cannot be read.
    Cancelled
        If it was asked to stop.
    """
    survey = _Survey(config)
    if (data / PROJECT_FILE).is_file():
        with Project(data, hold=False) as project:
            survey.note("error", [Finding(data / key, reason) for key, reason in project.damaged.items()], "refused")
            cases = {project.folder_of(entry): partial(_read_entry, project, entry) for entry in project.entries}
            return _examine("a project", cases, survey, on_file, should_stop)
    found = find_matches(data, masks)
    survey.note("error", found.refused, "refused")
    cases = {match.image: partial(read_match, match) for match in found.matches}
    return _examine(found.layout, cases, survey, on_file, should_stop)


Reader = Callable[[dict[str, str]], MatchedImage]
"""Reads an image; told by their hash where pixels were seen before."""


def _read_entry(project: Project, entry: Entry, _: dict[str, str]) -> MatchedImage:
    with refusing(project.folder_of(entry)):
        annotation = project.annotation(entry)
        labels = np.where(annotation.reviewed > 0, annotation.labels, 0)
        return MatchedImage(project.image(entry), entry.axes, labels, [])


def _examine(
    layout: str,
    cases: Mapping[Path, Reader],
    survey: "_Survey",
    on_file: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> Checkup:
    seen: dict[str, str] = {}
    for done, (path, read) in enumerate(cases.items(), start=1):
        if should_stop():
            raise Cancelled
        try:
            survey.add(path, read(seen))
        except RefusedError as error:
            survey.note("error", [error.finding], "refused")
        on_file(done / len(cases))
    survey.compare()
    problems = [
        replace(p, picture=_draw(cases.get(survey.images_of.get(p.paths[0], p.paths[0]))))
        for p in _grouped(survey.problems)
    ]
    problems.sort(key=lambda problem: WEIGHTS.index(problem.weight))
    images = survey.images
    return Checkup(layout, len(images), sum(len(image.diameters) for image in images), tuple(problems))


def _draw(read: Reader | None) -> np.ndarray | None:
    """Draw an image that was examined before; None where it cannot be read."""
    if read is not None:
        with contextlib.suppress(RefusedError):
            image = read({})
            return _picture(*_most_telling_plane(image))
    return None


@dataclass(frozen=True)
class _Examined:
    """What is kept of an image; its pixels are not."""

    path: Path
    channels: int
    planes: int
    dtype: str
    pixels: int
    foreground: int
    diameters: np.ndarray
    thumbnail: np.ndarray


@dataclass
class _Survey:
    config: TrainConfig
    images: list[_Examined] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    images_of: dict[Path, Path] = field(default_factory=dict)  # by mask, of those that something is said of

    def note(self, weight: Weight, findings: Sequence[Finding], use: str) -> None:
        for finding in findings:
            self._say(weight, finding.path, finding.reason, use)

    def add(self, path: Path, read: MatchedImage) -> None:
        """Examine an image and its labels."""
        with refusing(path):
            if not np.isfinite(read.image).all():
                raise InputError("It holds values that are no numbers (NaN or infinite).")
            planes = to_planes(read.image, read.axes)
            self.note("warning", read.notes, "note")
            self.images_of |= {finding.path: path for finding in read.notes}
            if read.labels is None:
                return
            labels = to_planes(read.labels, planes.axes.replace("C", "")).pixels[..., 0]
            grey, shown = _most_telling_plane(read)
            image = _Examined(
                path=path,
                channels=planes.pixels.shape[-1],
                planes=len(planes.pixels),
                dtype=str(read.image.dtype),
                pixels=labels.size,
                foreground=int(np.count_nonzero(labels)),
                diameters=np.concatenate([object_diameters(plane) for plane in labels]),
                thumbnail=thumbnail(grey),
            )
            self.images.append(image)
            self._examine_pixels(path, grey, shown)

    def compare(self) -> None:
        """Compare the images with one another."""
        if len(self.images) == 1:
            self._say("error", self.images[0].path, "It is the only image with labels.", "few")
        if self.images:
            self._compare_kinds()
            self._compare_pictures()
            self._compare_sizes()

    def _say(self, weight: Weight, path: Path, reason: str, use: str) -> None:
        self.problems.append(Problem(weight, (path,), reason, USE[use]))

    def _examine_pixels(self, path: Path, grey: np.ndarray, labels: np.ndarray) -> None:
        down, right = displacement(grey, labels)
        if max(abs(down), abs(right)) >= FAR_OFF:
            where = [f"{abs(down)} pixels {'down' if down > 0 else 'up'}"] if down else []
            where += [f"{abs(right)} pixels to the {'right' if right > 0 else 'left'}"] if right else []
            reason = f"Its labels would fit better {' and '.join(where)}."
            self._say("warning", path, reason, "shifted")
        if (share := clipped_share(grey)) >= OVEREXPOSED:
            reason = f"{share:.0%} of its pixels have the highest value, {grey.max():g}."
            self._say("warning", path, reason, "clipped")

    def _compare_kinds(self) -> None:
        for name, value_of in (
            ("channels", lambda i: i.channels),
            ("planes", lambda i: i.planes),
            ("values", lambda i: i.dtype),
        ):
            values = [value_of(image) for image in self.images]
            usual = max(set(values), key=values.count)
            for image, value in zip(self.images, values, strict=True):
                if value != usual:
                    weight: Weight = "hint" if name == "values" else "warning"
                    reason = f"Its {name}: {value}; those of most images: {usual}."
                    self._say(weight, image.path, reason, "mixed")

    def _compare_pictures(self) -> None:
        for i, j in _alike(np.array([image.thumbnail for image in self.images])):
            first, second = self.images[i], self.images[j]
            self._say("warning", second.path, f"It is nearly the same picture as {first.path}.", "alike")

    def _compare_sizes(self) -> None:
        everything, first = sum(image.pixels for image in self.images), self.images[0]
        share = sum(image.foreground for image in self.images) / everything
        if 0 < share < SCARCE:
            self._say("warning", first.path.parent, f"Only {share:.1%} of all pixels are object.", "scarce")
        if share > PLENTY:
            self._say("warning", first.path.parent, f"{share:.0%} of all pixels are object.", "plenty")
        medians = {image.path: float(np.median(image.diameters)) for image in self.images if len(image.diameters)}
        if not medians:
            return
        usual = float(np.median(np.concatenate([image.diameters for image in self.images])))
        if usual < SMALLEST:
            self._say("warning", first.path.parent, f"Its objects are {usual:.0f} pixels across.", "small")
        largest = LARGEST * self.config.crop
        if usual > largest:
            reason = f"Its objects are {usual:.0f} pixels across, and a crop to learn from has {self.config.crop}."
            self._say("hint", first.path.parent, reason, "large")
        low, high = min(medians, key=medians.__getitem__), max(medians, key=medians.__getitem__)
        if medians[high] > SPREAD * medians[low]:
            reason = f"Its objects are {medians[high]:.0f} pixels across, those of {low} {medians[low]:.0f}."
            self._say("hint", high, reason, "spread")


def _grouped(problems: list[Problem]) -> Iterator[Problem]:
    """Make one problem of all that say the same of different files."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.weight, problem.reason), []).append(problem)
    for members in groups.values():
        first = members[0]
        paths = tuple(path for member in members for path in member.paths)
        yield replace(first, paths=paths)


def _alike(thumbnails: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield pairs of images that correlate, each image at most once as the second one."""
    for start in range(0, len(thumbnails), CHUNK):
        fits = thumbnails[start : start + CHUNK] @ thumbnails.T
        for row, others in enumerate(fits):
            second = start + row
            firsts = np.flatnonzero(others[:second] > ALIKE)
            if len(firsts):
                yield int(firsts[0]), second


def _most_telling_plane(read: MatchedImage) -> tuple[np.ndarray, np.ndarray]:
    """Return grey values and labels of shape (Y, X) of the plane with the most to see."""
    planes = to_planes(read.image, read.axes)
    if read.labels is None:
        labels = np.zeros(planes.pixels.shape[:-1], np.int32)
    else:
        labels = to_planes(read.labels, planes.axes.replace("C", "")).pixels[..., 0]
    shown = int(np.argmax(np.count_nonzero(labels, axis=(1, 2))))
    return planes.pixels[shown][..., :3].mean(axis=-1), labels[shown]


def _picture(grey: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Draw the middle of an image, and the outlines of its objects."""
    top, left = (max((n - PICTURE) // 2, 0) for n in labels.shape)
    grey, labels = (a[top : top + PICTURE, left : left + PICTURE] for a in (grey, labels))
    low, high = np.percentile(grey, (1, 99.5))
    shown = (255 * ((grey - low) / max(high - low, 1e-9)).clip(0, 1)).astype(np.uint8)
    picture = np.repeat(shown[..., None], 3, axis=-1)
    picture[outlines(labels)] = OUTLINE
    return picture
