"""A flag of a profile is NULL where the application expects true or false.

What it looks like: an AttributeError or a filter that leaves people out.

What causes it: a migration that added the column without a default for the rows that were there, or a writer that does
not know the column.

Repairs: set (the mapping's value).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.changes import updated
from mendbook.damage.fitting import mapped_values
from mendbook.damage.proposals import Held, left, made, profile_of, rows_of
from mendbook.damage.settling import settled
from mendbook.damage.shape import damaged_rows
from mendbook.mapping.tables import Tables
from mendbook.model import Asking, Case, Damage, Found, Left, Repair


def find(tables: Tables) -> list[Select[Any]]:
    flags = [(profile, profile.present(profile.mapping.flags)) for profile in tables.profiles]
    return [
        damaged_rows(tables, profile, sa.or_(*(flag.is_(None) for flag in columns))) for profile, columns in flags if columns
    ]


def set_flags(tables: Tables, found: Sequence[Found]) -> Asking:
    """Every flag of the row that is NULL gets the mapping's value."""
    profile = profile_of(tables, found)
    held = yield from rows_of(tables, profile, found)
    flags = yield from mapped_values(tables, profile, profile.mapping.flags)
    return [_set(tables, each, held.get(each.rows[0].row_key), flags) for each in found]


def _set(tables: Tables, found: Found, held: Held | None, flags: Mapping[str, tuple[str, str]]) -> Case | Left:
    unset = {} if held is None else {name: flag for name, flag in flags.items() if held.row[name] is None}
    if held is None or not unset:
        return left(found, "no flag of the row is NULL any more")
    for _, why in unset.values():
        if why:
            return left(found, f"flags of the mapping do not fit: {why}")
    new = {name: text for name, (text, _) in unset.items()}
    because = [f"{name} is NULL; the mapping says {text}" for name, text in new.items()]
    return made(
        tables, found, "set", "low", [updated(found.case_key, held.table, held.key, held.image, new, 6)], because=because
    )


DAMAGE = Damage(
    "null_flag",
    "Profiles with an unset flag",
    find,
    needs=("flags",),
    repairs=(Repair("set", "Set the mapping's value", "low", settled(set_flags)),),
)
