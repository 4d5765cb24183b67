"""One code stands on several profile rows.

What it looks like: a scan signs in somebody else.

What causes it: two workers read the highest number at the same moment and both add one. Codes compare exactly, letter
for letter, within their own column; blank ones are another kind (missing_code).

Repairs: draw (the oldest row keeps its code, the others get new ones).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.shape import damaged_groups, sharing
from mendbook.model import Damage
from mendbook.tables import ProfileTable, Tables


def find(tables: Tables) -> list[Select[Any]]:
    return [
        damaged_groups(_rows(tables, profile), profile.profile, profile.name)
        for profile in tables.profiles
        if profile.present(profile.mapping.codes)
    ]


def _rows(tables: Tables, profile: ProfileTable) -> Select[Any]:
    """Rows of every code column; UNION, for a row whose two columns share a code is damaged once."""
    columns = profile.present(profile.mapping.codes)
    every = sa.union(*(_sharing(tables, profile, column) for column in columns)).subquery("holders")
    text, own, users = tables.text, profile.column(profile.mapping.key), tables.users
    user_key = sa.func.coalesce(text.key(users.column(users.mapping.key)), text.key(profile.column(profile.mapping.user)))
    return sa.select(
        every.c.value.label("case_key"),
        text.key(own).label("row_key"),
        user_key.label("user_key"),
        text.microseconds(tables.created(profile)).label("moment"),
        tables.order_key(profile, profile.mapping.key).label("place"),
        sa.cast(sa.null(), sa.Integer).label("blank"),
    ).select_from(
        every.join(profile.sql, own == every.c.own).join(users.sql, tables.same_user(profile), isouter=True),
    )


def _sharing(tables: Tables, profile: ProfileTable, column: sa.ColumnElement[Any]) -> Select[Any]:
    shared = sharing(tables, tables.text.exact(column), profile, profile.mapping.key)
    return sa.select(shared.c.value, shared.c.own).where(~tables.text.blank(shared.c.value))


DAMAGE = Damage("duplicate_code", "Codes that stand on several profiles", find, needs=("codes",))
