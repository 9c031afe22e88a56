"""The plain functions that the terminal, the worker and notebooks call.

TensorFlow is started by those that need it, when they are called.
"""

from maskloop.api.compare_models import compare
from maskloop.api.models import load_model
from maskloop.api.report_on_models import report
from maskloop.api.segment_images import segment, segment_planes
from maskloop.api.train_models import train
from maskloop.evaluation import evaluate

__all__ = ["compare", "evaluate", "load_model", "report", "segment", "segment_planes", "train"]
