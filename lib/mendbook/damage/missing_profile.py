"""A user who must have a profile has none.

What it looks like: the person can log in, and every page that asks for the profile fails or is empty.

What causes it: the registration died between the user's insert and the profile's; or the signal was switched off; or a
person deleted the profile by hand. ``required_for`` says which users must have one; NULL does not match it.

Repairs: create (a row with the mapping's defaults, codes and flags; it stays blank where no default fills it, which the
case says); delete_user (only a user who never logged in and whom nothing refers to).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.changes import inserted
from mendbook.damage.deletions import delete_users
from mendbook.damage.new_profiles import NewRow, new_rows
from mendbook.damage.proposals import left, made, place_of, profile_of
from mendbook.damage.settling import settled
from mendbook.damage.shape import literal_text
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Asking, Case, Damage, Found, Left, Repair, Row


def find(tables: Tables) -> list[Select[Any]]:
    return [_without(tables, profile) for profile in tables.profiles if not tables.lacks_requirement(profile)]


def _without(tables: Tables, profile: ProfileTable) -> Select[Any]:
    users = tables.users
    key = tables.text.key(users.column(users.mapping.key))
    own, named = tables.user_sides(profile)
    has_none = tables.text.nowhere(named, users.sql, profile.sql, own)
    return (
        sa.select(
            key.label("case_key"),
            literal_text(profile.profile).label("profile"),
            literal_text(users.name).label("table"),
            key.label("row_key"),
            key.label("user_key"),
            tables.text.microseconds(tables.created(None)).label("at"),
        )
        .select_from(users.sql)
        .where(tables.matches(profile.mapping.required_for), has_none)
    )


def create(tables: Tables, found: Sequence[Found]) -> Asking:
    """The missing rows."""
    profile = profile_of(tables, found)
    rows = yield from new_rows(tables, profile, [each.rows[0].row_key for each in found])
    return [_created(tables, profile, each, row) for each, row in zip(found, rows, strict=True)]


def _created(tables: Tables, profile: ProfileTable, found: Found, new: NewRow | str) -> Case | Left:
    if isinstance(new, str):
        return left(found, new)
    user = found.rows[0].row_key
    because = [f"user {user} must have a row in {profile.name} and has none"]
    if new.blank:
        because.append(f"{', '.join(profile.mapping.filled)} may stay blank: nobody knows them yet")
    return made(
        tables,
        found,
        "create",
        "low",
        [inserted(found.case_key, profile.name, new.key, new.row, 4, new.drawn)],
        because=[*because, *new.because],
        leaves=["blank_profile"] * new.blank,
        kept=[Row(tables.users.name, user)],
        owns=[place_of(profile.profile, user), *new.owns],
        locks=[profile.name],
    )


DAMAGE = Damage(
    "missing_profile",
    "Users without the profile they must have",
    find,
    needs=("required_for",),
    repairs=(
        Repair("create", "Make the row", "low", settled(create)),
        Repair("delete_user", "Remove the user who never logged in", "high", settled(delete_users("delete_user"))),
    ),
)
