"""A user has a profile of a kind that is not theirs: staff with a customer profile, say.

What it looks like: staff members in the customer list, with the customers' rights and mails.

What causes it: the signal runs at the first save, before the form has set what decides the kind (``is_staff``), so
every newcomer gets the one profile; the right one follows or not. NULL does not match ``required_for``.

Repairs: remove, where the right profile exists, or where the mapping knows none for such a user; else convert: the right
one is made with the columns that both share, and the wrong one goes, in one case.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from mendbook.damage.converting import remove
from mendbook.damage.settling import settled
from mendbook.damage.shape import damaged_rows
from mendbook.mapping.tables import Tables
from mendbook.model import Damage, Repair


def find(tables: Tables) -> list[Select[Any]]:
    return [
        damaged_rows(tables, profile, ~tables.matches(profile.mapping.required_for))
        for profile in tables.profiles
        if profile.mapping.required_for and not tables.lacks_requirement(profile)
    ]


DAMAGE = Damage(
    "wrong_profile",
    "Profiles of a kind their user must not have",
    find,
    needs=("required_for",),
    repairs=(Repair("remove", "Remove it, or make the right one of it", "medium", settled(remove)),),
)
