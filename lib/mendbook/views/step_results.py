"""What a run of the notebooks plan, review and apply leaves for its report: sentences, tables and commands, masked, as JSON.

``keep`` writes result.json into a papermill run's own folder and nowhere else; an apply writes its own over it. It asks no
database.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mendbook.display import shown
from mendbook.files.publish import publish
from mendbook.files.workplace import RUN_FOLDER
from mendbook.views.views import Table

RESULT = "result.json"


def section(title: str, *tables: Table, text: Sequence[str] = ()) -> dict[str, Any]:
    """A section of the report with these tables, each as it is shown in the notebook."""
    return {"title": title, "text": list(text), "tables": [_values(each) for each in tables]}


def _values(table: Table) -> dict[str, Any]:
    rows = [[shown(value) for value in row] for row in table.frame.itertuples(index=False, name=None)]
    return {"caption": table.caption, "note": table.note, "columns": [*map(str, table.frame.columns)], "rows": rows}


def keep(step: str, source: str, plan: str | None, verdict: str, sections: Sequence[Mapping[str, Any]]) -> None:
    """Leave the result of a ``step`` in the run's folder, where this is a papermill run. Raises OutputError."""
    folder = os.environ.get(RUN_FOLDER)
    if folder:
        result = {"step": step, "source": source, "plan": plan, "verdict": verdict, "sections": list(sections)}
        publish(Path(folder) / RESULT, json.dumps(result, indent=2, ensure_ascii=False) + "\n")


def verdict_of(result: Mapping[str, Any]) -> str:
    """The result in a sentence, for lists."""
    if not is_applied(result):
        return str(result["verdict"])
    done = "applied" if result["mode"] == "commit" else "rehearsed"
    found = sum(cases for kind, cases in result["remaining"].items() if kind != "missing_constraint")
    return f"{result['applied']:,} cases {done}; {found:,} still found."


def is_step(result: Mapping[str, Any] | None) -> bool:
    """Whether a result is one of these, or that of an apply."""
    return result is not None and (("step" in result and "sections" in result) or is_applied(result))


def is_applied(result: Mapping[str, Any]) -> bool:
    """Whether a result is what ``apply`` told, with a receipt beside it."""
    return "receipt" in result and "remaining" in result
