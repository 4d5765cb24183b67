"""Where a workbook works: which mendbook.toml and outputs/ are meant, and the options that name them again.

Paths only. It reads mendbook.toml through config.py and opens no database.
"""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote

from mendbook.config import DEFAULT_CONFIG, Settings, find_config, load

#: Where a papermill run tells the kernel which folder is its own.
RUN_FOLDER = "MENDBOOK_RUN"
#: What a notebook takes where its parameters are left empty; `mendbook lab` sets them for its kernels.
CONFIG, OUTPUTS = "MENDBOOK_CONFIG", "MENDBOOK_OUTPUTS"
#: The folder where `mendbook lab` was typed, for its kernels: they start in another one.
PROJECT = "MENDBOOK_PROJECT"
_OUTPUTS = "outputs"


def resolve(config: str | Path | None, outputs: str | Path | None) -> tuple[Settings, Path]:
    """The settings, and the folder for outputs (absolute), that these two arguments name. Raises ConfigError.

    Where they are empty, the environment's MENDBOOK_CONFIG and MENDBOOK_OUTPUTS, else mendbook.toml and outputs/.
    """
    root = project_folder()
    folder = root / (outputs or os.environ.get(OUTPUTS, _OUTPUTS))
    return load(find_config(root / (config or os.environ.get(CONFIG) or DEFAULT_CONFIG), root, folder)), folder


def project_folder() -> Path:
    """The current folder, or the one that holds it where that is notebooks/: a notebook's kernel starts there.

    In a kernel of `mendbook lab` it is the one where that was typed.
    """
    here = Path(os.environ.get(PROJECT) or Path.cwd())
    return here.parent if here.name == "notebooks" else here


def beside(settings: Settings, file: str | Path) -> Path:
    """A file that a person names: as it is where it is there, else beside mendbook.toml."""
    path = Path(file).expanduser()
    return path if path.is_absolute() or path.exists() else settings.path.parent / path


def command_options(settings: Settings, outputs: Path) -> str:
    """What a command needs, typed in the project's folder, to mean the same mendbook.toml and outputs; mostly nothing."""
    root = project_folder()
    usual = settings.path == find_config(root / DEFAULT_CONFIG, root, outputs)
    config = "" if usual else f" --config {quote(str(settings.path))}"
    return config + ("" if outputs == root / _OUTPUTS else f" --outputs {quote(str(outputs))}")
