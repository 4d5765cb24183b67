"""Which kinds of damage may come back with rows that are put back as they were: by the columns that play a part in each.

Expressions of the mapping alone; nothing here looks at a row's values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mendbook.damage.changes import values
from mendbook.mapping.tables import ProfileTable, Tables
from mendbook.model import Change


def returning(tables: Tables, kind: str, changes: Sequence[Change]) -> tuple[str, ...]:
    """``kind``, and every other kind that rows put back by ``changes`` may show, in the order of their names."""
    found = {kind}
    for change in changes:
        if change.table == tables.users.name:
            found.update(_of_user(tables, change))
        for profile in tables.profiles:
            if profile.name == change.table:
                found.update(_of_profile(profile, change))
    return tuple(sorted(found))


def _of_user(tables: Tables, change: Change) -> Iterator[str]:
    users, touched = tables.users.mapping, _touched(change)
    if change.op == "delete":
        yield "orphan_profile"
        return
    if touched & {users.email, users.username}:
        yield "duplicate_user"
    if touched & {users.key, *(name for profile in tables.profiles for name in profile.mapping.required_for or ())}:
        yield from ("missing_profile", "wrong_profile")


def _of_profile(profile: ProfileTable, change: Change) -> Iterator[str]:
    own, touched = profile.mapping, _touched(change)
    if change.op == "delete":
        yield "missing_profile"
        return
    if own.user in touched:
        yield from ("duplicate_profile", "orphan_profile", "wrong_profile")
        if change.op == "update":
            yield "missing_profile"
    if touched & set(own.filled):
        yield "blank_profile"
    if touched & set(own.codes):
        yield from ("duplicate_code", "missing_code")
    if touched & set(own.flags):
        yield "null_flag"


def _touched(change: Change) -> set[str | None]:
    """The columns that get another value; all of them where the row comes or goes."""
    before = values(change.before) if isinstance(change.before, str) else {}
    after = values(change.after) if isinstance(change.after, str) else {}
    return {name for name in {*before, *after} if name not in before or name not in after or before[name] != after[name]}
