"""The shape that every finder's SELECT has, and the two ways of getting there: single rows and groups.

Expressions only. A finding's columns are case_key, profile, table, row_key, user_key (text) and at (microseconds since
1970, UTC); a group's ``at`` is that of its second-earliest row, for that is when the damage came to be.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, Select

from mendbook.mapping.tables import MappedTable, ProfileTable, Tables


def literal_text(value: str | None) -> ColumnElement[Any]:
    """A constant of the statement as text, NULL included."""
    return sa.cast(sa.null() if value is None else sa.literal(value, sa.Text), sa.Text)


def sharing(tables: Tables, text: ColumnElement[str], table: MappedTable, key: str) -> FromClause:
    """The rows of ``table`` whose ``text`` stands on another row too: their key as ``own``, the text as ``value``.

    A table's texts are first compared by their digests, which sort fast; only rows with a repeated digest are then
    compared by the text itself. Whatever else of the rows is wanted is joined to the few that are left.
    """
    near = tables.text.alike(table.sql, table.column(key), text).subquery("near")
    holders = sa.func.count().over(partition_by=near.c.value)
    counted = sa.select(near, holders.label("holders")).where(near.c.value.is_not(None)).subquery("counted")
    few = sa.select(counted).where(counted.c.holders > 1)
    # fenced as well: what is asked of the few that are left would be asked of every row before
    return few.offset(sa.literal_column("0")).subquery("sharing")


def with_its_user(tables: Tables, profile: ProfileTable) -> FromClause:
    """The profile rows of existing users, each beside its user."""
    return profile.sql.join(tables.users.sql, tables.same_user(profile))


def row_columns(tables: Tables, profile: ProfileTable) -> tuple[ColumnElement[Any], ColumnElement[Any], ColumnElement[Any]]:
    """(row_key, user_key, at) of a profile row beside its user."""
    text, users = tables.text, tables.users
    return (
        text.key(profile.column(profile.mapping.key)),
        text.key(users.column(users.mapping.key)),
        text.microseconds(tables.created(profile)),
    )


def damaged_rows(tables: Tables, profile: ProfileTable, condition: ColumnElement[bool]) -> Select[Any]:
    """The profile rows of existing users that meet ``condition``, each a case of its own."""
    row_key, user_key, at = row_columns(tables, profile)
    return (
        sa.select(
            row_key.label("case_key"),
            literal_text(profile.profile).label("profile"),
            literal_text(profile.name).label("table"),
            row_key.label("row_key"),
            user_key.label("user_key"),
            at.label("at"),
        )
        .select_from(with_its_user(tables, profile))
        .where(condition)
    )


def damaged_groups(tables: Tables, rows: Select[Any], profile: str | None, table: str) -> Select[Any]:
    """Every row of groups (case_key, row_key, user_key, moment, place, blank) as a finding, group by group, oldest first.

    ``at`` is that of the second-earliest row of the group. Three more columns tell of the group's making: ``rank`` (1 is
    the oldest row), ``moment`` (when the row was made, microseconds) and ``blank`` (1, 0 or NULL). Where the rows have a
    column ``own``, that is told as their moment: what they were ordered by may be their user's, which says nothing of them.
    """
    group = rows.subquery("members")
    order = (*tables.text.in_order(group.c.moment), group.c.place.asc())
    rank = sa.func.row_number().over(partition_by=group.c.case_key, order_by=order)
    row = sa.select(group, rank.label("rank")).subquery("ranked")
    second = sa.func.max(sa.case((row.c["rank"] == 2, row.c.moment))).over(partition_by=row.c.case_key)
    return sa.select(
        row.c.case_key,
        literal_text(profile).label("profile"),
        literal_text(table).label("table"),
        row.c.row_key,
        row.c.user_key,
        second.label("at"),
        row.c["rank"],
        row.c.get("own", row.c.moment).label("moment"),
        row.c.blank,
    ).order_by(row.c.case_key, row.c["rank"])


def blank_flag(tables: Tables, profile: ProfileTable) -> ColumnElement[int | None]:
    """1 where every ``filled`` column of the row is blank, 0 where one is not, NULL where the mapping names none."""
    filled = profile.present(profile.mapping.filled)
    if not filled:
        return sa.cast(sa.null(), sa.Integer)
    return sa.case((sa.and_(*(tables.text.blank(column) for column in filled)), 1), else_=0)
