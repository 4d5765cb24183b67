"""PostgreSQL's own description of what a script has made: tables, columns, keys, checks and all rows, as plain values.

It is read in the script's own transaction, which is rolled back: one database serves every case. Plain psycopg2 and
pg_catalog; nothing here knows mendbook. What no other database could be given is refused in words (Untranslatable).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any


class Untranslatable(Exception):
    """Why what PostgreSQL has cannot be made elsewhere."""


@dataclass(frozen=True)
class Column:
    """A column; ``base`` is its type at the bottom of domains, ``size`` what stands in brackets behind it."""

    name: str
    base: str
    size: tuple[int, ...]
    nullable: bool
    default: str | None
    draws: bool
    generated: str | None
    next: int | None = None


@dataclass(frozen=True)
class Unique:
    """A primary key or a unique index: its keys are columns, or expressions where the column is None."""

    name: str
    primary: bool
    keys: tuple[tuple[str | None, str], ...]
    predicate: str | None


@dataclass(frozen=True)
class Reference:
    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    on_delete: str
    waits: bool


@dataclass(frozen=True)
class Table:
    """A table with its rows, whose values are texts as PostgreSQL prints them."""

    name: str
    columns: tuple[Column, ...]
    uniques: tuple[Unique, ...]
    references: tuple[Reference, ...]
    checks: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...] = ()

    @property
    def written(self) -> list[Column]:
        """The columns that are not computed from others."""
        return [column for column in self.columns if column.generated is None]


_PINNED = """
SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'postgres';
SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL xmloption = 'content';
"""
#: Whatever PostgreSQL alone has, in the words in which its absence elsewhere is told.
_ITS_OWN = r"""
SELECT 'tables are found by a search path' WHERE current_setting('search_path') <> '"$user", public'
UNION ALL
SELECT CASE c.relkind WHEN 'p' THEN 'partitioned tables' WHEN 'f' THEN 'foreign tables' ELSE 'a view under a table''s name' END
FROM pg_class c WHERE c.relnamespace = {schema} AND c.relkind IN ('p', 'v', 'm', 'f')
UNION ALL
SELECT 'inheritance of tables' FROM pg_inherits
UNION ALL
SELECT 'triggers are written in the language of one database (' || tgname || ')' FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'rules instead of statements' FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE c.relkind = 'r' AND c.relnamespace = {schema}
UNION ALL
SELECT 'invalid indexes' FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = {schema} AND NOT (i.indisvalid AND i.indisready AND i.indislive)
UNION ALL
SELECT 'NULLS NOT DISTINCT' FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = {schema} AND coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false)
UNION ALL
SELECT 'unique constraints that wait' FROM pg_constraint WHERE contype IN ('u', 'p') AND condeferrable
UNION ALL
SELECT 'exclusion constraints' FROM pg_constraint WHERE contype = 'x'
UNION ALL
SELECT 'constraints that are NOT VALID or not enforced' FROM pg_constraint k
WHERE k.contype IN ('c', 'f') AND k.connamespace = {schema}
    AND NOT (k.convalidated AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true))
UNION ALL
SELECT 'a collation of somebody''s own (' || collname || ')' FROM pg_collation WHERE oid >= 16384
UNION ALL
SELECT 'a type of somebody''s own (' || t.typname || ')' FROM pg_type t
WHERE t.oid >= 16384 AND t.typtype = 'b' AND t.typelem = 0
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
LIMIT 1
"""
_COLUMNS = """
WITH RECURSIVE below AS (
    SELECT a.attrelid, a.attnum, t.oid AS type, t.typbasetype AS base, greatest(a.atttypmod, -1) AS modifier,
        a.attcollation, NOT a.attnotnull AS nullable
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relkind = 'r' AND c.relnamespace = {schema} AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT b.attrelid, b.attnum, t.oid, t.typbasetype, greatest(d.typtypmod, -1), b.attcollation,
        b.nullable AND NOT d.typnotnull
    FROM below b JOIN pg_type d ON d.oid = b.type JOIN pg_type t ON t.oid = b.base WHERE b.base <> 0
)
SELECT c.relname, a.attname, t.typname, t.typtype, substring(format_type(t.oid, b.modifier) from '[(]([0-9,]+)[)]'), b.nullable,
    CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END, a.attidentity <> '',
    CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    pg_get_serial_sequence(quote_ident(c.relname), a.attname),
    ARRAY(SELECT replace(pg_get_expr(k.conbin, 0), 'VALUE', quote_ident(a.attname)) FROM pg_constraint k
          WHERE k.contypid = a.atttypid AND k.contype = 'c')
