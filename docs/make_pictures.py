"""Make the pictures of the README and of the docs: ``python docs/make_pictures.py``, with a display or Xvfb.

That of a report takes a Chromium or Chrome; without one it stays as it is.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")  # the person's own stays as it is

import imageio.v3 as iio
import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer

from maskloop.project.importers import import_matches, plan_import
from maskloop.project.project import Project
from maskloop.resources import resource
from maskloop.widgets.import_dialog import ImportDialog

DOCS = Path(__file__).parent
SCRATCH = Path(tempfile.mkdtemp())
LEARNED = SCRATCH / "plate 3"
WINDOW, TALL = (1280, 760), 1180
PATIENCE_S = 600
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PAGE = (780, 6000)  # higher than what is shown of a report, which ends before this section
CUT = "<section>\n<h2>Training</h2>"
MARGIN = 16


def run_window(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()


def wait_for(what: str, true: Callable[[], bool]) -> None:
    """Let the window live until something is true."""
    until = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > until:
            sys.exit(f"waited in vain for {what}")
        run_window(0.1)


class Camera:
    """A viewer with the panel, of which pictures are taken."""

    def __init__(self) -> None:
        self.viewer = napari.Viewer()
        self.viewer.window.resize(*WINDOW)
        self.viewer.open_sample("maskloop", "crowded_nuclei")
        _, self.panel = self.viewer.window.add_plugin_dock_widget("maskloop", "Segment and correct")
        wait_for("the model", lambda: "Ready" in self.panel.segment.message.text())
        run_window(1)

    def take(self, name: str) -> None:
        """Write a picture of the whole window."""
        run_window(1)
        self.viewer.screenshot(str(DOCS / f"{name}.png"), canvas_only=False, flash=False)

    def segment(self) -> None:
        panel = self.panel.segment
        panel.segment()
        wait_for("labels", lambda: "object" in panel.message.text())
        self.viewer.reset_view()
        self.take("segment")

    def make_project(self) -> None:
        panel = self.panel.project
        self.panel.setCurrentWidget(panel)
        self.take("project_none")
        panel.new_project(SCRATCH / "my nuclei")
        wait_for("a project", lambda: panel.project is not None)
        panel.add()
        wait_for("an entry", lambda: panel.open_entry is not None)

    def correct(self) -> None:
        panel = self.panel.correct
        self.panel.setCurrentWidget(panel)
        panel.act("next_doubtful")
        wait_for("a doubtful place", lambda: "left" in panel.form.left.text())
        self.take("doubtful")
        self.draw_split(panel)
        self.viewer.reset_view()
        for number in range(20, 90):
            pixels = np.argwhere(panel.labels.data == number)
            if len(pixels):
                self.viewer.cursor.position = tuple(pixels[len(pixels) // 2])
                panel.press("review_object")
        self.take("reviewed")

    def draw_split(self, panel) -> None:
        """Draw half of a line, take the picture, and draw the rest."""
        labels = panel.labels
        first, second = two_in_one(labels.data)
        centre, apart = (first + second) / 2, second - first
        self.viewer.scene.camera.center = (0, *centre)
        self.viewer.scene.camera.zoom = 8
        panel.act("split")
        across = np.array([-apart[1], apart[0]]) / np.hypot(*apart)
        line = centre + np.linspace(-11, 11, 20)[:, None] * across
        stroke = labels.mouse_drag_callbacks[-1]
        event = SimpleNamespace(type="mouse_press", button=1, position=tuple(line[0]))
        drag = stroke(labels, event)
        next(drag)
        event.type = "mouse_move"
        for point in line[1:]:
            event.position = tuple(point)
            next(drag)
        self.take("split")
        event.type = "mouse_release"
        next(drag, None)
        panel.act("split")

    def list_entries(self) -> None:
        panel = self.panel.project
        self.panel.setCurrentWidget(panel)
        panel.close_project()
        make_second_project(SCRATCH / "plate 7")
        panel.open_project(SCRATCH / "plate 7")
        wait_for("the second project", lambda: panel.project is not None)
        panel.open(panel.project.entries[0].id)
        wait_for("an entry", lambda: panel.open_entry is not None)
        self.take("project")
        dialog = ImportDialog(panel.project, panel._background, panel)
        dialog.show()
        dialog.choose(Path("new field"))
        wait_for("the dry run", lambda: "be imported" in dialog.text.toPlainText())
        run_window(0.5)
        dialog.grab().save(str(DOCS / "import.png"))
        dialog.reject()

    def train(self) -> None:
        """Train on a whole project for a quick look."""
        self.panel.project.close_project()
        make_project_to_learn_from(LEARNED)
        self.panel.project.open_project(LEARNED)
        wait_for("a project", lambda: self.panel.project.project is not None)
        panel = self.panel.train
        self.panel.setCurrentWidget(panel)
        wait_for("what there is to learn from", lambda: "objects" in panel.material.text())
        project = self.panel.project.project
        self.panel.project.open(next(entry.id for entry in project.entries if entry.name == "large_nuclei"))
        wait_for("an image", lambda: self.panel.project.open_entry is not None)
        self.panel.correct.form.overlay.setChecked(False)  # all is reviewed, and the image would be green
        panel.train()
        wait_for("the end", lambda: panel.runs.shown is not None and panel.runs.view.buttons["adopt"].isVisible())
        self.viewer.window.resize(WINDOW[0], TALL)
        self.take("train")


def two_in_one(found: np.ndarray) -> np.ndarray:
    """Return the centres (y, x) of two true objects that were found as one."""
    truth = iio.imread(resource("sample_data") / "labels" / "crowded_nuclei.png")
    held: dict[int, list[np.ndarray]] = {}
    for number in np.unique(truth)[1:]:
        pixels = np.argwhere(truth == number)
        within = np.bincount(found[tuple(pixels.T)])
        if within.argmax() and within.max() > 0.6 * len(pixels):
            held.setdefault(int(within.argmax()), []).append(pixels.mean(axis=0))
    return np.array(next(centres for centres in held.values() if len(centres) == 2))


def picture_report(project: Path) -> None:
    """Have a report made on the model that was trained, and a browser draw its first half."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("There is no Chromium or Chrome here, so report.png stays as it is.", file=sys.stderr)
        return
    report, half, drawn = (SCRATCH / name for name in ("report.html", "half.html", "half.png"))
    judge = ["-m", "maskloop", "report", "nuclei-2", "--on", str(project), "--out", str(report)]
    subprocess.run([sys.executable, *judge], check=True)
    half.write_text(report.read_text("utf-8").split(CUT)[0], "utf-8")
    # Without a sandbox, or it would not start for root; the page is our own.
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size={},{}".format(*PAGE)]
    subprocess.run([browser, *options, f"--screenshot={drawn}", half.as_uri()], check=True, stderr=subprocess.DEVNULL)
    picture = Image.open(drawn).convert("RGB")
    rows = np.flatnonzero((np.asarray(picture) < 255).any(axis=(1, 2)))  # the rest is white
    picture.crop((0, 0, PAGE[0], rows[-1] + MARGIN)).quantize(256).save(DOCS / "report.png", optimize=True)


