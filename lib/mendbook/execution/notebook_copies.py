"""Copies of the notebooks to work on in JupyterLab, so that the notebooks themselves are never written to.

JupyterLab saves what it has open, outputs and all, every two minutes. A copy keeps a person's parameters and cells from day to
day; a notebook that has changed since takes the place of its copy, and a copy with something of the person's own in it is
set aside, never lost. It executes nothing.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mendbook.execution.notebook_files import find_notebook, read_notebook
from mendbook.files.publish import output_error, publish


def provide(folder: Path, record: Path) -> list[Path]:
    """A copy in ``folder`` of each notebook that ships with mendbook; which copies were set aside, under their new names.

    ``record`` is a file that remembers what each copy is of. Raises OutputError where they cannot be written.
    """
    known, aside = _recorded(record), []
    made: dict[str, str] = {}
    for original in sorted(find_notebook("audit").parent.glob("*.ipynb")):
        content, copy = read_notebook(original), folder / original.name
        made[copy.name] = cells = _cells(content)
        if copy.exists() and known.get(copy.name) == cells:
            continue
        if copy.exists() and _own(copy, (known.get(copy.name), cells)):
            aside.append(_set_aside(copy))
        publish(copy, content, mode=0o600)
    publish(record, json.dumps(made, indent=1) + "\n", mode=0o600)
    return aside


def _recorded(record: Path) -> dict[str, Any]:
    """Which cells each copy was made with; nothing where that is not known."""
    try:
        document = json.loads(record.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _cells(content: bytes) -> str:
    """A digest of a notebook's cells without their outputs."""
    cells = [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(content)["cells"]]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _own(copy: Path, shipped: tuple[str | None, ...]) -> bool:
    """Whether somebody has changed anything but outputs; also where that cannot be told."""
    try:
        return _cells(copy.read_bytes()) not in shipped
    except (OSError, ValueError, LookupError, TypeError):
        return True


def _set_aside(copy: Path) -> Path:
    target = copy.with_name(f"{copy.stem}-until-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.ipynb")
    try:
        return copy.rename(target)
    except OSError as failure:
        raise output_error(target, failure) from failure
