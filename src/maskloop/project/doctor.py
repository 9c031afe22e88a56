"""Whether images and their masks are fit to learn from: what is wrong, the gravest first, and what to do about it."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from maskloop.config import TrainConfig
from maskloop.errors import Cancelled
from maskloop.files import IMAGE_SUFFIXES
from maskloop.ops.axes import to_planes
from maskloop.ops.examine import clipped_share, displacement, outlines, thumbnail
from maskloop.ops.judged import whole_objects
from maskloop.ops.targets import object_diameters
from maskloop.project.entry import Entry
from maskloop.project.importers import read_match
from maskloop.project.layout import PROJECT_FILE
from maskloop.project.masks import Finding, RefusedError, refusing
from maskloop.project.matching import Match, find_matches
from maskloop.project.project import Project

Gravity = Literal["error", "warning", "hint"]
GRAVITIES: tuple[Gravity, ...] = ("error", "warning", "hint")
FAR_OFF = 4  # pixels that labels may lie beside their image; a person is not more exact
OVEREXPOSED = 0.01  # share of the pixels at the highest value
ALIKE = 0.98  # correlation of thumbnails; of different images of one plate it is 0.9 at most (DSB 2018)
SCARCE, PLENTY = 0.01, 0.8  # share of the pixels that are object
SMALLEST, LARGEST = 6.0, 0.75  # diameter in pixels; share of a crop's side
SPREAD = 5.0  # times as large are the objects of one image as those of another
CHUNK = 500  # thumbnails compared with all others at a time
PICTURE, OUTLINE = 256, (240, 228, 66)  # pixels of a side; yellow

USE = {
    "refused": "Mend the file, or take it away: training on the folder stops at it, and an import leaves it out.",
    "foreign": "Nothing, if it does not belong to the images.",
    "note": "Look at it before you train on it.",
    "no numbers": "Mend it with the program that wrote it: what is no number is taken for the darkest value.",
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
    "nothing": "Draw objects, or correct a prediction, and mark what you have checked as reviewed.",
}


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with one or more files.

    Attributes
    ----------
    gravity : str
        ``"error"``: cannot be used; ``"warning"``: spoils a model; ``"hint"``: should be looked at.
    paths : tuple of Path
    reason, advice : str
        A sentence each.
    draw : callable
        Reads the first file again and returns a picture of it, the outlines of its objects in yellow: an ndarray of
        shape (Y, X, 3), uint8. None where there is nothing to show.
    """

    gravity: Gravity
    paths: tuple[Path, ...]
    reason: str
    advice: str
    draw: Callable[[], np.ndarray | None] = lambda: None


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
        The gravest first.
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
    OSError
        If a folder cannot be listed.
    Cancelled
        If it was asked to stop.
    """
    survey = _Survey(config, data)
    if (data / PROJECT_FILE).is_file():
        with Project(data, hold=False) as project:
            survey.note("error", [Finding(data / key, reason) for key, reason in project.damaged.items()], "refused")
            entries = [entry for entry in project.entries if entry.reviewed > 0]
            cases = {project.folder_of(entry): partial(_read_entry, project, entry) for entry in entries}
            return _examine("a project", cases, survey, on_file, should_stop)
    found = find_matches(data, masks)
    for finding in found.refused:
        foreign = finding.path.suffix.lower() not in IMAGE_SUFFIXES
        survey.note("hint" if foreign else "error", [finding], "foreign" if foreign else "refused")
    cases = {match.image: partial(_read_files, match) for match in found.matches}
    return _examine(found.layout, cases, survey, on_file, should_stop)


@dataclass(frozen=True)
class _Case:
    """An image, what is known of its labels, and where: of shape (P, Y, X) or None where there are none."""

    image: np.ndarray
    axes: str | None
    labels: np.ndarray | None
    reviewed: np.ndarray | None
    notes: Sequence[Finding]

    @property
    def pixels(self) -> np.ndarray:
        """Planes of shape (P, Y, X, C)."""
        return to_planes(self.image, self.axes).pixels

    def most_telling_plane(self) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels of shape (Y, X, C) and labels of shape (Y, X) of the plane with the most to see."""
        if self.labels is None:
            return self.pixels[0], np.zeros(self.pixels.shape[1:3], np.int32)
        shown = int(np.argmax(np.count_nonzero(self.labels, axis=(1, 2))))
        return self.pixels[shown], self.labels[shown]


