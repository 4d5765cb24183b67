"""How a few rows meet many: what planners do not know of damage, that it is rare, said in the way that serves each of them.

Expressions only; nothing here runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, Join, Select, and_, func, literal_column, select
from sqlalchemy.ext.compiler import compiles

from mendbook.dialects.expressions import once

Digest = Callable[[ColumnElement[str]], ColumnElement[Any]]


class _Walked(Join):
    """A join of which the left side is walked through once."""

    inherit_cache = True


class _FirstThen(Join):
    """A join of which the left side is read first."""

    inherit_cache = True


@compiles(_Walked, "sqlite")
def _cross(join: Join, compiler: Any, **how: Any) -> str:
    # SQLite walks a subquery as it comes only where the words forbid it another order; else it writes all of it down first
    return _in_order(join, "CROSS JOIN", compiler, how)


@compiles(_FirstThen, "mysql")
def _straight(join: Join, compiler: Any, **how: Any) -> str:
    # what is counted in a subquery looks as large as the table to its planner, which would rather read all of that first
    return _in_order(join, "STRAIGHT_JOIN", compiler, how)


def _in_order(join: Join, words: str, compiler: Any, how: dict[str, Any]) -> str:
    how |= {"asfrom": True, "from_linter": None}
    left, right = compiler.process(join.left, **how), compiler.process(join.right, **how)
    return f"{left} {words} {right} ON {compiler.process(join.onclause, **(how | {'asfrom': False}))}"


def walked(many: FromClause, few: FromClause, met: ColumnElement[bool]) -> FromClause:
    """The rows of ``many`` that meet one of ``few``: the first are walked through, the others looked up."""
    return _Walked(many, few, met)


def first_then(first: FromClause, then: FromClause, met: ColumnElement[bool]) -> FromClause:
    """``first``, each with what it meets of ``then``, for planners that do not see how few are left at each step."""
    return _FirstThen(first, then, met)


def repeated(value: ColumnElement[Any], rows: FromClause) -> CTE:
    """The values (column ``value``) that stand on several of ``rows``; NULL may be among them and joins with nothing.

    Worked out once: left to itself PostgreSQL lets every parallel worker count the whole table anew. For the same reason
    there is no filter here: it would compute ``value`` a second time for each row.
    """
    every = select(value.label("value")).select_from(rows).subquery("every")
    counted = select(every.c.value).group_by(every.c.value).having(_several(func.count()))
    return once(counted.cte())


def alike(rows: FromClause, own: ColumnElement[Any], text: ColumnElement[str], digest: Digest) -> Select[Any]:
    """(own, value): the rows whose ``text`` has a ``digest`` that another one's has as well; the digests are counted first."""
    twice = repeated(digest(text), rows)
    every = select(own.label("own"), text.label("value")).select_from(rows)
    # OFFSET 0 keeps planners from joining on the whole expression: they would rather hash every row than compute it
    fenced = every.offset(literal_column("0")).subquery("every")
    return select(fenced).select_from(walked(fenced, twice, twice.c.value == digest(fenced.c.value)))


def _several(count: ColumnElement[int]) -> ColumnElement[bool]:
    """More than one, said often: a planner takes each such condition for a third of the rows. Said once, it expects
    damage in every third row and builds the rest of the plan for millions; damage is rare."""
    return and_(*(count > 1 for _ in range(16)))
