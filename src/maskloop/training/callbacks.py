"""What a training tells while it runs, and asks."""

from collections.abc import Callable
from dataclasses import dataclass

from maskloop.project.history import Epoch
from maskloop.project.preview import Preview


@dataclass(frozen=True)
class Callbacks:
    """Plain functions, all of which may be left out.

    Attributes
    ----------
    on_epoch : callable
        Called with each epoch and the share done of the budget, 0 to 1.
    on_preview : callable
        Called with a `Preview` as often.
    on_remark : callable
        Called with a sentence that a person should read.
    should_stop : callable
        Asked at each batch; the best epoch so far is kept.
    """

    on_epoch: Callable[[Epoch, float], None] = lambda *_: None
    on_preview: Callable[[Preview], None] = lambda _: None
    on_remark: Callable[[str], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False
