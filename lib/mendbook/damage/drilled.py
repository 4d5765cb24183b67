"""The people that a drill made up, and how their rows are taken out again. No kind of damage: no audit looks for it.

One case an account: the user, the profile rows, and the rows that could not be there without them, from the outermost inwards.
A row that names the account and could do without it belongs to somebody else: then the case is blocked, and nothing cascades.
Values and conversations; nothing here holds a connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from mendbook.damage.changes import Values, deleted, privileged, values, without_key
from mendbook.damage.deletions import LAST, unguarded
from mendbook.damage.proposals import Told, left, listing, made, rows_of
from mendbook.damage.references import Referring, referring, unreadable
from mendbook.damage.shape import literal_text
from mendbook.errors import MappingError
from mendbook.mapping.surroundings import Reference
from mendbook.mapping.tables import Tables
from mendbook.model import Asking, Blocker, Case, Damage, Found, Image, Left, Repair

#: As damage.BESIDE names it.
KIND, REPAIR = "drill_user", "remove"
#: How far from the user a row may be that goes with them, and how many rows one account may take along.
DEEPEST, MOST_ROWS = 4, 200


def among(tables: Tables, usernames: Sequence[str], emails: Sequence[str]) -> ColumnElement[bool]:
    """The users who have one of these names, or one of these addresses, in any spelling. Raises MappingError."""
    users, ways = tables.users, list[ColumnElement[bool]]()
    for column, wanted in ((users.mapping.username, usernames), (users.mapping.email, ())):
        if column is not None:  # an application may take the address for a name
            ways.append(tables.text.fold(users.column(column)).in_(sorted({each.lower() for each in (*wanted, *emails)})))
    if not ways:
        raise MappingError(
            "The mapping of users has neither a user name nor an e-mail: nobody could tell which rows a drill made.",
            "Name one of them in mendbook.toml, or drill without --source.",
        )
    return sa.or_(*ways)


def drilled(mark: str, usernames: Sequence[str], emails: Sequence[str]) -> Damage:
    """The accounts of the drill ``mark`` as something to repair: by removing them."""

    def find(tables: Tables) -> list[Select[Any]]:
        users = tables.users
        key = tables.text.key(users.column(users.mapping.key))
        return [
            sa.select(
                key.label("case_key"),
                literal_text(None).label("profile"),
                literal_text(users.name).label("table"),
                key.label("row_key"),
                key.label("user_key"),
                tables.text.microseconds(tables.created(None)).label("at"),
            )
            .select_from(users.sql)
            .where(among(tables, usernames, emails))
        ]

    def propose(tables: Tables, found: Sequence[Found]) -> Asking:
        return (yield from _removed(tables, found, mark))

    remove = Repair(REPAIR, "Remove the made-up account and what was made with it", "high", propose)
    return Damage(KIND, f"Accounts that drill {mark} made up", find, repairs=(remove,))


@dataclass
class _Going:
    """What goes with one account: each row (table, key, image) with its distance from the user, and what is in the way."""

    found: Found
    rows: dict[tuple[str, str | None, Image], int] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    def at(self, depth: int, table: str) -> dict[str, Values]:
        """The rows of ``table`` at that distance, by key."""
        return {
            str(key): values(image)
            for (name, key, image), far in self.rows.items()
            if (name, far) == (table, depth) and key is not None
        }

    @property
    def problem(self) -> str:
        return f"more than {MOST_ROWS} rows would go with it: that is no made-up account" if len(self.rows) > MOST_ROWS else ""


def _removed(tables: Tables, found: Sequence[Found], mark: str) -> Asking:
    users = tables.users
    held = yield from rows_of(tables, users, found)
    going = {
        each.case_key: _Going(each, {(row.table, row.key, row.image): 0})
        for each in found
        if (row := held.get(each.rows[0].row_key)) is not None
    }
    for depth in range(DEEPEST + 1):
        for table in sorted({name for each in going.values() for (name, _, _), far in each.rows.items() if far == depth}):
            yield from _reach(tables, table, depth, [each for each in going.values() if not each.problem])
    results: list[Case | Left] = []
    for one in found:
        account = going.get(one.case_key)
        if account is None or account.problem:
            results.append(left(one, account.problem if account else "it is gone already"))
            continue
        results.append(_case(tables, account, held[one.rows[0].row_key].row, mark))
    return results


def _reach(tables: Tables, table: str, depth: int, going: Sequence[_Going]) -> Told[None]:
    """Take along, or find in the way, what refers to the rows of ``table`` at that distance."""
    around = tables.surroundings
    closed = [why for why in (around.closed, *(unreadable(tables, reference) for reference in around.to(table))) if why]
    owners: dict[str, list[_Going]] = {}
    rows: dict[str, Values] = {}
    for account in going:
        if closed:
            account.others += closed
            continue
        for key, row in account.at(depth, table).items():
            owners.setdefault(key, []).append(account)
            rows[key] = row
    answer = (yield from referring(tables, table, rows)) if rows else {}
    for key, found in answer.items():
        for account in owners[key]:
            for one in found:
                _take(tables, account, one, depth + 1)


def _take(tables: Tables, account: _Going, one: Referring, depth: int) -> None:
    row = (one.reference.table, one.key, one.image)
    if row in account.rows and one.reference.table == tables.users.name:
        return  # the account itself, which names itself
    if depth > DEEPEST or not _own(tables, one.reference, account, values(one.image)):
        account.others.append(f"{one.reference.name} ({one.key or 'a row without a key'})")
        return
    account.rows[row] = max(depth, account.rows.get(row, 0))


def _own(tables: Tables, reference: Reference, account: _Going, row: Mapping[str, str | None]) -> bool:
    """Whether a row that refers to one of the account's could not be there without it, and names no other user."""
    users = tables.users
    if reference.table == users.name:
        return False
    profiles = {(profile.name, profile.mapping.user) for profile in tables.profiles}
    if {(reference.table, column) for column in reference.columns} & profiles:
        return True
    columns = tables.surroundings.relation(reference.table).columns
    if any(columns[name].nullable for name in reference.columns):
        return False
    named = [
        each
        for each in tables.surroundings.references
        if each.table == reference.table and each.target == users.name and each.target_columns == (users.mapping.key,)
    ]
    return all(_names(each, row) in (None, account.found.case_key) for each in named)


def _names(reference: Reference, row: Mapping[str, str | None]) -> str | None:
    """The user that ``row`` names by ``reference``; None where it names none."""
    if reference.only is not None and row[reference.only[0]] != reference.only[1]:
        return None
    return row[reference.columns[0]]


def _case(tables: Tables, account: _Going, user: Values, mark: str) -> Case:
    one = account.found
    rows = sorted(account.rows.items(), key=lambda each: (-each[1], each[0][0], each[0][1] or "", each[0][2]))
    changes = [deleted(one.case_key, table, key, image, LAST - depth) for (table, key, image), depth in rows]
    blockers = [*privileged(tables, {one.case_key: user}), *without_key(tables.surroundings, changes)]
    if account.others:
        why = f"rows refer to it that can be there without it, or that cannot be seen: {listing(_once(account.others), 10)}"
        blockers.append(Blocker("cascade", why))
    counts = {table: sum(name == table for (name, _, _), _ in rows) for table in _once(table for (table, _, _), _ in rows)}
    because = [
        f"account {one.case_key} bears a name that drill {mark} made up",
        "it goes with " + ", ".join(f"{count} of {table}" for table, count in counts.items()),
    ]
    locks = [table for name in counts for table in unguarded(tables, name)]
    return made(tables, one, REPAIR, "high", changes, because=because, blockers=blockers, locks=locks)


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
