"""Training and validation images kept apart by groups that look alike, or validation would flatter."""

from collections.abc import Sequence

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from maskloop.config import TrainConfig
from maskloop.data.examples import Example
from maskloop.data.lesson import Lesson
from maskloop.errors import InputError

LARGEST_SHARE = 0.5  # of the images, where a number of them is to be held out
ALIKE = 0.2  # how far apart at most images of one plate are, as `look_alikes` measures it


def split_examples(examples: Sequence[Example], config: TrainConfig) -> Lesson:
    """Split as `hold_out` chooses, which lists what is raised too."""
    held = hold_out(examples, config.validation, config.seed, config.group_before)
    training = [example for example, h in zip(examples, held, strict=True) if not h]
    return Lesson(training, [example for example, h in zip(examples, held, strict=True) if h])


def look_alikes(examples: Sequence[Example], distance: float = ALIKE) -> np.ndarray:
    """Group images that probably come from one plate: same size and channels, similar grey values.

    Parameters
    ----------
    examples : sequence of Example
    distance : float
        Largest mean difference, within a group, of the logarithms of grey-value percentiles.

    Returns
    -------
    ndarray of shape (N,), int
        The group of each image, counted from 0.
    """
    shapes = [e.image.shape for e in examples]
    features = np.array([_grey_values(e.image) for e in examples])
    groups = np.zeros(len(examples), int)
    count = 0
    for shape in sorted(set(shapes)):
        members = np.array([i for i, s in enumerate(shapes) if s == shape])
        inside = fcluster(linkage(features[members], "average"), distance, "distance") - 1 if len(members) > 1 else 0
        groups[members] = count + inside
        count = int(groups.max()) + 1
    return groups


def _grey_values(image: np.ndarray) -> np.ndarray:
    greys = image[..., :3].astype(np.float64)
    finite = np.where(np.isfinite(greys), greys, np.nan)
    known = finite if np.isfinite(finite).any(axis=(0, 1)).all() else np.nan_to_num(finite)
    percentiles = np.nanpercentile(known, (1, 25, 50, 75, 99), axis=(0, 1)).mean(axis=-1)
    return np.log1p(np.maximum(percentiles, 0)) / np.sqrt(len(percentiles))


def hold_out(
    examples: Sequence[Example], wanted: float, seed: int, group_before: str = "", distance: float = ALIKE
) -> np.ndarray:
    """Choose validation images: whole groups in random order, a share of them from each image size alike.

    A size whose images all look alike stays in training, unless that leaves nothing to validate on.

    Parameters
    ----------
    examples : sequence of Example
    wanted : float
        Share of the images, below 1, or their number, of which whole groups make as many as they can, at most half of
        all.
    seed : int
    group_before : str, optional
        What ends a group's name within the names of the images. Left out: groups look alike.
    distance : float, optional
        How alike, as in `look_alikes`.

    Returns
    -------
    ndarray of shape (N,), bool
        True for validation; at least one image on either side.

    Raises
    ------
    InputError
        If there are fewer than two images.
    """
    if len(examples) < 2:
        raise InputError(f"There is {len(examples)} image; training takes at least two, one of them for validation.")
    groups = _groups_by_name(examples, group_before) if group_before else look_alikes(examples, distance)
    groups = _with_whole_stacks(groups, examples)
    held = np.zeros(len(examples), bool)
    rng = np.random.default_rng(seed)
    share = wanted if wanted < 1 else min(wanted / len(examples), LARGEST_SHARE)
    strata = [()] * len(examples) if group_before or wanted >= 1 else [e.image.shape for e in examples]
    for stratum in sorted(set(strata)):
        members = np.array([i for i, other in enumerate(strata) if other == stratum])
        held[members] = _choose_groups(groups[members], share, rng)
    if not held.any():  # every stratum is one group
        held[_choose_fallback(groups, share, rng, in_order=any(e.stack for e in examples))] = True
    return held


def _groups_by_name(examples: Sequence[Example], end: str) -> np.ndarray:
    return _number(np.array([(example.stack or example.name).partition(end)[0] for example in examples]))


def _with_whole_stacks(groups: np.ndarray, examples: Sequence[Example]) -> np.ndarray:
    """Make one group of all groups that share a stack, unless that leaves one group only."""
    stacks = np.array([example.stack for example in examples])
    joined = groups.copy()
    for stack in set(stacks.tolist()) - {""}:
        joined[np.isin(joined, joined[stacks == stack])] = joined[stacks == stack].min()
    return joined if len(set(joined.tolist())) > 1 else np.where(stacks == "", groups, _number(stacks) + len(groups))


def _number(names: np.ndarray) -> np.ndarray:
    return np.unique(names, return_inverse=True)[1]


def _choose_groups(groups: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Mark whole groups in random order, as many as fit into a share of the images; never the last group."""
    names, sizes = np.unique(groups, return_counts=True)
    wanted, taken = round(share * len(groups)), 0
    chosen: list[int] = []
    for i in rng.permutation(len(names)):
        if taken + sizes[i] <= wanted and len(chosen) < len(names) - 1:
            chosen.append(names[i])
            taken += sizes[i]
    return np.isin(groups, chosen)


def _choose_fallback(groups: np.ndarray, share: float, rng: np.random.Generator, in_order: bool) -> np.ndarray:
    """Pick the smallest group, or where there is one group only, single images of it: at random, or the last ones."""
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) > 1:
        return np.flatnonzero(groups == names[np.argmin(sizes)])
    wanted = min(max(1, round(share * len(groups))), len(groups) - 1)
    return np.arange(len(groups))[-wanted:] if in_order else rng.permutation(len(groups))[:wanted]
