"""Every choice that a person can make: its default, its limits, its title and its explanation, said once.

The panel's form, the terminal's ``--help`` and the settings that are written beside a model all come from here.
"""

from maskloop.config.config import Config
from maskloop.config.network_config import NetworkConfig
from maskloop.config.segment_config import LabelsConfig, SegmentConfig
from maskloop.config.task_config import (
    BLACK,
    COLOURS,
    LONGEST_CLASS,
    MOST_CLASSES,
    OBJECTS,
    ClassConfig,
    TaskConfig,
    TaskKind,
    name_classes,
    usual_colours,
)
from maskloop.config.train_config import AugmentConfig, TrainConfig

__all__ = [
    "BLACK",
    "COLOURS",
    "LONGEST_CLASS",
    "MOST_CLASSES",
    "OBJECTS",
    "AugmentConfig",
    "ClassConfig",
    "Config",
    "LabelsConfig",
    "NetworkConfig",
    "SegmentConfig",
    "TaskConfig",
    "TaskKind",
    "TrainConfig",
    "name_classes",
    "usual_colours",
]
