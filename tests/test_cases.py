"""Every case folder under tests/cases, run against mendbook and against the oracle; see tests/cases/README.md."""

from __future__ import annotations

import csv
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from finding import Finding, find_all, in_order
from oracle import brute_force

CASES = Path(__file__).parent / "cases"
KINDS = sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())
FOLDERS = [folder for kind in KINDS for folder in sorted((CASES / kind).iterdir()) if folder.is_dir()]

#: Damage that is read from logs: the oracle reads tables alone.
NOT_FROM_TABLES = {"ghost_user"}

each_case = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")


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


def of_kind(findings: list[Finding], kind: str) -> list[Finding]:
    return [finding for finding in findings if finding.kind == kind]


@each_case
def test_the_oracle_reads_the_case_as_its_author_did(folder: Path, database: Any) -> None:
    connection = prepare(database, folder)
    try:
        assert of_kind(brute_force(connection, mapping(folder)), folder.parent.name) == expected(folder)
    finally:
        connection.close()


@each_case
def test_mendbook_finds_what_the_case_says_and_what_the_oracle_reads(
    folder: Path, database: Any, tmp_path: Path
) -> None:
    connection = prepare(database, folder)
    try:
        read = brute_force(connection, mapping(folder))
    finally:
        connection.close()
    found = find_all(database.url, mapping_text(folder), tmp_path)
    assert of_kind(found, folder.parent.name) == expected(folder)
    assert [finding for finding in found if finding.kind not in NOT_FROM_TABLES] == read


@each_case
def test_a_case_is_whole(folder: Path) -> None:
    names = {file.name for file in folder.iterdir()}
    assert {"before.sql", "mapping.toml", "found.csv"} <= names
    rows = expected(folder)
    assert rows == in_order(rows), "found.csv is sorted, None first"
    assert {finding.kind for finding in rows} <= {folder.parent.name}, "found.csv tells of the case's own kind alone"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_at_least_six_cases(kind: str) -> None:
    assert len([folder for folder in FOLDERS if folder.parent.name == kind]) >= 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_case_that_finds_something_and_one_that_finds_nothing(kind: str) -> None:
    counts = [len(expected(folder)) for folder in FOLDERS if folder.parent.name == kind]
    assert any(counts)
    assert not all(counts)


def test_the_catalogue_and_the_cases_name_the_same_kinds() -> None:
    from mendbook.damage import catalogue

    assert sorted(catalogue()) == KINDS
