"""SQLite (3.37 and newer): one file, its snapshot, its pins, its errors in plain words, its catalogue.

Reads only, but for settings of its own connection. A reader holds one moment by a transaction that it began with a read;
several connections cannot share one. A writer shuts out every other (BEGIN IMMEDIATE) for as long as its transaction lasts.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from mendbook.dialects import Catalogue, Generic, Moment, Pressure, Relation, Server, Standing, Writers
from mendbook.dialects.plain_ledger import OWN_TABLES
from mendbook.dialects.role_needs import RoleNeeds
from mendbook.dialects.sqlite.becoming import SQLiteFutureRows
from mendbook.dialects.sqlite.file import File, state_of
from mendbook.dialects.sqlite.generic import generic
from mendbook.dialects.sqlite.health import SQLiteHealth
from mendbook.dialects.sqlite.ledger import SQLiteLedger, user
from mendbook.dialects.sqlite.opening import READ_PATIENCE, explained, fault, opened
from mendbook.dialects.sqlite.relations import catalogue, referring
from mendbook.dialects.sqlite.schema import identity, moment, path_of, schema_digests, standing
from mendbook.dialects.sqlite.text import SQLiteText, Worded
from mendbook.errors import ConfigError, MendbookError

#: What reading depends on, and what makes it fast: memory for sorting, and helpers for it.
PINS = {"cache_size": "-65536", "threads": "2", "reverse_unordered_selects": "0", "ignore_check_constraints": "0"}
#: The machine's instructions between two looks at the clock.
_INSTRUCTIONS = 20_000
#: How long it waits before it asks again for a file that another writes.
_AGAIN_SECONDS = 0.002


class SQLite:
    """The dialect of SQLite over the standard library's driver."""

    name = "sqlite"
    no_roles = "SQLite knows no roles: who may write the file may repair it, and the file system says who that is"
    longest_role, after_roles = 0, ()

    def url(self, url: URL) -> URL:
        """The URL with the file's absolute path: a relative one starts at the current folder."""
        path = url.database or ""
        if not path or path == ":memory:" or path.startswith("file:") or url.query or url.host:
            raise ConfigError(
                f"{url.render_as_string(hide_password=True)} names no SQLite file.",
                "Write sqlite:////ABSOLUTE/PATH.sqlite3, or sqlite:///PATH.sqlite3 from the current folder; nothing after it.",
            )
        return URL.create("sqlite+pysqlite", database=str(Path(path).expanduser().absolute()))

    def engine_options(self, url: URL, writing: bool) -> dict[str, Any]:
        path = str(url.database)
        return {"creator": lambda: opened(path, writing), "hide_parameters": True}

    def begin_snapshot(self, connection: Connection, timeout_seconds: int, snapshot: str | None) -> None:
        """Begin a transaction that only reads, and take its moment by reading; statements have ``timeout_seconds``."""
        assert not snapshot
        connection.exec_driver_sql("PRAGMA query_only = ON")
        self._pin(connection, READ_PATIENCE)
        path, file = path_of(connection), driver_of(connection)
        before = state_of(path)
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        file.state = before if before == state_of(path) else ""
        _limit(connection, timeout_seconds)

    def share_snapshot(self, connection: Connection) -> str:
        """Empty: a moment is one connection's own."""
        return ""

    def begin_repair(self, connection: Connection, lock_seconds: float, statement_seconds: float, idle_seconds: float) -> None:
        """Begin a transaction that nobody writes beside, with foreign keys heeded."""
        self._begin_writing(connection, lock_seconds or READ_PATIENCE)
        _limit(connection, statement_seconds)

    def begin_writing(self, connection: Connection) -> None:
        """Begin a transaction that writes the ledger's tables."""
        self._begin_writing(connection, READ_PATIENCE)

    def _begin_writing(self, connection: Connection, lock_seconds: float) -> None:
        self._pin(connection, 0)
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        # a crash of the machine must not take back a batch that was told to be done, and of which a checkpoint knows
        connection.exec_driver_sql("PRAGMA synchronous = FULL")
        _begin_between_others(connection, lock_seconds)
        _wait_for_others(connection, lock_seconds)
        driver_of(connection).began_to_write(path_of(connection))

    def _pin(self, connection: Connection, lock_seconds: float) -> None:
        for name, value in PINS.items():
            connection.exec_driver_sql(f"PRAGMA {name} = {value}")
        _wait_for_others(connection, lock_seconds)

    def begin_keeping(self, connection: Connection, lock_seconds: float) -> None:
        """Nothing: a transaction would hold up the one that repairs."""

    def keep_others_out(self, connection: Connection) -> bool:
        """Whether this is now the only repair of this file, by a lock on a file beside it; it ends with the
        transaction."""
        return bool(driver_of(connection).keep(path_of(connection)))

    def defer_constraints(self, connection: Connection) -> None:
        """Let every foreign key wait for the end of the transaction, however it was declared."""
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")

    def check_constraints(self, connection: Connection) -> None:
        """Raise an error where a foreign key that waited is broken by a row that was written."""
        driver_of(connection).waiting.check(connection)

    def moment(self, connection: Connection) -> Moment:
        """What time it is, by this machine's clock."""
        return moment(driver_of(connection).state)

    def standing(self, connection: Connection, tables: Sequence[int]) -> Standing:
        """The moment, which file it is, and a mark that changes when anybody writes its schema."""
        return standing(connection, driver_of(connection).state)

    def writers(self, connection: Connection) -> Writers:
        """Nobody writes beside a writer; whether somebody wrote between its transactions shows by their numbers."""
        return driver_of(connection).writers()

    def written_since(self, table: str, snapshot: str) -> ColumnElement[bool]:
        """All of them, unless the whole file is as it was: rows do not tell when they were written."""
        return Worded(sa.literal(snapshot, sa.Text), "mendbook_written_since({0})", sa.Boolean)

    def identity(self, connection: Connection) -> dict[str, str]:
        """Which database this is."""
        return identity(connection)

    def schema_digests(self, connection: Connection, tables: Mapping[str, int]) -> dict[str, str]:
        """The digest of what each of ``tables`` (name: identity) is like."""
        return schema_digests(connection, tables)

    def cancel(self, connection: Connection) -> None:
        """Stop the statement that another thread waits for on ``connection``; nothing happens where there is none."""
        driver_of(connection).interrupt()

    def server(self, connection: Connection) -> Server:
        encoding = connection.exec_driver_sql("PRAGMA encoding").scalar_one()
        return Server(path_of(connection), "SQLite", sqlite3.sqlite_version, user(), False, None, False, encoding)

    def pressure(self, connection: Connection) -> Pressure:
        """A file is as busy as its writers, and those are waited for."""
        return Pressure()

    def text(self, server: Server) -> SQLiteText:
        return SQLiteText()

    def tables(self, connection: Connection) -> list[str]:
        """Every table of somebody's own, as the mapping names it."""
        return [name for name in catalogue(connection, []).names if name not in OWN_TABLES]

    def catalogue(self, connection: Connection, tables: list[str]) -> Catalogue:
        """What the schema says of ``tables`` (names as in the mapping)."""
        return catalogue(connection, tables)

    def referring(self, connection: Connection, tables: Mapping[str, Relation]) -> dict[str, Relation]:
        """``tables`` and every table that refers to one of them by foreign keys, step by step, with their triggers."""
        return referring(connection, tables)

    def generic(self, connection: Connection, schema: str) -> Generic | None:
        """Django's generic relations; None where there are no content types."""
        return generic(connection)

    def rows(self) -> SQLiteFutureRows:
        """The statements that read and change rows as images."""
        return SQLiteFutureRows()

    def ledger(self) -> SQLiteLedger:
        """Where the ledger stands, and how it is written."""
        return SQLiteLedger()

    def exceptions(self, connection: Connection, tables: Sequence[str]) -> bool | None:
        """Whether mendbook_exceptions has rows of ``tables`` (names for one)."""
        there = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'mendbook_exceptions'"
        if not connection.exec_driver_sql(there).scalar_one():
            return False
        kept = sa.table("mendbook_exceptions", sa.column("table"))
        return bool(connection.execute(sa.select(sa.exists().where(kept.c["table"].in_(tables)))).scalar())

    def sequences(self, connection: Connection, tables: Sequence[int]) -> list[tuple[str, str]]:
        """None: rows draw their own numbers."""
        return []

    def health(self) -> SQLiteHealth:
        """How this file is examined."""
        return SQLiteHealth()

    def roles(self, needs: RoleNeeds, names: Mapping[str, str]) -> str:
        """Nothing: there are none."""
        del needs, names
        return ""

    def hides_rows(self, connection: Connection, relation: Relation) -> str:
        """Nothing is hidden from whoever may read the file."""
        return ""

    def explain(self, error: Exception, url: URL) -> MendbookError | Exception:
        """What a driver's error means, in words for the person at the keyboard; unknown ones come back as they are."""
        return explained(getattr(error, "orig", None) or error, str(url.database)) or error

    def fault(self, error: DBAPIError) -> str:
        """Whose fault an error is: "others", "request", "rights", or ""."""
        return fault(error.orig)

    def objection(self, error: DBAPIError) -> str:
        """What SQLite objected to; it names columns and constraints, and no values."""
        return str(error.orig).strip().splitlines()[0]


