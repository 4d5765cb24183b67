"""What guard prints on SQLite and on MariaDB is run there for real: it builds, refuses what it should, and is taken back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql
import pytest
from mendbook.guards.making import Guard
from mendbook.workbook import Workbook
from support.mariadb import fresh_mariadb
from support.places import DAMAGED, MAPPING, Place, ask_sqlite

#: Of the damage, what is in the way of constraints; then the same repaired by hand.
IN_THE_WAY = {
    "customer.user_id": {"duplicate_profile": 1},
    "customer.barcode": {"duplicate_code": 1},
    "worker.user_id": {},
    "auth_user.email": {},
    "auth_user.username": {"duplicate_user": 1},
}
REPAIRS = (
    "DELETE FROM purchase WHERE customer_id = 70",
    "DELETE FROM customer WHERE id = 70",
    "UPDATE customer SET barcode = 'C-130' WHERE id = 130",
    "UPDATE auth_user SET username = 'nine' WHERE id = 9",
)
#: Each says again what a row says already, as a second writer would.
AGAIN = (
    "INSERT INTO customer (id, user_id, barcode) VALUES (900, 1, 'C-900')",
    "INSERT INTO customer (id, user_id, barcode) VALUES (901, NULL, 'C-1')",
    "UPDATE auth_user SET username = ' USER1 ' WHERE id = 2",
    "UPDATE auth_user SET email = ' User1@Example.com' WHERE id = 2",
)
Scripts = Callable[[tuple[str, ...]], None]


@pytest.fixture(params=["sqlite", "mariadb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Place, Scripts]]:
    """A database, and what runs a script there in one session."""
    if request.param == "sqlite":
        file = tmp_path / "shop.sqlite3"

        def run(script: tuple[str, ...]) -> None:
            with closing(sqlite3.connect(file, isolation_level=None)) as connection:
                for statement in script:
                    connection.execute(statement)

        yield Place("sqlite", f"sqlite:///{file}", ask_sqlite(file)), run
    else:
        with fresh_mariadb(request.getfixturevalue("mariadb_server")) as fresh:
            yield Place("mariadb", fresh.url, fresh.execute), lambda script: void(fresh.execute(";".join(script)))


def void(_: Any) -> None:
    """What a script gives is not looked at."""


@pytest.fixture
def book(place: tuple[Place, Scripts], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbook:
    place[0].fill(DAMAGED)
    monkeypatch.setenv("SHOP_URL", place[0].url)
    (tmp_path / "mendbook.toml").write_text(MAPPING.replace('logs = ["*.log"]\n', ""))
    return Workbook.open("shop", tmp_path / "mendbook.toml", tmp_path / "outputs")


def guards(book: Workbook) -> dict[str, Guard]:
    return {f"{guard.weakness.table}.{guard.weakness.column}": guard for guard in book.guard().guards}


def test_what_is_in_the_way_really_is(book: Workbook, place: tuple[Place, Scripts]) -> None:
    found = guards(book)
    assert {name: guard.breaks.cases for name, guard in found.items()} == IN_THE_WAY
    for guard in found.values():
        if guard.would_build:
            place[1](guard.built.statements)
        else:
            with pytest.raises((sqlite3.IntegrityError, pymysql.err.IntegrityError)):
                place[1](guard.built.statements)


def test_it_builds_refuses_and_is_taken_back(book: Workbook, place: tuple[Place, Scripts]) -> None:
    ask, run = place[0].ask, place[1]
    for statement in REPAIRS:
        ask(statement)
    told = book.guard()
    assert all(guard.would_build for guard in told.guards)
    before = place[0].rows()
    run(told.script)
    assert book.guard().guards == ()
    assert book.take_audit(["missing_constraint"])[1]["counts"]["missing_constraint"]["rows"] == 0
    for statement in AGAIN:
        with pytest.raises((sqlite3.IntegrityError, pymysql.err.IntegrityError)):
            ask(statement)
    # blank ones are nobody's: two of them do not meet
    ask("UPDATE auth_user SET email = '' WHERE id IN (4, 5)")
    ask("UPDATE auth_user SET email = 'user4@example.com' WHERE id = 4")
    ask("UPDATE auth_user SET email = 'user5@example.com' WHERE id = 5")
    run(told.rollback)
    assert place[0].rows() == before
    assert [guard.weakness for guard in book.guard().guards] == [guard.weakness for guard in told.guards]


def test_columns_come_with_what_the_mapping_says(book: Workbook, place: tuple[Place, Scripts]) -> None:
    ask, run = place[0].ask, place[1]
    for column in ("invited", "phone", "created_at"):
        ask(f"ALTER TABLE customer DROP COLUMN {column}")
    for statement in REPAIRS:
        ask(statement)
    told = book.guard()
    added = [guard for guard in told.guards if "does not exist" in guard.weakness.reasons[0]]
    assert {guard.weakness.column for guard in added} == {"invited", "phone", "created_at"}
    run(told.script)
    assert book.guard().guards == ()
    assert list(ask("SELECT DISTINCT invited, phone, created_at FROM customer")) == [(0, None, None)]
    run(told.rollback)
    assert len(book.guard().guards) == len(told.guards)


def test_a_foreign_key_that_sqlite_does_not_add_is_said_and_the_rest_is_built(tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "bare.sqlite3"
    ask = ask_sqlite(file)
    ask("CREATE TABLE auth_user (id integer PRIMARY KEY)")
    ask("CREATE TABLE profile (id integer PRIMARY KEY, user_id integer)")
    monkeypatch.setenv("BARE_URL", f"sqlite:///{file}")
    (tmp_path / "mendbook.toml").write_text(
        '[sources.bare]\nurl_env = "BARE_URL"\n[sources.bare.users]\ntable = "auth_user"\n'
        '[[sources.bare.profiles]]\nname = "profile"\ntable = "profile"\n'
    )
    book = Workbook.open("bare", tmp_path / "mendbook.toml", tmp_path / "outputs")
    told = book.guard().guards[0]
    assert told.would_build is False
    assert "make the table anew" in told.built.cannot
    for statement in told.built.statements:
        ask(statement)
    left = book.guard().guards[0]
    assert (left.weakness.reasons, left.built.statements) == (("no foreign key to the users",), ())


def test_mariadb_adds_a_foreign_key_beside_writers(mariadb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mariadb.execute(
        "CREATE TABLE auth_user (id int PRIMARY KEY) ENGINE=InnoDB;"
        "CREATE TABLE profile (id int PRIMARY KEY, user_id int) ENGINE=InnoDB;"
        "INSERT INTO auth_user VALUES (1); INSERT INTO profile VALUES (1, 1)"
    )
    monkeypatch.setenv("BARE_URL", mariadb.url)
    (tmp_path / "mendbook.toml").write_text(
        '[sources.bare]\nurl_env = "BARE_URL"\n[sources.bare.users]\ntable = "auth_user"\n'
        '[[sources.bare.profiles]]\nname = "profile"\ntable = "profile"\n'
    )
    book = Workbook.open("bare", tmp_path / "mendbook.toml", tmp_path / "outputs")
    mariadb.execute(";".join(book.guard().script))
    assert book.guard().guards == ()
    with pytest.raises(pymysql.err.IntegrityError):
        mariadb.execute("INSERT INTO profile VALUES (2, 2)")
