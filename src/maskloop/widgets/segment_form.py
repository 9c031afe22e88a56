"""The form of the Segment panel: what to segment, and how."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from magicgui.widgets import ComboBox, create_widget
from napari.layers import Image
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QFormLayout, QLabel, QVBoxLayout, QWidget

from maskloop.config import LabelsConfig, SegmentConfig
from maskloop.errors import InputError, ModelError
from maskloop.ops.axes import Planes, to_planes
from maskloop.project.model_folder import ModelCard, bundled_models, read_card
from maskloop.project.suggested_model import GREY_MODEL, suggested_model
from maskloop.widgets.controls import control, value_of

COLOURS = [("all", None), ("red", 0), ("green", 1), ("blue", 2)]
PLANES = [("current plane", False), ("all planes", True)]
OPEN_FOLDER = "Open a model folder…"


class SegmentForm(QWidget):
    """Image layer, model, diameter, channel and planes; only what matters for the chosen image is shown."""

    model_changed = Signal()
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: Sequence[Image] = []
        self._models = {path.name: path for path in bundled_models()}
        self._of_project: set[str] = set()  # the names of those that go with it
        self._adopted: Path | None = None  # by the project
        self._chosen_model = self._models[GREY_MODEL]
        self._chosen_by_hand = False
        self._finds_objects = True
        self._image = _choice("Image", lambda _: [(layer.name, layer) for layer in self._images], nullable=True)
        self._model = control(SegmentConfig, "model", choices=lambda _: [*self._models, OPEN_FOLDER])
        self._diameter = control(SegmentConfig, "diameter")
        self._channel = control(SegmentConfig, "channel", choices=COLOURS)
        self._planes = _choice("Planes", PLANES, tooltip="Segment what is shown, or each plane of the stack.")
        self._sentence = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)  # it quotes a foreign file
        self._lay_out()
        self._image.changed.connect(self._show_what_matters)
        self._image.changed.connect(self._suggest_model)
        self._model.changed.connect(self._follow_choice)
        self._show_what_matters()
        self._describe_model()

    def _lay_out(self) -> None:
        # Two forms, since one gives a wrapped sentence in its midst too little height.
        above, self._rows = QFormLayout(), QFormLayout()
        for widget in (self._image, self._model):
            above.addRow(widget.label, widget.native)
        for widget in (self._diameter, self._channel, self._planes):
            self._rows.addRow(widget.label, widget.native)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(above)
        layout.addWidget(self._sentence)
        layout.addLayout(self._rows)

    @property
    def image(self) -> Image | None:
        """The chosen image layer."""
        return self._image.value

    @property
    def all_planes(self) -> bool:
        """Whether each plane of a stack is to be segmented."""
        return bool(self._planes.value)

    @property
    def model(self) -> Path:
        """The chosen model's folder."""
        return self._chosen_model

    @property
    def card(self) -> ModelCard:
        """The chosen model's description.

        Raises
        ------
        ModelError
            If it cannot be read any more.
        """
        return read_card(self.model)

    def value(self, labels: LabelsConfig) -> SegmentConfig:
        """Return the choices, with those of Adjust."""
        return SegmentConfig(
            model=str(self.model),
            diameter=value_of(self._diameter) if self._finds_objects else None,
            channel=self._channel.value if self._is_rgb() else None,
            labels=labels,
        )

    def set_images(self, images: Sequence[Image], preferred: Image | None) -> None:
        """Offer image layers; keep the chosen one if it is still there, else choose the preferred one."""
        chosen = self.image
        self._images = images
        self._image.reset_choices()
        wanted = next((layer for layer in (chosen, preferred) if layer in images), next(iter(images), None))
        if wanted is not self.image:
            self._image.value = wanted
        self._show_what_matters()

    def set_image(self, image: Image) -> None:
        """Choose one of the offered image layers."""
        self._image.value = image

    def set_diameter(self, diameter: float | None) -> None:
        """Set the diameter in pixels; None is automatic."""
        self._diameter.value = self._diameter.min if diameter is None else diameter

    def set_channel(self, channel: int | None) -> None:
        """Choose the colour to segment; None is all of them."""
        self._channel.value = channel

    def set_all_planes(self, all_planes: bool) -> None:
        """Choose each plane of a stack, or the shown one."""
        self._planes.value = all_planes

    def set_model(self, folder: Path) -> None:
        """Offer a model folder, and choose it; one that cannot be used is refused with a sentence."""
        if self._is_usable(folder):
            self._choose(folder, by_hand=True)

    def adopt(self, folder: Path | None) -> None:
        """Choose the model of a project, as `set_model` does; until it has none any more, no image suggests another."""
        if folder is None:
            self._adopted = None
            self._suggest_model()
        elif self._is_usable(folder):
            self._choose(folder, by_hand=False)
            self._adopted = folder

    def leave_project(self) -> None:
        """Offer the models of a project no more, and suggest what suits the image again."""
        self._adopted = None
        self.offer_models([])

    def offer_models(self, folders: Sequence[Path]) -> None:
        """Offer the models of a project beside the others, in place of those that it had before."""
        for name in self._of_project:
            del self._models[name]
        others = set(self._models)
        for folder in folders:
            self._offer(folder)
        self._of_project = set(self._models) - others
        if self._adopted not in self._models.values():
            self._adopted = None
        self._chosen_by_hand = self._chosen_by_hand and self.model in self._models.values()
        self._suggest_model()

    def _is_usable(self, folder: Path) -> bool:
        try:
            read_card(folder)
        except ModelError as error:
            self.refused.emit(str(error))
            return False
        return True

    def _offer(self, folder: Path) -> str:
        """Offer a model, and return its name: that of its folder, or its whole path where the name is taken."""
        names = {path: name for name, path in self._models.items()}
        name = names.get(folder) or (str(folder) if folder.name in self._models else folder.name)
        self._models[name] = folder
        return name

    def _choose(self, folder: Path, by_hand: bool) -> None:
        name, changed = self._offer(folder), folder != self._chosen_model
        self._chosen_model, self._chosen_by_hand = folder, by_hand
        with self._model.changed.blocked():
            self._model.reset_choices()
            self._model.value = name
        if changed:
            self._describe_model()

    def _follow_choice(self, name: str) -> None:
        if name != OPEN_FOLDER:
            self._choose(self._models[name], by_hand=True)
            return
        self._choose(self.model, self._chosen_by_hand)  # until there is another
        if folder := QFileDialog.getExistingDirectory(self, OPEN_FOLDER):
            self.set_model(Path(folder))

    def _suggest_model(self) -> None:
        self._choose(self._suggested(), self._chosen_by_hand)

    def _suggested(self) -> Path:
        """Return what somebody has chosen, or else the project's model, or the bundled one that suits the image."""
        if self._chosen_by_hand or (self.image is None and self.model in self._models.values()):
            return self.model
        if self._adopted is not None:
            return self._adopted
        name = GREY_MODEL
        if self._is_rgb():
            with contextlib.suppress(InputError):  # which is said when it is segmented
                name = suggested_model(_glimpse(self.image))
        return self._models[name]

    def _describe_model(self) -> None:
        try:
            card = self.card
        except ModelError as error:
            self.refused.emit(str(error))
            return
        self._sentence.setText(f"{card.description} {_describe_labels(card)}".strip())
        self._finds_objects = card.network.task.kind == "objects"
        self._rows.setRowVisible(self._diameter.native, self._finds_objects)
        self.model_changed.emit()

    def _is_rgb(self) -> bool:
        return self.image is not None and bool(self.image.rgb)

    def _show_what_matters(self) -> None:
        self._rows.setRowVisible(self._channel.native, self._is_rgb())
        self._rows.setRowVisible(self._planes.native, self.image is not None and self.image.ndim > 2)


def _glimpse(image: Image) -> Planes:
    """Return a plane of a colour image where it is in memory, else what napari shows of it in its list."""
    data = image.data[-1] if image.multiscale else image.data
    if isinstance(data, np.ndarray):
        return to_planes(data[(0,) * (data.ndim - 3)], "YXC")
    thumbnail = image.thumbnail
    shown = thumbnail[..., :3].any(axis=-1)  # it is padded with black to a square
    return to_planes(thumbnail[shown.any(axis=1)][:, shown.any(axis=0)], "YXC")


def _describe_labels(card: ModelCard) -> str:
    task = card.network.task
    if task.kind == "objects":
        return f"Trained on objects of about {card.usual_diameter or card.diameter:.0f} pixels."
    if task.kind == "foreground":
        return "Makes one mask of the foreground."
    return f"Tells classes apart: {', '.join(of.name for of in task.classes)}."


def _choice(label: str, choices: object, nullable: bool = False, tooltip: str = "") -> ComboBox:
    options = {"choices": choices, "nullable": nullable, "tooltip": tooltip}
    return create_widget(annotation=str, widget_type="ComboBox", label=label, options=options)
