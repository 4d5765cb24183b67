"""Audits that never took place, with the cases that a test wants: for what compares, lists and keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from mendbook.audits.parquet_files import FINDINGS

#: {kind: {profile: case_keys}}; a case_key that stands twice is a case of two rows.
Cases = Mapping[str, Mapping[str | None, Iterable[str]]]

DATABASE = {
    "name": "shop",
    "server": "PostgreSQL",
    "version": "18.4",
    "user": "auditor",
    "replica": False,
    "identity": {"system": "741", "database": "shop", "number": "5"},
}


def at(day: int, hour: int = 3) -> datetime:
    """A time in November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def audit_folder(outputs: Path, when: datetime, source: str = "shop") -> Path:
    folder = outputs / "runs" / f"{when:%Y%m%dT%H%M%SZ}-audit-{source}"
    folder.mkdir(parents=True)
    return folder


def result_of(
    cases: Cases, when: datetime, folder: Path, profiles: Iterable[str] = ("customer",), **other: Any
) -> dict[str, Any]:
    """result.json of an audit with these ``cases``."""
    rows = {kind: [(profile, key) for profile, keys in where.items() for key in keys] for kind, where in cases.items()}
    tables = [("users", None, "auth_user"), *(("profile", name, name) for name in profiles)]
    return {
        "source": "shop",
        "taken_at": when.isoformat(timespec="milliseconds"),
        "seconds": 1.5,
        "counts": {kind: {"cases": len({*found}), "rows": len(found)} for kind, found in rows.items()},
        "findings": str(folder / "findings.parquet"),
        "gaps": str(folder / "gaps.parquet"),
        "titles": {kind: f"Titled {kind}" for kind in cases},
        "help": {},
        "database": DATABASE,
        "scope": [
            {"role": role, "profile": profile, "table": table, "rows_estimate": 9, "mapped": {"key": "id"}}
            for role, profile, table in tables
        ],
        "constraints": [],
        "left_out": [],
        "warnings": [],
        "change": None,
        **other,
    }


def write_audit(outputs: Path, when: datetime, cases: Cases, **other: Any) -> Path:
    """The folder of an audit of ``shop`` (or another ``source``) at that time."""
    folder = audit_folder(outputs, when, other.get("source", "shop"))
    columns: list[list[Any]] = [[] for _ in FINDINGS]
    for kind, where in cases.items():
        for profile, keys in where.items():
            for key in keys:
                row = (kind, profile, key, profile or "auth_user", key, key, when)
                for column, value in zip(columns, row, strict=True):
                    column.append(value)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, FINDINGS, strict=True)]
    pq.write_table(pa.table(arrays, schema=FINDINGS), folder / "findings.parquet")
    (folder / "result.json").write_text(json.dumps(result_of(cases, when, folder, **other)), "utf-8")
    return folder
