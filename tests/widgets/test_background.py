"""Work in the background is told of in the window's thread, and never before the call that began it returns."""

from concurrent.futures import Future

from maskloop.widgets.background import Background


class AtOnce:
    """A thread that has done everything as soon as it is asked."""

    def submit(self, work):
        future = Future()
        future.set_result(work())
        return future


def test_what_has_ended_at_once_is_told_after_the_call(qtbot, until):
    background = Background()
    background._thread = AtOnce()
    told = []
    background.run(lambda: 1, told.append)
    assert told == []
    until(lambda: told == [1])
