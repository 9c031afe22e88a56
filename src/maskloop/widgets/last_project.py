"""Which project was open last, kept with napari's settings of this plugin, and where a new one may go."""

import contextlib
from pathlib import Path

from napari.settings import get_plugin_settings
from qtpy.QtCore import QStandardPaths

DISTRIBUTION = "maskloop"


def remembered() -> Path | None:
    """Return the folder of the project that was open last; None if there was none."""
    with contextlib.suppress(KeyError):  # a script made the panel, and napari has loaded no plugins
        if folder := get_plugin_settings(DISTRIBUTION).project.last:
            return Path(folder)
    return None


def remember(folder: Path) -> None:
    """Note that a project is open."""
    with contextlib.suppress(KeyError):
        get_plugin_settings(DISTRIBUTION).project.last = str(folder.resolve())


def default_folder() -> Path:
    """Offer a folder for a new project, that is not there yet."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    # A dialog opens anywhere for a place that is not there.
    place = Path(documents) if documents and Path(documents).is_dir() else Path.home()
    names = (f"maskloop project {n}" if n > 1 else "maskloop project" for n in range(1, 1000))
    return next(place / name for name in names if not (place / name).exists())
