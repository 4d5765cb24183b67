"""A user who must have a profile has none.

What it looks like: the person can log in, and every page that asks for the profile fails or is empty.

What causes it: the registration died between the user's insert and the profile's; or the signal was switched off; or a
person deleted the profile by hand. ``required_for`` says which users must have one; NULL does not match it.

Repairs: create (a row with the mapping's defaults, codes and flags); delete_user (only a user who never logged in and
whom nothing refers to).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.shape import literal_text
from mendbook.model import Damage
from mendbook.tables import ProfileTable, Tables


def find(tables: Tables) -> list[Select[Any]]:
    return [_without(tables, profile) for profile in tables.profiles if not tables.lacks_requirement(profile)]


def _without(tables: Tables, profile: ProfileTable) -> Select[Any]:
    users = tables.users
    key = tables.text.key(users.column(users.mapping.key))
    has_one = sa.exists(sa.literal_column("1")).select_from(profile.sql).where(tables.same_user(profile)).correlate(users.sql)
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
        .where(tables.matches(profile.mapping.required_for), ~has_one)
    )


DAMAGE = Damage("missing_profile", "Users without the profile they must have", find, needs=("required_for",))
