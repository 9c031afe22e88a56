"""The folder of a training run, which may come from anybody: what it names lies in the project."""

import json
from pathlib import Path

import pytest

from maskloop.config import TrainConfig
from maskloop.errors import ProjectError
from maskloop.project.run import Run, read_runs


@pytest.fixture
def run(project):
    """A run of an empty project that is compared with a bundled model."""
    return Run.create(project.folder, TrainConfig(base="none"))


def test_a_run_is_the_same_from_within_its_folder(run, project, monkeypatch):
    monkeypatch.chdir(run.folder)
    assert Run(Path()).job == run.job
    assert Run(Path()).model.resolve() == run.model == project.folder / "models" / "model-1"


@pytest.mark.parametrize(
    "named",
    [
        *({"model": name} for name in ("../../../Documents", "", ".", "..", "mine", "model-1/../mine")),
        *({"rival": name} for name in ("../../../models/mine", "/Documents", ".", "..", "nuclei/")),
    ],
    ids=str,
)
def test_a_job_that_names_another_folder_is_none(run, project, named):
    job = run.folder / "job.json"
    job.write_text(json.dumps(json.loads(job.read_text()) | named))
    with pytest.raises(ProjectError, match=r"model-1 is no training that can be used: its job\.json names a model"):
        Run(run.folder)
    assert read_runs(project.folder) == []