def driver_of(connection: Connection) -> File:
    """The driver's own connection."""
    return cast(File, connection.connection.dbapi_connection)


def _wait_for_others(connection: Connection, seconds: float) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def _begin_between_others(connection: Connection, seconds: float) -> None:
    """BEGIN IMMEDIATE, tried for ``seconds``.

    SQLite itself asks ever more seldom, ten times a second in the end, and nobody queues: beside an application that
    writes without a rest it would hardly ever meet the moment in which the file is free.
    """
    ends = time.monotonic() + seconds
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except DBAPIError as error:
            if fault(error.orig) != "others" or time.monotonic() >= ends:
                raise
            time.sleep(_AGAIN_SECONDS)
        else:
            return


def _limit(connection: Connection, seconds: float) -> None:
    """Have each statement on ``connection``, with the reading of its rows, stopped after ``seconds`` (0: never)."""
    limit = connection.info.setdefault("mendbook_limit", {})
    limit.update(seconds=seconds, ends=time.monotonic() + seconds)
    driver_of(connection).set_progress_handler((lambda: time.monotonic() > limit["ends"]) if seconds else None, _INSTRUCTIONS)
    if "heard" not in limit:
        limit["heard"] = 1.0

        @sa.event.listens_for(connection, "before_cursor_execute")
        def begin(*_: Any) -> None:
            limit["ends"] = time.monotonic() + limit["seconds"]
