"""MySQL's and MariaDB's statements that build a constraint while others go on writing, and those that take it back.

InnoDB builds an index in place, and each statement says so itself: ALGORITHM and LOCK make it fail where it would have to
copy the table or keep writers out. No index there leaves rows out, and MariaDB's hold no expressions: what is trimmed and
lowered stands in a column of its own, computed and invisible, and NULL where it is blank. The statements are text for a
person to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from mendbook.dialects.building import NOTHING, Built, NewColumn, fitting
from mendbook.dialects.described import Relation

TYPES = {"boolean": "tinyint(1)", "integer": "bigint", "number": "decimal(30, 10)", "time": "datetime(6)"}
MOST_BYTES = 63
LONGEST = 255
PATIENCE = 5
_IN_PLACE = "ALGORITHM=INPLACE, LOCK=NONE"
_KEYS = (
    "With foreign_key_checks on, InnoDB copies the table to add a key, and its writers wait; off, it looks at no row that is "
    "there. See first that there are no orphans (mendbook audit), and add it off: there is no NOT VALID and no VALIDATE."
)
_COMPUTED = "The column that the index is on is computed and invisible: SELECT * and inserts without a list do not see it."
_ADVICE = (
    "Run it statement by statement; each of them commits by itself, so none is taken back by ROLLBACK.",
    f"lock_wait_timeout = {PATIENCE}: each waits for transactions that hold the table, and whoever comes later waits with it.",
    "Where one gives up, nothing has happened: try it again.",
    "ALGORITHM=INPLACE, LOCK=NONE makes a statement fail that would keep writers out.",
    "On replicas it runs after it was done here, for as long: look at their lag.",
)


def name(text: str) -> str:
    """An identifier in quotes."""
    return "`" + text.replace("`", "``") + "`"


def _value(given: object) -> str:
    if isinstance(given, bool):
        return str(int(given))
    return "'" + given.replace("\\", "\\\\").replace("'", "''") + "'" if isinstance(given, str) else str(given)


class MySQLBuilding:
    """The statements for some tables of one server."""

    def __init__(self, connection: Connection, tables: Sequence[Relation]) -> None:
        self._mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
        schemas = sorted({table.schema for table in tables})
        asked = sa.text(
            "SELECT index_name AS name FROM information_schema.statistics WHERE table_schema IN :schemas"
            " UNION SELECT constraint_name FROM information_schema.table_constraints WHERE table_schema IN :schemas"
        ).bindparams(sa.bindparam("schemas", expanding=True))
        self._taken = {str(each) for each in connection.execute(asked, {"schemas": schemas}).scalars()}
        self._taken |= {column for table in tables for column in table.columns}
        self.advice: tuple[str, ...] = _ADVICE

    def unique(self, table: Relation, column: str) -> Built:
        index = self._named(table, column, "unique")
        building = f"ALTER TABLE {self._table(table)} ADD UNIQUE INDEX {name(index)} ({name(column)}), {_IN_PLACE}"
        if not any(key.columns[0] == column for key in table.foreign_keys):
            return Built((building,), (self._without(table, index),))
        # the index that InnoDB makes by itself for a foreign key goes when a better one comes, and has to come back for it
        plain = self._named(table, column, "key")
        back = (
            f"ALTER TABLE {self._table(table)} ADD INDEX {name(plain)} ({name(column)}), DROP INDEX {name(index)}, {_IN_PLACE}"
        )
        return Built((building,), (back,))

    def caseless(self, table: Relation, column: str) -> Built:
        index, computed = self._named(table, column, "lower_unique"), self._named(table, column, "lower")
        kind = table.columns[column]
        length = kind.length if kind.length is not None and kind.length <= LONGEST else LONGEST
        # MariaDB takes the word after the expression, MySQL too
        adding = (
            f"ALTER TABLE {self._table(table)} ADD COLUMN {name(computed)} varchar({length}) GENERATED ALWAYS AS"
            f" (nullif(lower(trim({name(column)})), '')) VIRTUAL INVISIBLE"
        )
        return Built(
            (adding, f"ALTER TABLE {self._table(table)} ADD UNIQUE INDEX {name(index)} ({name(computed)}), {_IN_PLACE}"),
            (self._without(table, index), f"ALTER TABLE {self._table(table)} DROP COLUMN {name(computed)}"),
            notes=(_COMPUTED,),
        )

    def foreign_key(self, table: Relation, column: str, target: Relation, key: str, deferrable: bool) -> Built:
        called = self._named(table, column, "refers")
        adding = (
            f"ALTER TABLE {self._table(table)} ADD CONSTRAINT {name(called)} FOREIGN KEY ({name(column)})"
            f" REFERENCES {self._table(target)} ({name(key)}), {_IN_PLACE}"
        )
        back = f"ALTER TABLE {self._table(table)} DROP FOREIGN KEY {name(called)}"
        own, theirs = (_bare(each.type) for each in (table.columns[column], target.columns[key]))
        if own != theirs:
            return Built(cannot=f"a column of type {own} cannot refer to one of type {theirs}: change its type first")
        return Built(("SET foreign_key_checks = 0", adding, "SET foreign_key_checks = 1"), (back,), notes=(_KEYS,))

    def validate(self, table: Relation, key: str) -> Built:
        return NOTHING

    def without_invalid(self, table: Relation, index: str) -> Built:
        return Built((self._without(table, index),))

    def add_column(self, table: Relation, column: NewColumn) -> Built:
        kind = TYPES.get(column.family, "varchar(255)")
        given = " NULL" if column.given is None else f" NOT NULL DEFAULT {_value(column.given)}"
        own = self._table(table)
        adding = f"ALTER TABLE {own} ADD COLUMN {name(column.name)} {kind}{given}, ALGORITHM=INSTANT"
        later = (
            f"ALTER TABLE {own} ALTER COLUMN {name(column.name)} SET DEFAULT {'' if self._mariadb else '('}current_timestamp(6)"
            f"{'' if self._mariadb else ')'}"
        )
        back = (f"ALTER TABLE {own} DROP COLUMN {name(column.name)}",)
        return Built((adding, *((later,) if column.now else ())), back)

    def told_apart(self, table: Relation, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return sa.func.nullif(sa.func.lower(sa.func.trim(column)), sa.literal_column("''"))

    def covered(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        return sa.func.trim(column) != sa.literal_column("''")

    def too_long(self, key: ColumnElement[Any]) -> ColumnElement[bool] | None:
        return sa.func.char_length(key) > LONGEST

    def target(self, table: Relation, column: str, caseless: bool) -> str:
        return f"({name(column)})"

    def upsert(self, table: Relation, column: str, caseless: bool, columns: Sequence[str], updated: Sequence[str]) -> str:
        listed, holes = ", ".join(map(name, columns)), ", ".join("%s" for _ in columns)
        settled = ", ".join(f"{name(each)} = values({name(each)})" for each in updated) or f"{name(column)} = {name(column)}"
        return f"INSERT INTO {self._table(table)} ({listed}) VALUES ({holes}) ON DUPLICATE KEY UPDATE {settled}"

    def patient(self, statements: Sequence[str]) -> tuple[str, ...]:
        first, last = f"SET lock_wait_timeout = {PATIENCE}", "SET lock_wait_timeout = DEFAULT"
        return (first, *statements, last) if statements else ()

    def _without(self, table: Relation, index: str) -> str:
        return f"ALTER TABLE {self._table(table)} DROP INDEX {name(index)}"

    def _named(self, table: Relation, column: str, ending: str) -> str:
        return fitting((table.name, column, ending), self._taken, MOST_BYTES)

    def _table(self, table: Relation) -> str:
        return f"{name(table.schema)}.{name(table.name)}"


def _bare(kind: str) -> str:
    """A type as foreign keys compare it: how wide a whole number is shown does not count, nor how long a text may be."""
    first = kind.lower().partition("(")[0].strip()
    return f"{first} unsigned" if "unsigned" in kind.lower() else first
