"""Reads SQLite's schema into relations: those that a mapping names, and those that refer to them.

It asks the schema table and the pragmas, once a table that is asked for, and reads no row of any. SQLite compares names
without the case of ASCII letters; relations carry them as they were declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from mendbook.dialects import Catalogue, Column, ForeignKey, Index, Relation, Trigger
from mendbook.dialects.sqlite.values import LEAST, MOST, affinity
from mendbook.dialects.sqlite.words import TableWords, blanks_left_out, draws, folded, index_parts, table_parts, trigger_parts

SCHEMA = "main"
#: Collations under which "a" equals "A".
CASELESS = {"nocase"}
_LENGTH = re.compile(r"\(\s*(\d+)\s*\)")
_KINDS = {"table": "table", "view": "view", "virtual": "virtual table", "shadow": "virtual table's own table"}
_TABLES = (
    "SELECT m.rowid AS identity, l.name, l.type, l.wr, l.strict, m.sql FROM pragma_table_list AS l"
    " JOIN sqlite_master AS m ON m.name = l.name AND m.type IN ('table', 'view')"
    " WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY l.name"
)
_REFERRING = (
    'SELECT DISTINCT m.name, lower(k."table") AS target FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS k'
    " WHERE m.type = 'table'"
)

_COLUMNS = "SELECT * FROM pragma_table_xinfo(?)"
_INDEXES = (
    "SELECT l.name, m.sql FROM pragma_index_list(?) AS l LEFT JOIN sqlite_master AS m ON m.type = 'index' AND m.name = l.name"
    ' WHERE l."unique" ORDER BY l.name'
)
_INDEX_KEYS = 'SELECT cid, name, coll FROM pragma_index_xinfo(?) WHERE "key" ORDER BY seqno'
_KEYS = (
    'SELECT id, "table" AS target, "from" AS own, "to" AS theirs, on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq'
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A table as the schema lists it."""

    identity: int
    name: str
    kind: str
    without_rowid: bool
    strict: bool
    sql: str


def listed(connection: Connection) -> dict[str, Listed]:
    """Every table and view, by its name in lower case."""
    rows = connection.exec_driver_sql(_TABLES)
    return {
        lower(row.name): Listed(
            row.identity, row.name, _KINDS.get(row.type, row.type), bool(row.wr), bool(row.strict), row.sql or ""
        )
        for row in rows
    }


def catalogue(connection: Connection, tables: list[str]) -> Catalogue:
    """What the schema says of ``tables`` (names as in the mapping); those that it does not know are left out."""
    every = listed(connection)
    found: dict[str, Relation] = {}
    for asked in tables:
        schema, dot, rest = asked.partition(".")
        table = every.get(lower(rest if dot else asked)) if not dot or lower(schema) == SCHEMA else None
        if table is not None:
            found[asked] = relation(connection, table, every)
    names = [each for each in every.values() if each.kind == "table"]
    # as the mapping must write them: what stands before a name's first dot would be read as its schema
    return Catalogue(found, tuple(called(each.name) for each in names))


def referring(connection: Connection, tables: Mapping[str, Relation]) -> dict[str, Relation]:
    """``tables`` and every table that refers to one of them by foreign keys, step by step, with triggers and checks.

    A table that is in ``tables`` keeps its name there.
    """
    every = listed(connection)
    refers: dict[str, set[str]] = {}
    for row in connection.exec_driver_sql(_REFERRING):
        refers.setdefault(row.target, set()).add(lower(row.name))
    known = {lower(each.name) for each in tables.values()}
    fresh = set(known)
    while fresh:
        fresh = set().union(*(refers.get(name, set()) for name in fresh)) - known
        known |= fresh
    names = {lower(each.name): name for name, each in tables.items()}
    triggers = _triggers(connection)
    found = {}
    for name in sorted(known & every.keys()):
        read = relation(connection, every[name], every)
        said = table_parts(every[name].sql)
        whole = replace(read, triggers=tuple(triggers.get(name, ())), checks=said.checks)
        found[names.get(name, called(read.name))] = whole
    return found


def relation(connection: Connection, table: Listed, every: Mapping[str, Listed]) -> Relation:
    """A table with its columns, unique indexes and foreign keys."""
    rows = [row for row in connection.exec_driver_sql(_COLUMNS, (table.name,)) if row.hidden != 1]
    said = table_parts(table.sql) if table.kind == "table" else TableWords()
    key = tuple(row.name for row in sorted((row for row in rows if row.pk), key=lambda row: row.pk))
    # an INTEGER PRIMARY KEY is the row's own number
    own = [row.name for row in rows if row.pk and row.type.upper() == "INTEGER"] if len(key) == 1 else []
    drawn = own[0] if own and not table.without_rowid else ""
    columns = {row.name: _column(row, table, row.name == drawn, said) for row in rows}
    return Relation(
        identity=table.identity,
        schema=SCHEMA,
        name=table.name,
        kind=table.kind,
        rows_estimate=0,
        columns=columns,
        unique_indexes=tuple(_indexes(connection, table, drawn)),
        foreign_keys=tuple(_foreign_keys(connection, table, columns, every)),
        primary_key=key,
    )


