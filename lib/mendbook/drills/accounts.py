"""What a drill left in the database: its people's accounts, told by their names in any spelling, and the damage of their rows.

The finders of an audit run whole, in one snapshot, and what they find of others is passed over: so a number that a drill's row
shares with somebody else's counts too. It only reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from mendbook.audits.audit import check_keys, left_out
from mendbook.audits.gaps import gap
from mendbook.damage import catalogue
from mendbook.damage.drilled import among
from mendbook.damage.missing_constraint import weaknesses
from mendbook.database import Database, Snapshot
from mendbook.model import Damage

#: Kinds that are not of a row: what the schema lacks is counted apart, and whom the application told of an error is known
#: better from its answers than from any log.
APART = ("ghost_user", "missing_constraint")


@dataclass
class Aftermath:
    """What stands in the database after a drill.

    accounts   the keys of each person's accounts, by the person's number; people without one are not in it
    counts     {kind: {"cases", "rows"}} of their rows, zeros too
    people     by kind, the numbers of the people that it is about
    gaps       seconds between the two rows of each double creation, with their signature
    weak       the constraints that the schema lacks, as "table.column"
    left_out   what could not be looked for, and why
    """

    accounts: dict[int, list[str]]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    people: dict[str, list[int]] = field(default_factory=dict)
    gaps: list[tuple[float, str]] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def look(database: Database, usernames: Sequence[str], emails: Sequence[str]) -> Aftermath:
    """What the people of these names have in ``database`` now. Raises MappingError, ConnectionFailed, QueryStopped."""
    with database.snapshot() as snapshot:
        check_keys(snapshot)
        tables = snapshot.tables
        found = Aftermath(_accounts(snapshot, usernames, emails))
        kinds = [kind for name, kind in catalogue().items() if name not in APART]
        numbers = {key: number for number, keys in found.accounts.items() for key in keys}
        for kind in kinds:
            _count(snapshot, kind, numbers, found)
        found.weak = list(dict.fromkeys(f"{each.table}.{each.column}" for each in weaknesses(tables)))
        found.left_out = [f"{each.kind}: {each.why}" for each in left_out(tables, kinds)]
        return found


def _accounts(snapshot: Snapshot, usernames: Sequence[str], emails: Sequence[str]) -> dict[int, list[str]]:
    tables, users = snapshot.tables, snapshot.tables.users
    known = {text.lower(): number for texts in (usernames, emails) for number, text in enumerate(texts, start=1)}
    key = tables.text.key(users.column(users.mapping.key))
    named = [name for name in (users.mapping.username, users.mapping.email) if name is not None]
    folded = [tables.text.fold(users.column(name)).label(f"name_{n}") for n, name in enumerate(named)]
    asked = sa.select(key.label("key"), *folded).select_from(users.sql).where(among(tables, usernames, emails)).order_by(key)
    accounts: dict[int, list[str]] = {}
    for row in snapshot.connection.execute(asked):
        number = next(known[text] for text in row[1:] if text in known)
        accounts.setdefault(number, []).append(row.key)
    return accounts


def _count(snapshot: Snapshot, kind: Damage, numbers: Mapping[str, int], found: Aftermath) -> None:
    """Add the damage of ``kind`` that is about the users of ``numbers``."""
    cases, rows, people = set[tuple[Any, ...]](), 0, set[int]()
    for select in kind.find(snapshot.tables) if numbers else ():
        every = select.order_by(None).subquery("found")
        of_them = sa.select(every).where(every.c.user_key.in_(list(numbers)))
        grouped = "rank" in every.c
        oldest: Any = None
        for row in snapshot.connection.execute(of_them.order_by(every.c.case_key, every.c["rank"]) if grouped else of_them):
            rows += 1
            cases.add((row.profile, row.case_key))
            people.add(numbers[row.user_key])
            if kind.pairs and row.rank == 2 and oldest is not None and None not in (row.moment, oldest.moment):
                found.gaps.append(gap(oldest, row)[5:7])
            oldest = row if grouped and row.rank == 1 else None
    found.counts[kind.name] = {"cases": len(cases), "rows": rows}
    found.people[kind.name] = sorted(people)
