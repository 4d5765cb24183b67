"""What the rows' own times tell of registration races, so that there is a chart even without logs.

double creation   two rows of one profile table for one user, made within a second of each other; at: the second one
late profile      a user's first row of a profile table, made more than a minute after the user; at: the user's registration,
                  which left no profile behind
retry             an account made within half an hour after another of the same person: the same e-mail or user name but for
                  case and blanks; or a near one, where the earlier account never logged in; at: the later account

Near are names that differ in dots, hyphens, underscores, blanks and what follows a plus sign (of an e-mail, before its @),
and a name with digits added at its end. Names of fewer than three letters are near to none.

Expressions, and their rows as values; a time that a table does not map tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from mendbook.database import Snapshot
from mendbook.dialects.joins import repeated
from mendbook.mapping.tables import ProfileTable, Tables

DOUBLE, LATE, RETRY = "double creation", "late profile", "retry"
#: The kinds of incident that they are shown as.
KINDS = {DOUBLE: "multiple_profiles", LATE: "missing_profile", RETRY: "retry"}
#: Microseconds.
TOGETHER, LATER, AGAIN = 1_000_000, 60_000_000, 30 * 60_000_000
BATCH = 10_000
#: The years 1 to 9999, in which times are told of: no difference of two of them overflows.
FIRST, LAST = (sa.literal(each, sa.BigInteger) for each in (-62_135_596_800_000_000, 253_402_300_799_000_000))


class Evidence(NamedTuple):
    """One incident that rows tell of; ``gap`` is what lay between the two moments, in seconds."""

    evidence: str
    at: datetime
    table: str
    column: str | None
    profile: str | None
    user_key: str
    row_key: str
    gap: float


def evidence(snapshot: Snapshot) -> Iterator[Evidence]:
    """All of it, streamed."""
    tables = snapshot.tables
    for profile in tables.profiles:
        if profile.has(profile.mapping.created):
            yield from _told(snapshot, DOUBLE, _double_creations(tables, profile), profile)
            yield from _told(snapshot, LATE, _late_profiles(tables, profile), profile)
    retries = _retries(tables)
    if retries is not None:
        yield from _told(snapshot, RETRY, retries, None)


def _told(snapshot: Snapshot, name: str, statement: Select[Any], profile: ProfileTable | None) -> Iterator[Evidence]:
    table = profile.name if profile else snapshot.tables.users.name
    column = profile.mapping.user if profile else None
    options = {"stream_results": True, "yield_per": BATCH}
    with snapshot.connection.execute(statement, execution_options=options) as rows:
        for row in rows:
            at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=row.at)
            label = profile.profile if profile else None
            yield Evidence(name, at, table, column, label, row.user_key, row.row_key, row.gap / 1_000_000)


def _double_creations(tables: Tables, profile: ProfileTable) -> Select[Any]:
    text, mapping = tables.text, profile.mapping
    user = text.key(profile.column(mapping.user))
    several = repeated(user, profile.sql)
    moment = text.microseconds(tables.created_alone(profile))
    before = sa.func.lag(moment).over(partition_by=user, order_by=(moment, tables.order_key(profile, mapping.key)))
    rows = (
        sa.select(
            user.label("user_key"),
            text.key(profile.column(mapping.key)).label("row_key"),
            moment.label("at"),
            before.label("before"),
        )
        .select_from(profile.sql.join(several, several.c.value == user).join(tables.users.sql, tables.same_user(profile)))
        .where(moment.between(FIRST, LAST))
        .subquery("rows")
    )
    gap = (rows.c.at - rows.c.before).label("gap")
    return sa.select(rows.c.user_key, rows.c.row_key, rows.c.at, gap).where(gap <= TOGETHER).order_by(rows.c.at)


def _late_profiles(tables: Tables, profile: ProfileTable) -> Select[Any]:
    text, mapping = tables.text, profile.mapping
    user = text.key(profile.column(mapping.user))
    moment = text.microseconds(tables.created_alone(profile))
    registered = text.microseconds(tables.created(None))
    order = (*text.in_order(moment, nulls_first=True), tables.order_key(profile, mapping.key))
    rows = (
        sa.select(
            user.label("user_key"),
            text.key(profile.column(mapping.key)).label("row_key"),
            registered.label("at"),
            (moment - registered).label("gap"),
            sa.func.row_number().over(partition_by=user, order_by=order).label("rank"),
        )
        .select_from(profile.sql.join(tables.users.sql, tables.same_user(profile)))
        .where(registered.between(FIRST, LAST), sa.or_(moment.is_(None), moment.between(FIRST, LAST)))
        .subquery("rows")
    )
    late = sa.and_(rows.c["rank"] == 1, rows.c.gap > LATER)
    return sa.select(rows.c.user_key, rows.c.row_key, rows.c.at, rows.c.gap).where(late).order_by(rows.c.at)


def _retries(tables: Tables) -> Select[Any] | None:
    """Every account that has an earlier one of its own or a near name within half an hour.

    Each account offers its names to later ones and asks for earlier ones: a walk through each name in time's order,
    whose cost does not grow with the square of a name's accounts.
    """
    mapping = tables.users.mapping
    columns = [column for column in (mapping.email, mapping.username) if column is not None]
    if not columns or not tables.users.has(mapping.created):
        return None
    names = sa.union_all(*(names for column in dict.fromkeys(columns) for names in _names(tables, column))).subquery("names")
    offered = sa.func.max(sa.case((names.c.offers, names.c.at))).over(
        partition_by=(names.c.way, names.c.value), order_by=(names.c.at, names.c.place), rows=(None, -1)
    )
    asked = sa.select(names.c.row_key, names.c.at, (names.c.at - offered).label("gap")).subquery("asked")
    return (
        sa.select(asked.c.row_key.label("user_key"), asked.c.row_key, asked.c.at, sa.func.min(asked.c.gap).label("gap"))
        .where(asked.c.gap <= AGAIN)
        .group_by(asked.c.row_key, asked.c.at)
        .order_by(asked.c.at)
    )


def _names(tables: Tables, column: str) -> list[Select[Any]]:
    """The ways in which an account's name may be another's: (way, value, offers, row_key, place, at)."""
    users, text, mapping = tables.users, tables.text, tables.users.mapping
    held = users.column(column)
    whole, short = text.near(held)
    moment = text.microseconds(tables.created(None))
    quiet = users.column(mapping.last_login).is_(None) if users.has(mapping.last_login) and mapping.last_login else sa.true()

    def way(name: str, value: ColumnElement[Any], offers: ColumnElement[bool], *where: ColumnElement[bool]) -> Select[Any]:
        return sa.select(
            sa.literal(f"{name} {column}", sa.Text).label("way"),
            value.label("value"),
            offers.label("offers"),
            text.key(users.column(mapping.key)).label("row_key"),
            tables.order_key(users, mapping.key).label("place"),
            moment.label("at"),
        ).where(value.is_not(None), moment.between(FIRST, LAST), *where)

    return [
        way("same", text.fold(held), sa.true()),
        way("near", whole, quiet),
        way("near", short, sa.false(), short != whole),
    ]
