"""What all choices have in common."""

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """A frozen set of choices; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def help(cls, name: str) -> str:
        """Return the sentence that explains the field `name`."""
        return cls.model_fields[name].description or ""
