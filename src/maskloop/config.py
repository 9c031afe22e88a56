"""Every choice that a person can make: its default, its limits, its title and its explanation, said once.

The panel's form, the terminal's ``--help`` and the settings that are written beside a model all come from here.
"""

from collections.abc import Collection, Iterable, Iterator
from colorsys import hsv_to_rgb
from itertools import count
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Config(BaseModel):
    """A frozen set of choices; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def help(cls, name: str) -> str:
        """Return the sentence that explains the field `name`."""
        return cls.model_fields[name].description or ""


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
        description="Which channel to segment, counted from 0. Automatic: the only one, or all colours as grey.",
    )
    labels: LabelsConfig | None = Field(
        None, title="Adjust", description="How maps become labels. Left out: as tuned for the model."
    )


TaskKind = Literal["objects", "foreground", "classes"]  # numbered one by one, one mask, or a class for each pixel

# Of Okabe and Ito, told apart by the colour-blind too: https://jfly.uni-koeln.de/color/
COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442")
GOLDEN = 0.618034  # of the circle of hues, from one colour to the next
BLACK = "#000000"
MOST_CLASSES, LONGEST_CLASS = 255, 100  # characters


class ClassConfig(Config):
    """A class of pixels."""

    name: str = Field(min_length=1, max_length=LONGEST_CLASS, title="Name")
    colour: str = Field(pattern="^#[0-9a-f]{6}$", title="Colour")


def usual_colours(taken: Collection[str] = ()) -> Iterator[str]:
    """Yield colours of classes, always in the same order and none twice, but those that are taken."""
    yield from (colour for colour in COLOURS if colour not in taken)
    for number in count(1):
        rgb = hsv_to_rgb(number * GOLDEN % 1, 0.9, 0.9)  # each far from those before
        colour = "#" + bytes(round(255 * part) for part in rgb).hex()
        if colour not in taken:
            yield colour


def name_classes(names: Iterable[str]) -> tuple[ClassConfig, ...]:
    """Give each class that is named a colour, the same ones in the same order."""
    return tuple(ClassConfig(name=name, colour=colour) for name, colour in zip(names, usual_colours(), strict=False))


class TaskConfig(Config):
    """What labels mean."""

    kind: TaskKind = Field(
        "objects",
        title="Kind of task",
        description="Objects, each with a label of its own; the foreground, which is one; or classes, by number.",
    )
    classes: tuple[ClassConfig, ...] = Field(
        (),
        max_length=MOST_CLASSES,
        title="Classes",
        description="What the labels 1, 2, ... mean, where they mean classes; 0 is the background.",
    )

    def __str__(self) -> str:
        return f"classes ({', '.join(of.name for of in self.classes)})" if self.classes else self.kind

    @property
    def heads(self) -> tuple[str, ...]:
        """The maps that a network predicts for it."""
        if self.kind == "classes":
            return ("background", *(of.name for of in self.classes))
        return ("foreground", "distance") if self.kind == "objects" else ("foreground",)

    @property
    def noun(self) -> str:
        """What one of those is called that hang together."""
        return "object" if self.kind == "objects" else "part"

    @property
    def highest(self) -> int | None:
        """The highest label that means something; None of objects, which may be any number."""
        return {"objects": None, "foreground": 1, "classes": len(self.classes)}[self.kind]

    @model_validator(mode="after")
    def _in_agreement(self) -> Self:
        if (self.kind == "classes") != bool(self.classes):
            wanted = "at least one" if self.kind == "classes" else f"none, for {self.kind}"
            raise ValueError(f"{len(self.classes) or 'no'} classes are named; wanted is {wanted}")
        if len(set(self.heads)) < len(self.heads):
            raise ValueError("two classes have one name; the background, 0, need not be named")
        if len({BLACK, *(of.colour for of in self.classes)}) <= len(self.classes):
            raise ValueError("two classes have one colour; black is the background's")
        return self


OBJECTS = TaskConfig()
OBJECT_HEADS = OBJECTS.heads


class NetworkConfig(Config):
    """The architecture of a U-Net (Ronneberger et al. 2015), as stored in a model folder."""

    task: TaskConfig = Field(OBJECTS, title="Task", description="What its labels mean.")
    channels: int = Field(1, ge=1, le=16, title="Input channels")
    filters: tuple[Annotated[int, Field(ge=1, le=2048)], ...] = Field(
        (16, 32, 64, 128, 256),
        min_length=2,
        max_length=8,
        title="Filters",
        description="Filters of each level, finest first; their number is the depth.",
    )
    activation: Literal["relu", "elu", "gelu", "silu"] = Field("relu", title="Activation")
    normalisation: Literal["none", "batch"] = Field("batch", title="Normalisation")
    dropout: tuple[Annotated[float, Field(ge=0, lt=1)], ...] = Field(
        (),
        title="Dropout",
        description="Share dropped between the two convolutions of each level, finest first; none where left out.",
    )
    upsampling: Literal["transposed", "nearest"] = Field("transposed", title="Up-sampling")

    @model_validator(mode="before")
    @classmethod
    def _from_before_there_were_tasks(cls, given: object) -> object:
        """Read what was written when all networks found objects, and dropout was a share at the deepest level."""
        if not isinstance(given, dict) or given.get("heads", OBJECT_HEADS) not in (OBJECT_HEADS, list(OBJECT_HEADS)):
            return given
        known = {name: value for name, value in given.items() if name != "heads"}
        if isinstance(share := known.get("dropout"), float | int):
            known["dropout"] = (*[0.0] * (len(known.get("filters", cls().filters)) - 1), share) if share else ()
        return known

    @model_validator(mode="after")
    def _dropout_of_each_level(self) -> Self:
        if self.dropout and len(self.dropout) != len(self.filters):
            raise ValueError(f"dropout is given for {len(self.dropout)} of {len(self.filters)} levels; wanted is each")
        return self

    @property
    def multiple(self) -> int:
        """Pixels that a side must be a multiple of, because each level halves it."""
        return int(2 ** (len(self.filters) - 1))

    @property
    def receptive_radius(self) -> int:
        """How far from a pixel the image still influences its maps, in pixels, rounded up to `multiple`.

        Two 3 x 3 convolutions a level reach 2 pixels of that level's size, on the way down and on the way up;
        pooling and up-sampling reach up to one coarser pixel more.
        """
        reach = sum(2 * 2**level * (1 if level == len(self.filters) - 1 else 2) for level in range(len(self.filters)))
        pooling = 2 * (self.multiple - 1)
        return -(-(reach + pooling) // self.multiple) * self.multiple


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
        description="Which channel of a project's images to learn from, counted from 0. Left out: the only one, or all "
        "colours as grey.",
    )
    crop: int = Field(256, ge=32, le=2048, multiple_of=16, title="Crop", description="Side of a crop in pixels.")
    whole: bool = Field(
        False,
        title="Whole images",
        description="Show whole images, brought to the size of a crop, in place of crops.",
    )
    batch: int = Field(8, ge=1, le=512, title="Batch", description="Crops per step.")
    steps: int | None = Field(
        25, ge=1, le=100_000, title="Steps", description="Steps per epoch; null: as many as show each image once."
    )
    optimiser: Literal["adamw", "adam"] = Field(
        "adamw", title="Optimiser", description="AdamW with clipped gradients, or plain Adam."
    )
    dice: bool = Field(True, title="Dice", description="Minimise Dice too, beside the cross-entropy.")
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
