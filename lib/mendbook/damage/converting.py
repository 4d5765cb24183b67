"""The repair of a profile of a wrong kind: it goes, and where its user lacks the right one, that is made of it in its place.

The right profile is one whose required_for the user matches. Where the mapping knows none, nobody with these values may have
such a profile and none takes its place: the row goes alone, its image stays in the ledger, and undo brings it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from mendbook.blanks import blank
from mendbook.damage.changes import Values, deleted, inserted
from mendbook.damage.deletions import LAST, cascading, unguarded
from mendbook.damage.new_profiles import NewRow, new_rows
from mendbook.damage.proposals import Held, Told, asked_users, left, made, place_of, profile_of, rows_of
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Asking, Blocker, Case, Found, Left, Row


@dataclass(frozen=True, slots=True)
class _Right:
    """A profile that a user must have, and the key of the row of it that they have; None where they lack it."""

    profile: ProfileTable
    key: str | None


def remove(tables: Tables, found: Sequence[Found]) -> Asking:
    """Removes each wrong row; makes the right one of it where its user has none."""
    wrong = profile_of(tables, found)
    held = yield from rows_of(tables, wrong, found)
    blocked = yield from cascading(tables, list(held.values()))
    users = [str(each.rows[0].user_key) for each in found]
    rights = yield from _rights(tables, wrong, users)
    lacking: dict[str, list[tuple[Found, Values]]] = {}
    by_name = {profile.profile: profile for profile in tables.profiles}
    for each, user in zip(found, users, strict=True):
        row, right = held.get(each.rows[0].row_key), _chosen(wrong, rights.get(user, []))
        if row is not None and right is not None and right.key is None:
            lacking.setdefault(right.profile.profile, []).append((each, _shared(wrong, right.profile, row.row)))
    new: dict[Found, tuple[ProfileTable, NewRow | str]] = {}
    for name, cases in lacking.items():
        free = yield from _free(tables, by_name[name], [shared for _, shared in cases])
        owners = [str(each.rows[0].user_key) for each, _ in cases]
        rows = yield from new_rows(tables, by_name[name], owners, free)
        new |= {each: (by_name[name], row) for (each, _), row in zip(cases, rows, strict=True)}
    untold = yield from _untold(tables, wrong, users)
    unknown = [profile.profile for profile in tables.profiles if tables.lacks_requirement(profile)]
    results: list[Case | Left] = []
    for each, user in zip(found, users, strict=True):
        row = held.get(each.rows[0].row_key)
        if row is None:
            results.append(left(each, "the row is not there any more"))
        elif each in new:
            results.append(_converted(tables, wrong, each, row, *new[each], blocked[row.key]))
        elif unknown and not rights.get(user):
            results.append(
                left(each, f"nobody can tell which profile is right: a column of required_for of {unknown[0]} is missing")
            )
        elif user in untold and not rights.get(user):
            results.append(left(each, f"nobody can tell which profile is right: {untold[user]} of user {user} is NULL"))
        else:
            results.append(_removed(tables, wrong, each, row, rights.get(user, []), blocked[row.key]))
    return results


def _rights(tables: Tables, wrong: ProfileTable, keys: Sequence[str]) -> Told[dict[str, list[_Right]]]:
    """The profiles, in other tables, that each user must have, in the mapping's order; those for everybody come last."""
    others = [one for one in tables.profiles if one.name != wrong.name and not tables.lacks_requirement(one)]
    others.sort(key=lambda one: one.mapping.required_for is None)
    if not others:
        return {}
    users, text = tables.users, tables.text
    listed, asked = asked_users(tables, keys)
    key = text.key(users.column(users.mapping.key))
    matches = [tables.matches(one.mapping.required_for) for one in others]
    matching = yield sa.select(key, *(match.label(f"m{i}") for i, match in enumerate(matches))).select_from(
        users.sql.join(listed, asked)
    )
    must = {row[0]: [one for one, met in zip(others, row[1:], strict=True) if met] for row in matching}
    have: dict[tuple[str, str], str] = {}
    for one in others:
        own = text.key(one.column(one.mapping.key))
        rows = users.sql.join(listed, asked).join(one.sql, tables.same_user(one))
        for row in (yield sa.select(key, sa.func.min(own)).select_from(rows).group_by(key)):
            have[row[0], one.profile] = row[1]
    return {user: [_Right(one, have.get((user, one.profile))) for one in profiles] for user, profiles in must.items()}


def _untold(tables: Tables, wrong: ProfileTable, keys: Sequence[str]) -> Told[dict[str, str]]:
    """Users of whom a column of the profile's required_for tells nothing, each with its name."""
    users, text = tables.users, tables.text
    names = [name for name in wrong.mapping.required_for or () if users.has(name)]
    listed, asked = asked_users(tables, keys)
    key, rows = text.key(users.column(users.mapping.key)), users.sql.join(listed, asked)
    answer = yield sa.select(key, *(users.column(name).is_(None).label(f"n{i}") for i, name in enumerate(names))).select_from(
        rows
    )
    return {row[0]: names[list(row[1:]).index(True)] for row in answer if any(row[1:])}


