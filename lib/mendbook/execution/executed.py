"""Publishes an executed notebook: without secrets, and telling the truth about how its run ended.

papermill marks every cell as completed when a kernel is killed, and leaves a cell running when its process is; here the
cell that was at work is found and marked, and a notice stands at the top.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from mendbook.display import inert
from mendbook.execution.redaction import REDACTED, Redactor
from mendbook.files.publish import publish
from mendbook.files.records import RunError


def publish_notebook(
    executed: Path, given: Path, target: Path, state: str, error: RunError | None, redactor: Redactor
) -> tuple[RunError | None, str]:
    """Put the notebook ``executed`` (or ``given``, where it is torn) at ``target``.

    Returns the error, with the number of the cell that was at work where that was not known, and a note for the report:
    "" or a sentence. Raises OutputError.
    """
    import nbformat

    note = ""
    try:
        notebook = nbformat.read(executed, as_version=4)
    except Exception:  # killed in the middle of writing; nbformat raises many kinds of error for torn files
        notebook = nbformat.read(given, as_version=4)
        note = "The executed notebook was lost when its process ended; the published one has no outputs."
    # The paths that papermill wrote down were those of a temporary folder.
    notebook.metadata.setdefault("papermill", {}).update(input_path=given.name, output_path=target.name)
    if state != "finished":
        error = _mark(notebook, state, error)
    before = redactor.removed
    cleaned = redactor.notebook(json.loads(nbformat.writes(notebook, version=4), object_hook=_joined_lines))
    if redactor.removed > before:
        note = f"{note} A secret was found in the notebook's outputs and replaced by {REDACTED}.".strip()
    publish(target, nbformat.writes(nbformat.from_dict(cleaned), version=4) + "\n")
    return error, note


def _joined_lines(value: dict[str, Any]) -> dict[str, Any]:
    """Lists of lines, as nbformat writes texts, made whole again: a secret may reach over a line's end."""
    for name in ("source", "text"):
        if isinstance(value.get(name), list):
            value[name] = "".join(value[name])
    if isinstance(value.get("data"), dict):
        value["data"] = {
            kind: "".join(lines) if isinstance(lines, list) and all(isinstance(line, str) for line in lines) else lines
            for kind, lines in value["data"].items()
        }
    return value


def _mark(notebook: Any, state: str, error: RunError | None) -> RunError | None:
    """Mark the cell that was at work and say at the top how the run ended; papermill does so for errors in cells
    only."""
    import nbformat

    cells = notebook.cells
    at_work = [
        number
        for number, cell in enumerate(cells)
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    if error is None or error.traceback:
        return error
    if at_work:
        error = _blame(notebook, cells[at_work[-1]], at_work[-1], error)
    ended = {"stopped": "was stopped", "timed out": "ran out of time"}.get(state, "failed")
    words = inert(" ".join(error.message.split())).replace("<", "&lt;")
    cells.insert(0, nbformat.v4.new_markdown_cell(f"**This run {ended}.** {words}", metadata={"tags": ["mendbook-run-ended"]}))
    return error


def _blame(notebook: Any, culprit: Any, place: int, error: RunError) -> RunError:
    cells = notebook.cells
    for cell in cells[place + 1 :]:
        cell.metadata.setdefault("papermill", {})["status"] = "pending"
    culprit.metadata["papermill"].update(status="failed", exception=True)
    notebook.metadata.setdefault("papermill", {})["exception"] = True
    injected = sum("injected-parameters" in cell.metadata.get("tags", []) for cell in cells[:place])
    return replace(error, cell=place + 1 - injected, source=culprit.source)
