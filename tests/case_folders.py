"""The case folders of tests/cases as values: what they hold, and a fresh database made as they say."""

from __future__ import annotations

import csv
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from finding import Finding

CASES = Path(__file__).parent / "cases"
#: tests/cases/logs holds what the log reader is tried on (test_logs.py), not tables.
KINDS = sorted(folder.name for folder in CASES.iterdir() if folder.is_dir() and folder.name != "logs")
FOLDERS = [folder for kind in KINDS for folder in sorted((CASES / kind).iterdir()) if folder.is_dir()]

#: Damage that is read from logs as well: random sources have none.
NOT_FROM_TABLES = {"ghost_user"}

#: What a case's folder may hold besides its logs; and, for each repair that it shows, ``after_<repair>.sql`` and so on.
PARTS = {"before.sql", "mapping.toml", "found.csv", "requires.sql"}
REPAIR_PARTS = ("after_*.sql", "left_*.csv", "review_*.csv")


def connect(database: Any) -> Any:
    connection = psycopg2.connect(str(database.url).replace("postgresql+psycopg2://", "postgresql://"))
    connection.autocommit = True
    return connection


def prepare(database: Any, folder: Path) -> Any:
    """A connection to the fresh database with the case's tables in it; skips the case where it cannot exist."""
    connection = connect(database)
    with connection.cursor() as cursor:
        requires = folder / "requires.sql"
        if requires.exists():
            cursor.execute(requires.read_text(encoding="utf-8"))
            if not cursor.fetchone()[0]:
                pytest.skip(f"this server does not meet {requires.relative_to(CASES)}")
        cursor.execute((folder / "before.sql").read_text(encoding="utf-8"))
    return connection


def mapping_text(folder: Path) -> str:
    return (folder / "mapping.toml").read_text(encoding="utf-8")


def mapping(folder: Path) -> dict[str, Any]:
    return tomllib.loads(mapping_text(folder))["sources"]["case"]


def micros(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def expected(folder: Path) -> list[Finding]:
    """found.csv: an empty field is None."""
    with (folder / "found.csv").open(encoding="utf-8", newline="") as file:
        rows = [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    return [Finding(**{**row, "at": micros(row["at"]) if row["at"] else None}) for row in rows]


def log_files(folder: Path) -> list[Path]:
    """The case's own log files."""
    parts = PARTS | {file.name for pattern in REPAIR_PARTS for file in folder.glob(pattern)}
    return [file for file in sorted(folder.iterdir()) if file.name not in parts]


def of_kind(findings: list[Finding], kind: str) -> list[Finding]:
    return [finding for finding in findings if finding.kind == kind]
