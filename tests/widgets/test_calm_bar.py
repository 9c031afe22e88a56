"""A progress bar beside a viewer does not hold up a brush stroke."""

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QProgressBar

from maskloop.widgets.calm_bar import CalmBar


class Paintings(QObject):
    """Counts how often a widget is drawn."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def eventFilter(self, _, event):
        self.count += event.type() == QEvent.Type.Paint
        return False


def paintings_at_once(bar, qtbot):
    qtbot.addWidget(bar)
    bar.setRange(0, 1000)
    paintings = Paintings()
    bar.installEventFilter(paintings)
    bar.show()
    qtbot.waitUntil(lambda: paintings.count > 0)
    before = paintings.count
    bar.setValue(500)
    at_once = paintings.count - before
    qtbot.waitUntil(lambda: paintings.count > before)
    return at_once


def test_it_is_drawn_but_not_at_once(qtbot):
    assert paintings_at_once(QProgressBar(), qtbot) == 1
    bar = CalmBar()
    assert paintings_at_once(bar, qtbot) == 0
    assert bar.value() == 500
