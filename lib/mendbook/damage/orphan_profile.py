"""A profile row that belongs to nobody: its user column is NULL or names a user who does not exist.

What it looks like: counts that do not add up, exports with empty names, a unique code that is taken by no one.

What causes it: a user deleted by hand in SQL with constraints switched off or missing; a restore of one table alone; a
profile written by the form after the failed registration's user had been rolled back.

Repairs: delete (nothing may refer to the row); reattach (where the row has a column of the user name's or the e-mail's
own name, and one user alone matches it who must have such a profile and has none).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.changes import deleted
from mendbook.damage.deletions import LAST, cascading, unguarded
from mendbook.damage.proposals import left, made, profile_of, rows_of
from mendbook.damage.reattaching import reattach
from mendbook.damage.settling import settled
from mendbook.damage.shape import literal_text
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Asking, Case, Damage, Found, Left, Repair


def find(tables: Tables) -> list[Select[Any]]:
    return [_orphans(tables, profile) for profile in tables.profiles]


def _orphans(tables: Tables, profile: ProfileTable) -> Select[Any]:
    key = tables.text.key(profile.column(profile.mapping.key))
    # NULL names nobody either
    own, named = tables.user_sides(profile)
    nobodys = tables.text.nowhere(own, profile.sql, tables.users.sql, named)
    return (
        sa.select(
            key.label("case_key"),
            literal_text(profile.profile).label("profile"),
            literal_text(profile.name).label("table"),
            key.label("row_key"),
            tables.text.key(profile.column(profile.mapping.user)).label("user_key"),
            tables.text.microseconds(tables.created_alone(profile)).label("at"),
        )
        .select_from(profile.sql)
        .where(nobodys)
    )


def delete(tables: Tables, found: Sequence[Found]) -> Asking:
    """The rows go."""
    profile = profile_of(tables, found)
    held = yield from rows_of(tables, profile, found)
    blocked = yield from cascading(tables, list(held.values()))
    results: list[Case | Left] = []
    for each in found:
        row = held.get(each.rows[0].row_key)
        if row is None:
            results.append(left(each, "the row is not there any more"))
            continue
        user = row.row[profile.mapping.user]
        why = "its user column is NULL" if user is None else f"there is no user {user}"
        change = deleted(each.case_key, row.table, row.key, row.image, LAST)
        locks = unguarded(tables, profile.name)
        blockers = blocked[row.key]
        results.append(made(tables, each, "delete", "medium", [change], because=[why], blockers=blockers, locks=locks))
    return results


DAMAGE = Damage(
    "orphan_profile",
    "Profiles that belong to nobody",
    find,
    repairs=(
        Repair("delete", "Remove the row", "medium", settled(delete)),
        Repair("reattach", "Give the row to the user whom it names otherwise", "medium", settled(reattach)),
    ),
)