Reader = Callable[[dict[str, str]], _Case]
"""Reads an image; told by their hash where pixels were seen before."""


def _read_entry(project: Project, entry: Entry, _: dict[str, str]) -> _Case:
    with refusing(project.folder_of(entry)):
        image, annotation = project.image(entry), project.annotation(entry)
        reviewed = _planes_of(annotation.reviewed, image, entry.axes) > 0
        labels = whole_objects(_planes_of(annotation.labels, image, entry.axes), reviewed)
        return _Case(image, entry.axes, labels, reviewed, [])


def _read_files(match: Match, seen: dict[str, str]) -> _Case:
    read = read_match(match, seen)
    labels = None if read.labels is None else _planes_of(read.labels, read.image, read.axes)
    return _Case(read.image, read.axes, labels, None, read.notes)


def _planes_of(labels: np.ndarray, image: np.ndarray, axes: str | None) -> np.ndarray:
    return to_planes(labels, to_planes(image, axes).axes.replace("C", "")).pixels[..., 0]


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
        replace(problem, draw=partial(_draw, cases.get(survey.images_of.get(problem.paths[0], problem.paths[0]))))
        for problem in _grouped(survey.problems)
    ]
    problems.sort(key=lambda problem: GRAVITIES.index(problem.gravity))
    images = survey.images
    return Checkup(layout, len(images), sum(len(image.diameters) for image in images), tuple(problems))


def _draw(read: Reader | None) -> np.ndarray | None:
    if read is not None:
        with contextlib.suppress(RefusedError):
            return _picture(*read({}).most_telling_plane())
    return None


@dataclass(frozen=True)
class _Examined:
    """What is kept of an image; its pixels are not."""

    path: Path
    channels: int
    planes: int
    dtype: str
    known: int  # pixels
    foreground: int
    diameters: np.ndarray
    thumbnail: np.ndarray


