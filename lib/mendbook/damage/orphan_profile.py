"""A profile row that belongs to nobody: its user column is NULL or names a user who does not exist.

What it looks like: counts that do not add up, exports with empty names, a unique code that is taken by no one.

What causes it: a user deleted by hand in SQL with constraints switched off or missing; a restore of one table alone; a
profile written by the form after the failed registration's user had been rolled back.

Repairs: delete; reattach (where a user matches on mapped columns).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.shape import literal_text
from mendbook.model import Damage
from mendbook.tables import ProfileTable, Tables


def find(tables: Tables) -> list[Select[Any]]:
    return [_orphans(tables, profile) for profile in tables.profiles]


def _orphans(tables: Tables, profile: ProfileTable) -> Select[Any]:
    key = tables.text.key(profile.column(profile.mapping.key))
    # NULL names nobody either: NOT EXISTS alone covers both, and stays an anti-join
    named = (
        sa.exists(sa.literal_column("1")).select_from(tables.users.sql).where(tables.same_user(profile)).correlate(profile.sql)
    )
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
        .where(~named)
    )


DAMAGE = Damage("orphan_profile", "Profiles that belong to nobody", find)
