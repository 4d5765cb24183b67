"""A profile row whose ``filled`` columns are all blank: the data of the form is lost.

What it looks like: an account that works, with an empty phone number, address, department.

What causes it: the signal made its blank row first, the form's own insert then died on the unique constraint, and
the data that the person had typed went with it. Blank is NULL or nothing but white space, in Unicode's sense.

Repairs: fill, column by column of the same name, from the person's other rows (the source of each field is told, and each
is accepted on its own); outreach (a list of whom to ask; it changes nothing).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.damage.contacts import contacts
from mendbook.damage.filling import fill
from mendbook.damage.proposals import left
from mendbook.damage.settling import settled
from mendbook.damage.shape import damaged_rows
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Asking, Damage, Found, Repair


def find(tables: Tables) -> list[Select[Any]]:
    return [
        damaged_rows(tables, profile, _blank(tables, profile))
        for profile in tables.profiles
        if profile.mapping.filled and not tables.lacks(profile.profile, "filled")
    ]


def _blank(tables: Tables, profile: ProfileTable) -> sa.ColumnElement[bool]:
    return sa.and_(*(tables.text.blank(profile.column(name)) for name in profile.mapping.filled))


def outreach(tables: Tables, found: Sequence[Found]) -> Asking:  # noqa: ARG001  as every proposal takes them
    """Nothing is changed; ``damage/contacts.py`` tells whom to ask."""
    yield from ()
    return [left(each, "the person is to be asked: see the outreach list") for each in found]


DAMAGE = Damage(
    "blank_profile",
    "Profiles whose form data was lost",
    find,
    needs=("filled",),
    repairs=(
        Repair("fill", "Fill it from the person's other rows", "low", settled(fill)),
        Repair("outreach", "List whom to ask", "low", outreach, contacts),
    ),
)
