"""The repair that gives an orphaned profile row back to its user, where the row itself tells who that is.

The row tells it by a column that is called as the user name's or the e-mail's is, compared as one person's spellings are.
Nobody is guessed: where several users match, or the one who does has a row or must not have one, the finding is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Select

from mendbook.blanks import blank
from mendbook.damage.changes import Values, updated
from mendbook.damage.proposals import (
    Held,
    Told,
    asked_users,
    left,
    made,
    place_of,
    profile_of,
    rows_of,
)
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Asking, Case, Found, Left, Row


@dataclass(frozen=True, slots=True)
class _Match:
    """A user whom an orphan's row names: the columns by which, and whether they must have such a profile and have none."""

    user: str
    columns: tuple[str, ...]
    needs_one: bool
    has_one: bool


def reattach(tables: Tables, found: Sequence[Found]) -> Asking:
    """The rows get their user's key."""
    profile, users = profile_of(tables, found), tables.users
    telling = [name for name in (users.mapping.username, users.mapping.email) if name is not None and profile.has(name)]
    telling = list(dict.fromkeys(telling))
    if not telling:
        why = f"{profile.name} has no column called as the users' user name or e-mail is, so no row tells whose it is"
        return [left(each, why) for each in found]
    held = yield from rows_of(tables, profile, found)
    matches = yield from _matches(tables, profile, telling, list(held))
    return [_reattached(tables, profile, each, held, matches.get(each.rows[0].row_key, [])) for each in found]


def _matches(
    tables: Tables, profile: ProfileTable, telling: Sequence[str], keys: Sequence[str]
) -> Told[dict[str, list[_Match]]]:
    users = tables.users
    named = yield sa.union_all(*(_naming(tables, profile, column, keys) for column in telling))
    by_row: dict[str, dict[str, list[str]]] = {}
    for row in named:
        by_row.setdefault(row.row_key, {}).setdefault(row.user_key, []).append(row.way)
    found = {user for candidates in by_row.values() for user in candidates}
    if not found or tables.lacks_requirement(profile):
        return {}
    listed, asked = asked_users(tables, found)
    key = tables.text.key(users.column(users.mapping.key))
    needing = (
        yield sa.select(key).select_from(users.sql.join(listed, asked)).where(tables.matches(profile.mapping.required_for))
    )
    having = yield sa.select(key).select_from(users.sql.join(listed, asked).join(profile.sql, tables.same_user(profile)))
    needs, has = {row[0] for row in needing}, {row[0] for row in having}
    return {
        row: [_Match(user, tuple(columns), user in needs, user in has) for user, columns in candidates.items()]
        for row, candidates in by_row.items()
    }


def _naming(tables: Tables, profile: ProfileTable, column: str, keys: Sequence[str]) -> Select[str, str, str]:
    """(row_key, user_key, way) of users whose ``column`` is the same person's as the row's."""
    text, users = tables.text, tables.users
    own = profile.column(profile.mapping.key)
    listed = text.listed("asked_rows", {"key": keys}, numbers=())
    asked = own == text.typed(listed.c.key, profile.kind(profile.mapping.key))
    same = text.fold(profile.column(column)) == text.fold(users.column(column))
    return sa.select(
        text.key(own).label("row_key"),
        text.key(users.column(users.mapping.key)).label("user_key"),
        sa.literal(column, sa.Text).label("way"),
    ).select_from(profile.sql.join(listed, asked).join(users.sql, same))


def _reattached(
    tables: Tables, profile: ProfileTable, found: Found, held: Mapping[str, Held], matches: Sequence[_Match]
) -> Case | Left:
    row = held.get(found.rows[0].row_key)
    if row is None or not matches:
        return left(found, "no user matches the row")
    if len(matches) > 1:
        return left(found, "several users match the row: a person must tell whose it is")
    (match,) = matches
    if match.has_one:
        return left(found, f"the user who matches the row has a row in {profile.name} already")
    if not match.needs_one:
        return left(found, "the user who matches the row must not have such a profile")
    change = updated(found.case_key, row.table, row.key, row.image, {profile.mapping.user: match.user}, 3)
    return made(
        tables,
        found,
        "reattach",
        "medium",
        [change],
        because=[f"the row names user {match.user} by {' and '.join(match.columns)}, who has no row in {profile.name}"],
        leaves=_still_damaged(profile, row.row),
        kept=[Row(tables.users.name, match.user)],
        owns=[place_of(profile.profile, match.user)],
        locks=[profile.name],
    )


def _still_damaged(profile: ProfileTable, row: Values) -> list[str]:
    """The kinds of damage that are told of rows of existing users alone, and show once the row is somebody's."""
    mapping = profile.mapping
    filled, codes, flags = (
        [row[name] for name in names if name in row] for names in (mapping.filled, mapping.codes, mapping.flags)
    )
    told = {
        "blank_profile": bool(filled) and all(blank(value) for value in filled),
        "missing_code": any(blank(value) for value in codes),
        "null_flag": any(value is None for value in flags),
    }
    return [kind for kind, there in told.items() if there]