def _chosen(wrong: ProfileTable, rights: Sequence[_Right]) -> _Right | None:
    """The profile that stands for the wrong one: one for users of this kind goes before one that everybody has."""
    own = [right for right in rights if right.profile.mapping.required_for] or list(rights)
    lacking = [right for right in own if right.key is None]
    if not lacking:
        return own[0] if own else None
    return max(lacking, key=lambda right: len(_common(wrong, right.profile)))


def _common(wrong: ProfileTable, right: ProfileTable) -> list[str]:
    """The columns that both tables have, of one name and type, and that tell of the person."""
    theirs, own = wrong.relation.columns, right.relation.columns
    keys = {wrong.mapping.key, wrong.mapping.user, right.mapping.key, right.mapping.user, *right.relation.primary_key}
    return [
        name
        for name, column in own.items()
        if name not in keys and not column.generated and name in theirs and theirs[name].type == column.type
    ]


def _shared(wrong: ProfileTable, right: ProfileTable, row: Values) -> Values:
    """What the wrong row tells for the right one; NULL, and blank codes, tell nothing."""
    return {
        name: row[name]
        for name in _common(wrong, right)
        if row[name] is not None and not (name in right.mapping.codes and blank(row[name]))
    }


def _free(tables: Tables, profile: ProfileTable, known: Sequence[Values]) -> Told[list[Values]]:
    """``known`` without what stands already in another row of ``profile``, or of ``known``, where it must be unique."""
    stored = tables.surroundings.tables[profile.name]
    single = {index.columns[0] for index in profile.relation.unique_indexes if len(index.columns) == 1 and index.columns[0]}
    free = [dict(each) for each in known]
    for name in [*profile.mapping.codes, *single]:
        holding = [each for each in free if each.get(name) is not None]
        if not holding:
            continue
        answer = yield tables.statements.by_values(stored, [name], [[each[name]] for each in holding])
        taken = {row.n for row in answer}
        seen: set[str | None] = set()
        for place, each in enumerate(holding):
            value = each[name]
            if place in taken or value in seen:
                del each[name]
            seen.add(value)
    return free


def _converted(
    tables: Tables,
    wrong: ProfileTable,
    found: Found,
    row: Held,
    right: ProfileTable,
    new: NewRow | str,
    blockers: Sequence[Blocker],
) -> Case | Left:
    if isinstance(new, str):
        return left(found, f"the right profile, {right.profile}, cannot be made: {new}")
    user = str(found.rows[0].user_key)
    taken = [name for name in _shared(wrong, right, row.row) if new.row.get(name) == row.row[name]]
    lost = _lost(wrong, row.row, taken)
    because = [
        f"user {user} must not have a row in {wrong.name}, but one in {right.name}, and has none there: it is made of this one",
        f"taken over: {', '.join(taken)}" if taken else "the two tables share nothing that tells of the person",
    ]
    return made(
        tables,
        found,
        "convert",
        "high" if lost else "medium",
        [
            inserted(found.case_key, right.name, new.key, new.row, 4, new.drawn),
            deleted(found.case_key, row.table, row.key, row.image, LAST),
        ],
        because=[*because, *_told_of_loss(lost, right), *new.because],
        blockers=blockers,
        leaves=["blank_profile"] * new.blank,
        kept=[Row(tables.users.name, user)],
        owns=[place_of(wrong.profile, user), place_of(right.profile, user), *new.owns],
        locks=[right.name, *unguarded(tables, wrong.name)],
    )


def _removed(
    tables: Tables, wrong: ProfileTable, found: Found, row: Held, rights: Sequence[_Right], blockers: Sequence[Blocker]
) -> Case:
    user = str(found.rows[0].user_key)
    there: Mapping[str, str] = {right.profile.name: right.key for right in rights if right.key is not None}
    lost = [] if there else _lost(wrong, row.row, ())
    because = [f"user {user} must not have a row in {wrong.name}"]
    because += [f"the right one is there: {name} {key}" for name, key in there.items()]
    if not there:
        because.append("no profile of the mapping is meant for such a user")
    return made(
        tables,
        found,
        "remove",
        "high" if lost else "medium",
        [deleted(found.case_key, row.table, row.key, row.image, LAST)],
        because=[*because, *_told_of_loss(lost, None)],
        blockers=blockers,
        kept=[Row(tables.users.name, user), *(Row(name, key) for name, key in there.items())],
        owns=[place_of(wrong.profile, user)],
        locks=unguarded(tables, wrong.name),
    )


def _lost(wrong: ProfileTable, row: Values, taken: Sequence[str]) -> list[str]:
    """What people typed into the wrong profile, and no other row takes over."""
    return [name for name in wrong.mapping.filled if name in row and name not in taken and not blank(row[name])]


def _told_of_loss(lost: Sequence[str], right: ProfileTable | None) -> list[str]:
    if not lost:
        return []
    where = "nothing takes it over" if right is None else f"{right.name} has no such column"
    return [f"what stands in {', '.join(lost)} goes: {where}; the ledger keeps it"]
