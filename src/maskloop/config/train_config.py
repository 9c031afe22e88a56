"""How a model is trained, and how its crops are varied."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from maskloop.config.config import Config
from maskloop.config.network_config import NetworkConfig

CROP_STEP = 16  # pixels


class AugmentConfig(Config):
    """How training crops are varied; image and targets alike."""

    flips: bool = Field(True, title="Flips", description="Mirror and turn by quarters at random.")
    rotation: bool = Field(True, title="Rotation", description="Turn by any angle.")
    scale: float = Field(1.5, ge=1, le=4, title="Scale", description="Up to this factor smaller or larger.")
    brightness: float = Field(0.15, ge=0, le=1, title="Brightness", description="Largest shift of grey values.")
    contrast: float = Field(1.5, ge=1, le=4, title="Contrast", description="Largest factor of contrast.")
    gamma: float = Field(1.6, ge=1, le=4, title="Gamma", description="Largest exponent of grey values.")
    blur: float = Field(1.2, ge=0, le=5, title="Blur", description="Largest Gaussian blur in pixels.")
    noise: float = Field(0.06, ge=0, le=1, title="Noise", description="Largest standard deviation of added noise.")
    invert: float = Field(0.0, ge=0, le=1, title="Inversion", description="Share of crops with inverted grey values.")
    shading: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Shading",
        description="Largest difference of the light from one side to the other, along each axis.",
    )
    shot_noise: float = Field(
        0.0, ge=0, le=1, title="Shot noise", description="Largest standard deviation of noise that grows with light."
    )
    saturation: float = Field(
        0.0, ge=0, lt=1, title="Saturation", description="Largest share of the grey values that is cut off above."
    )
    colour: float = Field(
        0.0, ge=0, le=1, title="Colours", description="Largest share of each channel that is a mean of all of them."
    )
    unvaried: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Unvaried",
        description="Share of crops that keep their size and their grey values, and are turned and mirrored at most.",
    )


class TrainConfig(Config):
    """How a model is trained."""

    base: str = Field(
        "nuclei",
        title="Base model",
        description="Model to start from: a name, a model folder, or 'none' for scratch.",
    )
    epochs: int | None = Field(
        None,
        ge=1,
        le=100_000,
        title="Epochs",
        description="Rounds of training. Without this and minutes: 60.",
    )
    minutes: float | None = Field(
        None, gt=0, le=100_000, title="Minutes", description="Time budget; takes the place of epochs."
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**32,
        title="Seed",
        description="The same seed and number of epochs give the same training, on one computer's processor.",
    )
    channel: Annotated[int, Field(ge=0)] | None = Field(
        None,
        title="Channel",
        description="Which channel to learn from, counted from 0; of a project's colour images beside others all are "
        "taken. Left out: the only one, or all colours.",
    )
    crop: int = Field(
        128,
        ge=32,
        le=2048,
        multiple_of=CROP_STEP,
        title="Crop",
        description="Side of a crop in pixels. With a base at least what its objects need, in fewer steps then.",
    )
    whole: bool = Field(
        False,
        title="Whole images",
        description="Show whole images, brought to the size of a crop, in place of crops.",
    )
    batch: int = Field(8, ge=1, le=512, title="Batch", description="Crops per step.")
    steps: int | None = Field(
        75, ge=1, le=100_000, title="Steps", description="Steps per epoch; null: as many as show each image once."
    )
    optimiser: Literal["adamw", "adam"] = Field(
        "adamw", title="Optimiser", description="AdamW with clipped gradients, or plain Adam."
    )
    dice: bool = Field(True, title="Dice", description="Minimise Dice too, beside the cross-entropy.")
    average: bool = Field(
        True, title="Averaging", description="Keep the average of the weights over about the last hundred steps."
    )
    of_base: float = Field(
        0.2,
        ge=0,
        lt=1,
        title="Share of the base",
        description="How much of the base's weights is mixed into those that are tested and kept, so that less is "
        "forgotten; from scratch nothing.",
    )
    learning_rate: float = Field(1e-3, gt=0, le=1, title="Learning rate", description="At its peak.")
    schedule: Literal["cosine", "plateau", "constant"] = Field(
        "cosine",
        title="Schedule",
        description="The learning rate falls along a cosine to nearly 0, or halves where validation makes no progress, "
        "or stays.",
    )
    plateau: int = Field(
        5,
        ge=1,
        title="Plateau",
        description="Epochs without a better validation loss until the learning rate halves.",
    )
    patience: int | None = Field(
        20,
        ge=1,
        title="Patience",
        description="Epochs without a better validation loss until training stops; null: it does not.",
    )
    validation: float = Field(
        0.15,
        gt=0,
        title="Validation",
        description="Share of the images held out, or from 1 on their number, by groups that look alike.",
    )
    group_before: str = Field(
        "",
        max_length=10,
        title="Groups",
        description="What stands before this in a name is a patient or a plate, all of whose images are held out or "
        "none. Left out: groups look alike.",
    )
    tensorboard: bool = Field(
        False,
        title="TensorBoard",
        description="Write a log for TensorBoard into the model folder: scores, sample predictions and the graph.",
    )
    bfloat16: bool | None = Field(
        None,
        title="bfloat16",
        description="Half-precision arithmetic, faster where the processor has it. Left out: wherever it has.",
    )
    network: NetworkConfig = Field(NetworkConfig(), title="Network", description="For training from scratch.")
    augment: AugmentConfig = Field(AugmentConfig(), title="Augmentation")

    @property
    def from_scratch(self) -> bool:
        """Whether training starts from random weights."""
        return self.base == "none"

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if self.epochs is not None and self.minutes is not None:
            raise ValueError("give epochs or minutes, not both")
        if self.validation > 1 and self.validation != round(self.validation):
            raise ValueError(f"validation is {self.validation}; wanted is a share below 1, or a number of images")
        if self.crop % self.network.multiple:
            raise ValueError(f"crop must be a multiple of {self.network.multiple} for this network")
        return self
