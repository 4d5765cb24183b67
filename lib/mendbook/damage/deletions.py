"""Removing a row to which nothing may refer: the blocker that tells what does, and the repair that removes users.

Nothing ever cascades: what refers to the row blocks the case, whatever the foreign key would do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mendbook.damage.changes import deleted, privileged
from mendbook.damage.proposals import Held, Told, left, listing, made, rows_of
from mendbook.damage.references import Referring, referring
from mendbook.mapping.tables import Tables
from mendbook.model import Asking, Blocker, Case, Found, Left

#: The phase in which rows go that others might have referred to.
LAST = 5


def cascading(tables: Tables, rows: Sequence[Held]) -> Told[dict[str, list[Blocker]]]:
    """For each of ``rows``, all of one table, by key: the blocker of what refers to it, or none."""
    if not rows:
        return {}
    found = yield from referring(tables, rows[0].table, {held.key: held.row for held in rows})
    return {held.key: _blocker([one for one in found[held.key] if not _itself(held, one)]) for held in rows}


def unguarded(tables: Tables, table: str) -> list[str]:
    """The tables that may come to refer to a row of ``table`` while it goes: no foreign key makes their writers wait for it."""
    return [reference.table for reference in tables.surroundings.to(table) if reference.how != "foreign key"]


def _itself(held: Held, one: Referring) -> bool:
    return (one.reference.table, one.key) == (held.table, held.key)


def _blocker(found: Sequence[Referring]) -> list[Blocker]:
    names = list(dict.fromkeys(one.reference.name for one in found))
    told = []
    for name in names:
        rows = [one.key or "a row without a key" for one in found if one.reference.name == name]
        told.append(f"{name} ({listing(rows)})")
    return [Blocker("cascade", f"rows refer to it that the case does not hold: {listing(told, 10)}")] if told else []


def delete_users(repair: str) -> Callable[[Tables, Sequence[Found]], Asking]:
    """The proposals of a repair that removes users who never logged in and whom nothing refers to."""

    def propose(tables: Tables, found: Sequence[Found]) -> Asking:
        users, login = tables.users, tables.users.mapping.last_login
        if login is None or not users.has(login):
            return [
                left(each, "nobody knows who never logged in: the mapping names no last_login that exists") for each in found
            ]
        held = yield from rows_of(tables, users, found)
        strangers = {key: each for key, each in held.items() if each.row[login] is None}
        blocked = yield from cascading(tables, list(strangers.values()))
        results: list[Case | Left] = []
        for each in found:
            row = strangers.get(each.rows[0].row_key)
            if row is None:
                results.append(left(each, "the user has logged in: the account is in use"))
                continue
            change = deleted(each.case_key, row.table, row.key, row.image, LAST)
            results.append(
                made(
                    tables,
                    each,
                    repair,
                    "high",
                    [change],
                    because=[f"user {row.key} never logged in" + ("" if blocked[row.key] else ", and nothing refers to them")],
                    blockers=[*privileged(tables, {row.key: row.row}), *blocked[row.key]],
                    locks=unguarded(tables, users.name),
                )
            )
        return results

    return propose
