"""What the tests of projects share."""

import numpy as np
import pytest

from maskloop.project.project import Project


@pytest.fixture
def project(tmp_path):
    """An empty project in a folder whose name is not plain."""
    with Project.create(tmp_path / "Größe 大 of cells") as project:
        yield project


@pytest.fixture
def entry(project):
    """An image of 300 x 400 pixels in the project, with two objects."""
    labels = np.zeros((300, 400), np.int32)
    labels[10:40, 10:40], labels[100:130, 280:330] = 1, 2
    return project.add(np.random.default_rng(0).integers(0, 255, (300, 400), np.uint8), labels, name="zwei Größen.png")
