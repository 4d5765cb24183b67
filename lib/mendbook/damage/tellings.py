"""Asks what other rows of people tell in a column: the newest of each account's rows that is not blank there.

Conversations, one statement each for many accounts; the server picks the row, so that an account of a million orders
sends one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.sql import quoted_name

from mendbook.damage import duplicate_user
from mendbook.damage.proposals import Told, asked_users
from mendbook.dialects import Column
from mendbook.mapping.surroundings import Reference
from mendbook.mapping.tables import ProfileTable, Tables


@dataclass(frozen=True, slots=True)
class Telling:
    """What a row tells: of whom, which row (its key, or nothing), the value as text, and its place, the newest first."""

    user: str
    row: str
    value: str
    newest: int


def tellings_of_profile(tables: Tables, profile: ProfileTable, column: str, users: Iterable[str]) -> Told[list[Telling]]:
    """What the rows of ``users`` (keys) in ``profile`` tell in ``column``."""
    own = profile.column(profile.mapping.key)
    newest: list[ColumnElement[Any]] = [
        *tables.text.in_order(tables.created_alone(profile), descending=True, nulls_first=True),
        tables.order_key(profile, profile.mapping.key).desc(),
    ]
    joined = tables.users.sql.join(profile.sql, tables.same_user(profile))
    told = profile.column(column), profile.kind(column)
    return (yield from _newest(tables, joined, tables.text.key(own), *told, newest, users))


def tellings_of_reference(tables: Tables, reference: Reference, column: str, users: Iterable[str]) -> Told[list[Telling]]:
    """What the rows of ``reference``'s table that refer to ``users`` tell in ``column``; the largest key is the newest."""
    stored, text, mapping = tables.surroundings.tables[reference.table], tables.text, tables.users.mapping
    relation = stored.relation
    source = sa.table(
        quoted_name(relation.name, True),
        *(sa.column(quoted_name(name, True)) for name in relation.columns),
        schema=quoted_name(relation.schema, True),
    ).alias("source")
    (name,) = reference.columns
    referring, key = source.c[name], tables.users.column(mapping.key)
    alike = relation.columns[name].type == tables.users.kind(mapping.key).type
    same = referring == key if alike or reference.how == "foreign key" else text.key(referring) == text.key(key)
    numbers = ("integer", "number", "uuid", "time")
    keys = [(source.c[each], relation.columns[each]) for each in stored.key]
    order = [(each if kind.family in numbers else text.key(each)).desc() for each, kind in keys]
    newest: list[ColumnElement[Any]] = [*order] or [text.key(source.c[column])]
    row = text.key(keys[0][0]) if len(keys) == 1 else sa.literal("", sa.Text)
    joined = tables.users.sql.join(source, same)
    return (yield from _newest(tables, joined, row, source.c[column], relation.columns[column], newest, users))


def same_people(tables: Tables) -> Told[dict[str, tuple[str, ...]]]:
    """The accounts that are the same person's as an account is, itself among them; asked for once a plan."""
    if ("people",) not in tables.noted:
        groups: dict[str, list[str]] = {}
        for select in duplicate_user.find(tables):
            for row in (yield select):
                groups.setdefault(row.case_key, []).append(row.row_key)
        tables.noted["people",] = {key: group for each in groups.values() for group in [tuple(each)] for key in group}
    people: dict[str, tuple[str, ...]] = tables.noted["people",]
    return people


def _newest(
    tables: Tables,
    joined: FromClause,
    row: ColumnElement[str],
    column: ColumnElement[Any],
    kind: Column,
    newest: Sequence[ColumnElement[Any]],
    users: Iterable[str],
) -> Told[list[Telling]]:
    """Of each user the newest of the ``joined`` rows (with the users' table) whose ``column`` is not blank."""
    key = tables.users.column(tables.users.mapping.key)
    listed, asked = asked_users(tables, users)
    every = (
        sa.select(
            tables.text.key(key).label("user_key"),
            row.label("row_key"),
            tables.text.shown(column, kind).label("value"),
            sa.func.row_number().over(partition_by=key, order_by=newest).label("place"),
            sa.func.row_number().over(order_by=newest).label("newest"),
        )
        .select_from(joined.join(listed, asked))
        .where(~tables.text.blank(column))
        .subquery("tellings")
    )
    answer = yield sa.select(every.c.user_key, every.c.row_key, every.c.value, every.c.newest).where(every.c.place == 1)
    return [Telling(*each) for each in answer]
