"""The ledger's place in SQLite: tables mendbook_ledger, mendbook_change and mendbook_exceptions in the repaired file.

Whoever adds to it is alone in the file (BEGIN IMMEDIATE), so it needs no lock of its own. Writes to those tables alone, and
only what ledger/ledger.py asks for.
"""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from shlex import quote

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from mendbook.dialects.plain_ledger import PREFIX, PlainLedger

_SQL = """\
CREATE TABLE IF NOT EXISTS mendbook_ledger (
    position integer PRIMARY KEY CHECK (position > 0),
    act text NOT NULL CHECK (act IN ('apply', 'undo', 'purge')),
    plan text,
    batch integer,
    at text NOT NULL,
    role text NOT NULL,
    details text NOT NULL,
    count integer NOT NULL CHECK (count >= 0),
    changes text NOT NULL,
    previous text NOT NULL UNIQUE,
    hash text NOT NULL UNIQUE,
    UNIQUE (plan, batch),
    CHECK ((plan IS NULL) = (act = 'purge') AND (batch IS NULL) = (act = 'purge'))
);

CREATE TABLE IF NOT EXISTS mendbook_change (
    plan text NOT NULL,
    batch integer NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    case_key text NOT NULL,
    "table" text NOT NULL,
    op text NOT NULL CHECK (op IN ('insert', 'update', 'delete')),
    key text,
    before text,
    after text,
    salt text,
    images text NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (plan, batch, seq),
    CHECK (CASE WHEN salt IS NULL THEN before IS NULL AND after IS NULL
           ELSE (before IS NULL) = (op = 'insert') AND (after IS NULL) = (op = 'delete') END)
);

CREATE TABLE IF NOT EXISTS mendbook_exceptions (
    "table" text NOT NULL,
    first_key text NOT NULL,
    second_key text NOT NULL,
    reason text NOT NULL CHECK (trim(reason) <> ''),
    name text NOT NULL CHECK (trim(name) <> ''),
    at text NOT NULL,
    PRIMARY KEY ("table", first_key, second_key),
    CHECK (first_key < second_key)
);
"""


class SQLiteLedger(PlainLedger):
    """Where the ledger stands, and how it is written."""

    place = "tables mendbook_*"

    def sql(self) -> str:
        return _SQL

    def granting(self, doing: str) -> str:
        return "The file and its folder must be writable for whoever runs this."

    def found(self, connection: Connection) -> dict[str, tuple[str, ...] | None]:
        every = "SELECT name, type FROM sqlite_master WHERE name GLOB 'mendbook_*' AND type <> 'index'"
        rows = connection.exec_driver_sql(every)
        there = {row.name: row.type for row in rows}
        found: dict[str, tuple[str, ...] | None] = {}
        for table in self.tables:
            kind = there.get(PREFIX + table)
            if kind is not None:
                columns = connection.exec_driver_sql("SELECT name FROM pragma_table_info(?)", (PREFIX + table,)).scalars()
                found[table] = tuple(columns) if kind == "table" else None
        return found

    def create(self, connection: Connection) -> None:
        with connection.begin_nested():
            for statement in _SQL.split(";\n"):
                if statement.strip():
                    connection.exec_driver_sql(statement)

    def hold(self, connection: Connection) -> None:
        """Nothing: a transaction that writes is the only one."""

    def twice(self, error: IntegrityError) -> bool:
        return f"{PREFIX}ledger.plan, {PREFIX}ledger.batch" in str(error.orig)

    def who_and_when(self, connection: Connection) -> tuple[str, datetime]:
        return user(), datetime.now(UTC)

    def by_hand(self, variable: str, plan: str) -> str:
        literal = "'" + plan.replace("'", "''") + "'"
        sql = f"SELECT position, batch, at, role, count, hash FROM {PREFIX}ledger WHERE plan = {literal} ORDER BY position"
        # what stands after sqlite:/// is the path
        return f'sqlite3 "$(printf %s "${variable}" | sed -E "s|^sqlite[^:]*:///||")" {quote(sql)}'


def user() -> str:
    """Who runs this, by the operating system: SQLite knows nobody."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
