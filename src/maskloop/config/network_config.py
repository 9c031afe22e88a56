"""The architecture of a network."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from maskloop.config.config import Config
from maskloop.config.task_config import OBJECT_HEADS, OBJECTS, TaskConfig


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
