"""The kinds of tasks that can be reported on."""

from typing import Any

from maskloop.config import TaskConfig
from maskloop.reporting.classes import Classes
from maskloop.reporting.foreground import Foreground
from maskloop.reporting.kind import Kind
from maskloop.reporting.objects import Objects


def kind_of(task: TaskConfig) -> Kind[Any]:
    """Return how a task is reported on."""
    if task.kind == "classes":
        return Classes(task.classes)
    return Objects() if task.kind == "objects" else Foreground()
