"""A flag of a profile is NULL where the application expects true or false.

What it looks like: an AttributeError or a filter that leaves people out.

What causes it: a migration that added the column without a default for the rows that were there, or a writer that does
not know the column.

Repairs: set (the mapping's value).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.shape import damaged_rows
from mendbook.model import Damage
from mendbook.tables import Tables


def find(tables: Tables) -> list[Select[Any]]:
    flags = [(profile, profile.present(profile.mapping.flags)) for profile in tables.profiles]
    return [
        damaged_rows(tables, profile, sa.or_(*(flag.is_(None) for flag in columns))) for profile, columns in flags if columns
    ]


DAMAGE = Damage("null_flag", "Profiles with an unset flag", find, needs=("flags",))
