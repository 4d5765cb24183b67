"""Expressions that several databases understand, said in the way that serves each of them. Nothing here runs."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
)

Value = TypeVar("Value")
#: Databases that know the word; the others work a CTE out once, or as often as it is read, as they see fit.
MATERIALIZING = ("postgresql", "sqlite")


def once(rows: CTE) -> CTE:
    """``rows`` worked out once, however often they are read."""
    for name in MATERIALIZING:
        rows = rows.prefix_with("MATERIALIZED", dialect=name)
    return rows


def smaller(one: ColumnElement[Value], other: ColumnElement[Value]) -> ColumnElement[Value]:
    """The smaller of two values that are not NULL."""
    return case((one < other, one), else_=other)


def larger(one: ColumnElement[Value], other: ColumnElement[Value]) -> ColumnElement[Value]:
    return case((one < other, other), else_=one)


def nowhere(value: ColumnElement[Any], outer: FromClause, rows: FromClause, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """No one of ``rows`` has the ``value`` of ``outer``'s row in its ``column``; where that is NULL, none has. An anti-join to
    planners that know them."""
    return ~exists(literal_column("1")).select_from(rows).where(column == value).correlate(outer)


def in_order(value: ColumnElement[Any], descending: bool = False, nulls_first: bool = False) -> list[ColumnElement[Any]]:
    """By the value, its NULLs at one end, where the database has words for that."""
    way = value.desc() if descending else value.asc()
    return [way.nulls_first() if nulls_first else way.nulls_last()]


def numbered(text: ColumnElement[str], before: str, after: str, matches: str) -> ColumnElement[int]:
    """The whole number between ``before`` and ``after``, whatever their case, or NULL; ``matches`` is what the database calls
    the operator of regular expressions."""
    rest = func.char_length(text) - len(before) - len(after)
    number = func.substr(text, len(before) + 1, func.greatest(rest, 0), type_=Text)
    fits = and_(
        func.lower(func.left(text, len(before))) == func.lower(literal(before, Text)),
        func.lower(func.right(text, len(after))) == func.lower(literal(after, Text)),
        number.op(matches)(literal("^[0-9]{1,18}$", Text)),
    )
    return case((fits, cast(number, BigInteger)))