@dataclass
class _Survey:
    config: TrainConfig
    data: Path
    images: list[_Examined] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    images_of: dict[Path, Path] = field(default_factory=dict)  # by mask, of those that something is said of

    def note(self, gravity: Gravity, findings: Sequence[Finding], use: str) -> None:
        for finding in findings:
            self._say(gravity, finding.path, finding.reason, use)

    def add(self, path: Path, case: _Case) -> None:
        """Examine an image and its labels."""
        self.note("warning", case.notes, "note")
        self.images_of |= {finding.path: path for finding in case.notes}
        with refusing(path):
            if not np.isfinite(case.image).all():
                self._say("warning", path, "It holds values that are no numbers (NaN or infinite).", "no numbers")
            if case.labels is None:
                return
            pixels, labels = case.most_telling_plane()
            grey = np.nan_to_num(pixels[..., :3].mean(axis=-1))
            self.images.append(
                _Examined(
                    path=path,
                    channels=pixels.shape[-1],
                    planes=len(case.labels),
                    dtype=str(case.image.dtype),
                    known=case.labels.size if case.reviewed is None else int(np.count_nonzero(case.reviewed)),
                    foreground=int(np.count_nonzero(case.labels)),
                    diameters=np.concatenate([object_diameters(plane) for plane in case.labels]),
                    thumbnail=thumbnail(grey),
                )
            )
            self._examine_pixels(path, pixels, grey, labels)

    def compare(self) -> None:
        """Compare the images with one another."""
        if not any(len(image.diameters) for image in self.images):
            reason = "There is no object to learn from in any image."
            self._say("error", self.data, reason, "nothing")
            return
        if len(self.images) == 1 and self.images[0].path.is_file():  # of a project, regions are held out
            self._say("error", self.images[0].path, "It is the only image with labels.", "few")
        self._compare_kinds()
        self._compare_pictures()
        self._compare_sizes()

    def _say(self, gravity: Gravity, path: Path, reason: str, use: str) -> None:
        self.problems.append(Problem(gravity, (path,), reason, USE[use]))

    def _examine_pixels(self, path: Path, pixels: np.ndarray, grey: np.ndarray, labels: np.ndarray) -> None:
        down, right = displacement(grey, labels)
        if max(abs(down), abs(right)) >= FAR_OFF:
            where = [f"{abs(down)} pixels {'down' if down > 0 else 'up'}"] if down else []
            where += [f"{abs(right)} pixels to the {'right' if right > 0 else 'left'}"] if right else []
            reason = f"Its labels would fit better {' and '.join(where)}."
            self._say("warning", path, reason, "shifted")
        if (share := clipped_share(pixels)) >= OVEREXPOSED:
            reason = f"{share:.0%} of its pixels have the highest value, {pixels.max():g}."
            self._say("warning", path, reason, "clipped")

    def _compare_kinds(self) -> None:
        for name, value_of in (
            ("channels", lambda i: i.channels),
            ("planes", lambda i: i.planes),
            ("values", lambda i: i.dtype),
        ):
            values = [value_of(image) for image in self.images]
            usual = Counter(values).most_common(1)[0][0]  # the first one, where two are as common
            for image, value in zip(self.images, values, strict=True):
                if value != usual:
                    gravity: Gravity = "hint" if name == "values" else "warning"
                    reason = f"Its {name}: {value}; usual here: {usual}."
                    self._say(gravity, image.path, reason, "mixed")

    def _compare_pictures(self) -> None:
        for i, j in _alike(np.array([image.thumbnail for image in self.images])):
            first, second = self.images[i], self.images[j]
            self._say("warning", second.path, f"It is nearly the same picture as {first.path}.", "alike")

    def _compare_sizes(self) -> None:
        everything = sum(image.known for image in self.images)
        share = sum(image.foreground for image in self.images) / everything
        if 0 < share < SCARCE:
            self._say("warning", self.data, f"Only {share:.1%} of the pixels are object.", "scarce")
        if share > PLENTY:
            self._say("warning", self.data, f"{share:.0%} of the pixels are object.", "plenty")
        medians = {image.path: float(np.median(image.diameters)) for image in self.images if len(image.diameters)}
        if not medians:
            return
        usual = float(np.median(np.concatenate([image.diameters for image in self.images])))
        if usual < SMALLEST:
            self._say("warning", self.data, f"Its objects are {usual:.0f} pixels across.", "small")
        largest = LARGEST * self.config.crop
        if usual > largest:
            reason = f"Its objects are {usual:.0f} pixels across, and a crop to learn from has {self.config.crop}."
            self._say("hint", self.data, reason, "large")
        low, high = min(medians, key=medians.__getitem__), max(medians, key=medians.__getitem__)
        if medians[high] > SPREAD * medians[low]:
            reason = f"Its objects are {medians[high]:.0f} pixels across, those of {low} {medians[low]:.0f}."
            self._say("hint", high, reason, "spread")


def _grouped(problems: list[Problem]) -> Iterator[Problem]:
    """Make one problem of all that say the same of different files."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.gravity, problem.reason), []).append(problem)
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


def _picture(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Draw the middle of an image, and the outlines of its objects."""
    top, left = (max((n - PICTURE) // 2, 0) for n in labels.shape)
    grey = np.nan_to_num(pixels[..., :3].mean(axis=-1))
    grey, labels = (a[top : top + PICTURE, left : left + PICTURE] for a in (grey, labels))
    low, high = np.percentile(grey, (1, 99.5))
    shown = (255 * ((grey - low) / max(high - low, 1e-9)).clip(0, 1)).astype(np.uint8)
    picture = np.repeat(shown[..., None], 3, axis=-1)
    picture[outlines(labels)] = OUTLINE
    return picture
