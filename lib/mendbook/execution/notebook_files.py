"""Finds the notebooks that can be run by name, and reads them. It executes nothing."""

from __future__ import annotations

import re
from pathlib import Path

from mendbook.errors import ConfigError, known


def notebooks() -> dict[str, Path]:
    """The notebooks that can be run by name, such as audit: those of the project, the package and ./notebooks."""
    here = Path(__file__).resolve().parents[1]
    found: dict[str, Path] = {}
    for folder in (here.parent.parent / "notebooks", here / "notebooks", Path.cwd() / "notebooks"):
        for path in sorted(folder.glob("*.ipynb")):
            found.setdefault(short_name(path), path)
    return found


def short_name(path: Path) -> str:
    """ "01_audit.ipynb" is called audit."""
    return re.sub(r"\A[0-9]+_", "", path.stem)


def seen_from(folder: Path, name: str) -> str:
    """``name`` as somebody wrote it into a file of ``folder``: the path of a notebook there, where there is such a one, and
    else as it stands. So it means the same wherever a scheduler is started."""
    beside = folder / name
    return str(beside) if beside.suffix == ".ipynb" and beside.is_file() else name


def find_notebook(name: str) -> Path:
    """The notebook called ``name``: "audit", "01_audit" or a path to one. Raises ConfigError that lists the known
    ones."""
    path = Path(name)
    if path.suffix == ".ipynb" and path.is_file():
        return path.resolve()
    by_name = notebooks()
    for short, known_path in by_name.items():
        if name in (short, known_path.stem, known_path.name):
            return known_path
    raise ConfigError(
        f"There is no notebook {name!r}.", known(name, by_name, "notebook") + " A path to an .ipynb file does too."
    )


def read_notebook(path: Path) -> bytes:
    """The bytes of a notebook that can be executed. Raises ConfigError."""
    import nbformat

    try:
        content = path.read_bytes()
        nbformat.reads(content.decode("utf-8"), as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as failure:
        raise ConfigError(f"{path} is not a notebook that can be read: {failure}.", "Open it in JupyterLab.") from failure
    return content
