"""Whom to ask where no row of a person has the data that was lost: the list that goes out instead of a repair.

A conversation; the list is written by whoever makes the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from mendbook.damage.proposals import Told, asked_users
from mendbook.damage.shape import literal_text
from mendbook.mapping.tables import Tables
from mendbook.model import Found


@dataclass(frozen=True, slots=True)
class Contact:
    """A person to be asked: the account's key, and its name and address where the mapping tells them."""

    user_key: str
    username: str | None
    email: str | None


def contacts(tables: Tables, found: Sequence[Found]) -> Told[list[Contact]]:
    """The people whom ``found`` are about, each once, in the order of the findings."""
    users, text, mapping = tables.users, tables.text, tables.users.mapping
    keys = list(dict.fromkeys(row.user_key for each in found for row in each.rows if row.user_key is not None))
    listed, asked = asked_users(tables, keys)
    named = [
        literal_text(None) if column is None else sa.cast(users.column(column), sa.Text)
        for column in (mapping.username, mapping.email)
    ]
    answer = yield sa.select(text.key(users.column(mapping.key)), *named).select_from(users.sql.join(listed, asked))
    people = {row[0]: Contact(*row) for row in answer}
    return [people[key] for key in keys if key in people]
