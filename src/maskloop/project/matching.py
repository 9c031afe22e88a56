"""Which mask goes with which image: the layout of a folder is recognised, and files are matched by their names."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maskloop.errors import InputError
from maskloop.files import FORMATS, image_name, is_image, list_images
from maskloop.project.masks import Finding

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "raw")
MASK_FOLDERS = (
    *("masks", "mask", "labels", "label", "gt", "ground_truth", "groundtruth", "truth", "annotations", "annotation"),
    *("segmentations", "segmentation", "seg"),
)
REVIEWED_FOLDER = "reviewed"  # as an export writes it
IMAGE_WORDS = r"images?|imgs?|raw"
MASK_WORDS = r"(?:cp_)?masks?|labels?|gt|ground_?truth|truth|annotations?|segmentations?|seg"
DSB = "as in the Data Science Bowl 2018: a folder for each image, a mask file for each object"
FOLDERS = "images and masks in folders of their own"
SIDE_BY_SIDE = "masks beside their images"
BARE = "images without masks"
WANTED = (
    f"a folder of images ({FORMATS}), alone or with masks beside them (x.png, x_mask.png); one with "
    "subfolders 'images' and 'masks' (or 'labels', 'gt' and the like); or folders as in the Data Science Bowl 2018, "
    "<id>/images and <id>/masks"
)


@dataclass(frozen=True)
class Match:
    """An image and its masks.

    Attributes
    ----------
    name : str
        Of the entry that it becomes.
    image : Path
    masks : tuple of Path
        Several only if each holds one object.
    one_object_each : bool
        Whether each mask holds one object, whatever its parts.
    reviewed : Path, optional
        A mask of the pixels that a person vouches for; everything where it is left out.
    """

    name: str
    image: Path
    masks: tuple[Path, ...] = ()
    one_object_each: bool = False
    reviewed: Path | None = None


@dataclass(frozen=True)
class Found:
    """The images and masks of a folder, by name only.

    Attributes
    ----------
    layout : str
        How the files lie, in one phrase.
    matches : tuple of Match
    refused : tuple of Finding
        Files that go with nothing.
    """

    layout: str
    matches: tuple[Match, ...]
    refused: tuple[Finding, ...]

    @property
    def unmatched(self) -> tuple[Finding, ...]:
        """The images and masks among what is refused; the rest may lie there for other reasons."""
        return tuple(finding for finding in self.refused if is_image(finding.path))


def find_matches(images: Path, masks: Path | None = None) -> Found:
    """Recognise the layout of a folder and match its masks to its images; no file is opened.

    Parameters
    ----------
    images : Path
        The folder to look into.
    masks : Path, optional
        The folder of the masks, where `images` holds the images only.

    Returns
    -------
    Found

    Raises
    ------
    InputError
        If there is no such folder, or no layout is recognised in it.
    OSError
        If a folder cannot be listed.
    """
    for folder in (images, masks):
        if folder is not None and not folder.is_dir():
            raise InputError(f"There is no folder {folder}.")
    if masks is None:
        found = _in_folder(images, _image_folder(images) or images) or _in_subfolders(images)
    elif list_images(images):
        found = _side_by_side(images) if masks.resolve() == images.resolve() else _in_two_folders(images, masks)
    else:
        found = None
    if found is None:
        raise InputError(f"No images were found in {images}; wanted is {WANTED}.")
    return found


def _in_folder(folder: Path, images: Path) -> Found | None:
    paths = list_images(images)
    if not paths:
        return None
    masks = _subfolder(folder, MASK_FOLDERS)
    if masks is None:
        return _side_by_side(images)
    found = _in_two_folders(images, masks)
    objects = tuple(list_images(masks))
    if images == folder or len(paths) > 1 or not objects or found.matches[0].masks:
        return found
    return Found(DSB, (Match(image_name(paths[0]), paths[0], objects, one_object_each=True),), _others(images, masks))


def _in_subfolders(folder: Path) -> Found | None:
    founds, refused = [], []
    for subfolder in _subfolders(folder):
        images = _image_folder(subfolder)
        if images and (found := _in_folder(subfolder, images)):
            founds.append(found)
        else:
            refused.append(Finding(subfolder, "It has no folder 'images' with images in it."))
    if not founds:
        return None
    layouts = Counter(found.layout for found in founds)
    matches = [match for found in founds for match in found.matches]
    names = Counter(match.name for match in matches)
    return Found(
        layouts.most_common(1)[0][0],
        tuple(_with_folder(match) if names[match.name] > 1 else match for match in matches),
        tuple(refused) + tuple(finding for found in founds for finding in found.refused),
    )


def _with_folder(match: Match) -> Match:
    return replace(match, name=f"{match.image.parents[1].name} {match.name}")


def _in_two_folders(images: Path, masks: Path) -> Found:
    matches, refused = _pair(list_images(images), list_images(masks))
    reviewed = masks.parent / REVIEWED_FOLDER
    if reviewed.is_dir() and reviewed not in (images, masks):
        matches, without_image = _with_reviewed(matches, reviewed)
        refused += without_image
    return Found(FOLDERS, matches, refused + _others(images, masks))


def _with_reviewed(matches: Sequence[Match], folder: Path) -> tuple[tuple[Match, ...], tuple[Finding, ...]]:
    pairs, refused = _pair([match.image for match in matches], list_images(folder), "mask of what is reviewed")
    files = (next(iter(pair.masks), None) for pair in pairs)
    return tuple(replace(match, reviewed=file) for match, file in zip(matches, files, strict=True)), refused


def _side_by_side(folder: Path) -> Found:
    paths = list_images(folder)
    masks = [path for path in paths if _without(MASK_WORDS, _stem(path)) != _stem(path)]
    matches, refused = _pair(sorted(set(paths) - set(masks)), masks)
    layout = SIDE_BY_SIDE if any(match.masks for match in matches) else BARE
    return Found(layout, matches, refused + _others(folder))


def _pair(
    images: Sequence[Path], masks: Sequence[Path], what: str = "mask"
) -> tuple[tuple[Match, ...], tuple[Finding, ...]]:
    """Match by stem, or by what is left of it without words such as ``_mask``."""
    refused: list[Finding] = []
    by_stem: dict[str, Path] = {}
    chosen: dict[str, Path] = {}
    for image in images:
        if (first := by_stem.setdefault(_stem(image), image)) is not image:
            refused.append(Finding(image, f"{first.name} has the same name; wanted is one image of a name."))
    partners = {_without(IMAGE_WORDS, stem): stem for stem in by_stem} | {stem: stem for stem in by_stem}
    for mask in sorted(masks, key=lambda path: (_stem(path) not in by_stem, path.name)):
        partner = partners.get(_stem(mask)) or partners.get(_without(MASK_WORDS, _stem(mask)))
        if partner is None:
            refused.append(Finding(mask, f"It is a {what}, and no image has its name."))
        elif (first := chosen.setdefault(partner, mask)) is not mask:
            refused.append(Finding(mask, f"{by_stem[partner].name} has the {what} {first.name} already."))
    found = ((image, chosen.get(stem)) for stem, image in by_stem.items())
    return tuple(Match(image_name(image), image, (mask,) if mask else ()) for image, mask in found), tuple(refused)


def _stem(path: Path) -> str:
    # macOS writes letters and their accents apart, others as one; archives carry either to any system.
    return unicodedata.normalize("NFC", image_name(path))


def _without(words: str, stem: str) -> str:
    return re.sub(rf"[ _.-]+(?:{words})$|^(?:{words})[ _.-]+", "", stem, count=1, flags=re.IGNORECASE)


def _others(*folders: Path) -> tuple[Finding, ...]:
    files = (path for folder in folders for path in sorted(folder.iterdir()) if path.is_file())
    reason = f"It is not {FORMATS}."
    return tuple(Finding(path, reason) for path in files if not is_image(path) and not path.name.startswith("."))


def _image_folder(folder: Path) -> Path | None:
    return _subfolder(folder, IMAGE_FOLDERS)


def _subfolder(folder: Path, names: Sequence[str]) -> Path | None:
    subfolders = {re.sub("[ -]", "_", path.name.lower()): path for path in _subfolders(folder)}
    return next((subfolders[name] for name in names if name in subfolders), None)


def _subfolders(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith("."))
