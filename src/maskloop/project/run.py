"""The folder of one training run: what is to be trained, and a record of what became of it.

``runs/<name of the model>/`` holds ``job.json``, ``events.jsonl``, ``log.txt``, a copy of the model that the new one is
compared with, and a picture. The process that trains holds a lock in it, and looks for a file ``stop``.
"""

import contextlib
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, ValidationError

from maskloop.config import Config, TrainConfig
from maskloop.errors import ProjectError
from maskloop.files import write_atomically
from maskloop.project.layout import MODELS, RUNS
from maskloop.project.model_folder import LOG_FOLDER, MODEL_FILE, STATE_FILE
from maskloop.project.model_name import same_name
from maskloop.project.registry import Registry

if TYPE_CHECKING:
    from filelock import AcquireReturnProxy

SCHEMA: Literal[1] = 1
JOB_FILE, STOP_FILE, LOCK_FILE, RIVAL = "job.json", "stop", "running.lock", "rival"
PATIENCE_S = 5.0  # somebody who only looks whether a run is alive holds its lock for a moment


class Job(Config):
    """What ``job.json`` says."""

    schema_version: Literal[1] = SCHEMA
    config: TrainConfig = Field(description="With the base as it was named when training was asked for.")
    model: str = Field(description="The name of the model to make.")
    rival: str | None = Field(
        description="The model that it is compared with: its base, or the project's model. None if there is no other."
    )
    asked: datetime


class Run:
    """One training run of a project.

    Parameters
    ----------
    folder : Path

    Attributes
    ----------
    folder : Path
    job : Job

    Raises
    ------
    ProjectError
        If there is no such run, its job is damaged, or it names models that lie elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.job = Job.model_validate_json((folder / JOB_FILE).read_bytes())
        except (OSError, ValidationError) as error:
            raise ProjectError(f"{folder} is no training that can be read: its {JOB_FILE} is damaged.") from error
        self._require_own_names()

    @classmethod
    def create(cls, project_folder: Path, config: TrainConfig) -> Self:
        """Write down what is to be trained, and take a copy of the base, which may be removed meanwhile.

        Parameters
        ----------
        project_folder : Path
        config : TrainConfig
            Its base is the name of a model of the project or of a bundled one.

        Raises
        ------
        ModelError
            If there is no such base.
        OSError
            If the disk is full; nothing is left behind then.
        """
        registry = Registry(project_folder)
        rival = registry.rival_of(config.base)
        model = registry.new_folder(config.base)
        folder = project_folder / RUNS / model.name
        name = None if rival is None else rival.name
        job = Job(config=config, model=model.name, rival=name, asked=datetime.now().astimezone())
        try:
            (folder / RIVAL).mkdir(parents=True)
            if rival is not None:
                shutil.copytree(rival, folder / RIVAL / rival.name, ignore=shutil.ignore_patterns(LOG_FOLDER))
            write_atomically(folder / JOB_FILE, job.model_dump_json(indent=1).encode() + b"\n")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            model.rmdir()
            raise
        return cls(folder)

    def _require_own_names(self) -> None:
        # A project may come from anybody, and what a run made is deleted where it is discarded.
        rival = self.job.rival or ""
        if not same_name(self.job.model, self.folder.resolve().name) or Path(rival).name != rival or rival == "..":
            raise ProjectError(
                f"{self.folder} is no training that can be used: its {JOB_FILE} names a model that lies elsewhere."
            )

    @property
    def project_folder(self) -> Path:
        """The project that is learned from."""
        # A process that works in the folder goes up from there, wherever the project may be by now.
        return self.folder.parent.parent if self.folder.is_absolute() else self.folder / ".." / ".."

    @property
    def model(self) -> Path:
        """The model folder that is made."""
        return self.project_folder / MODELS / self.job.model

    @property
    def rival(self) -> Path | None:
        """A copy of the model that the new one is compared with, and where it is its base, learns from."""
        return None if self.job.rival is None else self.folder / RIVAL / self.job.rival

    @property
    def config(self) -> TrainConfig:
        """What is to be trained, from the copy of the base."""
        config = self.job.config
        return config if config.from_scratch else config.model_copy(update={"base": str(self.rival)})

    @property
    def events_file(self) -> Path:
        """One event a line."""
        return self.folder / "events.jsonl"

    @property
    def log_file(self) -> Path:
        """What else the process says."""
        return self.folder / "log.txt"

    @property
    def preview_file(self) -> Path:
        """One held-out crop, before and after: arrays image, truth, before, after."""
        return self.folder / "preview.npz"

    @property
    def is_trained(self) -> bool:
        """Whether there is a whole model."""
        return (self.model / MODEL_FILE).is_file()

    @property
    def is_unfinished(self) -> bool:
        """Whether training was cut off, and can be gone on with, or be begun anew."""
        return not self.is_trained and (self.folder / RIVAL).is_dir()

    @property
    def has_learned(self) -> bool:
        """Whether there is anything to keep."""
        return self.is_trained or (self.model / STATE_FILE).is_file()

    @property
    def is_gone(self) -> bool:
        """Whether its folder is not where it was: the project was moved or deleted, or its disk is out of reach."""
        return not os.path.isdir(self.folder)  # unlike its Path, of a disk too that answers with an error

    @property
    def is_running(self) -> bool:
        """Whether a process is at it."""
        from filelock import FileLock, Timeout  # slow to import, and a window that opens need not wait

        lock = FileLock(self.folder / LOCK_FILE, timeout=0)
        try:
            with lock:
                return False
        except Timeout:
            return True

    def hold(self) -> "AcquireReturnProxy":
        """Take the run for this process.

        Raises
        ------
        filelock.Timeout
            If another one is at it.
        """
        from filelock import FileLock

        return FileLock(self.folder / LOCK_FILE, timeout=PATIENCE_S).acquire()

    @property
    def stop_wanted(self) -> bool:
        """Whether somebody has asked it to stop."""
        return (self.folder / STOP_FILE).exists()

    def ask_to_stop(self) -> None:
        """Ask it to stop, and to keep the best so far."""
        (self.folder / STOP_FILE).touch()

    def forget_stop(self) -> None:
        """Go on, whatever was asked before."""
        (self.folder / STOP_FILE).unlink(missing_ok=True)

    def settle(self) -> None:
        """Delete the copy of the rival, for there is nothing left to train or to compare."""
        shutil.rmtree(self.folder / RIVAL, ignore_errors=True)

    def discard(self) -> None:
        """Delete what was trained; the record stays."""
        self.settle()
        shutil.rmtree(self.model, ignore_errors=True)


def read_runs(project_folder: Path) -> list[Run]:
    """Return the runs of a project that can be read, the one asked for first at the beginning."""
    folder = project_folder / RUNS
    runs = []
    for path in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(ProjectError):
            runs.append(Run(path))
    return sorted(runs, key=lambda run: run.job.asked)
