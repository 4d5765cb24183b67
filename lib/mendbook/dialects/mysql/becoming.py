"""Asks MySQL and MariaDB what rows would be like after a change, and which rows they would then collide with.

Statements that read, and never change a row. The rows to be are made of images as the table itself would make them, with
computed columns; the keys of unique indexes are then worked out of them by the index's own SQL, so that computed columns,
parts of columns, collations and NULLs mean what they mean to the index.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Executable, TextClause

from mendbook.dialects.described import Index, Relation, Stored
from mendbook.dialects.mysql.rows import MySQLRows
from mendbook.dialects.mysql.types import text_of, typed
from mendbook.dialects.mysql.words import PLAIN, escaped, given, hypothetical, literal, object_of, quoted, statement, table
from mendbook.dialects.row_texts import ways_beside, written_texts

#: Names for what stands beside a table's own columns, whatever those are called.
_PLACE, _KEY, _IMAGE = "`mendbook place`", "`mendbook key`", "`mendbook image`"


class MySQLFutureRows(MySQLRows):
    """The statements over rows, and those over rows to be."""

    def counted(self, stored: Stored, ways: Sequence[Sequence[str]], values: Sequence[Any]) -> TextClause:
        """How many rows name each of ``values`` (``n`` from 0, ``rows``) in one of ``ways`` (columns): values[way][n].

        A row that names it in several ways is one row.
        """
        relation, selects = stored.relation, []
        own = self.key(stored) if stored.key else self.image(relation)
        starts, rows = ways_beside(ways, values)
        rows_given = given(sum(map(len, ways)))
        for columns, start in zip(ways, starts, strict=True):
            found = [f"t.{quoted(name)} = {typed(f'v.k{start + i}', relation.columns[name])}" for i, name in enumerate(columns)]
            selects.append(f"SELECT v.n, {own} FROM {rows_given} STRAIGHT_JOIN {table(relation)} t ON {' AND '.join(found)}")
        every = " UNION ".join(selects)
        return statement(f"SELECT CAST(n - 1 AS SIGNED) AS n, count(*) AS `rows` FROM ({every}) AS named GROUP BY n", rows)

    def becoming(self, stored: Stored, afters: Sequence[str]) -> Executable:
        """What each of ``afters`` (images) would be as a row: ``n``, ``image``, and ``broken``, the checks that it fails."""
        relation = stored.relation
        own = quoted(relation.name)
        image = object_of({name: text_of(f"{own}.{_called(name)}", column.type) for name, column in relation.columns.items()})
        broken = ", ".join(
            f"CASE WHEN ({_here(relation, condition)}) IS FALSE THEN json_quote({literal(name)}) END"
            for name, condition in relation.checks
        )
        failed = f"concat('[' COLLATE {PLAIN}, concat_ws(',' COLLATE {PLAIN}, {broken}), ']')" if broken else "'[]'"
        return statement(
            f"SELECT {_PLACE} AS n, {image} AS image, {failed} AS broken FROM {_rows(relation)} ORDER BY 1",
            written_texts(relation, map(json.loads, afters)),
        ).columns(n=sa.Integer, image=sa.Text, broken=sa.JSON)

    def colliding(self, stored: Stored, index: Index, afters: Sequence[str]) -> TextClause:
        """The ``afters`` that the unique ``index`` would hold: ``n``, ``alike`` (equal where their keys there are), and the
        ``key`` and ``image`` of each row of the table that has such a key now."""
        relation, alias = stored.relation, quoted(stored.relation.name)
        collations = [f" COLLATE {each}" if each else "" for each in index.collate]
        keys = [f"({escaped(each)}){by}" for each, by in zip(index.expressions, collations, strict=True)]
        named = ", ".join(f"{key} AS {_k(i)}" for i, key in enumerate(keys))
        here_keys = [f"({_here(relation, each)}){by}" for each, by in zip(index.expressions, collations, strict=True)]
        here_named = ", ".join(f"{key} AS {_k(i)}" for i, key in enumerate(here_keys))
        some = " AND ".join(f"{key} IS NOT NULL" for key in here_keys)
        equal = " AND ".join(f"there.{_k(i)} = here.{_k(i)}{by}" for i, by in enumerate(collations))
        order = ", ".join(f"{_k(i)}{by}" for i, by in enumerate(collations))
        here = (
            f"(SELECT held.*, dense_rank() OVER (ORDER BY {order}) AS alike FROM"
            f" (SELECT {_PLACE} AS n, {here_named} FROM {_rows(relation)} WHERE {some}) AS held) AS here"
        )
        return statement(
            f"SELECT here.n, here.alike, NULL AS `key`, NULL AS image FROM {here} UNION ALL"
            f" SELECT here.n, here.alike, there.{_KEY}, there.{_IMAGE} FROM {here} STRAIGHT_JOIN"
            f" (SELECT {named}, {self.key(stored, alias)} AS {_KEY}, {self.image(relation, alias)} AS {_IMAGE}"
            f" FROM {table(relation)} AS {alias}) AS there ON {equal}",
            written_texts(relation, map(json.loads, afters)),
        )


def _k(number: int) -> str:
    return f"`mendbook k{number}`"


def _called(name: str) -> str:
    """What a column is called among the rows to be: an alias loses the blanks that it begins with."""
    return quoted(name if name == name.lstrip() else f"mendbook {len(name)} {name}")


def _here(relation: Relation, expression: str) -> str:
    """An expression of the table's over the rows to be."""
    sql = escaped(expression)
    for name in relation.columns:
        sql = sql.replace(quoted(name), _called(name))
    return sql


def _rows(relation: Relation) -> str:
    """The rows that the given texts would be, under the table's own name, with their places (from 0)."""
    written = [column for column in relation.columns.values() if not column.generated]
    alias = quoted(relation.name)
    values = [f"{hypothetical(f'v.k{i}', column)} AS {_called(column.name)}" for i, column in enumerate(written)]
    whole = f"(SELECT {', '.join([f'CAST(v.n - 1 AS SIGNED) AS {_PLACE}', *values])} FROM {given(len(written))})"
    if len(written) == len(relation.columns):
        return f"{whole} AS {alias}"
    every = ", ".join(
        f"({_here(relation, column.expression or 'NULL')}) AS {_called(column.name)}"
        if column.generated
        else _called(column.name)
        for column in relation.columns.values()
    )
    return f"(SELECT {_PLACE}, {every} FROM {whole} AS {alias}) AS {alias}"
