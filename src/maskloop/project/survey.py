"""Judging images and their labels, each by itself, and then all with one another."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from maskloop.config import TaskConfig, TrainConfig
from maskloop.ops.examine import between_share, clipped_share, displacement, thumbnail
from maskloop.ops.task import task_of
from maskloop.ops.training_scale import training_scale
from maskloop.project.case import Case
from maskloop.project.held_out import Choice
from maskloop.project.masks import Finding, refusing
from maskloop.project.model_folder import ModelCard
from maskloop.project.problem import ADVICE, Gravity, Problem

FAR_OFF = 4  # pixels that labels may lie beside their image; a person is not more exact
OVEREXPOSED = 0.01  # share of the pixels at the highest value
BETWEEN = 0.05  # share of the pixels of objects; of true labels 0.012 at most, of resized ones mostly 0.06 (DSB 2018)
ALIKE = 0.98  # correlation of thumbnails; of different images of one plate it is 0.9 at most (DSB 2018)
SCARCE, PLENTY = 0.01, 0.8  # share of the pixels that are labelled
SMALLEST = 6.0  # pixels across
SPREAD = 5.0  # times as large are the objects of one image as those of another
CHUNK = 500  # thumbnails compared with all others at a time


@dataclass(frozen=True)
class _Examined:
    """What is kept of an image; its pixels are not."""

    path: Path
    name: str
    channels: int
    planes: int
    dtype: str
    known: int  # pixels
    foreground: int
    classes: np.ndarray  # pixels of each, background first; none where labels do not mean classes
    diameters: np.ndarray
    thumbnail: np.ndarray
    held_out: Choice | None


@dataclass
class Survey:
    """What was found out about images so far.

    Parameters
    ----------
    data : Path
        Where they are.
    task : TaskConfig
        What their labels mean.
    config : TrainConfig
        How they are to be learned from.
    base : ModelCard or None
        The model to start from; None from scratch.

    Attributes
    ----------
    images : list
        Those with labels.
    problems : list of Problem
    images_of : dict of Path to Path
        The images of masks of which something is said.
    """

    data: Path
    task: TaskConfig
    config: TrainConfig
    base: ModelCard | None
    images: list[_Examined] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    images_of: dict[Path, Path] = field(default_factory=dict)

    @property
    def objects(self) -> int:
        """How many there are in all images, or parts that hang together where labels mean no objects."""
        return sum(len(image.diameters) for image in self.images)

    def note(self, gravity: Gravity, findings: Sequence[Finding], advice: str) -> None:
        """Take over what was found elsewhere."""
        for finding in findings:
            self._say(gravity, finding.path, finding.reason, advice)

    def add(self, path: Path, case: Case) -> None:
        """Judge an image and its labels by themselves.

        Raises
        ------
        RefusedError
            If that fails for whatever reason.
        """
        if case.labels is None:
            self.note("error", case.notes, "no mask")
        else:
            self.note("warning", case.notes, "note")
        self.images_of |= {finding.path: path for finding in case.notes}
        with refusing(path):
            if not np.isfinite(case.image).all():
                self._say("warning", path, "It holds values that are no numbers (NaN or infinite).", "no numbers")
            if case.labels is None or (case.reviewed is not None and not case.reviewed.any()):
                return
            pixels, labels = case.most_telling_plane()
            diameters = task_of(self.task).diameters
            grey = np.nan_to_num(pixels[..., :3].mean(axis=-1))
            self.images.append(
                _Examined(
                    path=path,
                    name=case.name,
                    channels=pixels.shape[-1],
                    planes=len(case.labels),
                    dtype=str(case.image.dtype),
                    known=case.labels.size if case.reviewed is None else int(np.count_nonzero(case.reviewed)),
                    foreground=int(np.count_nonzero(case.labels)),
                    classes=np.bincount(case.labels.ravel(), minlength=len(self.task.heads))[: len(self.task.heads)]
                    if self.task.kind == "classes"
                    else np.zeros(0, int),
                    diameters=np.concatenate([diameters(plane) for plane in case.labels]),
                    thumbnail=thumbnail(grey),
                    held_out=case.held_out,
                )
            )
            self._judge_labels(path, case, labels)
            self._judge_pixels(path, pixels, grey, labels)

    def compare(self) -> None:
        """Judge the images by one another."""
        if not self.objects:
            reason = "There is nothing labelled to learn from in any image."
            self._say("error", self.data, reason, "nothing")
            return
        if len(self.images) == 1 and self.images[0].held_out is None:  # of a project, regions are held out
            self._say("error", self.images[0].path, "It is the only image with labels.", "few")
        self._compare_kinds()
        self._compare_pictures()
        self._compare_shares()
        if self.task.kind == "objects":
            self._compare_sizes()
        if self.task.kind == "classes":
            self._compare_classes()

    def _say(self, gravity: Gravity, path: Path, reason: str, advice: str) -> None:
        self.problems.append(Problem(gravity, (path,), reason, ADVICE[advice]))

    def _judge_labels(self, path: Path, case: Case, labels: np.ndarray) -> None:
        found, highest = int(labels.max(initial=0)), self.task.highest
        if highest is not None and found > highest:
            self._say("error", path, f"It holds the label {found}, which is of no class.", "strange class")
        if case.reviewed is not None and case.reviewed.all() and not labels.any():
            self._say("hint", path, "It is reviewed, and there is nothing but background in it.", "empty")
        if self.task.kind == "objects" and (share := between_share(labels)) >= BETWEEN:
            reason = (
                f"{share:.0%} of its objects' pixels have numbers between those around them, as after interpolation."
            )
            self._say("warning", path, reason, "between")

    def _judge_pixels(self, path: Path, pixels: np.ndarray, grey: np.ndarray, labels: np.ndarray) -> None:
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
        # Of a project it is known which parts are held out: alike may be what is on one side.
        parts = [image.path if image.held_out is None else image.held_out for image in self.images]
        for i, j in _alike(np.array([image.thumbnail for image in self.images]), parts):
            first, second = self.images[i], self.images[j]
            advice = "alike" if second.held_out is None else "apart"
            self._say("warning", second.path, f"It is nearly the same picture as {first.name}.", advice)

    def _compare_shares(self) -> None:
        share = sum(image.foreground for image in self.images) / sum(image.known for image in self.images)
        if share < SCARCE:
            self._say("warning", self.data, f"All but {share:.1%} of the pixels are background.", "scarce")
        if share > PLENTY and self.task.kind != "classes":  # of which there need be no background at all
            self._say("warning", self.data, f"Only {1 - share:.0%} of the pixels are background.", "plenty")

    def _compare_classes(self) -> None:
        pixels = np.array([image.classes for image in self.images])
        known = sum(image.known for image in self.images)
        for number, name in enumerate(self.task.heads[1:], start=1):
            images, share = np.count_nonzero(pixels[:, number]), pixels[:, number].sum() / known
            if not images:
                self._say("error", self.data, f"No pixel is {name}, label {number}.", "no class")
            elif images == 1 and self.images[0].held_out is None:  # of a project, regions are held out
                path = self.images[int(pixels[:, number].argmax())].path
                self._say("warning", path, f"It is the only image with {name}, label {number}.", "rare class")
            elif share < SCARCE:
                self._say("hint", self.data, f"Only {share:.2%} of the pixels are {name}.", "scarce class")

    def _compare_sizes(self) -> None:
        images = [image for image in self.images if len(image.diameters)]
        usual = float(np.median(np.concatenate([image.diameters for image in images])))
        crop = self.base.crop_for(self.config) if self.base else self.config.crop
        if usual < SMALLEST:
            self._say("warning", self.data, f"Its objects are {usual:.0f} pixels across.", "small")
        largest = task_of(self.task).largest_share * crop
        if usual > largest:
            reason = f"Its objects are {usual:.0f} pixels across, and a crop to learn from has {crop}."
            self._say("hint", self.data, reason, "large")
        network = self.base.network if self.base else self.config.network
        scale = training_scale(usual, self.base.diameter if self.base else None, largest)
        seen = min(crop, 2 * network.receptive_radius) / scale
        for image in images:
            if image.diameters.max() > seen:
                reason = f"It holds objects more than {seen:.0f} pixels across, and the network sees no more at a time."
                self._say("warning", image.path, reason, "unseen")
        medians = [float(np.median(image.diameters)) for image in images]
        low, high = np.argmin(medians), np.argmax(medians)
        if medians[high] > SPREAD * medians[low]:
            reason = (
                f"Its objects are {medians[high]:.0f} pixels across, those of {images[low].name} {medians[low]:.0f}."
            )
            self._say("hint", images[high].path, reason, "spread")


def _alike(thumbnails: np.ndarray, parts: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Yield pairs of images that correlate and differ in what is held out, each image at most once as the second."""
    numbers = {part: number for number, part in enumerate(parts)}
    part_of = np.array([numbers[part] for part in parts])
    for start in range(0, len(thumbnails), CHUNK):
        fits = thumbnails[start : start + CHUNK] @ thumbnails.T
        for second, others in enumerate(fits, start=start):
            firsts = np.flatnonzero((others[:second] > ALIKE) & (part_of[:second] != part_of[second]))
            if len(firsts):
                yield int(firsts[0]), second
