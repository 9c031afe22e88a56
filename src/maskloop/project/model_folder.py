"""A model on disk: a folder that describes itself in checked JSON, with weights beside it.

Model files are data. The network is rebuilt from allow-listed numbers and words, and only arrays are loaded.
"""

import hashlib
import math
import os
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from maskloop.config import Config, LabelsConfig, NetworkConfig, TrainConfig
from maskloop.config.train_config import CROP_STEP
from maskloop.errors import ModelError
from maskloop.files import write_atomically
from maskloop.ops.normalise import HIGH, LOW
from maskloop.ops.task import task_of
from maskloop.project.layout import MODELS
from maskloop.recipes import RECIPES, recipe_text

BUNDLED = Path(__file__).parents[1] / "bundled"
MODEL_FILE, WEIGHTS_FILE, HISTORY_FILE = "model.json", "weights.safetensors", "history.csv"
STATE_FILE = "state.safetensors"  # of an unfinished training
RECIPE_FILE = "recipe.yaml"  # what the card says of it, for people and to train with once more
REPORT_FILE = "report.html"
LOG_FOLDER = "tensorboard"
SCHEMA: Literal[1] = 1
LARGEST_JSON = 1_000_000
LARGEST_WEIGHTS = 2_000_000_000


Diameter = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]


class Preprocessing(Config):
    """How grey values are brought to a common range, over the whole plane, and planes to a common size."""

    low: float = Field(LOW, ge=0, le=100, title="Percentile that becomes 0")
    high: float = Field(HIGH, ge=0, le=100, title="Percentile that becomes 1")
    side: Annotated[int, Field(ge=32, le=2048)] | None = Field(
        None, title="Side", description="Of the square in pixels that a whole plane is brought to; None: it is not."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"the percentile {self.low} is not below {self.high}")
        return self


class Training(Config):
    """Where a model comes from."""

    base: str | None = Field(None, description="The model that it was trained on from.")
    data: str = Field("", description="What it learned from, and its licence.")
    images: int = Field(0, ge=0)
    held_out: tuple[str, ...] = Field((), description="Names of the validation images.")
    revisions: dict[str, int] = Field(
        default_factory=dict, description="The latest ones, then, of the entries it learned from."
    )
    epochs: int = Field(0, ge=0)
    minutes: float = Field(0, ge=0)
    seed: int = 0
    recipe: TrainConfig | None = Field(None, description="All choices; None where nobody wrote them down.")
    versions: dict[str, str] = Field(default_factory=dict)
    scores: dict[str, float] = Field(default_factory=dict, description="On the validation images.")


class ModelCard(Config):
    """What ``model.json`` says."""

    schema_version: Literal[1] = SCHEMA
    name: str = Field(min_length=1, max_length=100)
    description: str = Field("", max_length=2000, description="One sentence on what it is for.")
    network: NetworkConfig
    preprocessing: Preprocessing = Preprocessing()
    labels: LabelsConfig = Field(LabelsConfig(), description="As tuned on images that were not learned from.")
    diameter: Diameter = Field(description="Median object diameter that it was trained on, in pixels.")
    usual_diameter: Diameter | None = Field(
        None, description="Median object diameter before the images were rescaled for training; None if they were not."
    )
    diameter_range: tuple[Diameter, Diameter] = Field(
        description="Median object diameters in pixels, at the network's scale, of most images that it was trained on."
    )
    training: Training = Training()
    weights_sha256: str = Field(pattern="^[0-9a-f]{64}$")

    @property
    def scale(self) -> float:
        """Factor by which the images were enlarged for training."""
        return self.diameter / (self.usual_diameter or self.diameter)

    def crop_for(self, config: TrainConfig) -> int:
        """Return the side of the crops by which a training goes on from this model, in pixels.

        It is what the settings say, unless objects need more to lie in it, or parts of an organ what lies around them;
        these get what the model was made with. Whole images keep their size.
        """
        if self.preprocessing.side is not None:
            return self.preprocessing.side
        made_with = (self.training.recipe or RECIPES["maskloop"]).crop
        if self.network.task.kind != "objects":
            return max(config.crop, made_with)
        held = self.diameter / task_of(self.network.task).largest_share
        step = math.lcm(CROP_STEP, self.network.multiple)
        needed = math.ceil(held / step) * step
        return max(config.crop, min(needed, made_with))

    @model_validator(mode="before")
    @classmethod
    def _from_before_there_were_tasks(cls, given: object) -> object:
        """Read what was written when all models found objects."""
        if isinstance(given, dict) and given.get("task") == "objects":
            return {name: value for name, value in given.items() if name != "task"}
        return given

    @field_validator("diameter_range")
    @classmethod
    def _in_order(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] > value[1]:
            raise ValueError(f"{value[0]} is above {value[1]}")
        return value


