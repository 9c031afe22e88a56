"""The kinds of tasks that can be reported on."""

from typing import Any

from maskloop.config import TaskConfig
from maskloop.reporting.class_kind import ClassKind
from maskloop.reporting.foreground_kind import ForegroundKind
from maskloop.reporting.kind import Kind
from maskloop.reporting.object_kind import ObjectKind


def kind_of(task: TaskConfig) -> Kind[Any]:
    """Return how a task is reported on."""
    if task.kind == "classes":
        return ClassKind(task.classes)
    return ObjectKind() if task.kind == "objects" else ForegroundKind()
