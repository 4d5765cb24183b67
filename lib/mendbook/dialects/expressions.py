"""Expressions that any database understands, said in the way that serves each of them. Nothing here runs."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import CTE, ColumnElement, case

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
