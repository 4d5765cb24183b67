"""SQLite (3.37 and newer): one file, its snapshot, its pins, its errors in plain words, its catalogue.

Reads only, but for settings of its own connection. A reader holds one moment by a transaction that it began with a read;
several connections cannot share one. A writer shuts out every other (BEGIN IMMEDIATE) for as long as its transaction lasts.
"""

from __future__ import annotations

import getpass
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from mendbook.dialects import Catalogue, Generic, Moment, Relation, Server, Standing, Writers
from mendbook.dialects.sqlite_becoming import SQLiteFutureRows
from mendbook.dialects.sqlite_generic import generic
from mendbook.dialects.sqlite_opening import READ_PATIENCE, explained, opened
from mendbook.dialects.sqlite_relations import catalogue, referring
from mendbook.dialects.sqlite_schema import identity, moment, path_of, schema_digests, standing
from mendbook.dialects.sqlite_text import SQLiteText
from mendbook.errors import ConfigError, MendbookError

#: What reading depends on, and what makes it fast: memory for sorting, and helpers for it.
PINS = {"cache_size": "-65536", "threads": "2", "reverse_unordered_selects": "0", "ignore_check_constraints": "0"}
#: The machine's instructions between two looks at the clock.
_INSTRUCTIONS = 20_000


class SQLite:
    """The dialect of SQLite over the standard library's driver."""

    name = "sqlite"

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
        assert snapshot is None
        connection.exec_driver_sql("PRAGMA query_only = ON")
        self._pin(connection, READ_PATIENCE)
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        _limit(connection, timeout_seconds)

    def share_snapshot(self, connection: Connection) -> str | None:
        """None: a moment is one connection's own."""
        return None

    def begin_repair(self, connection: Connection, lock_seconds: float, statement_seconds: float, idle_seconds: float) -> None:
        """Begin a transaction that nobody writes beside, with foreign keys heeded at its end."""
        self._pin(connection, lock_seconds)
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        # a crash of the machine must not take back a batch that was told to be done, and of which a checkpoint knows
        connection.exec_driver_sql("PRAGMA synchronous = FULL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        _limit(connection, statement_seconds)

    def _pin(self, connection: Connection, lock_seconds: float) -> None:
        for name, value in {**PINS, "busy_timeout": str(int(lock_seconds * 1000))}.items():
            connection.exec_driver_sql(f"PRAGMA {name} = {value}")

    def keep_others_out(self, connection: Connection) -> bool:
        """True: a transaction that writes is the only one."""
        return True

    def moment(self, connection: Connection) -> Moment:
        """What time it is, by this machine's clock."""
        return moment(connection)

    def standing(self, connection: Connection, tables: Sequence[int]) -> Standing:
        """The moment, which file it is, and a mark that changes when anybody writes its schema."""
        return standing(connection)

    def writers(self, connection: Connection) -> Writers:
        """Nobody writes beside a writer."""
        return Writers(0, 0, False)

    def identity(self, connection: Connection) -> dict[str, str]:
        """Which database this is."""
        return identity(connection)

    def schema_digests(self, connection: Connection, tables: Mapping[str, int]) -> dict[str, str]:
        """The digest of what each of ``tables`` (name: identity) is like."""
        return schema_digests(connection, tables)

    def cancel(self, connection: Connection) -> None:
        """Stop the statement that another thread waits for on ``connection``; nothing happens where there is none."""
        driver: Any = connection.connection.dbapi_connection
        driver.interrupt()

    def server(self, connection: Connection) -> Server:
        encoding = connection.exec_driver_sql("PRAGMA encoding").scalar_one()
        return Server(path_of(connection), "SQLite", sqlite3.sqlite_version, _user(), False, None, False, encoding)

    def text(self, server: Server) -> SQLiteText:
        return SQLiteText()

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

    def changed_collations(self, connection: Connection) -> list[str]:
        """None: SQLite's own collations never change."""
        return []

    def hides_rows(self, connection: Connection, relation: Relation) -> str:
        """Nothing is hidden from whoever may read the file."""
        return ""

    def explain(self, error: Exception, url: URL) -> MendbookError | Exception:
        """What a driver's error means, in words for the person at the keyboard; unknown ones come back as they are."""
        return explained(getattr(error, "orig", None) or error, str(url.database)) or error


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _limit(connection: Connection, seconds: float) -> None:
    """Have each statement on ``connection``, with the reading of its rows, stopped after ``seconds``."""
    deadline = time.monotonic() + seconds

    def begin(*_: Any) -> None:
        nonlocal deadline
        deadline = time.monotonic() + seconds

    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(lambda: time.monotonic() > deadline, _INSTRUCTIONS)
    sa.event.listen(connection, "before_cursor_execute", begin)
