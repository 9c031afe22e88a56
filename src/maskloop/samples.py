"""The images of ``sample_data/``: for File > Open Sample in napari, and with their truth for the demo."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskloop.files import read_image
from maskloop.resources import resource

LayerData = tuple[np.ndarray, dict[str, Any], str]


@dataclass(frozen=True)
class Sample:
    """A sample image; `key` names it in napari's manifest and its files.

    Attributes
    ----------
    key, title : str
    """

    key: str
    title: str

    @property
    def image(self) -> Path:
        """The image file."""
        return resource("sample_data") / "images" / f"{self.key}.png"

    @property
    def truth(self) -> Path:
        """The file of its instance labels."""
        return resource("sample_data") / "labels" / f"{self.key}.png"

    def layers(self) -> list[LayerData]:
        """Return what napari makes layers of: data, keywords and type of each."""
        pixels, _ = read_image(self.image)
        if pixels.ndim == 3:
            return [(pixels, {"name": self.title, "rgb": True}, "image")]
        # A few saturated pixels would leave the rest in the dark.
        limits = np.percentile(pixels, (0.1, 99.5)).tolist()
        return [(pixels, {"name": self.title, "contrast_limits": limits}, "image")]


CROWDED = Sample("crowded_nuclei", "Crowded nuclei")
ROUND = Sample("round_nuclei", "Round nuclei")
LARGE = Sample("large_nuclei", "Large nuclei")
SMALL = Sample("small_nuclei", "Small nuclei")
STAINED = Sample("stained_nuclei", "Stained nuclei")
SAMPLES = (CROWDED, ROUND, LARGE, SMALL, STAINED)


# napari.yaml names one function a sample.


def open_crowded_nuclei() -> list[LayerData]:
    """Return many nuclei that touch."""
    return CROWDED.layers()


def open_round_nuclei() -> list[LayerData]:
    """Return round nuclei, out of focus in places."""
    return ROUND.layers()


def open_large_nuclei() -> list[LayerData]:
    """Return large, smooth nuclei."""
    return LARGE.layers()


def open_small_nuclei() -> list[LayerData]:
    """Return small, bright nuclei, crowded in places."""
    return SMALL.layers()


def open_stained_nuclei() -> list[LayerData]:
    """Return nuclei of stained tissue, in colour."""
    return STAINED.layers()