def save_card(card: ModelCard, folder: Path) -> None:
    """Write ``model.json``, and the recipe in it as ``recipe.yaml``."""
    if card.training.recipe is not None:
        write_atomically(folder / RECIPE_FILE, recipe_text(card.training.recipe).encode())
    write_atomically(folder / MODEL_FILE, card.model_dump_json(indent=1).encode() + b"\n")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bundled_models() -> list[Path]:
    """List the model folders that ship with the package, by name."""
    return sorted(path.parent for path in BUNDLED.glob(f"*/{MODEL_FILE}"))


def model_of(name: str | Path, project: Path) -> str | Path:
    """Return the folder of a project's own model, or else the name as it is."""
    own = project / MODELS / name
    is_name = Path(name).name == str(name)
    return own if is_name and os.path.isdir(own) else name  # unlike its Path, also of a name that no file can have


def find_model(name: str | Path) -> Path:
    """Return the folder of a model given by name, or by its path.

    Raises
    ------
    ModelError
        If there is neither a bundled model nor a folder of that name.
    """
    bundled = {path.name: path for path in bundled_models()}
    folder = bundled.get(str(name)) or Path(name)
    try:
        found = folder.is_dir()
    except OSError:  # a name that no file can have
        found = False
    if not found:
        raise ModelError(
            f"There is no model {str(name)!r}; wanted is the path of a model folder or one of: {', '.join(bundled)}."
        )
    return folder


def read_card(folder: Path) -> ModelCard:
    """Read and check ``model.json``.

    Raises
    ------
    ModelError
        If it is missing, damaged, from a newer version, or asks for what this version does not know.
    """
    path = folder / MODEL_FILE
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ModelError(f"{path} is too large to be the description of a model.")
        text = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{folder} is not a model folder: its {MODEL_FILE} cannot be read.") from error
    try:
        return ModelCard.model_validate_json(text)
    except ValidationError as error:
        raise ModelError(_refusal(path, error)) from error


def _refusal(path: Path, error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["loc"] == ("schema_version",):
        return f"{path} is of schema {first['input']!r}, this maskloop reads schema {SCHEMA}; a newer one may read it."
    return f"{path} is not a description that this version can use: {where}: {first['msg']}."


def check_weights(folder: Path, card: ModelCard) -> Path:
    """Return the path of the weights that belong to a card.

    Raises
    ------
    ModelError
        If they are missing, too large, or not the ones that the card was written for.
    """
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise ModelError(f"The model folder {folder} lacks its {WEIGHTS_FILE}.")
    if path.stat().st_size > LARGEST_WEIGHTS:
        raise ModelError(f"{path} is larger than {LARGEST_WEIGHTS // 10**9} GB.")
    filters = card.network.filters
    largest_kernel = max(9 * 4 * a * b for a, b in pairwise((*filters, filters[-1])))
    if largest_kernel > path.stat().st_size:  # before a network is built that no memory may hold
        raise ModelError(f"The weights {path} are too small for the network that {MODEL_FILE} describes.")
    if sha256_of(path) != card.weights_sha256:
        raise ModelError(
            f"The weights {path} are not the ones that {MODEL_FILE} was written for (their SHA-256 differs): the "
            "folder was damaged or tampered with."
        )
    return path
