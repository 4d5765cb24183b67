"""Asks SQLite what rows would be like after a change, and which rows they would then collide with.

Statements that read, and never change a row. The rows to be are made of images as the table itself would make them, with
generated columns computed; keys and predicates of unique indexes are then worked out of them by the index's own SQL, so that
expressions, partial indexes, collations and NULLs mean what they mean to the index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Executable, TextClause

from mendbook.dialects import Column, Index, Relation, Stored
from mendbook.dialects.row_texts import ways_beside, written_texts
from mendbook.dialects.sqlite.rows import (
    SQLiteRows,
    escaped,
    given_rows,
    literal,
    plain_table,
    quoted,
    row_number,
    statement,
    table,
    value_of,
)
from mendbook.dialects.sqlite.values import affinity, form_of, read, stored

#: Names for what stands beside a table's own columns, whatever those are called.
_PLACE, _KEY, _IMAGE = '"mendbook place"', '"mendbook key"', '"mendbook image"'
#: The storage classes that are at home in a column; of these alone a cast to its type changes nothing.
_AT_HOME: Mapping[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "REAL": (float,),
    "NUMERIC": (int, float),
}


class SQLiteFutureRows(SQLiteRows):
    """The statements over rows, and those over rows to be."""

    def counted(self, stored: Stored, ways: Sequence[Sequence[str]], values: Sequence[Any]) -> TextClause:
        """How many rows name each of ``values`` (``n`` from 0, ``rows``) in one of ``ways`` (columns): values[way][n].

        A row that names it in several ways is one row.
        """
        relation = stored.relation
        key = stored.key or relation.primary_key
        own = ", ".join(f"t.{quoted(name)}" for name in key) if key else f"t.{row_number(relation)}"
        starts, rows = ways_beside(ways, values)
        given, selects = given_rows(sum(map(len, ways))), []
        for columns, start in zip(ways, starts, strict=True):
            types = [relation.columns[name] for name in columns]
            met = [f"t.{quoted(column.name)} = {value_of(f'v.k{start + i}', column)}" for i, column in enumerate(types)]
            selects.append(f"SELECT v.n, {own} FROM {given} CROSS JOIN {table(relation)} t ON {' AND '.join(met)}")
        every = " UNION ".join(selects)
        return statement(f"SELECT n, count(*) AS rows FROM ({every}) GROUP BY n", rows)

    def becoming(self, stored: Stored, afters: Sequence[str]) -> Executable:
        """What each of ``afters`` (images) would be as a row: ``n``, ``image``, and ``broken``, the checks that it fails."""
        relation, rows = stored.relation, [json.loads(after) for after in afters]
        broken = ", ".join(
            f"CASE WHEN NOT ({escaped(condition)}) THEN {literal(name)} END" for name, condition in relation.checks
        )
        failed = f"(SELECT json_group_array(value) FROM json_each(json_array({broken})) WHERE value IS NOT NULL)"
        return statement(
            f"SELECT {_PLACE} AS n, {self.image(relation, plain_table(relation))} AS image, {failed} AS broken"
            f" FROM {_rows(relation, rows)} ORDER BY 1",
            written_texts(relation, rows),
        ).columns(n=sa.Integer, image=sa.Text, broken=sa.JSON)

    def colliding(self, stored: Stored, index: Index, afters: Sequence[str]) -> TextClause:
        """The ``afters`` that the unique ``index`` would hold: ``n``, ``alike`` (equal where their keys there are), and the
        ``key`` and ``image`` of each row of the table that has such a key now."""
        relation, alias, rows = stored.relation, plain_table(stored.relation), [json.loads(after) for after in afters]
        collations = [quoted(each or "BINARY") for each in index.collate]
        keys = [f"({escaped(each)}) COLLATE {by}" for each, by in zip(index.expressions, collations, strict=True)]
        named = ", ".join(f"{key} AS {_k(i)}" for i, key in enumerate(keys))
        held = f"({escaped(index.predicate)})" if index.predicate is not None else "true"
        some = " AND ".join(f"{key} IS NOT NULL" for key in keys)
        met = [f"there.{_k(i)} = here.{_k(i)} COLLATE {by}" for i, by in enumerate(collations)]
        order = ", ".join(f"{_k(i)} COLLATE {by}" for i, by in enumerate(collations))
        return statement(
            f"WITH here AS MATERIALIZED (SELECT *, dense_rank() OVER (ORDER BY {order}) AS alike FROM"
            f" (SELECT {_PLACE} AS n, {named} FROM {_rows(relation, rows)} WHERE {held} AND {some}) AS held)"
            " SELECT here.n, here.alike, NULL AS key, NULL AS image FROM here UNION ALL"
            f" SELECT here.n, here.alike, there.{_KEY}, there.{_IMAGE} FROM here CROSS JOIN"
            f" (SELECT {named}, {self.key(stored, alias)} AS {_KEY}, {self.image(relation, alias)} AS {_IMAGE}"
            f" FROM {table(relation)} AS {alias} WHERE {held}) AS there ON {' AND '.join(met)}",
            written_texts(relation, rows),
        )


def _k(number: int) -> str:
    return f'"mendbook k{number}"'


def _rows(relation: Relation, afters: Sequence[Mapping[str, str | None]]) -> str:
    """The rows that the images would be, under the table's own name, with their places (from 0)."""
    columns = relation.columns.values()
    plain = [column for column in columns if not column.generated]
    values = ", ".join(
        f"{_written(column, f'v.k{i}', [after.get(column.name) for after in afters])} AS {quoted(column.name)}"
        for i, column in enumerate(plain)
    )
    alias = plain_table(relation)
    whole = f"(SELECT v.n AS {_PLACE}{', ' if values else ''}{values} FROM {given_rows(len(plain))})"
    if len(plain) == len(columns):
        return f"{whole} AS {alias}"
    every = ", ".join(
        f"({escaped(column.expression or 'NULL')}) AS {quoted(column.name)}" if column.generated else quoted(column.name)
        for column in columns
    )
    return f"(SELECT {_PLACE}, {every} FROM {whole} AS {alias}) AS {alias}"


def _written(column: Column, text: str, texts: Sequence[str | None]) -> str:
    """The value as the column would keep it; with its affinity and collation, where a cast to it leaves all values alone."""
    kind, form = affinity(column.type), form_of(column)
    value = f"mendbook_value({text}, '{form}', '{kind}')"
    value = f"CASE WHEN {text} GLOB 'sqlite\\:CAST(*' THEN CAST({value} AS TEXT) ELSE {value} END"
    kept = [stored(read(each, form), kind) for each in texts]
    if kind in _AT_HOME and all(each is None or type(each) in _AT_HOME[kind] for each in kept):
        value = f"CAST({value} AS {kind})"
    return f"({value}) COLLATE {quoted(column.collate)}" if column.collate else value
