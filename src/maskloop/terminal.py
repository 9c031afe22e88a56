"""What a terminal shows while work runs, how Ctrl+C ends it, and what is said of errors."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import typer
from tqdm import tqdm
from typer.core import TyperGroup

from maskloop.errors import MaskloopError, explain

FAILED, USAGE, INTERRUPTED = 1, 2, 130  # exit codes
BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed} gone, {remaining} left{postfix}"


def tell(text: str) -> None:
    """Print a result to stdout, above the progress bar if there is one."""
    tqdm.write(text)


def warn(sentence: str) -> None:
    """Print a sentence to stderr, above the progress bar if there is one."""
    tqdm.write(f"maskloop: {sentence}", file=sys.stderr)


@contextlib.contextmanager
def progress(task: str, total: float) -> Iterator[Callable[[float, str], None]]:
    """Show a bar with the time left on stderr, if that is a terminal.

    Parameters
    ----------
    task : str
    total : float

    Yields
    ------
    callable
        To be called with how much of `total` is done, and a note.
    """
    # Without smoothing, the time left comes from the average speed since the start.
    with tqdm(desc=task, total=total, disable=None, leave=False, smoothing=0, bar_format=BAR) as bar:

        def reach(done: float, note: str) -> None:
            bar.n = min(max(bar.n, done), total)
            bar.set_postfix_str(note)

        yield reach


@contextlib.contextmanager
def without_noise() -> Iterator[None]:
    """Silence what C++ libraries print to stderr when they are loaded, which no setting of TensorFlow's silences."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class Interrupt:
    """Within this context the first Ctrl+C asks to stop, and the second aborts.

    Attributes
    ----------
    asked : bool
        Whether it was asked to stop.
    """

    def __init__(self, promise: str) -> None:
        self.asked = False
        self._promise = promise

    def __enter__(self) -> "Interrupt":
        self._previous = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._previous)

    def _ask(self, _: int, __: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, self._previous)
        warn(f"{self._promise} Ctrl+C again aborts.")


class UsageError(MaskloopError):
    """Options that cannot be used as they are."""

    exit_code = USAGE


class Interrupted(MaskloopError):  # noqa: N818 - not an error: somebody asked for it
    """A command stopped by Ctrl+C, and what it leaves behind."""

    exit_code = INTERRUPTED


class Commands(TyperGroup):
    """Makes one line on stderr and an exit code of what goes wrong in any command."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            warn("stopped.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # the reader of our output has seen enough
            raise
        except (MaskloopError, OSError, MemoryError) as error:
            warn(explain(error))
            raise typer.Exit(getattr(error, "exit_code", FAILED)) from error
