"""An account whose owner was told that the registration failed.

What it looks like: "I tried to register, got an error, and now it says that I exist already." The account was made in the
same moment in which the logs tell of a failure, and nobody ever logged in to it.

What causes it: the user's row was committed, then the profile's insert died; or two requests raced, and the one that lost
was told of an error although the other had made the account.

A failure is an incident of the logs that was not handled (handled is not true; a 4xx that says "exists already" is an
error that a person saw), whose time is known, and which belongs to a registration: its path registers people, or its table is
a mapped one, or it tells neither. Where it names a user's key, a user name or an e-mail, only the account
that has it is meant, compared as one person's spellings are; otherwise every account that was made within two seconds of
it, the border included.

Repairs: deactivate (the account stays, and so does the finding: what the logs tell does not change); delete (only where
nothing refers to it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement, Select

from mendbook.damage.changes import updated
from mendbook.damage.deletions import delete_users
from mendbook.damage.moments import microseconds, near, slice_of, slices, span
from mendbook.damage.proposals import left, made, rows_of
from mendbook.damage.settling import settled
from mendbook.damage.shape import literal_text
from mendbook.dialects.expressions import once
from mendbook.mapping.tables import Tables
from mendbook.model import Asking, Case, Damage, Failure, Found, Left, Repair


def unable(tables: Tables) -> str:
    """Why ghosts cannot be looked for; empty where they can."""
    users = tables.users
    if tables.failures is None:
        return tables.no_failures
    for role in ("last_login", "created"):
        column = getattr(users.mapping, role)
        if column is None:
            return f"{role} of users is not mapped"
        if not users.has(column):
            return f"column {column} does not exist"
    return ""


def find(tables: Tables) -> list[Select[Any]]:
    if unable(tables) or not tables.failures:
        return []
    failures = tables.failures
    strangers = _never_logged_in(tables, failures)
    by_key = [one for one in failures if one.user_key is not None]
    by_name = [one for one in failures if one.user_key is None and one.username is not None]
    by_email = [one for one in failures if one.user_key is None and one.username is None and one.email is not None]
    alone = [one for one in failures if not one.names_somebody]
    ways = [
        _named(tables, strangers, named, column)
        for column, named in (("key", by_key), ("username", by_name), ("email", by_email))
        if named
    ]
    if alone:
        ways.append(_by_time_alone(tables, strangers, alone))
    return [
        sa.select(
            strangers.c.key.label("case_key"),
            literal_text(None).label("profile"),
            literal_text(tables.users.name).label("table"),
            strangers.c.key.label("row_key"),
            strangers.c.key.label("user_key"),
            strangers.c.moment.label("at"),
        ).where(strangers.c.key.in_(sa.union_all(*ways)))
    ]


def _never_logged_in(tables: Tables, failures: Sequence[Failure]) -> CTE:
    """The accounts without a login that were made while failures happened; worked out once, for every way of matching."""
    users, text, mapping = tables.users, tables.text, tables.users.mapping
    first, last = span(microseconds(failure.at) for failure in failures)
    moment = text.microseconds(tables.created(None))

    def folded(column: str | None) -> ColumnElement[Any]:
        return literal_text(None) if column is None else text.fold(users.column(column))

    assert mapping.last_login is not None
    known = (
        sa.select(
            text.key(users.column(mapping.key)).label("key"),
            moment.label("moment"),
            folded(mapping.username).label("username"),
            folded(mapping.email).label("email"),
        )
        .where(users.column(mapping.last_login).is_(None))
        .where(moment.between(sa.literal(first, sa.BigInteger), sa.literal(last, sa.BigInteger)))
    )
    return once(known.cte("strangers"))


def _named(tables: Tables, strangers: CTE, failures: Sequence[Failure], by: str) -> Select[Any]:
    """Of each failure the accounts that have its key, name or e-mail; where it gives several, all of them must fit."""
    text = tables.text
    listed = text.listed(
        f"failed_{by}",
        {
            "at": [microseconds(one.at) for one in failures],
            "key": [one.user_key for one in failures],
            "username": [one.username for one in failures],
            "email": [one.email for one in failures],
        },
        numbers=("at",),
    )
    given = {"key": listed.c.key, "username": text.fold(listed.c.username), "email": text.fold(listed.c.email)}
    others = [
        sa.or_(listed.c[name].is_(None), given[name] == strangers.c[name])
        for name in ("username", "email")
        if name != by and any(getattr(one, name) is not None for one in failures)
    ]
    joined = strangers.join(listed, strangers.c[by] == given[by])
    return sa.select(strangers.c.key).select_from(joined).where(near(strangers.c.moment, listed.c.at), *others)


def _by_time_alone(tables: Tables, strangers: CTE, failures: Sequence[Failure]) -> Select[Any]:
    moments = sorted({microseconds(one.at) for one in failures})
    pairs = [(part, moment) for moment in moments for part in slices(moment)]
    listed = tables.text.listed(
        "failed", {"part": [part for part, _ in pairs], "at": [moment for _, moment in pairs]}, numbers=("part", "at")
    )
    joined = strangers.join(listed, slice_of(strangers.c.moment) == listed.c.part)
    return sa.select(strangers.c.key).select_from(joined).where(near(strangers.c.moment, listed.c.at))


def deactivate(tables: Tables, found: Sequence[Found]) -> Asking:
    """The accounts may not be used any more."""
    users, active = tables.users, tables.users.mapping.active
    if active is None or not users.has(active):
        return [
            left(each, "the mapping names no active column of users that exists: choose delete, or map one") for each in found
        ]
    kind = users.kind(active)
    off = {"boolean": kind.truth[0], "integer": "0"}.get(kind.family)
    if off is None:
        why = f"column {active} is {kind.type}: nobody knows which of its values means inactive"
        return [left(each, why) for each in found]
    held = yield from rows_of(tables, users, found)
    results: list[Case | Left] = []
    for each in found:
        row = held.get(each.rows[0].row_key)
        if row is None or row.row[active] == off:
            results.append(left(each, "deactivated already"))
            continue
        change = updated(each.case_key, row.table, row.key, row.image, {active: off}, 6)
        because = [f"the registration of user {row.key} failed in its owner's eyes, and nobody ever logged in"]
        results.append(made(tables, each, "deactivate", "medium", [change], because=because, leaves=["ghost_user"]))
    return results


DAMAGE = Damage(
    "ghost_user",
    "Accounts whose owners saw an error",
    find,
    needs=("logs",),
    unable=unable,
    repairs=(
        Repair("deactivate", "Keep the account, but let nobody use it", "medium", settled(deactivate)),
        Repair("delete", "Remove the account", "high", settled(delete_users("delete"))),
    ),
)
