"""Which user, and which profile row, an incident of the logs is about: by the key, name or e-mail it names, else by time.

Set-based, a batch of incidents at a time. Where several accounts fit a name, the one made nearest to the incident is meant;
where it names nobody, the account made nearest to it, within two seconds. Ties go to the smallest key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from mendbook.damage.moments import microseconds, near, slice_of, slices, span
from mendbook.database import Snapshot
from mendbook.incidents.naming import Named
from mendbook.mapping.tables import ProfileTable

#: One incident to tie: when it was, and whom it names.
Asked = tuple[datetime | None, Named]
#: (the user's key, the profile row's key), None where there is none.
Tie = tuple[str | None, str | None]


def tie(snapshot: Snapshot, asked: Sequence[Asked]) -> list[Tie]:
    """The tie of each of ``asked``."""
    users = _users(snapshot, asked)
    rows = _rows(snapshot, asked, users)
    ties: list[Tie] = []
    for number, (_, named) in enumerate(asked):
        user = users.get(number)
        ties.append((user, rows.get((named.profile, user)) if named.profile and user else None))
    return ties


def _users(snapshot: Snapshot, asked: Sequence[Asked]) -> dict[int, str]:
    """The number of each incident that is tied -> its user's key."""
    mapping = snapshot.tables.users.mapping
    columns = {"user_key": mapping.key, "username": mapping.username, "email": mapping.email}
    found: dict[int, str] = {}
    rest = dict(enumerate(asked))
    for role, column in columns.items():
        chosen = {number: one for number, one in rest.items() if getattr(one[1], role) is not None}
        rest = {number: one for number, one in rest.items() if number not in chosen}
        if chosen and column is not None:
            found.update(_by_name(snapshot, chosen, role, column))
    alone = {number: at for number, (at, _) in rest.items() if at is not None}
    if alone:
        found.update(_by_time(snapshot, alone))
    return found


def _by_name(snapshot: Snapshot, asked: dict[int, Asked], role: str, column: str) -> dict[int, str]:
    tables, text = snapshot.tables, snapshot.tables.text
    listed = text.listed(
        "asked",
        {
            "number": list(asked),
            "at": [None if at is None else microseconds(at) for at, _ in asked.values()],
            "value": [getattr(named, role) for _, named in asked.values()],
        },
        numbers=("number", "at"),
    )
    held = tables.users.column(column)
    same = text.key(held) == listed.c.value if role == "user_key" else text.fold(held) == text.fold(listed.c.value)
    return _nearest(snapshot, tables.users.sql.join(listed, same), listed.c.number, listed.c.at)


def _by_time(snapshot: Snapshot, asked: dict[int, datetime]) -> dict[int, str]:
    tables = snapshot.tables
    moment = tables.text.microseconds(tables.created(None))
    times = {number: microseconds(at) for number, at in asked.items()}
    placed = [(number, at, part) for number, at in times.items() for part in slices(at)]
    numbers, ats, parts = (list(column) for column in zip(*placed, strict=True))
    listed = tables.text.listed("asked", {"number": numbers, "at": ats, "part": parts}, numbers=("number", "at", "part"))
    first, last = span(times.values())
    joined = tables.users.sql.join(listed, slice_of(moment) == listed.c.part)
    conditions = (
        moment.between(sa.literal(first, sa.BigInteger), sa.literal(last, sa.BigInteger)),
        near(moment, listed.c.at),
    )
    return _nearest(snapshot, joined, listed.c.number, listed.c.at, *conditions)


def _nearest(
    snapshot: Snapshot, joined: FromClause, number: ColumnElement[int], at: ColumnElement[int], *where: ColumnElement[bool]
) -> dict[int, str]:
    """Of each number's accounts the one made nearest to ``at``."""
    tables = snapshot.tables
    users = tables.users
    apart = sa.func.abs(tables.text.microseconds(tables.created(None)) - at)
    order = (*tables.text.in_order(apart), tables.order_key(users, users.mapping.key))
    ranked = (
        sa.select(
            number.label("number"),
            tables.text.key(users.column(users.mapping.key)).label("key"),
            sa.func.row_number().over(partition_by=number, order_by=order).label("rank"),
        )
        .select_from(joined)
        .where(*where)
        .subquery("ranked")
    )
    result = snapshot.connection.execute(sa.select(ranked.c.number, ranked.c.key).where(ranked.c["rank"] == 1))
    return {row.number: row.key for row in result}


def _rows(snapshot: Snapshot, asked: Sequence[Asked], users: dict[int, str]) -> dict[tuple[str, str], str]:
    """(profile, user's key) -> the smallest key of that user's rows there."""
    found: dict[tuple[str, str], str] = {}
    for profile in snapshot.tables.profiles:
        wanted = {
            users[number] for number, (_, named) in enumerate(asked) if named.profile == profile.profile and number in users
        }
        for user, row in _profile_rows(snapshot, profile, sorted(wanted)):
            found.setdefault((profile.profile, user), row)
    return found


def _profile_rows(snapshot: Snapshot, profile: ProfileTable, users: list[str]) -> Iterable[tuple[str, str]]:
    if not users:
        return []
    tables, text = snapshot.tables, snapshot.tables.text
    listed = text.listed("asked", {"key": users}, numbers=())
    user = text.key(profile.column(profile.mapping.user))
    statement: Any = (
        sa.select(user, text.key(profile.column(profile.mapping.key)))
        .select_from(profile.sql.join(listed, user == listed.c.key))
        .order_by(tables.order_key(profile, profile.mapping.key))
    )
    return ((row[0], row[1]) for row in snapshot.connection.execute(statement))
