"""How an image is segmented, and how maps become labels."""

from typing import Annotated

from pydantic import Field

from maskloop.config.config import Config


class LabelsConfig(Config):
    """How maps become labels; acting on kept maps, so that the network need not run again."""

    foreground: float = Field(
        0.5,
        ge=0.05,
        le=0.95,
        title="Foreground",
        description="Probability from which a pixel belongs to an object. Lower finds fainter and larger objects.",
    )
    splitting: float = Field(
        0.7,
        ge=0.0,
        le=1.0,
        title="Splitting",
        description="How readily touching objects are split: 0 never, 1 at the slightest waist.",
    )
    min_size: int = Field(
        16,
        ge=0,
        le=100_000,
        title="Smallest object",
        description="Objects with fewer pixels than this are left out, counted at the size the model was trained on.",
    )
    certainty: float = Field(
        0.0,
        ge=0.0,
        le=0.99,
        title="Certainty",
        description="Objects that nowhere reach this probability are left out. Higher keeps dirt and noise out.",
    )


class SegmentConfig(Config):
    """How one image is segmented."""

    model: str = Field("nuclei", title="Model", description="Name of a bundled model, or a model folder.", min_length=1)
    diameter: Annotated[float, Field(ge=2, le=2000, allow_inf_nan=False)] | None = Field(
        None,
        title="Diameter",
        description="Typical object diameter in pixels; the image is rescaled to the size the model was trained "
        "on. Automatic: measured on a first pass, and rescaled only if the objects are unusually small or large.",
    )
    channel: Annotated[int, Field(ge=0)] | None = Field(
        None,
        title="Channel",
        description="Which channel to segment, counted from 0. Automatic: the only one, or all colours.",
    )
    labels: LabelsConfig | None = Field(
        None, title="Adjust", description="How maps become labels. Left out: as tuned for the model."
    )
