"""Which objects a person should look at first."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from maskloop.config import LabelsConfig
from maskloop.ops.instances import smooth_distance
from maskloop.ops.objects import Box, middle, number_densely

EXPLANATION = (
    "First come the objects that the model's own maps speak against: probability that barely passes the threshold or "
    "fades at the outline, no clear core, a waist that was almost or only just split, a size near the smallest, an odd "
    "shape; among them the places that it almost took for an object."
)

# What each sign adds to the log odds that an object is wrong (best IoU with the truth below 0.5), and the words for
# it. Fitted by logistic regression to 3,723 objects of 88 fluorescence images of BBBC038v1, but for "faint": a model
# that is less sure of itself than the one of the fit needs more than its 1.6, and the ranking there is no worse.
_SIGNS = {
    "faint": (3.0, "faint"),
    "vague": (1.9, "vague outline"),
    "coreless": (2.0, "no clear core"),
    "merged": (1.8, "may be two objects"),
    "split": (3.0, "may be one object with its neighbour"),
    "small": (1.5, "very small"),
    "odd": (1.4, "odd shape"),
}
_OFFSET = -5.4
_CLEAR = 0.05  # the score below which no reason is given


@dataclass(frozen=True)
class Doubt:
    """An object, or a place without one, that may be wrong.

    Attributes
    ----------
    number : int
        Of the object; 0 for a place without one.
    position : tuple of int
        (y, x), where to look.
    box : Box
    score : float
        0 to 1, roughly the chance that it is wrong.
    reason : str
        In a few words, for the person; a sentence where there is no object.
    """

    number: int
    position: tuple[int, int]
    box: Box
    score: float
    reason: str


def rank_doubts(labels: np.ndarray, maps: np.ndarray, config: LabelsConfig, rescaled: float = 1.0) -> list[Doubt]:
    """Rank all objects, and the places where one may have been left out, by how doubtful they are.

    Parameters
    ----------
    labels : ndarray of shape (Y, X), int
    maps : ndarray of shape (Y, X, 2), float
        Probability of foreground and normalised distance, both 0 to 1.
    config : LabelsConfig
        How the maps became labels.
    rescaled : float
        Factor by which the plane was enlarged for the network.

    Returns
    -------
    list of Doubt
        The most doubtful first.

    Examples
    --------
    >>> y, x = np.mgrid[:20, :60]
    >>> discs = [(1 - np.hypot(y - 10, x - at) / 9).clip(0) for at in (10, 30, 50)]
    >>> probability = sum((disc > 0) * p for disc, p in zip(discs, (1.0, 0.6, 0.4)))
    >>> labels = (discs[0] > 0) + 2 * (discs[1] > 0)
    >>> ranked = rank_doubts(labels, np.stack([probability, sum(discs)], axis=-1), LabelsConfig(foreground=0.5))
    >>> [(doubt.number, doubt.reason) for doubt in ranked]
    [(0, 'The model almost saw an object here'), (2, 'faint'), (1, 'clear')]
    """
    if labels.size == 0:
        return []
    numbers, dense = number_densely(labels)
    boxes = ndimage.find_objects(dense)
    present = np.array([i for i, box in enumerate(boxes, start=1) if box is not None], np.intp)
    signs, places = _signs(dense, maps, config, rescaled)
    parts = np.array([weight for weight, _ in _SIGNS.values()])[:, None] * np.stack([signs[name] for name in _SIGNS])
    scores = 1 / (1 + np.exp(-parts.sum(axis=0) - _OFFSET))
    typical = np.median(parts[:, present], axis=1, keepdims=True) if len(present) else 0
    strongest = (parts - typical).argmax(axis=0)
    reasons = [reason for _, reason in _SIGNS.values()]
    doubts = [
        Doubt(
            number=int(numbers[i]),
            position=places.get(i) or middle(dense, i, boxes[i - 1]),
            box=boxes[i - 1],
            score=float(scores[i]),
            reason=reasons[strongest[i]] if scores[i] >= _CLEAR else "clear",
        )
        for i in present
    ]
    return sorted(doubts + _left_out(dense, maps, config, rescaled), key=lambda doubt: -doubt.score)


def _signs(
    labels: np.ndarray, maps: np.ndarray, config: LabelsConfig, rescaled: float
) -> tuple[dict[str, np.ndarray], dict[int, tuple[int, int]]]:
    """Measure each sign of each object, 0 (none) to 1, and find where to look at the objects that have a summit."""
    distance = smooth_distance(maps, rescaled)
    summits = _Summits.of(labels, distance)
    at = np.flatnonzero(labels)
    own = labels.ravel()[at]
    area = np.maximum(np.bincount(own, minlength=len(summits.height)), 1)
    depth = (1 - config.splitting) ** 2
    signs = {
        **_signs_of_probability(own, maps[..., 0].ravel()[at], area, config.foreground),
        "coreless": 1 - summits.height.clip(0, 1),
        "merged": (_deepest_dip(summits, distance) / max(depth, 1e-3)).clip(0, 1),
        "split": _barely_split(labels, distance, summits.height, depth),
        "small": np.sqrt(max(config.min_size, 1) / (area * rescaled**2)).clip(0, 1),
        "odd": _oddness(own, *np.divmod(at, labels.shape[1]), area),
    }
    looked_at = {int(i): (int(y), int(x)) for i, (y, x) in enumerate(summits.position) if summits.height[i] > 0}
    return signs, looked_at


def _signs_of_probability(
    own: np.ndarray, probability: np.ndarray, area: np.ndarray, threshold: float
) -> dict[str, np.ndarray]:
    mean = np.bincount(own, probability.astype(np.float64), minlength=len(area)) / area
    middling = probability < (mean[own] + threshold) / 2
    band = np.bincount(own[middling], minlength=len(area))
    core = np.bincount(own[~middling], probability[~middling].astype(np.float64), minlength=len(area))
    lacking = 1 - core / np.maximum(area - band, 1)
    return {"faint": np.sqrt((lacking / (1 - threshold)).clip(0, 1)), "vague": np.sqrt(band / area)}


@dataclass(frozen=True)
class _Summits:
    """Local maxima of the distance: `number` of the object, `place` (N, 2) and `level`; the highest of each object."""

    number: np.ndarray
    place: np.ndarray
    level: np.ndarray
    height: np.ndarray
    position: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray, distance: np.ndarray) -> "_Summits":
        place = np.argwhere(_local_maxima(distance) & (labels > 0))
        number, level = labels[tuple(place.T)], distance[tuple(place.T)]
        height = np.zeros(int(labels.max()) + 1, np.float32)
        position = np.zeros((len(height), 2), np.intp)
        rising = np.argsort(level, kind="stable")  # of repeated numbers the last one stays
        height[number[rising]], position[number[rising]] = level[rising], place[rising]
        return cls(number, place, level, height, position)


def _local_maxima(image: np.ndarray) -> np.ndarray:
    """Find the pixels above 0 that no neighbour by a side or corner exceeds; a filter would take five times as long."""
    highest = image > 0
    for (upper, lower), (left, right) in _NEIGHBOURS:
        highest[upper, left] &= image[upper, left] >= image[lower, right]
        highest[lower, right] &= image[lower, right] >= image[upper, left]
    return highest


_ALL, _HEAD, _TAIL = slice(None), slice(None, -1), slice(1, None)
_SIDES = (((_HEAD, _TAIL), (_ALL, _ALL)), ((_ALL, _ALL), (_HEAD, _TAIL)))
_NEIGHBOURS = (*_SIDES, ((_HEAD, _TAIL), (_HEAD, _TAIL)), ((_HEAD, _TAIL), (_TAIL, _HEAD)))


def _deepest_dip(summits: _Summits, distance: np.ndarray) -> np.ndarray:
    """Measure how deep the distance dips on the straight way from any lower summit to the object's highest."""
    steps = np.linspace(0, 1, 17)
    start, way = summits.place[..., None], (summits.position[summits.number] - summits.place)[..., None]
    rows, columns = np.round(start + way * steps).astype(np.intp).transpose(1, 0, 2)
    dip = np.zeros(len(summits.height))
    np.maximum.at(dip, summits.number, summits.level - distance[rows, columns].min(axis=1, initial=np.inf))
    return dip


