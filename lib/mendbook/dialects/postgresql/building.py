"""PostgreSQL's statements that build a constraint while everybody goes on writing, and those that take it back.

A unique index is built CONCURRENTLY, and becomes a constraint where it is a plain one; a foreign key comes NOT VALID and
is validated afterwards. Reads the catalogue; the statements are text for a person to run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection
from sqlalchemy.dialects.postgresql import ARRAY, OID

from mendbook.dialects.building import Built, NewColumn, fitting
from mendbook.dialects.described import Column, Relation
from mendbook.display import is_flagged

MOST_BYTES = 63
#: A row of a B-tree holds a third of a page; a longer key may fit compressed, which nobody should rely on.
LONGEST_KEY = 2600
#: How long a statement that others have to wait for may itself wait.
PATIENCE = "5s"
TYPES = {"boolean": "boolean", "integer": "bigint", "number": "numeric", "time": "timestamp with time zone"}

_FACTS = sa.text(
    """
    SELECT c.oid, c.relkind = 'p' AS partitioned, pg_get_userbyid(c.relowner) AS owner,
           c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid) AS parent
    FROM pg_class c WHERE c.oid = ANY(:oids)
    """
).bindparams(sa.bindparam("oids", type_=ARRAY(OID)))
_NAMES = sa.text(
    """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(:schemas)
    UNION SELECT conname FROM pg_constraint WHERE conrelid = ANY(:oids)
    """
).bindparams(sa.bindparam("oids", type_=ARRAY(OID)), sa.bindparam("schemas", type_=ARRAY(sa.Text)))
_CONSTRAINTS = sa.text(
    """
    SELECT k.conrelid AS oid, k.conname AS name, pg_get_constraintdef(k.oid) AS definition, i.relname AS of_index
    FROM pg_constraint k LEFT JOIN pg_class i ON i.oid = k.conindid AND k.contype IN ('u', 'p', 'x')
    WHERE k.conrelid = ANY(:oids) AND k.contype IN ('u', 'p', 'x', 'f')
    """
).bindparams(sa.bindparam("oids", type_=ARRAY(OID)))
#: The types of ``types`` of which no column can refer to one of the other: no operator compares them, and it becomes none.
_INCOMPATIBLE = sa.text(
    """
    WITH asked AS (SELECT DISTINCT told, coalesce(nullif(t.typbasetype, 0), t.oid) AS base
                   FROM unnest(cast(:types AS text[])) AS told JOIN pg_type t ON t.oid = cast(told AS regtype))
    SELECT own.told AS own, theirs.told AS theirs FROM asked own CROSS JOIN asked theirs
    WHERE own.base <> theirs.base
      AND NOT EXISTS (SELECT FROM pg_amop o JOIN pg_am a ON a.oid = o.amopmethod WHERE a.amname = 'btree'
                      AND o.amopstrategy = 3 AND o.amoplefttype = theirs.base AND o.amoprighttype = own.base)
      AND NOT EXISTS (SELECT FROM pg_cast k WHERE k.castsource = own.base AND k.casttarget = theirs.base
                      AND k.castcontext = 'i')
    """
)
_SERVER = sa.text(
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') = 'UTF8' AS utf8,"
    " (SELECT count(*) FROM pg_collation WHERE collname = 'pg_c_utf8') > 0 AS simple"
)


_AS_OWNER = (
    "Run it as the owner of the tables ({}), statement by statement, outside any transaction:"
    " psql -v ON_ERROR_STOP=1 -f does, psql -1 does not."
)
_OLDER = (
    "CREATE INDEX CONCURRENTLY waits for every transaction that is older than it is; look for those first: "
    "SELECT pid, now() - xact_start, state FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start."
)
_FAILED = (
    "Where one fails it leaves an invalid index, which goes on costing writes: run the rollback, or ask 'mendbook guard' "
    "again, which drops it first."
)
_PATIENCE = (
    f"Before ALTER TABLE stands SET lock_timeout = '{PATIENCE}': whoever comes after it in the queue for the table waits as "
    "long as it does. Where it gives up, nothing has happened: try that statement again."
)
_TRIMMED = (
    "White space at its ends other than the plain blank (tabs, no-break spaces) is not trimmed by the index: the application "
    "has to strip it before it writes."
)
_LETTERS = "Under this database's collation lower() leaves letters beyond ASCII as they are: they stay apart."


@dataclass(frozen=True, slots=True)
class _Facts:
    partitioned: bool
    owner: str
    parent: bool


def name(text: str) -> str:
    """An identifier in quotes; what a terminal would act on, or a person not see, stands in it as its number."""
    if is_flagged(text):
        return 'U&"' + re.sub(r"[^ -~]", lambda m: f"\\+{ord(m[0]):06X}", text.replace("\\", "\\\\").replace('"', '""')) + '"'
    return '"' + text.replace('"', '""') + '"'


def _value(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, str):
        return str(given).lower() if isinstance(given, bool) else str(given)
    if is_flagged(given) or "\\" in given:
        return "E'" + re.sub(r"[^ -~]", lambda m: f"\\U{ord(m[0]):08X}", given.replace("\\", "\\\\").replace("'", "''")) + "'"
    return "'" + given.replace("'", "''") + "'"


class PostgreSQLBuilding:
    """The statements for some tables of one database, as its catalogue stood when it was asked."""

    def __init__(self, connection: Connection, tables: Sequence[Relation]) -> None:
        oids = [table.identity for table in tables]
        server = connection.execute(_SERVER).one()
        self._version = int(server.version)
        self._facts = {
            row.oid: _Facts(row.partitioned, row.owner, row.parent) for row in connection.execute(_FACTS, {"oids": oids})
        }
        schemas = list({table.schema for table in tables})
        self._taken = set(connection.execute(_NAMES, {"schemas": schemas, "oids": oids}).scalars())
        constraints = connection.execute(_CONSTRAINTS, {"oids": oids}).all()
        self._definitions = {(row.oid, row.name): row.definition for row in constraints}
        self._behind = {(row.oid, row.of_index): row.name for row in constraints if row.of_index is not None}
        types = sorted({column.type for table in tables for column in table.columns.values()})
        self._incompatible = {(row.own, row.theirs) for row in connection.execute(_INCOMPATIBLE, {"types": types})}
        self._collations = self._lowering(connection, tables, bool(server.utf8), bool(server.simple))
        owners = sorted({facts.owner for facts in self._facts.values()})
        self.advice: tuple[str, ...] = (_AS_OWNER.format(", ".join(map(name, owners))), _OLDER, _FAILED, _PATIENCE)

    def _lowering(self, connection: Connection, tables: Sequence[Relation], utf8: bool, simple: bool) -> dict[str, str]:
        """For each collation of a text column, what has to be written for lower() to lower letters beyond ASCII too."""
        found: dict[str, str] = {}
        if not utf8:
            return found
        for collate in {column.collate for table in tables for column in table.columns.values() if column.family == "text"}:
            asked = f"lower('\u00c4'::text{f' COLLATE {collate}' if collate else ''}) = '\u00e4' COLLATE \"C\""
            if not connection.exec_driver_sql(f"SELECT {asked}").scalar():
                found[collate] = ' COLLATE "pg_catalog"."pg_c_utf8"' if simple else ""
        return found

    def unique(self, table: Relation, column: str) -> Built:
        """A unique index, and a constraint by it."""
        if why := self._unable(table):
            return Built(cannot=why)
        index, own = self._named(table, column, "unique"), self._table(table)
        building = (
            f"CREATE UNIQUE INDEX CONCURRENTLY {name(index)} ON {own} ({name(column)})",
            f"ALTER TABLE {own} ADD CONSTRAINT {name(index)} UNIQUE USING INDEX {name(index)}",
        )
        back = (
            f"ALTER TABLE {own} DROP CONSTRAINT IF EXISTS {name(index)}",
            f"DROP INDEX CONCURRENTLY IF EXISTS {self._index(table, index)}",
        )
        return Built(building, back, back)

    def caseless(self, table: Relation, column: str) -> Built:
        """A unique index of what is left after trimming and lowering; blank ones, which are nobody's, are left out."""
        if why := self._unable(table):
            return Built(cannot=why)
        index = self._named(table, column, "lower_unique")
        letters = self._collations.get(table.columns[column].collate, "as they should")
        notes = (_TRIMMED,) if letters else (_TRIMMED, _LETTERS)
        building = f"CREATE UNIQUE INDEX CONCURRENTLY {name(index)} ON {self._table(table)} {self.target(table, column, True)}"
        back = (f"DROP INDEX CONCURRENTLY IF EXISTS {self._index(table, index)}",)
        return Built((building,), back, back, notes=notes)

    def foreign_key(self, table: Relation, column: str, target: Relation, key: str, deferrable: bool) -> Built:
        """A foreign key that holds for new rows at once, and for the old ones when they have been looked at."""
        own, theirs = table.columns[column].type, target.columns[key].type
        if self._facts[table.identity].parent or self._facts[target.identity].parent:
            heir = table if self._facts[table.identity].parent else target
            return Built(cannot=f"other tables inherit from {heir.name}, and a foreign key does not reach their rows")
        if (own, theirs) in self._incompatible:
            return Built(cannot=f"a column of type {own} cannot refer to one of type {theirs}: change its type first")
        called, of = self._named(table, column, "refers"), self._table(table)
        later = self._version >= 180000 or not self._facts[table.identity].partitioned
        adding = (
            f"ALTER TABLE {of} ADD CONSTRAINT {name(called)} FOREIGN KEY ({name(column)})"
            f" REFERENCES {self._table(target)} ({name(key)})"
            + (" DEFERRABLE INITIALLY DEFERRED" if deferrable else "")
            + (" NOT VALID" if later else "")
        )
        validating = (f"ALTER TABLE {of} VALIDATE CONSTRAINT {name(called)}",) if later else ()
        blocks = () if later else ("The table is partitioned: until PostgreSQL 18 its writers wait while rows are looked at.",)
        back = (f"ALTER TABLE {of} DROP CONSTRAINT IF EXISTS {name(called)}",)
        return Built((adding, *validating), back, back, notes=blocks)

    def validate(self, table: Relation, key: str) -> Built:
        """A foreign key that stands there and was never held against the old rows (or, not enforced, against any)."""
        own, called = self._table(table), name(key)
        definition = self._definitions[table.identity, key]
        bare = re.sub(r" (NOT ENFORCED|NOT VALID)$", "", definition)
        again = f"ALTER TABLE {own} DROP CONSTRAINT {called}, ADD CONSTRAINT {called} "
        first = (f"{again}{bare} NOT VALID",) if definition.endswith(" NOT ENFORCED") else ()
        return Built((*first, f"ALTER TABLE {own} VALIDATE CONSTRAINT {called}"), (f"{again}{definition}",))

    def without_invalid(self, table: Relation, index: str) -> Built:
        """What goes before anything is built: an index that failed to, which IF NOT EXISTS would take for a good one."""
        constraint = self._behind.get((table.identity, index))
        self._taken.discard(index)
        if constraint is not None:
            drop = f"ALTER TABLE {self._table(table)} DROP CONSTRAINT {name(constraint)}"
        else:
            drop = f"DROP INDEX CONCURRENTLY IF EXISTS {self._index(table, index)}"
        return Built(
            (drop,), notes=(f"The invalid index {name(index)} does not come back by the rollback: it protects nothing.",)
        )

    def add_column(self, table: Relation, column: NewColumn) -> Built:
        """A column; a constant default is told of rows that are there without writing them."""
        own, called = self._table(table), name(column.name)
        given = "" if column.given is None else f" DEFAULT {_value(column.given)} NOT NULL"
        adding = f"ALTER TABLE {own} ADD COLUMN IF NOT EXISTS {called} {TYPES.get(column.family, 'text')}{given}"
        later = (f"ALTER TABLE {own} ALTER COLUMN {called} SET DEFAULT now()",) if column.now else ()
        return Built((adding, *later), (f"ALTER TABLE {own} DROP COLUMN IF EXISTS {called}",), transactional=True)

    def told_apart(self, table: Relation, column: ColumnElement[Any]) -> ColumnElement[Any]:
        trimmed: ColumnElement[Any] = sa.func.btrim(sa.cast(column, sa.Text), type_=sa.Text)
        if self._collation(table.columns[str(column.key)]):
            trimmed = trimmed.collate("pg_c_utf8")
        return sa.func.lower(trimmed, type_=sa.Text)

    def covered(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        return sa.func.btrim(sa.cast(column, sa.Text), type_=sa.Text) != sa.literal_column("''")

    def too_long(self, key: ColumnElement[Any]) -> ColumnElement[bool] | None:
        return sa.func.octet_length(sa.cast(key, sa.Text)) > LONGEST_KEY

    def target(self, table: Relation, column: str, caseless: bool) -> str:
        if not caseless:
            return f"({name(column)})"
        kind = table.columns[column]
        own = name(column) if kind.family == "text" else f"{name(column)}::text"
        return f"(lower(btrim({own}){self._collation(kind)})) WHERE btrim({own}) <> ''"

    def upsert(self, table: Relation, column: str, caseless: bool, columns: Sequence[str], updated: Sequence[str]) -> str:
        listed, holes = ", ".join(map(name, columns)), ", ".join("%s" for _ in columns)
        settled = ", ".join(f"{name(each)} = excluded.{name(each)}" for each in updated)
        return (
            f"INSERT INTO {self._table(table)} ({listed}) VALUES ({holes})"
            f" ON CONFLICT {self.target(table, column, caseless)} DO {f'UPDATE SET {settled}' if settled else 'NOTHING'}"
        )

    def patient(self, statements: Sequence[str]) -> tuple[str, ...]:
        told: list[str] = []
        before = ""
        for statement in statements:
            # a build that gives up leaves an invalid index; what others wait for must give up
            limit = "0" if "CONCURRENTLY" in statement.split('"')[0] else f"'{PATIENCE}'"
            if limit != before:
                told.append(f"SET lock_timeout = {limit}")
                before = limit
            told.append(statement)
        return (*told, "RESET lock_timeout") if told else ()

    def _unable(self, table: Relation) -> str:
        facts = self._facts[table.identity]
        if facts.parent:
            return f"other tables inherit from {table.name}, and no index of it reaches their rows: fold them into one table"
        if facts.partitioned:
            return f"{table.name} is partitioned: a unique index there must hold the columns that it is partitioned by"
        return ""

    def _collation(self, column: Column) -> str:
        return "" if column.caseless else self._collations.get(column.collate, "")

    def _named(self, table: Relation, column: str, ending: str) -> str:
        return fitting((table.name, column, ending), self._taken, MOST_BYTES)

    def _table(self, table: Relation) -> str:
        return f"{name(table.schema)}.{name(table.name)}"

    def _index(self, table: Relation, index: str) -> str:
        return f"{name(table.schema)}.{name(index)}"
