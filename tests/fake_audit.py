"""Writes the files of an audit that never took place, in the shape that result.json and the Parquet files have."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

KINDS = {
    "missing_profile": "Users without their profile",
    "orphan_profile": "Profiles of nobody",
    "duplicate_profile": "Users with two or more profiles",
    "null_flag": "Flags that are NULL",
    "missing_constraint": "Missing constraints",
}
FINDINGS = pyarrow.schema(
    [(name, pyarrow.string()) for name in ("kind", "profile", "case_key", "table", "row_key", "user_key")]
    + [("at", pyarrow.timestamp("us", "UTC"))]
)
GAPS = pyarrow.schema(
    [(name, pyarrow.string()) for name in ("profile", "case_key", "user_key", "first_key", "second_key")]
    + [("gap_seconds", pyarrow.float64()), ("signature", pyarrow.string()), ("at", pyarrow.timestamp("us", "UTC"))]
)
SIGNATURES = ("signal first", "form first", "both filled", "both blank", "unknown")
#: What strangers type into forms: markup, mathematics, direction, nothing at all, a formula, colours, a new line.
HOSTILE = "<script>alert(1)</script> $\\frac{1}{2}$ \u202egnp.exe \u200b \x1b[31mred\x1b[0m\nline"
FORMULA = "=cmd|' /C calc'!A0"


def write_audit(folder: Path, cases: int = 30, hostile: bool = False) -> dict[str, Any]:
    """Write ``cases`` cases of each kind but null_flag, one in ten without a time, and return the result."""
    folder.mkdir(parents=True, exist_ok=True)
    start = datetime(2026, 3, 2, 8, tzinfo=UTC)
    findings, gaps = [], []
    for kind in KINDS:
        for case in range(0 if kind == "null_flag" else cases):
            at = None if case % 10 == 9 or kind == "missing_constraint" else start + timedelta(hours=7 * case)
            name = {cases - 2: HOSTILE, cases - 3: FORMULA}.get(case, str(case)) if hostile else str(case)
            for row in range(2 if kind == "duplicate_profile" else 1):
                findings.append([kind, "customer", f"{case}", "accounts_profile", f"{name}/{row}", f"{1000 + case}", at])
            if kind == "duplicate_profile":
                gap = None if case % 10 == 9 else 10.0 ** (case % 9 - 5)
                gaps.append(["customer", f"{case}", f"{1000 + case}", "a", "b", gap, SIGNATURES[case % 5], at])
    _write(findings, FINDINGS, folder / "findings.parquet")
    _write(gaps, GAPS, folder / "gaps.parquet")
    titles = {**KINDS, **({"orphan_profile": HOSTILE} if hostile else {})}
    kinds = [finding[0] for finding in findings]

    def cases_of(kind: str) -> int:
        return len({finding[2] for finding in findings if finding[0] == kind})

    mapped = {"key": "id"}
    lack = {"table": "accounts_profile", "column": "user_id", "profile": "customer", "reasons": ["no unique index"]}
    result = {
        "source": HOSTILE if hostile else "logistics",
        "taken_at": "2026-11-20T16:22:33+00:00",
        "seconds": 4.2,
        "counts": {kind: {"cases": cases_of(kind), "rows": kinds.count(kind)} for kind in KINDS},
        "findings": str(folder / "findings.parquet"),
        "gaps": str(folder / "gaps.parquet"),
        "titles": titles,
        "help": {kind: f"What {title.lower()}\nlooks like." for kind, title in KINDS.items()},
        "database": {
            "name": "logistics",
            "server": "PostgreSQL 18.4",
            "version": "18.4",
            "user": "auditor",
            "replica": False,
        },
        "scope": [
            {"role": "users", "profile": None, "table": "auth_user", "rows_estimate": 1200, "mapped": mapped},
            {"role": "profile", "profile": "customer", "table": "profile", "rows_estimate": 99, "mapped": mapped},
        ],
        "constraints": [lack],
        "left_out": [{"kind": "ghost_user", "profile": None, "why": "There are no logs."}],
        "warnings": [HOSTILE if hostile else "The replica is 12 s behind."],
    }
    (folder / "result.json").write_text(json.dumps(result), "utf-8")
    return result


def _write(rows: list[list[Any]], schema: pyarrow.Schema, path: Path) -> None:
    columns = [[row[place] for row in rows] for place in range(len(schema))]
    arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    pyarrow.parquet.write_table(pyarrow.table(arrays, schema=schema), path)
