"""The examples in the docstrings run, and give what they say."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

from maskloop import ops

MODULES = [f"maskloop.ops.{module.name}" for module in pkgutil.iter_modules(ops.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_every_example_of_the_module_holds(name):
    module = importlib.import_module(name)
    written = sum(line.strip().startswith(">>>") for line in Path(module.__file__).read_text("utf-8").splitlines())
    failed, attempted = doctest.testmod(module)
    assert failed == 0
    assert attempted == written


def test_most_modules_have_examples():
    sources = [Path(importlib.import_module(name).__file__).read_text("utf-8") for name in MODULES]
    assert sum(">>>" in source for source in sources) > len(MODULES) / 2