FROM below b JOIN pg_class c ON c.oid = b.attrelid JOIN pg_type t ON t.oid = b.type
JOIN pg_attribute a ON a.attrelid = b.attrelid AND a.attnum = b.attnum
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE b.base = 0 ORDER BY c.oid, a.attnum
"""
_UNIQUES = """
SELECT t.relname, c.relname, i.indisprimary, pg_get_expr(i.indpred, i.indrelid),
    array_agg(a.attname::text ORDER BY key.n), array_agg(pg_get_indexdef(i.indexrelid, key.n::int, false) ORDER BY key.n)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS key(n)
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = nullif((i.indkey::int2[])[key.n - 1], 0)
WHERE i.indisunique AND t.relnamespace = {schema}
GROUP BY t.relname, c.relname, i.indisprimary, i.indpred, i.indrelid, i.indexrelid ORDER BY i.indexrelid
"""
_REFERENCES = """
SELECT t.relname, o.relname, k.confdeltype, k.condeferrable,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(n, o)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.o),
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(n, o)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.o)
FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class o ON o.oid = k.confrelid
WHERE k.contype = 'f' AND t.relnamespace = {schema} AND o.relnamespace = {schema} ORDER BY k.oid
"""
_CHECKS = """
SELECT t.relname, pg_get_expr(k.conbin, k.conrelid) FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
WHERE k.contype = 'c' AND t.relnamespace = {schema} ORDER BY k.oid
"""
_ON_DELETE = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


@contextmanager
def undone(connection: Any) -> Iterator[Any]:
    """A cursor in a transaction that leaves nothing behind."""
    connection.rollback()
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.rollback()


def describe(cursor: Any, schema: str = "public") -> tuple[Table, ...]:
    """Every table of one schema with its rows, as the transaction sees them."""
    for (reason,) in _asked(cursor, _ITS_OWN, schema):
        raise Untranslatable(reason)
    cursor.execute(_PINNED + f"SET LOCAL search_path = {_quoted(schema)}")
    columns, checks = _columns(cursor, schema)
    uniques: dict[str, list[Unique]] = {}
    for table, name, primary, predicate, names, expressions in _asked(cursor, _UNIQUES, schema):
        keys = tuple(zip(names, expressions, strict=True))
        uniques.setdefault(table, []).append(Unique(name, primary, keys, predicate))
    references: dict[str, list[Reference]] = {}
    for table, other, on_delete, waits, own, theirs in _asked(cursor, _REFERENCES, schema):
        references.setdefault(table, []).append(Reference(tuple(own), other, tuple(theirs), _ON_DELETE[on_delete], waits))
    for table, condition in _asked(cursor, _CHECKS, schema):
        checks.setdefault(table, []).append(condition)
    made = [
        Table(
            name,
            tuple(columns[name]),
            tuple(uniques.get(name, ())),
            tuple(references.get(name, ())),
            tuple(checks.get(name, ())),
        )
        for name in columns
    ]
    return tuple(replace(table, rows=_rows(cursor, table)) for table in made)


def _columns(cursor: Any, schema: str) -> tuple[dict[str, list[Column]], dict[str, list[str]]]:
    """Of each table its columns, and the conditions that its columns' domains make."""
    columns: dict[str, list[Column]] = {}
    checks: dict[str, list[str]] = {}
    found = _asked(cursor, _COLUMNS, schema)
    for table, name, base, kind, size, nullable, default, identity, generated, sequence, conditions in found:
        draws = identity or (default or "").startswith("nextval(")
        column = Column(
            name,
            "text" if kind == "e" else base,
            tuple(int(part) for part in re.findall(r"\d+", size or "")),
            nullable,
            None if draws else default,
            draws,
            generated,
            _next(cursor, sequence or _sequence(default)) if draws else None,
        )
        columns.setdefault(table, []).append(column)
        checks.setdefault(table, []).extend(conditions)
    return columns, checks


def _sequence(default: str | None) -> str | None:
    met = re.match(r"nextval\('((?:[^']|'')+)'::regclass\)", default or "")
    return met[1].replace("''", "'") if met else None


def _next(cursor: Any, sequence: str | None) -> int | None:
    """The number that a sequence would give next."""
    if sequence is None:
        return None
    ((last, called),) = _asked(cursor, f"SELECT last_value, is_called FROM {sequence}")
    return int(last) + bool(called)


def _rows(cursor: Any, table: Table) -> tuple[tuple[str | None, ...], ...]:
    """The rows in the order of their texts, computed columns left out."""
    texts = ", ".join(f"{_quoted(column.name)}::text" for column in table.written)
    return tuple(sorted(_asked(cursor, f"SELECT {texts} FROM {_quoted(table.name)}"), key=_order))


def _order(row: Sequence[str | None]) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for value in row]


def _asked(cursor: Any, question: str, schema: str = "public") -> list[tuple[Any, ...]]:
    cursor.execute(question.replace("{schema}", _here(schema)))
    return list(cursor.fetchall())


def _here(schema: str) -> str:
    """The schema's number, as SQL."""
    text = "'" + _quoted(schema).replace("'", "''") + "'"
    return f"{text}::regnamespace"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
