"""What every repair of single rows begins and ends with: the rows that the findings name, and cases made of them.

Conversations (see ``model.Asking``) and values; nothing here holds a connection.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause

from mendbook.damage.changes import Values, stopped_by_triggers, values
from mendbook.dialects import Stored
from mendbook.digests import canonical
from mendbook.mapping.tables import ProfileTable, Tables, UserTable
from mendbook.model import Blocker, Case, Change, Found, Image, Left, Option, Row

_T = TypeVar("_T")
#: A conversation that ends in a value of its own.
Told = Generator[Any, Sequence[Any], _T]


@dataclass(frozen=True, slots=True)
class Held:
    """A row as it stands: its table and key as changes name them, its image, and the values in it."""

    table: str
    key: str
    image: Image
    row: Values


def profile_of(tables: Tables, found: Sequence[Found]) -> ProfileTable:
    """The profile table that all of ``found`` are about."""
    return next(profile for profile in tables.profiles if profile.profile == found[0].profile)


def rows_of(tables: Tables, table: UserTable | ProfileTable, found: Sequence[Found]) -> Told[dict[str, Held]]:
    """The damaged rows of ``found`` in ``table``, by the keys that the findings tell."""
    stored = tables.surroundings.tables[table.name]
    keys = list(dict.fromkeys(row.row_key for each in found for row in each.rows))
    # two profiles of one table may name its rows by different columns
    answer = yield tables.statements.by_keys(replace(stored, key=(table.mapping.key,)), keys)
    held = {}
    for each in answer:
        row = values(each.image)
        held[str(each.key)] = Held(table.name, key_of(stored, row), each.image, row)
    return held


def key_of(stored: Stored, row: Mapping[str, str | None]) -> str:
    """The key by which changes name ``row``; mapped tables always have one."""
    texts = [row[column] for column in stored.key]
    return str(texts[0]) if len(texts) == 1 else canonical.text(texts)


def asked_users(tables: Tables, keys: Iterable[str]) -> tuple[FromClause, ColumnElement[bool]]:
    """(a list of ``keys``, which rows of the users' table it names), for a join that the key's index serves."""
    users = tables.users
    listed = tables.text.listed("asked_users", {"key": list(dict.fromkeys(keys))}, numbers=())
    kind = users.kind(users.mapping.key)
    return listed, users.column(users.mapping.key) == tables.text.typed(listed.c.key, kind)


def left(found: Found, why: str) -> Left:
    return Left(found.kind, found.profile, found.case_key, why)


def made(
    tables: Tables,
    found: Found,
    repair: str,
    risk: str,
    changes: Sequence[Change],
    because: Iterable[str] = (),
    blockers: Iterable[Blocker] = (),
    options: Iterable[Option] = (),
    leaves: Iterable[str] = (),
    kept: Iterable[Row] = (),
    owns: Iterable[str] = (),
    locks: Iterable[str] = (),
) -> Case:
    """The case of a finding, with the blocker of triggers that may rewrite its rows."""
    stopped = (*blockers, *stopped_by_triggers(tables.surroundings, changes))
    texts = tuple(because), stopped, tuple(options), tuple(leaves), tuple(kept), tuple(owns)
    return Case(found.kind, found.profile, found.case_key, repair, risk, tuple(changes), *texts, tuple(dict.fromkeys(locks)))


def place_of(profile: str, user_key: str) -> str:
    """What a case owns that makes or takes away the profile of a user."""
    return f"profile/{profile}/{user_key}"


def place_of_code(profile: str, column: str, code: str) -> str:
    """What a case owns that gives a code to a row, or leaves it with one."""
    return f"code/{profile}/{column}/{code}"


def listing(names: Iterable[str], most: int = 3) -> str:
    """Names in a sentence, not all of them where they are many."""
    every = list(names)
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")
