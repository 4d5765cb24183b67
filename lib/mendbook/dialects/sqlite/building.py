"""SQLite's statements that build a constraint, and those that take it back; and what SQLite builds only with a new table.

Nothing is built there beside writers: one writes at a time, and an index is written as a row is. The statements are text
for a person to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from mendbook.dialects.building import NOTHING, Built, NewColumn, fitting
from mendbook.dialects.described import Relation

TYPES = {"boolean": "bool", "integer": "integer", "number": "numeric", "time": "datetime"}
MOST_BYTES = 200
_NEW_TABLE = (
    "SQLite adds no foreign key to a table that is there: make the table anew (PRAGMA foreign_keys = OFF, BEGIN, CREATE TABLE "
    "with the key, INSERT .. SELECT, DROP TABLE, ALTER TABLE .. RENAME, PRAGMA foreign_key_check, COMMIT), as Django's "
    "AlterField does"
)
_LETTERS = "lower() of SQLite lowers ASCII letters alone, and trim() trims blanks: the application has to see to all others."
_ADVICE = (
    "Whoever else writes the file waits until it is done; readers go on where PRAGMA journal_mode is wal.",
    "BEGIN IMMEDIATE before the statements and COMMIT after them make them one.",
    "Foreign keys hold only in connections that say PRAGMA foreign_keys = ON (Django's do).",
)


def name(text: str) -> str:
    """An identifier in quotes."""
    return '"' + text.replace('"', '""') + '"'


def _value(given: object) -> str:
    if isinstance(given, bool):
        return str(int(given))
    return "'" + given.replace("'", "''") + "'" if isinstance(given, str) else str(given)


class SQLiteBuilding:
    """The statements for some tables of one file."""

    def __init__(self, connection: Connection, tables: Sequence[Relation]) -> None:
        self._taken = {str(row) for row in connection.execute(sa.text("SELECT name FROM sqlite_master")).scalars()}
        self._taken |= {column for table in tables for column in table.columns}
        self.advice: tuple[str, ...] = _ADVICE

    def unique(self, table: Relation, column: str) -> Built:
        index = fitting((table.name, column, "unique"), self._taken, MOST_BYTES)
        building = f"CREATE UNIQUE INDEX {name(index)} ON {name(table.name)} ({name(column)})"
        back = (f"DROP INDEX IF EXISTS {name(index)}",)
        return Built((building,), back, back, transactional=True)

    def caseless(self, table: Relation, column: str) -> Built:
        index = fitting((table.name, column, "lower_unique"), self._taken, MOST_BYTES)
        building = f"CREATE UNIQUE INDEX {name(index)} ON {name(table.name)} {self.target(table, column, True)}"
        back = (f"DROP INDEX IF EXISTS {name(index)}",)
        return Built((building,), back, back, transactional=True, notes=(_LETTERS,))

    def foreign_key(self, table: Relation, column: str, target: Relation, key: str, deferrable: bool) -> Built:
        return Built(cannot=_NEW_TABLE)

    def validate(self, table: Relation, key: str) -> Built:
        return NOTHING

    def without_invalid(self, table: Relation, index: str) -> Built:
        return Built((f"DROP INDEX IF EXISTS {name(index)}",), transactional=True)

    def add_column(self, table: Relation, column: NewColumn) -> Built:
        given = "" if column.given is None else f" NOT NULL DEFAULT {_value(column.given)}"
        adding = f"ALTER TABLE {name(table.name)} ADD COLUMN {name(column.name)} {TYPES.get(column.family, 'text')}{given}"
        notes = ("SQLite adds no column whose default is the time: the application has to write it.",) if column.now else ()
        back = (f"ALTER TABLE {name(table.name)} DROP COLUMN {name(column.name)}",)
        return Built((adding,), back, transactional=True, notes=notes)

    def told_apart(self, table: Relation, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return sa.func.lower(sa.func.trim(column, type_=sa.Text), type_=sa.Text)

    def covered(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        return column != sa.literal_column("''")

    def too_long(self, key: ColumnElement[Any]) -> ColumnElement[bool] | None:
        return None

    def target(self, table: Relation, column: str, caseless: bool) -> str:
        return f"(lower(trim({name(column)}))) WHERE {name(column)} <> ''" if caseless else f"({name(column)})"

    def upsert(self, table: Relation, column: str, caseless: bool, columns: Sequence[str], updated: Sequence[str]) -> str:
        listed, holes = ", ".join(map(name, columns)), ", ".join("?" for _ in columns)
        settled = ", ".join(f"{name(each)} = excluded.{name(each)}" for each in updated)
        return (
            f"INSERT INTO {name(table.name)} ({listed}) VALUES ({holes})"
            f" ON CONFLICT {self.target(table, column, caseless)} DO {f'UPDATE SET {settled}' if settled else 'NOTHING'}"
        )

    def patient(self, statements: Sequence[str]) -> tuple[str, ...]:
        return tuple(statements)
