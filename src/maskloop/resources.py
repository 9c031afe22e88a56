"""Where the files that belong to the package lie, in a checkout and in an installed package."""

from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def resource(name: str) -> Path:
    """Return the path of ``napari.yaml`` or ``sample_data``.

    In a checkout they lie at its top, so that an edit is seen at once; a wheel carries them in a folder of its own.

    Raises
    ------
    FileNotFoundError
        If the installation is incomplete.
    """
    if (CHECKOUT / "pyproject.toml").is_file() and (CHECKOUT / name).exists():
        return CHECKOUT / name
    spec = find_spec("maskloop_resources")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / name).exists():
            return Path(folder) / name
    raise FileNotFoundError(f"This installation of maskloop lacks {name!r}; installing it again puts it back.")
