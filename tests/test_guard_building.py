"""What guard prints is run for real: on every case of missing_constraint, beside writers, and on random sources."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from case_folders import FOLDERS, connect, mapping_text, prepare
from hypothesis import HealthCheck, given, settings
from mendbook.guards.making import Guard
from random_source import Source, load, sources
from support.guarding import builds, guards_of, run_all, schema

LACKING = [folder for folder in FOLDERS if folder.parent.name == "missing_constraint"]


def columns(guard: Guard) -> tuple[str, str]:
    return guard.weakness.table, guard.weakness.column


@pytest.mark.parametrize("folder", LACKING, ids=lambda folder: folder.name)
def test_what_is_printed_builds_what_was_missing_and_the_rollback_takes_it_back(
    folder: Path, database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = prepare(database, folder)
    try:
        monkeypatch.setenv("CASE_URL", database.url)
        before = [entry for entry in schema(connection) if entry[0] != "index" or entry[3] == "true"]
        told = guards_of(mapping_text(folder), tmp_path)
        assert all(guard.would_build for guard in told.guards if not guard.built.cannot)
        run_all(connection, told.script)
        left = guards_of(mapping_text(folder), tmp_path).guards
        assert [columns(guard) for guard in left] == [columns(guard) for guard in told.guards if guard.built.cannot]
        assert all(guard.would_build is False and not guard.built.statements for guard in left)
        run_all(connection, told.rollback)
        assert [entry for entry in schema(connection) if entry[0] != "index" or entry[3] == "true"] == before
    finally:
        connection.close()


def test_it_says_rightly_what_would_be_built_on_random_sources(database: Any, tmp_path: Path, monkeypatch: Any) -> None:
    connection = connect(database)
    monkeypatch.setenv("CASE_URL", database.url)
    seen: set[bool] = set()

    @settings(max_examples=12, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
    @given(source=sources())
    def compare(source: Source) -> None:
        load(connection, source)
        told = guards_of(source.mapping_text(), tmp_path)
        failed = []
        for guard in told.guards:
            if guard.built.cannot:
                continue
            assert builds(connection, guard) == guard.would_build, guard
            seen.add(bool(guard.would_build))
            failed += [] if guard.would_build else [guard.weakness]
        left = guards_of(source.mapping_text(), tmp_path).guards
        assert [guard.weakness for guard in left if not guard.built.cannot] == failed

    try:
        compare()
    finally:
        connection.close()
    assert seen == {True, False}


PEOPLE = """
CREATE TABLE person (id integer PRIMARY KEY, email text);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer);
INSERT INTO person SELECT n, n || '@example.com' FROM generate_series(1, 50) n;
INSERT INTO member SELECT n, n FROM generate_series(1, 50) n;
"""
MAPPING = """
[sources.case]
url_env = "CASE_URL"
[sources.case.users]
table = "person"
email = "email"
[[sources.case.profiles]]
name = "member"
table = "member"
user = "person_id"
"""


@pytest.fixture
def people(database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    database.execute(PEOPLE)
    monkeypatch.setenv("CASE_URL", database.url)
    return database


def writer(database: Any) -> Any:
    """A connection that waits for nobody: an insert that was held up fails."""
    connection = connect(database)
    run_all(connection, ("SET lock_timeout = '1s'",))
    return connection


def test_others_write_while_an_index_is_built_and_waits_for_somebody(people: Any, tmp_path: Path) -> None:
    told = guards_of(MAPPING, tmp_path)
    builds_index = [each for guard in told.guards for each in guard.built.statements if "CONCURRENTLY" in each]
    assert len(builds_index) == 2
    builder, open_one, other = connect(people), connect(people), writer(people)
    open_one.autocommit = False
    try:
        # one transaction stands open on both tables: the build has to wait for it, and nobody has to wait for the build
        run_all(open_one, ("INSERT INTO person VALUES (100, 'open@example.com')", "INSERT INTO member VALUES (100, 100)"))
        building = threading.Thread(target=run_all, args=(builder, tuple(builds_index)))
        building.start()
        wait_until_somebody_waits(other)
        for number in range(101, 111):
            run_all(other, (f"INSERT INTO person VALUES ({number}, 'n{number}@example.com')",))
            run_all(other, (f"INSERT INTO member VALUES ({number}, {number})",))
        assert building.is_alive()
        open_one.commit()
        building.join(180)
        assert not building.is_alive()
        with pytest.raises(psycopg2.errors.UniqueViolation):
            run_all(other, ("INSERT INTO person VALUES (200, ' N101@example.com ')",))
        with pytest.raises(psycopg2.errors.UniqueViolation):
            run_all(other, ("INSERT INTO member VALUES (200, 101)",))
    finally:
        for connection in (open_one, builder, other):
            connection.close()


def test_others_write_while_a_foreign_key_is_validated(people: Any, tmp_path: Path) -> None:
    told = guards_of(MAPPING, tmp_path)
    added, validated = (each for guard in told.guards for each in guard.built.statements if "refers" in each)
    builder, open_one = connect(people), connect(people)
    open_one.autocommit = False
    try:
        run_all(builder, (added,))
        # it holds from here on for what is new, before any old row has been looked at
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):
            run_all(builder, ("INSERT INTO member VALUES (300, 300)",))
        run_all(open_one, ("INSERT INTO person VALUES (100, 'open@example.com')", "INSERT INTO member VALUES (100, 100)"))
        run_all(builder, ("SET lock_timeout = '1s'", validated))
        open_one.commit()
        assert people.execute("SELECT convalidated FROM pg_constraint WHERE contype = 'f'") == [(True,)]
    finally:
        open_one.close()
        builder.close()


def test_what_others_must_wait_for_gives_up_and_can_be_tried_again(people: Any, tmp_path: Path) -> None:
    told = guards_of(MAPPING, tmp_path)
    builder, open_one = connect(people), connect(people)
    open_one.autocommit = False
    try:
        run_all(open_one, ("INSERT INTO member VALUES (100, 100)",))
        adding = next(each for each in told.script if "refers" in each)
        run_all(builder, ("SET lock_timeout = '50ms'",))
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            run_all(builder, (adding,))
        open_one.rollback()
        run_all(builder, (adding,))
    finally:
        open_one.close()
        builder.close()


def wait_until_somebody_waits(connection: Any) -> None:
    for _ in range(10_000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE UNIQUE%'"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")
