"""A user has two or more rows in one profile table.

What it looks like: "get() returned more than one", or a page that shows now one row's data and now the other's.

What causes it: the signal on the user and the registration view both insert the profile, and no unique constraint
stops the second. The signature of that race is a blank row (the signal's) and a filled one (the form's), a moment apart.

Repairs: merge (one row survives, its blanks are filled from the others, references move to it).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.merging import RISK_OF_PROFILES, merge_profiles
from mendbook.damage.shape import blank_flag, damaged_groups
from mendbook.dialects.joins import first_then, repeated
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Damage, Repair


def find(tables: Tables) -> list[Select[Any]]:
    return [damaged_groups(tables, _rows(tables, profile), profile.profile, profile.name) for profile in tables.profiles]


def _rows(tables: Tables, profile: ProfileTable) -> Select[Any]:
    users, user = tables.users, tables.user_named(profile)
    doubled = repeated(user, profile.sql)
    user_key = tables.text.key(users.column(users.mapping.key))
    return sa.select(
        user_key.label("case_key"),
        tables.text.key(profile.column(profile.mapping.key)).label("row_key"),
        user_key.label("user_key"),
        tables.text.microseconds(tables.created(profile)).label("moment"),
        tables.text.microseconds(tables.created_alone(profile)).label("own"),
        tables.order_key(profile, profile.mapping.key).label("place"),
        blank_flag(tables, profile).label("blank"),
    ).select_from(
        first_then(first_then(profile.sql, doubled, doubled.c.value == user), users.sql, tables.same_user(profile)),
    )


DAMAGE = Damage(
    "duplicate_profile",
    "Users with several rows in one profile table",
    find,
    pairs=True,
    repairs=(Repair("merge", "Merge the rows into one", RISK_OF_PROFILES, merge_profiles),),
)
