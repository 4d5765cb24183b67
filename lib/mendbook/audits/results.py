"""Reads what an audit left in its run folder: result.json, findings.parquet, gaps.parquet.

Only the columns and rows that are asked for come into memory. It writes nothing and knows no database.
"""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mendbook.display import inert
from mendbook.errors import OutputError
from mendbook.model import CHANGE_FILE, FINDING_COLUMNS

if TYPE_CHECKING:
    from pandas import DataFrame

RESULT = "result.json"
FINDINGS = "findings.parquet"
GAPS = "gaps.parquet"
GAP_COLUMNS = ("profile", "case_key", "user_key", "first_key", "second_key", "gap_seconds", "signature", "at")


def read_result(folder: Path) -> dict[str, Any]:
    """result.json of ``folder`` as a dict. Raises OutputError where it is missing or is not a JSON object."""
    path = Path(folder) / RESULT
    try:
        result = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as failure:
        raise OutputError(f"{path} cannot be read: {failure}.", "Run the audit again: mendbook audit SOURCE") from failure
    if not isinstance(result, dict):
        raise OutputError(f"{path} is not a JSON object.", "Run the audit again: mendbook audit SOURCE")
    return result


def is_audit(result: dict[str, Any] | None) -> bool:
    """Whether ``result`` has the shape of an audit's."""
    return result is not None and isinstance(result.get("counts"), dict) and "findings" in result


def total(result: dict[str, Any]) -> tuple[int, int]:
    """Cases and damaged rows over all kinds. A row with two kinds of damage is counted twice."""
    counts = result["counts"].values()
    return sum(int(each["cases"]) for each in counts), sum(int(each["rows"]) for each in counts)


def shown_kinds(result: dict[str, Any]) -> list[str]:
    """The kinds of which something was found, most rows first."""
    counts = result["counts"]
    return sorted((kind for kind, count in counts.items() if count["rows"]), key=lambda kind: (-counts[kind]["rows"], kind))


def next_steps(result: dict[str, Any]) -> list[dict[str, str]]:
    """What to do next: a list of {why, command}; every command exists and changes nothing."""
    source = shlex.quote(inert(result["source"]))
    steps = []
    if result.get("warnings") or result.get("left_out"):
        why = "Something was left out or warned of: see what the connection, the rights and the mapping lack."
        steps.append({"why": why, "command": f"mendbook doctor {source}"})
    kinds = [kind for kind in shown_kinds(result) if kind != "missing_constraint"]
    if result.get("constraints"):
        why = (
            "Close the gap. While a constraint is missing, the same race goes on making new damage. This prints what builds "
            "each of them, for the people who own the schema, and which rows have to be repaired before."
        )
        steps.append({"why": why, "command": f"mendbook guard {source}"})
    if kinds:
        why = "Look at the damage itself, kind by kind and row by row, in the notebook."
        steps.append({"why": why, "command": "mendbook lab"})
        why = f"Get the keys of every damaged row of one kind, such as {kinds[0]}, for your own programs."
        steps.append({"why": why, "command": f"mendbook audit {source} --kind {kinds[0]} --json"})
    why = "Watch it: run this notebook on a schedule. Nothing is changed by it, and every run keeps its report."
    return [*steps, {"why": why, "command": f"mendbook run audit {source}"}]


def changes(result: dict[str, Any]) -> dict[str, dict[str, int]]:
    """New, gone and staying cases of each kind that was compared with the last audit; none where there was no last one."""
    return dict((result.get("change") or {}).get("kinds", {}))


