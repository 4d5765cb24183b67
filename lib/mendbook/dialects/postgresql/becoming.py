"""Asks PostgreSQL what rows would be like after a change, and which rows they would then collide with.

Statements that read, and never change a row. The rows to be are made of images by the very casts that a change makes, with
generated columns computed; keys and predicates of unique indexes are then worked out of them by the index's own SQL, so
that expressions, partial indexes, collations and NULLs mean what they mean to the index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause

from mendbook.dialects import Column, Index, Relation, Stored
from mendbook.dialects.postgresql.rows import PostgreSQLRows, escaped, literal, quoted, statement, table, unnest

#: Names for what stands beside a table's own columns, whatever those are called.
_PLACE, _KEY, _IMAGE = '"mendbook place"', '"mendbook key"', '"mendbook image"'


class PostgreSQLFutureRows(PostgreSQLRows):
    """The statements over rows, and those over rows to be."""

    def counted(self, stored: Stored, ways: Sequence[Sequence[str]], values: Sequence[Any]) -> TextClause:
        """How many rows name each of ``values`` (``n`` from 0, ``rows``) in one of ``ways`` (columns): values[way][n].

        A row that names it in several ways is one row.
        """
        parts: dict[str, list[str | None]] = {}
        selects = []
        for way, columns in enumerate(ways):
            own = {f"w{way}_{i}": [value[i] for value in values[way]] for i in range(len(columns))}
            parts |= own
            types = [stored.relation.columns[name].type for name in columns]
            met = [f"t.{quoted(name)} = v.{part}::{type_}" for name, part, type_ in zip(columns, own, types, strict=True)]
            selects.append(
                f"SELECT v.n, t.tableoid, t.ctid FROM {unnest(own, True)}"
                f" JOIN {table(stored.relation)} t ON {' AND '.join(met)}"
            )
        every = " UNION ".join(selects)
        return statement(f"SELECT (n - 1)::integer AS n, count(*) AS rows FROM ({every}) AS named GROUP BY n", parts)

    def becoming(self, stored: Stored, afters: Sequence[str]) -> TextClause:
        """What each of ``afters`` (images) would be as a row: ``n``, ``image``, and ``broken``, the checks that it fails."""
        relation = stored.relation
        broken = ", ".join(
            f"CASE WHEN ({escaped(condition)}) IS FALSE THEN {literal(name)} END" for name, condition in relation.checks
        )
        return statement(
            f"SELECT {_PLACE} AS n, {self.image(relation, _alias(relation))} AS image,"
            f" array_remove(ARRAY[{broken}]\\:\\:text[], NULL) AS broken FROM {_rows(relation)} ORDER BY 1",
            {"after": list(afters)},
        )

    def colliding(self, stored: Stored, index: Index, afters: Sequence[str]) -> TextClause:
        """The ``afters`` that the unique ``index`` would hold: ``n``, ``alike`` (equal where their keys there are), and the
        ``key`` and ``image`` of each row of the table that has such a key now."""
        relation, alias = stored.relation, _alias(stored.relation)
        keys = [_collated(escaped(each), collate) for each, collate in zip(index.expressions, index.collate, strict=True)]
        named = ", ".join(f"{key} AS {_k(i)}" for i, key in enumerate(keys))
        held = f"({escaped(index.predicate)})" if index.predicate is not None else "true"
        some = "true" if index.nulls_equal else " AND ".join(f"{key} IS NOT NULL" for key in keys)
        met = _met(relation, index)
        order = ", ".join(_k(i) for i in range(len(keys)))
        return statement(
            f"WITH here AS MATERIALIZED (SELECT *, dense_rank() OVER (ORDER BY {order}) AS alike FROM"
            f" (SELECT {_PLACE} AS n, {named} FROM {_rows(relation)} WHERE {held} AND {some}) AS held)"
            " SELECT here.n, here.alike, NULL AS key, NULL AS image FROM here UNION ALL"
            f" SELECT here.n, here.alike, there.{_KEY}, there.{_IMAGE} FROM here JOIN"
            f" (SELECT {named}, {self.key(stored, alias)} AS {_KEY}, {self.image(relation, alias)} AS {_IMAGE}"
            f" FROM {table(relation)} AS {alias} WHERE {held}) AS there ON {' AND '.join(met)}",
            {"after": list(afters)},
        )


def _k(number: int) -> str:
    return f'"mendbook k{number}"'


def _met(relation: Relation, index: Index) -> list[str]:
    """When two keys are one to the index. Where NULLs are equal, no index or hash serves: so columns that are never NULL are
    compared plainly, and where there are none a row of all keys, to which NULLs are equal, stands in front."""
    maybe_null = [index.nulls_equal and (name is None or relation.columns[name].nullable) for name in index.columns]
    equal = ["IS NOT DISTINCT FROM" if null else "=" for null in maybe_null]
    met = [
        f"{_collated(f'there.{_k(i)}', collate)} {is_} {_collated(f'here.{_k(i)}', collate)}"
        for i, (collate, is_) in enumerate(zip(index.collate, equal, strict=True))
    ]
    if all(maybe_null) and not any(index.caseless):
        sides = (", ".join(f"{side}.{_k(i)}" for i in range(len(met))) for side in ("there", "here"))
        met.insert(0, " = ".join(f"(SELECT r FROM (SELECT ROW({keys}) AS r) AS one)" for keys in sides))
    return met


def _alias(relation: Relation) -> str:
    """The table's own name, by which an expression of an index may call it."""
    return quoted(relation.name)


def _collated(expression: str, collate: str) -> str:
    return f"({expression}) COLLATE {escaped(collate)}" if collate else f"({expression})"


def _rows(relation: Relation) -> str:
    """The rows that the images ``after`` would be, under the table's own name, with their places (from 0)."""
    columns = relation.columns.values()
    written = ", ".join(f"{_written(column)} AS {quoted(column.name)}" for column in columns if not column.generated)
    alias = _alias(relation)
    whole = f"(SELECT (v.n - 1)::integer AS {_PLACE}{', ' if written else ''}{written} FROM {unnest({'after': ()}, True)})"
    if not any(column.generated for column in columns):
        return f"{whole} AS {alias}"
    every = ", ".join(
        f"({escaped(column.expression or 'NULL')})::{column.type} AS {quoted(column.name)}"
        if column.generated
        else quoted(column.name)
        for column in columns
    )
    return f"(SELECT {_PLACE}, {every} FROM {whole} AS {alias}) AS {alias}"


def _written(column: Column) -> str:
    value = f"(v.after::json ->> {literal(column.name)})::{column.type}"
    return f"({value}) COLLATE {escaped(column.collate)}" if column.collate else value