def _barely_split(labels: np.ndarray, distance: np.ndarray, heights: np.ndarray, depth: float) -> np.ndarray:
    """Rate objects that touch another: 1 where the pass between them is just deep enough, less where it is deeper."""
    rated = np.zeros(len(heights))
    for (upper, lower), (left, right) in _SIDES:
        here, there = labels[upper, left], labels[lower, right]
        touching = np.nonzero((here != there) & (here > 0) & (there > 0))
        a, b = here[touching], there[touching]
        pass_height = np.minimum(distance[upper, left][touching], distance[lower, right][touching])
        fall = np.minimum(heights[a], heights[b]) - pass_height
        rating = max(depth, 1e-3) / np.maximum(fall, max(depth, 1e-3))
        for number in (a, b):
            np.maximum.at(rated, number, rating)
    return rated


def _oddness(own: np.ndarray, y: np.ndarray, x: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Rate how much of the ellipse with the object's second moments the object leaves empty; 0 for an ellipse."""

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(own, values, minlength=len(area)) / area

    y, x = y - mean(y)[own], x - mean(x)[own]
    determinant = (mean(y * y) + 1 / 12) * (mean(x * x) + 1 / 12) - mean(y * x) ** 2  # 1/12: of a pixel's own square
    return (1 - area / (4 * np.pi * np.sqrt(determinant))).clip(0, 1)


def _left_out(labels: np.ndarray, maps: np.ndarray, config: LabelsConfig, rescaled: float) -> list[Doubt]:
    """Find areas off the objects that are a little probable, and at least half as large as the smallest object.

    On the images of the fit a place held a missed object in a third of the cases where its peak was at the threshold,
    and in half of them where its peak was well above and it was but too small. Where enough pixels to be an object
    pass the threshold, and one is certain, somebody has taken the object away: no doubt there.
    """
    margin = 2 * max(round(1 / rescaled), 1) + 1  # around each object there is a rim of falling probability
    near = ndimage.maximum_filter((labels > 0).view(np.uint8), margin)
    candidates = (maps[..., 0] >= 0.3 * config.foreground) & (near == 0)
    areas, count = ndimage.label(candidates, np.ones((3, 3)))
    at = np.flatnonzero(areas)
    own, probability = areas.ravel()[at], maps[..., 0].ravel()[at].astype(np.float64)
    smallest = config.min_size / rescaled**2
    passing = np.bincount(own[probability >= config.foreground], minlength=count + 1)
    certain = np.bincount(own[probability >= config.certainty], minlength=count + 1) > 0
    taken_away = (passing >= max(smallest, 1)) & certain
    considered = (np.bincount(own, minlength=count + 1) >= max(smallest / 2, 4)) & ~taken_away
    highest = np.zeros(count + 1, np.intp)
    rising = np.argsort(probability, kind="stable")  # of repeated numbers the last one stays
    highest[own[rising]] = rising
    boxes = ndimage.find_objects(areas)
    doubts = []
    for i in np.flatnonzero(considered[1:]) + 1:
        y, x = divmod(int(at[highest[i]]), labels.shape[1])
        if maps[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2, 0].max() > probability[highest[i]]:
            continue  # it only leads up to an object
        score = min(0.33 * float(probability[highest[i]] / config.foreground) ** 2, 0.6)
        doubts.append(Doubt(0, (y, x), boxes[i - 1], score, "The model almost saw an object here"))
    return doubts
