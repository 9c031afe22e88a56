"""Curves of a training: losses above, scores below, the best epoch marked."""

import math

import pyqtgraph as pg
from qtpy.QtWidgets import QVBoxLayout, QWidget

from maskloop.jobs.run_story import RunStory

FEWEST_EPOCHS, MOST_TICKS = 2, 8  # of the axis, which counts whole epochs
HEIGHT = 140  # pixels of a plot
TEXT = "#909499"  # readable on napari's dark and light themes
LOSSES = {"training": ("loss", "#e69f00"), "validation": ("val_loss", "#56b4e9")}
SCORES = {"Dice": ("val_dice", "#009e73"), "AP 0.5": ("val_ap50", "#cc79a7")}


class Curves(QWidget):
    """Losses and scores over epochs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.losses, self.scores = _Plot("loss", LOSSES), _Plot("validation", SCORES)
        self.scores.setYRange(0, 1)
        layout.addWidget(self.losses)
        layout.addWidget(self.scores)


class _Plot(pg.PlotWidget):
    def __init__(self, title: str, curves: dict[str, tuple[str, str]]) -> None:
        super().__init__(background=None)
        self.setFixedHeight(HEIGHT)
        self.setMouseEnabled(x=False, y=False)
        self.setMenuEnabled(False)
        self.hideButtons()
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(TEXT)
            axis.setTextPen(TEXT)
            axis.enableAutoSIPrefix(False)
        self.getAxis("left").setWidth(54)  # for numbers of three decimals
        self.setLabel("left", title, color=TEXT)
        self._colours = {name: colour for name, (_, colour) in curves.items()}
        self.legend = ""
        self.curves = {
            name: (field, self.plot(pen=pg.mkPen(colour, width=2), symbol="o", symbolSize=4, symbolPen=None))
            for name, (field, colour) in curves.items()
        }
        for name, (_, colour) in curves.items():
            self.curves[name][1].setSymbolBrush(colour)
        self.best = pg.InfiniteLine(angle=90, pen=pg.mkPen(TEXT, style=pg.QtCore.Qt.PenStyle.DashLine))
        self.addItem(self.best)

    def show_story(self, story: RunStory) -> None:
        """Draw the epochs of a run."""
        names = []
        for name, (field, curve) in self.curves.items():
            known = [epoch for epoch in story.epochs if math.isfinite(getattr(epoch, field))]
            curve.setData([epoch.epoch for epoch in known], [getattr(epoch, field) for epoch in known])
            if known:  # there is no AP of classes, nor of a foreground
                names.append(name)
        self._show_legend(names)
        last = max(len(story.epochs), FEWEST_EPOCHS)
        self.setXRange(1, last, padding=0.02)
        ticks = range(1, last + 1, math.ceil(last / MOST_TICKS))
        self.getAxis("bottom").setTicks([[(epoch, str(epoch)) for epoch in ticks]])
        self.best.setVisible(story.best is not None)
        if story.best is not None:
            self.best.setPos(story.best.epoch)

    def _show_legend(self, names: list[str]) -> None:
        legend = "&nbsp; ".join(f"<span style='color: {self._colours[name]}'>{name}</span>" for name in names)
        if legend != self.legend:  # laying it out takes longer than the curves
            self.legend = legend
            self.setTitle(legend, size="9pt")  # above, since curves may end in any corner
