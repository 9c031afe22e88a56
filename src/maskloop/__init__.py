"""Segment microscopy images in napari with a U-Net, correct the result, retrain on what you corrected.

Importing this costs nothing: what is named here is fetched on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskloop.api import compare, evaluate, load_model, report, segment, train
    from maskloop.project.project import Project

__all__ = ["Project", "compare", "evaluate", "load_model", "report", "segment", "train"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("maskloop.project.project" if name == "Project" else "maskloop.api"), name)
    raise AttributeError(f"module 'maskloop' has no attribute {name!r}")