def change_sentences(result: dict[str, Any]) -> list[str]:
    """What changed since the last audit in words, and what to keep in mind about it."""
    change = result.get("change")
    if not change:
        return ["This is the first audit of this database here: there is nothing yet to compare it with."]
    sums = {name: sum(each[name] for each in change["kinds"].values()) for name in ("new", "gone", "staying")}
    cases = f"{sums['new']:,} new {'case' if sums['new'] == 1 else 'cases'}"
    told = [
        f"Since the audit of {_minute(change['since']['taken_at'])}: {cases}, {sums['gone']:,} gone, {sums['staying']:,} stay."
    ]
    if change["mapping"]:
        told.append(
            f"The mapping of {', '.join(change['mapping'])} was changed in between: cases may be new or gone by that alone."
        )
    titles = result.get("titles", {})
    for each in change["apart"]:
        of = f" of {each['profile']}" if each["profile"] else ""
        told.append(f"Not compared: {titles.get(each['kind']) or each['kind']}{of}, for {each['why']}.")
    return told


def _minute(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def change_frame(result: dict[str, Any]) -> DataFrame:
    """Columns kind, title, new, gone, staying: one row a kind that was compared, in the result's order."""
    from pandas import DataFrame

    titles, rows = result.get("titles", {}), changes(result)
    listed = [{"kind": kind, "title": titles.get(kind) or kind.replace("_", " "), **told} for kind, told in rows.items()]
    return DataFrame(listed, columns=["kind", "title", "new", "gone", "staying"])


def counts_frame(result: dict[str, Any]) -> DataFrame:
    """Columns kind, title, cases, rows: one row a kind, in the result's order, zeros too."""
    from pandas import DataFrame

    titles = result.get("titles", {})
    rows = [
        {
            "kind": kind,
            "title": titles.get(kind) or kind.replace("_", " "),
            "cases": count["cases"],
            "rows": count["rows"],
        }
        for kind, count in result["counts"].items()
    ]
    return DataFrame(rows, columns=["kind", "title", "cases", "rows"])


def read_findings(folder: Path, kind: str | None = None, limit: int | None = None, new: bool = False) -> DataFrame:
    """Findings of ``kind`` (all where None), newest case first and the rows of a case together; at most ``limit`` rows.

    With ``new``, of the cases alone that the last audit did not have; none where there was no last one.

    Columns: kind, profile, case_key, table, row_key, user_key (text), at (UTC). Raises OutputError.
    """
    import pyarrow.compute

    path = Path(folder) / (CHANGE_FILE if new else FINDINGS)
    compared = not new or path.exists()
    table = _read(path if compared else Path(folder) / FINDINGS, list(FINDING_COLUMNS), [("kind", "=", kind)] if kind else None)
    if limit == 0 or not compared:
        return _frame(table.slice(0, 0))
    keys = [("at", "descending"), *((name, "ascending") for name in ("kind", "profile", "case_key", "row_key"))]
    # The k newest without sorting millions of rows for the twenty that are shown.
    order = pyarrow.compute.select_k_unstable(table, k=min(limit or len(table), len(table)), sort_keys=keys)
    return _frame(table.take(order))


def read_times(folder: Path) -> DataFrame:
    """Columns kind and at (UTC) of every finding: what the timeline needs. Raises OutputError."""
    return _frame(_read(Path(folder) / FINDINGS, ["kind", "at"], None))


def read_gaps(folder: Path) -> DataFrame:
    """The double creations: profile, case_key, user_key, first_key, second_key, gap_seconds, signature, at. Raises
    OutputError."""
    return _frame(_read(Path(folder) / GAPS, list(GAP_COLUMNS), None))


def _frame(table: Any) -> DataFrame:
    frame: DataFrame = table.to_pandas()
    return frame


def _read(path: Path, columns: list[str], filters: list[tuple[str, str, str]] | None) -> Any:
    import pyarrow
    import pyarrow.parquet

    try:
        return pyarrow.parquet.read_table(path, columns=columns, filters=filters)
    except (OSError, pyarrow.ArrowException) as failure:
        reason = str(failure).splitlines()[0]
        raise OutputError(f"{path} cannot be read: {reason}.", "Run the audit again: mendbook audit SOURCE") from failure