def make_project_to_learn_from(folder: Path) -> None:
    """Make a project of the sample images in grey, all of them reviewed."""
    samples = resource("sample_data")
    with Project.create(folder) as project:
        for path in sorted((samples / "images").glob("*.png")):
            image, labels = (iio.imread(samples / kind / path.name) for kind in ("images", "labels"))
            if image.ndim == 2:
                labels = labels.astype(np.int32)
                project.add(image, labels, name=path.stem, reviewed=np.ones_like(labels))


def make_second_project(folder: Path) -> None:
    """Make a project with entries in all states, and beside it a folder that can be imported."""
    samples = resource("sample_data")
    with Project.create(folder) as project:
        import_matches(project, plan_import(samples / "images", samples / "labels"))
        entries = {entry.name: entry for entry in project.entries}
        labels = project.annotation(entries["large_nuclei"]).labels
        project.save_correction(entries["large_nuclei"], labels, labels * 0)
        labels = project.annotation(entries["round_nuclei"]).labels
        project.save_correction(entries["round_nuclei"], labels, np.indices(labels.shape)[1] < 200)
    new = SCRATCH / "new field"
    for kind in ("images", "masks"):
        (new / kind).mkdir(parents=True)
    for name, image in (("a", np.eye(64)), ("b", 1 - np.eye(64)), ("c", np.ones((64, 64)))):
        iio.imwrite(new / "images" / f"{name}.png", (200 * image).astype(np.uint8))
    iio.imwrite(new / "masks" / "a_mask.png", (255 * np.eye(64)).astype(np.uint8))
    iio.imwrite(new / "masks" / "b_mask.png", np.zeros((32, 64), np.uint8))
    os.chdir(SCRATCH)  # so that the picture names no folder of this computer


def main() -> None:
    camera = Camera()
    camera.segment()
    camera.make_project()
    camera.correct()
    camera.list_entries()
    camera.train()
    camera.panel.project.close_project()
    camera.viewer.close()
    picture_report(LEARNED)


if __name__ == "__main__":
    main()
