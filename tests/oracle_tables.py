"""Whole tables for the oracle: every wanted column in the database's text form, nothing interpreted but the time.

Columns that the database does not have are left out: whoever asks looks into ``types`` first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql


@dataclass
class Row:
    """One row: its key, its other columns (text or None), its time in microseconds since 1970 (UTC)."""

    key: str
    values: dict[str, str | None]
    created: int | None


@dataclass
class Table:
    """A mapped table: its number in the catalogue, the base type of each of its columns, all its rows."""

    oid: int
    types: dict[str, str]
    rows: list[Row]


def read_table(connection: Any, written: str, key: str, wanted: Iterable[str], created: str | None) -> Table:
    """The table that the mapping writes as ``written``; ``created`` may be None or name a column that is not there."""
    with connection.cursor() as cursor:
        cursor.execute("SET TimeZone TO 'UTC'")
        cursor.execute("SET DateStyle TO 'ISO, YMD'")
        oid, schema, name = find_table(cursor, written)
        types = column_types(cursor, oid)
        columns = [key, *(column for column in dict.fromkeys(wanted) if column in types and column != key)]
        selected = [sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns]
        if created in types:
            # NULL for infinity: a row of no known time. Counted from 1970 it is exact and free of any time zone.
            time = sql.SQL("CASE WHEN isfinite({0}) THEN (extract(epoch FROM {0}) * 1000000)::bigint END")
            selected.append(time.format(sql.Identifier(created)))
        else:
            selected.append(sql.SQL("NULL"))
        statement = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(selected), sql.Identifier(schema, name))
        cursor.execute(statement)
        rows = [Row(values[0], dict(zip(columns, values, strict=False)), values[-1]) for values in cursor.fetchall()]
    return Table(oid, types, rows)


def find_table(cursor: Any, written: str) -> tuple[int, str, str]:
    """What stands before the first dot is the schema, the rest is the table; without a dot, the search path decides."""
    schema, dot, rest = written.partition(".")
    if dot:
        where, names = "n.nspname = %s AND c.relname = %s", (schema, rest)
    else:
        where, names = "pg_table_is_visible(c.oid) AND c.relname = %s", (written,)
    cursor.execute(
        "SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE {where} AND c.relkind IN ('r', 'p')",
        names,
    )
    return cursor.fetchone()


def column_types(cursor: Any, oid: int) -> dict[str, str]:
    """Each column's type by its catalogue name; a domain counts as the type it is made of."""
    cursor.execute(
        "SELECT a.attname, base.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
        "JOIN pg_type base ON base.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END "
        "WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped",
        (oid,),
    )
    return dict(cursor.fetchall())
