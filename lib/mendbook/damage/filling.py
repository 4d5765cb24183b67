"""The repair of a profile whose form data was lost: what the person's other rows tell, column by column of the same name.

Looked at, in this order: the user's rows in the other profile tables; in tables that refer to users once, such as an
invitation; in the same profile table; then the rows there of accounts that are the same person's, such as a second try. The
newest row that tells something wins. Codes, and columns that must be unique, are nobody's to copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mendbook.blanks import blank
from mendbook.damage.changes import updated
from mendbook.damage.fitting import misfit
from mendbook.damage.proposals import Held, Told, left, made, profile_of, rows_of
from mendbook.damage.tellings import Telling, same_people, tellings_of_profile, tellings_of_reference
from mendbook.dialects import Column
from mendbook.mapping.surroundings import Reference
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Asking, Case, Found, Left, Option, Row


@dataclass(frozen=True, slots=True)
class _Source:
    """What fills a column: its value, and where that comes from."""

    value: str
    why: str
    another: bool


def fill(tables: Tables, found: Sequence[Found]) -> Asking:
    """Each blank column gets what another row of the person tells."""
    profile = profile_of(tables, found)
    held = yield from rows_of(tables, profile, found)
    columns = _fillable(profile)
    users = [str(each.rows[0].user_key) for each in found]
    sources: dict[tuple[str, str], _Source] = {}
    for column in columns:
        yield from _from_own_rows(tables, profile, column, users, sources)
    lacking = [user for user in users if any((user, column) not in sources for column in columns)]
    if lacking and columns:
        yield from _from_other_accounts(tables, profile, columns, lacking, sources)
    return [_filled(tables, profile, each, held.get(each.rows[0].row_key), columns, sources) for each in found]


def _fillable(profile: ProfileTable) -> list[str]:
    """The filled columns into which a value of another row may be copied."""
    unique = {name for index in profile.relation.unique_indexes for text in index.expressions for name in _names(text)}
    return [
        name
        for name in profile.mapping.filled
        if profile.has(name) and name not in profile.mapping.codes and name not in unique and not profile.kind(name).generated
    ]


def _names(expression: str) -> list[str]:
    """The names in an index's expression, be it a column alone; quoted ones without their quotes."""
    found = re.findall(r'"(?:[^"]|"")+"|[^\W\d][\w$]*', expression)
    return [name[1:-1].replace('""', '"') if name.startswith('"') else name for name in found]


def _from_own_rows(
    tables: Tables, profile: ProfileTable, column: str, users: Sequence[str], sources: dict[tuple[str, str], _Source]
) -> Told[None]:
    siblings = [one for one in tables.profiles if one.name != profile.name]
    mapped = dict.fromkeys([*(one.name for one in siblings), profile.name])
    for name in [*mapped][:-1]:
        sibling = next(one for one in siblings if one.name == name)
        if _compatible(sibling.relation.columns.get(column), profile.kind(column)):
            told = yield from tellings_of_profile(tables, sibling, column, users)
            _take(profile, column, told, sources, f"{name} {{row}} (same user)")
    for reference in _referring_once(tables):
        if _compatible(tables.surroundings.relation(reference.table).columns.get(column), profile.kind(column)):
            told = yield from tellings_of_reference(tables, reference, column, users)
            _take(profile, column, told, sources, f"{reference.table} {{row}} ({reference.columns[0]} is this user)")
    told = yield from tellings_of_profile(tables, profile, column, users)
    _take(profile, column, told, sources, f"{profile.name} {{row}} (same user)")


def _from_other_accounts(
    tables: Tables,
    profile: ProfileTable,
    columns: Sequence[str],
    users: Sequence[str],
    sources: dict[tuple[str, str], _Source],
) -> Told[None]:
    people = yield from same_people(tables)
    others = {user: [one for one in people.get(user, ()) if one != user] for user in users}
    every = [one for each in others.values() for one in each]
    if not every:
        return
    for column in columns:
        told = yield from tellings_of_profile(tables, profile, column, every)
        by_user: dict[str, list[Telling]] = {}
        for one in told:
            by_user.setdefault(one.user, []).append(one)
        for user, accounts in others.items():
            theirs = sorted((one for account in accounts for one in by_user.get(account, ())), key=lambda one: one.newest)
            for one in theirs:
                why = f"{profile.name} {{row}} of account {one.user} (the same person by e-mail or user name)"
                _take(profile, column, [Telling(user, one.row, one.value, one.newest)], sources, why, True)


def _referring_once(tables: Tables) -> Iterator[Reference]:
    """The references to users of tables that have one alone: of several, nobody knows which tells of the person."""
    users = tables.users
    every = [one for one in tables.surroundings.to(users.name) if one.how != "generic"]
    mapped = {users.name, *(profile.name for profile in tables.profiles)}
    for reference in every:
        stored = tables.surroundings.tables[reference.table]
        relation = stored.relation
        ways = {one.columns for one in every if one.table == reference.table}
        if (
            len(ways) == 1
            and reference.table not in mapped
            and reference.target_columns == (users.mapping.key,)
            and relation.readable
            and all(relation.columns[name].readable for name in (*reference.columns, *stored.key))
        ):
            yield reference


def _compatible(source: Column | None, target: Column) -> bool:
    """A value of ``source`` can stand in ``target`` as it is, if it is not too long."""
    if source is None or not source.readable:
        return False
    return source.type == target.type or (source.family == "text" and target.plain)


def _take(
    profile: ProfileTable,
    column: str,
    told: Sequence[Telling],
    sources: dict[tuple[str, str], _Source],
    why: str,
    another: bool = False,
) -> None:
    """Remember what is told of users of whom nothing closer told; what does not fit tells nothing."""
    kind = profile.kind(column)
    for one in told:
        fits = not kind.plain or not misfit(kind, one.value)
        if fits and (one.user, column) not in sources:
            sources[one.user, column] = _Source(one.value, why.replace("{row}", one.row), another)


def _filled(
    tables: Tables,
    profile: ProfileTable,
    found: Found,
    row: Held | None,
    columns: Sequence[str],
    sources: dict[tuple[str, str], _Source],
) -> Case | Left:
    if row is None:
        return left(found, "the row is not there any more")
    user = str(found.rows[0].user_key)
    new = {name: sources[user, name] for name in columns if (user, name) in sources and blank(row.row[name])}
    if not new:
        return left(found, f"no other row of the person tells {' or '.join(profile.mapping.filled)}: ask the person")
    still = [name for name in profile.mapping.filled if name not in new]
    because = [f"{name}: from {source.why}" for name, source in new.items()]
    because += [f"{', '.join(still)}: no other row of the person tells it"] if still else []
    change = updated(found.case_key, row.table, row.key, row.image, {name: one.value for name, one in new.items()}, 6)
    return made(
        tables,
        found,
        "fill",
        "medium" if any(source.another for source in new.values()) else "low",
        [change],
        because=because,
        options=[Option(name, f"from {source.why}", True, 0, name) for name, source in new.items()],
        kept=[Row(tables.users.name, user)],
    )
