"""Every case folder under tests/cases, run against mendbook and against the oracle; see tests/cases/README.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from case_folders import FOLDERS, KINDS, expected, log_files, mapping, mapping_text, of_kind, prepare
from finding import find_all, in_order
from oracle import brute_force

each_case = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")


@each_case
def test_mendbook_finds_what_the_case_says_and_what_the_oracle_reads(folder: Path, database: Any, tmp_path: Path) -> None:
    connection = prepare(database, folder)
    try:
        read = brute_force(connection, mapping(folder), folder)
    finally:
        connection.close()
    assert of_kind(read, folder.parent.name) == expected(folder), "the oracle reads the case as its author did"
    found = find_all(database.url, mapping_text(folder), tmp_path, log_files(folder))
    assert of_kind(found, folder.parent.name) == expected(folder)
    assert found == read


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
