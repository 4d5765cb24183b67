"""Rows that others have written since a plan: remembered only while nobody else can have written any more.

On a server of its own: what is tried is who else is given a transaction's number, and other tests would be.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from mendbook.dialects.postgresql.schema import writers
from mendbook.embedded import embedded
from mendbook.repairs import newcomers
from mendbook.repairs.newcomers import Newcomers
from sqlalchemy import Connection, Engine

PEOPLE: Any = SimpleNamespace(name="people", sql=sa.table("people", sa.column("id")))


@pytest.fixture(scope="module")
def server() -> Iterator[embedded.Server]:
    with embedded.temporary(settings={"autovacuum": "off"}) as server:
        yield server


@pytest.fixture
def engine(server: embedded.Server) -> Iterator[Engine]:
    server.drop_database("alone")
    engine = sa.create_engine(server.create_database("alone"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE people (id int); INSERT INTO people VALUES (1)"))
    yield engine
    engine.dispose()


@pytest.fixture
def seen() -> Newcomers:
    return Newcomers(writers, lambda table: sa.cast(table.sql.c.id, sa.Text))


def look(seen: Newcomers, connection: Connection) -> list[str] | None:
    found = seen.look(connection, [PEOPLE], lambda _: sa.true())
    return None if found is None else found["people"]


def write(connection: Connection, key: int) -> None:
    connection.execute(sa.text("INSERT INTO people VALUES (:key)"), {"key": key})


def test_who_is_alone_remembers_and_adds_what_it_wrote_itself(engine: Engine, seen: Newcomers) -> None:
    for key in (2, 3):
        with engine.begin() as connection:
            write(connection, key)
            assert look(seen, connection) == ["1", "2"], "the table is looked through once, by the first batch"
    seen.wrote("people", "3")
    with engine.begin() as connection:
        assert look(seen, connection) == ["1", "2", "3"]


def test_a_batch_that_was_rolled_back_does_not_count_as_somebody_else(engine: Engine, seen: Newcomers) -> None:
    with engine.begin() as connection:
        assert look(seen, connection) == ["1"]
    with engine.connect() as connection:
        write(connection, 5)
        assert look(seen, connection) == ["1"]
        connection.rollback()
    with engine.begin() as connection:
        write(connection, 6)
        assert look(seen, connection) == ["1"], "remembered still"


@pytest.mark.parametrize("within", [False, True])
def test_what_others_commit_in_between_is_seen(engine: Engine, seen: Newcomers, within: bool) -> None:
    with engine.begin() as connection:
        assert look(seen, connection) == ["1"]
        if within:  # after our own number was given out
            with engine.begin() as other:
                write(other, 7)
            assert look(seen, connection) == ["1", "7"]
    if not within:
        with engine.begin() as other:
            write(other, 7)
    with engine.begin() as connection:
        assert look(seen, connection) == ["1", "7"]


def test_while_others_are_under_way_nothing_is_remembered(engine: Engine, seen: Newcomers) -> None:
    with engine.connect() as other:
        write(other, 8)
        for _ in range(2):
            with engine.begin() as connection:
                assert look(seen, connection) is None
        other.commit()  # under a number from before
        with engine.begin() as connection:
            assert look(seen, connection) == ["1", "8"]


def test_one_who_began_after_us_and_ends_later_is_seen(engine: Engine, seen: Newcomers) -> None:
    with engine.connect() as other:
        with engine.begin() as connection:
            assert look(seen, connection) == ["1"]
            write(other, 9)
            assert look(seen, connection) == ["1"], "it is not committed"
        with engine.begin() as connection:
            assert look(seen, connection) is None
        other.commit()
    with engine.begin() as connection:
        assert look(seen, connection) == ["1", "9"]


def test_too_many_are_looked_through(engine: Engine, seen: Newcomers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "MOST", 1)
    with engine.begin() as connection:
        assert look(seen, connection) == ["1"]
        seen.wrote("people", "2")
        assert look(seen, connection) is None
    assert seen.look(connection, [], lambda _: sa.true()) == {}
