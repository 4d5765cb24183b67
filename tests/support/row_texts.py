"""All rows of a database as texts, to hold two moments or two databases against each other, column by column.

Plain psycopg2 and SQL: nothing here knows mendbook, whose own schema is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import psycopg2

#: Table (quoted, with its schema) to its rows; a row is its columns' texts by name.
Row = dict[str, str | None]
Dump = dict[str, list[Row]]

_PINNED = """
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;
SET bytea_output = 'hex'; SET xmlbinary = 'base64'; SET xmloption = 'content'; SET search_path = pg_catalog;
"""
_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname),
    (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('mendbook', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""


def connect(url: str) -> Any:
    """A connection in autocommit mode; SQLAlchemy's URLs will do."""
    connection = psycopg2.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", url))
    connection.autocommit = True
    return connection


def dump(url: str) -> Dump:
    """Every row of every table, in one order, at one moment."""
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_PINNED)
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(_TABLES)
            return {table: _rows(cursor, table, columns or []) for table, columns in cursor.fetchall()}
    finally:
        connection.close()


def _rows(cursor: Any, table: str, columns: list[str]) -> list[Row]:
    texts = ", ".join('"' + name.replace('"', '""') + '"::text' for name in columns)
    cursor.execute(f"SELECT {texts} FROM ONLY {table}")
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return sorted(rows, key=_order)


def _order(row: Row) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for value in row.values()]


def differences(expected: Dump, actual: Dump) -> list[str]:
    """What is not as it should be, a line a row: "- table {row}" is missing, "+ table {row}" is too much."""
    lines = []
    for table in sorted(expected.keys() | actual.keys()):
        if table not in actual or table not in expected:
            lines.append(f"{'-' if table in expected else '+'} table {table}")
            continue
        missing, over = parted(expected[table], actual[table])
        lines += [f"- {table} {row}" for row in missing] + [f"+ {table} {row}" for row in over]
    return lines


def parted(expected: Iterable[Row], actual: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """The rows that only the one and only the other has, counted: a row that stands there twice is two rows."""
    wanted, found = (Counter(tuple(row.items()) for row in rows) for rows in (expected, actual))
    return [dict(row) for row in (wanted - found).elements()], [dict(row) for row in (found - wanted).elements()]
