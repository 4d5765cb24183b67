"""Incidents of a small shop: tied to accounts, told by rows, within a period; and the two commands."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mendbook.asked_times import Period
from mendbook.errors import ConfigError
from mendbook.workbook import Workbook
from pyarrow import parquet
from support.databases import TestDatabase

MAPPING = """
[sources.shop]
url_env = "SHOP_URL"
logs = ["*.log"]
[sources.shop.users]
table = "person"
username = "name"
email = "email"
created = "joined"
last_login = "seen"
[[sources.shop.profiles]]
name = "member"
table = "member"
user = "person_id"
created = "made"
"""
TABLES = """
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
"""


def record(at: str, detail: str, statement: str, constraint: str, pid: int = 7) -> str:
    head = f"{at} UTC [{pid}] app@shop "
    error = f'duplicate key value violates unique constraint "{constraint}"'
    return f"{head}ERROR:  {error}\n{head}DETAIL:  {detail} already exists.\n{head}STATEMENT:  {statement}\n"


@pytest.fixture
def book(database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbook:
    (tmp_path / "mendbook.toml").write_text(MAPPING)
    monkeypatch.setenv("SHOP_URL", database.url)
    database.execute(TABLES)
    return Workbook.open("shop", tmp_path / "mendbook.toml", tmp_path / "outputs")


def incidents(book: Workbook, **asked: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    folder, result = book.take_incidents(**asked)
    assert sorted(each.name for each in folder.iterdir()) == [
        "gaps.parquet",
        "incidents.parquet",
        "registrations.parquet",
        "result.json",
    ]
    return result, parquet.read_table(folder / "incidents.parquet").to_pylist()


def test_incidents_are_tied_by_key_then_by_name_then_by_time(book: Workbook, database: TestDatabase, tmp_path: Path) -> None:
    database.execute(
        "INSERT INTO person (id, name, email, joined) VALUES"
        " (1, 'ada', 'ada@example.com', '2026-03-01 10:00Z'), (2, 'Bob ', NULL, '2026-03-01 11:00Z'),"
        " (3, 'eve', NULL, '2026-03-01 12:00:00.5Z'), (4, 'eva', NULL, '2026-03-01 12:00:01.9Z');"
        "INSERT INTO member VALUES (10, 1, '2026-03-01 10:00Z')"
    )
    (tmp_path / "postgresql.log").write_text(
        record("2026-03-01 10:00:00.500", "Key (person_id)=(1)", 'INSERT INTO "member" VALUES (1)', "member_person_id_key")
        + record("2026-03-02 11:00:00.000", "Key (lower(name))=(bob)", 'INSERT INTO "person" VALUES (1)', "person_lower_idx")
        + record("2026-03-01 12:00:01.000", "Key (code)=(C-1)", 'INSERT INTO "member" VALUES (1)', "member_code_key")
        + record("2026-03-01 13:00:00.000", "Key (code)=(C-1)", 'INSERT INTO "member" VALUES (1)', "member_code_key")
    )
    result, found = incidents(book)
    ties = [(row["key"], row["user_key"], row["row_key"], row["profile"]) for row in found if row["source"] == "logs"]
    assert ties == [
        ("1", "1", "10", "member"),
        ("C-1", "3", None, "member"),
        ("C-1", None, None, "member"),
        ("bob", "2", None, None),
    ]
    assert result["counts"] == {"unique_violation": {"seen": 0, "handled": 0, "unknown": 4}}
    assert result["span"] == {"first": "2026-03-01T10:00:00.500000+00:00", "last": "2026-03-02T11:00:00+00:00"}


def test_rows_tell_without_logs(book: Workbook, database: TestDatabase) -> None:
    database.execute(
        "INSERT INTO person (id, name, email, joined, seen) VALUES"
        " (1, 'double', NULL, '2026-03-01 10:00Z', NULL), (2, 'late', NULL, '2026-03-01 11:00Z', NULL),"
        " (3, 'punctual', NULL, '2026-03-01 12:00Z', NULL),"
        " (4, 'ada.berg', 'a@example.com', '2026-03-01 13:00Z', NULL),"
        " (5, 'adaberg7', 'b@example.com', '2026-03-01 13:30Z', NULL),"
        " (6, 'c', 'C@example.com', '2026-03-01 14:00Z', now()), (7, 'd', ' c@example.com', '2026-03-01 14:29:59Z', now()),"
        " (8, 'user1', NULL, '2026-03-01 15:00Z', NULL), (9, 'user2', NULL, '2026-03-01 15:01Z', NULL),"
        " (10, 'known', NULL, '2026-03-01 16:00Z', now()), (11, 'known1', NULL, '2026-03-01 16:01Z', NULL),"
        " (12, 'slow', NULL, '2026-03-01 17:00Z', NULL), (13, 'SLOW', NULL, '2026-03-01 17:30:00.000001Z', NULL),"
        " (14, 'far', NULL, 'infinity', NULL), (15, 'far', NULL, '294000-01-01Z', NULL);"
        "INSERT INTO member VALUES (1, 1, '2026-03-01 10:00:01Z'), (2, 1, '2026-03-01 10:00:02Z'),"
        " (3, 1, '2026-03-01 10:00:03.000001Z'), (4, 2, '2026-03-01 11:01:00.000001Z'), (5, 3, '2026-03-01 12:01:00Z'),"
        " (6, 15, '294000-01-01Z'), (7, 15, '0044-03-15 BC'), (8, 99, '2026-03-01Z'), (9, 99, '2026-03-01Z')"
    )
    result, found = incidents(book)
    assert {(row["evidence"], row["user_key"], row["row_key"]) for row in found} == {
        ("double creation", "1", "2"),
        ("late profile", "2", "4"),
        ("retry", "5", "5"),
        ("retry", "7", "7"),
    }
    assert result["rows_evidence"] == {"double creation": 1, "late profile": 1, "retry": 2}
    assert result["basis"] == "rows"
    assert result["counts"] == {}
    assert any("no logs" in warning for warning in result["warnings"])


def test_a_period_holds_its_beginning_and_not_its_end(book: Workbook, tmp_path: Path) -> None:
    (tmp_path / "postgresql.log").write_text(
        "".join(
            record(f"2026-03-0{day} 10:00:00.000", "Key (code)=(C)", 'INSERT INTO "member" VALUES (1)', "member_code_key")
            for day in (1, 2, 3)
        )
    )
    result, found = incidents(book, since="2026-03-02T10:00Z", until="2026-03-03T11:00+01:00")
    assert [row["at"].day for row in found] == [2]
    assert result["span"] == {"first": "2026-03-02T10:00:00+00:00", "last": "2026-03-03T10:00:00+00:00"}


def test_a_time_without_a_zone_is_refused_where_the_source_names_none(book: Workbook) -> None:
    with pytest.raises(ConfigError, match="has no zone"):
        book.take_incidents(since="2026-03-02")
    with pytest.raises(ConfigError, match="TIME=NAME"):
        book.take_incidents(deploys=["2026-03-02T10:00Z"])


def test_requests_under_way_are_counted_from_the_access_log(book: Workbook, tmp_path: Path) -> None:
    def line(at: str, seconds: float) -> str:
        return json.dumps({"time": at, "method": "POST", "path": "/register/", "status": 302, "request_time": seconds}) + "\n"

    (tmp_path / "access.log").write_text(
        line("2026-03-01T10:00:00.600Z", 0.5) + line("2026-03-01T10:00:00.900Z", 0.45) + line("2026-03-01T10:00:05Z", 0.1)
    )
    (tmp_path / "postgresql.log").write_text(
        record("2026-03-01 10:00:00.500", "Key (code)=(C)", 'INSERT INTO "member" VALUES (1)', "member_code_key")
    )
    result, found = incidents(book)
    assert [row["in_flight"] for row in found if row["source"] == "logs"] == [2]
    assert result["registrations"] == 3


# -- the command line ----------------------------------------------------------------------------------------------------

LOG = record("2026-03-01 10:00:00.500", "Key (person_id)=(1)", 'INSERT INTO "member" VALUES (1)', "member_person_id_key")


def command(*words: str, folder: Path, given: str = "", python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, "-m", "mendbook", *words], cwd=folder, input=given, capture_output=True, text=True
    )


def test_logs_needs_no_configuration_and_reads_standard_input(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(LOG)
    for done in (
        command("logs", "a.log", "--json", folder=tmp_path),
        command("logs", "-", "--json", folder=tmp_path, given=LOG),
    ):
        assert done.returncode == 0
        (line,) = done.stdout.splitlines()
        assert json.loads(line)["key"] == "1"
        assert "1 unique_violation" in done.stderr
    told = command("logs", "*.log", folder=tmp_path).stdout
    assert told.startswith("2026-03-01 10:00:00Z  unique_violation")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.log"]


def test_a_missing_log_is_refused_with_those_beside_it(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("")
    done = command("logs", "acess.log", folder=tmp_path)
    assert done.returncode == 2
    assert "'access.log'" in done.stderr
    assert done.stdout == ""


def test_logs_starts_without_what_it_does_not_need(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(LOG)
    done = command("logs", "a.log", folder=tmp_path, python=("-X", "importtime"))
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not loaded & {"pandas", "pyarrow", "sqlalchemy", "matplotlib", "scipy"}


@pytest.mark.usefixtures("book")
def test_incidents_prints_one_document_and_draws_its_figures(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(LOG)
    done = command("incidents", "shop", "--deploy", "2026-03-01T11:00Z=fix", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["incidents"] == 1
    assert document["deploys"][0]["name"] == "fix"
    assert "What was read ends" in document["doubt"]
    assert " ".join(f"{document['verdict']} {document['doubt']}".split()) in " ".join(done.stderr.split())
    assert document["figures"]
    assert all(Path(file).is_file() for files in document["figures"].values() for file in files)
    assert document == json.loads(Path(document["incidents_file"]).with_name("result.json").read_text())
    assert command("incidents", "shop", "--since", "yesterday", folder=tmp_path).returncode == 2


def test_no_time_lies_between_an_end_and_a_beginning() -> None:
    first, last = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    assert Period(first, last).holds(first)
    with pytest.raises(ConfigError, match="since, 2026-03-01 00:00 UTC, is not before until, 2026-02-01 00:00 UTC"):
        Period(last, first)
