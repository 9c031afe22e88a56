"""What is seen of a training run: how far it is, its curves, before and after, and what can be done with it."""

import html
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from maskloop.errors import ProjectError
from maskloop.jobs.run_story import RunStory
from maskloop.ops.overlay import LEGEND
from maskloop.project.preview import Preview
from maskloop.project.run import Run
from maskloop.widgets.calm_bar import CalmBar
from maskloop.widgets.outlines import picture
from maskloop.widgets.run_status import Status, describe

if TYPE_CHECKING:
    from maskloop.widgets.curves import Curves

PICTURE = 160  # pixels of the crop and of the screen: what is smaller than its outlines would not be seen
BETWEEN_DRAWINGS_MS = 40  # time for a picture of the viewer
ACTIONS = {
    "stop": "Stop",
    "resume": "Resume",
    "compare": "Compare",
    "adopt": "Adopt",
    "discard": "Discard",
    "report": "Report",
}


class RunView(QWidget):
    """Shows a run and says what is wanted of it; changes nothing itself."""

    wanted = Signal(str)  # one of ACTIONS

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.progress = CalmBar()
        self.progress.setRange(0, 1000)
        self.curves: Curves | None = None
        self._to_draw: list[Callable[[], None]] = []
        self._draw_timer = QTimer(self, interval=BETWEEN_DRAWINGS_MS, singleShot=True)
        self._draw_timer.timeout.connect(self._draw_next)
        self.before, self.after = (QLabel(alignment=Qt.AlignmentFlag.AlignCenter) for _ in range(2))
        self.recommendation = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.table = QLabel(textFormat=Qt.TextFormat.RichText)
        self.buttons = {name: QPushButton(title) for name, title in ACTIONS.items()}
        for name, button in self.buttons.items():
            button.clicked.connect(lambda _=False, name=name: self.wanted.emit(name))
        self._lay_out()
        self.clear()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to draw."""
        return not self._draw_timer.isActive()

    def clear(self) -> None:
        """Show no run."""
        self._draw_timer.stop()
        self._pictures.setVisible(False)
        self.setVisible(False)

    def show_run(self, run: Run, story: RunStory, status: Status) -> None:
        """Show how far a run is: curves and pictures one after another, or painting would falter at each epoch."""
        self.setVisible(True)
        self.status.setText(describe(story, status))
        self.progress.setVisible(status == "running")
        known = story.epochs and story.share < 1 and not story.trained
        self.progress.setRange(0, 1000 if known else 0)  # without end where it is unknown
        self.progress.setValue(round(1000 * story.share))
        self._to_draw = [*self._curves_to_draw(story), partial(self._show_preview, run)]
        self._draw_timer.start()
        self._show_comparison(story)
        possible = _possible(story, status) if run.is_trained else _possible(story, status) - {"report"}
        for name, button in self.buttons.items():
            button.setVisible(name in possible)

    def allow(self, changes: bool) -> None:
        """Let something be changed about a run, or not, where the project is open for reading only."""
        for name, button in self.buttons.items():
            button.setEnabled(changes or name == "report")

    def _lay_out(self) -> None:
        pictures = QGridLayout()
        for column, (title, label) in enumerate((("before", self.before), ("now", self.after))):
            label.setFixedSize(PICTURE, PICTURE)
            pictures.addWidget(label, 0, column)
            pictures.addWidget(QLabel(title, alignment=Qt.AlignmentFlag.AlignCenter), 1, column)
        pictures.addWidget(QLabel(f"Held out; {LEGEND}.", alignment=Qt.AlignmentFlag.AlignCenter), 2, 0, 1, 2)
        self._pictures = QWidget()
        self._pictures.setLayout(pictures)
        pictures.setContentsMargins(0, 0, 0, 0)
        buttons = QHBoxLayout()
        for button in self.buttons.values():
            buttons.addWidget(button)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.table.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._layout.addWidget(self.status)
        self._layout.addWidget(self.progress)
        self._layout.addLayout(buttons)
        for widget in (self.recommendation, self.table, self._pictures):
            self._layout.addWidget(widget)
        self._layout.addStretch()

    def _draw_next(self) -> None:
        self._to_draw.pop(0)()
        if self._to_draw:
            self._draw_timer.start()

    def _curves_to_draw(self, story: RunStory) -> list[Callable[[], None]]:
        if self.curves is None and self.isVisible():
            # A quarter of a second, once, and here: PySide crashes where a thread defines classes of widgets beside the
            # window. Not at the first epoch: a person has just clicked now, and may be painting then.
            from maskloop.widgets.curves import Curves

            self.curves = Curves()
            self._layout.insertWidget(self._layout.indexOf(self._pictures), self.curves)
        if self.curves is None:
            return []
        self.curves.setVisible(bool(story.epochs))
        return [partial(plot.show_story, story) for plot in (self.curves.losses, self.curves.scores)]

    def _show_preview(self, run: Run) -> None:
        try:
            preview = Preview.load(run.preview_file)
        except ProjectError:
            self._pictures.setVisible(False)
            return
        self._pictures.setVisible(True)
        for label, labels in ((self.before, preview.before), (self.after, preview.after)):
            label.setPixmap(picture(preview, labels, PICTURE))

    def _show_comparison(self, story: RunStory) -> None:
        compared = story.compared
        self.recommendation.setVisible(compared is not None and story.decided is None)
        self.table.setVisible(compared is not None)
        if compared is not None:
            self.recommendation.setText(compared.recommendation)
            self.table.setText(_html(compared.rows))


def _possible(story: RunStory, status: Status) -> set[str]:
    """Return the names of what can be done with a run."""
    match status:
        case "waiting" | "running":
            return {"stop"}
        case "cut off":
            return {"resume", "discard"}
        case "failed":
            return {"discard"}
        case "trained":
            return {"adopt", "discard", "report"} | (set() if story.compared else {"compare"})
        case "adopted":
            return {"report"}
        case _:
            return set()


def _html(rows: tuple[tuple[str, ...], ...]) -> str:
    """Lay out a table turned by a quarter and without names, since a dock is narrow."""
    pixels, models, *scores = zip(*rows, strict=True)
    ages = ("old", "new") * (len(models) // 2) if len(models) > 2 else ("new",)
    lines = [_line(cells, "th") for cells in (("", *_not_repeated(pixels[1:])), ("", *ages))]
    lines += [_line(cells, "td") for cells in scores]
    return f"<table cellspacing='0' cellpadding='2' width='100%'>{''.join(lines)}</table>"


def _line(cells: Iterable[str], tag: str) -> str:
    first, *others = (html.escape(cell) for cell in cells)
    return f"<tr><{tag} align='left'>{first}</{tag}>{''.join(f'<{tag} align=right>{c}</{tag}>' for c in others)}</tr>"


def _not_repeated(cells: Sequence[str]) -> list[str]:
    return ["" if i and cells[i - 1] == cell else cell for i, cell in enumerate(cells)]