def lower(name: str) -> str:
    """A name as SQLite compares it."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def called(name: str) -> str:
    """What mappings and plans call the table."""
    return f"{SCHEMA}.{name}" if "." in name else name


def _column(row: Any, table: Listed, drawn: bool, said: TableWords) -> Column:
    family = _family(row.type)
    bound = row.notnull or drawn or (row.pk and (table.without_rowid or table.strict))
    generated = row.hidden in (2, 3)
    default = row.dflt_value is not None and lower(row.dflt_value) != "null"
    collation = said.collations.get(row.name, "BINARY")
    collate = "" if lower(collation) == "binary" else collation
    return Column(
        row.name,
        row.type,
        family,
        not bound,
        lower(collate),
        caseless=lower(collate) in CASELESS,
        default=default or drawn,
        draws=drawn or (default and draws(row.dflt_value)),
        generated=generated,
        expression=said.generated.get(row.name) if generated else row.dflt_value,
        collate=collate,
        length=_length(row.type),
        # an integer holds 64 bits, whatever it was declared as
        whole=(LEAST, MOST) if family == "integer" else None,
        plain=family == "text",
        truth=("0", "1"),
    )


def _family(declared: str) -> str:
    kind, upper = affinity(declared), declared.upper()
    if kind in ("INTEGER", "TEXT"):
        return kind.lower()
    if upper.startswith("BOOL"):
        return "boolean"
    if upper.startswith(("DATETIME", "TIMESTAMP", "DATE")):
        return "time"
    if upper.startswith(("UUID", "GUID", "UNIQUEIDENTIFIER")):
        return "uuid"
    return "number" if kind == "REAL" or upper.startswith(("DEC", "NUM", "MONEY", "CURRENCY")) else "other"


def _length(declared: str) -> int | None:
    """The length that a text was declared with; the application keeps it, SQLite does not."""
    found = _LENGTH.search(declared) if affinity(declared) == "TEXT" else None
    return int(found[1]) if found else None


def _indexes(connection: Connection, table: Listed, drawn: str) -> Iterable[Index]:
    if drawn:
        yield Index("primary key", (drawn,), (quoted(drawn),), (False,), None, True, collate=("BINARY",), folds=(None,))
    for index in connection.exec_driver_sql(_INDEXES, (table.name,)).all():
        keys = connection.exec_driver_sql(_INDEX_KEYS, (index.name,)).all()
        typed, predicate = index_parts(index.sql or "")
        names = tuple(key.name if key.cid >= 0 else None for key in keys)
        expressions = tuple(quoted(key.name) if key.cid >= 0 else typed[place] for place, key in enumerate(keys))
        collate = tuple(key.coll or "BINARY" for key in keys)
        blind = tuple(lower(each) in CASELESS for each in collate)
        folds = tuple(folded(text) if name is None else None for name, text in zip(names, expressions, strict=True))
        leaves = blanks_left_out(predicate) if predicate is not None else ()
        yield Index(index.name, names, expressions, blind, predicate, True, False, collate, folds, leaves)


def _foreign_keys(
    connection: Connection, table: Listed, columns: Mapping[str, Column], every: Mapping[str, Listed]
) -> Iterable[ForeignKey]:
    """As declared, whether SQLite is told to enforce them or not; a key to a table that is not there names nothing."""
    grouped: dict[int, list[Any]] = {}
    for row in connection.exec_driver_sql(_KEYS, (table.name,)).all():
        grouped.setdefault(row.id, []).append(row)
    real = {lower(name): name for name in columns}
    for parts in grouped.values():
        target = every.get(lower(parts[0].target))
        there = [] if target is None else connection.exec_driver_sql(_COLUMNS, (target.name,)).all()
        names = {lower(row.name): row.name for row in there}
        key = [row.name for row in sorted((row for row in there if row.pk), key=lambda row: row.pk)]
        theirs = key if parts[0].theirs is None else [names.get(lower(part.theirs), part.theirs) for part in parts]
        own = tuple(real.get(lower(part.own), part.own) for part in parts)
        named, identity = f"{', '.join(own)} -> {parts[0].target}", -1 if target is None else target.identity
        # whoever repairs has all of them wait for the end of the transaction
        yield ForeignKey(named, own, identity, tuple(theirs), True, parts[0].on_delete.lower(), deferrable=True)


def _triggers(connection: Connection) -> dict[str, list[Trigger]]:
    found: dict[str, list[Trigger]] = {}
    for row in connection.exec_driver_sql("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"):
        timing, event = trigger_parts(row.sql)
        found.setdefault(lower(row.tbl_name), []).append(Trigger(row.name, timing, (event,)))
    return found


def quoted(name: str) -> str:
    """The name as SQLite reads it back."""
    return '"' + name.replace('"', '""') + '"'
