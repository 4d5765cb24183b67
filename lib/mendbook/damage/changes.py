"""The vocabulary of repairs: images as values and back, changes, and the blockers that every repair looks for.

Values only. What a repair proposes is decided in the module of its kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import orjson

from mendbook.digests import canonical
from mendbook.mapping.surroundings import Surroundings
from mendbook.mapping.tables import Tables
from mendbook.model import Blocker, Change, Image

#: A row as values: each column's text in the database's own form, or None.
Values = dict[str, str | None]


def values(image: Image) -> Values:
    """The row that an image shows."""
    return cast("Values", orjson.loads(image))


def image(row: Mapping[str, str | None]) -> Image:
    """The image of a row."""
    return canonical.text(dict(row))


def deleted(case_key: str, table: str, key: str | None, before: Image, phase: int) -> Change:
    return Change(case_key, table, "delete", key, before, None, phase)


def updated(
    case_key: str,
    table: str,
    key: str | None,
    before: Image,
    new: Mapping[str, str | None],
    phase: int,
    drawn: Sequence[str] = (),
) -> Change:
    """The row with the columns of ``new`` set, those ``drawn`` by their own defaults, and all others as they are."""
    after = {name: value for name, value in {**values(before), **new}.items() if name not in drawn}
    return Change(case_key, table, "update", key, before, image(after), phase, dict.fromkeys(drawn, "default"))


def inserted(
    case_key: str, table: str, key: str | None, row: Mapping[str, str | None], phase: int, drawn: Mapping[str, str]
) -> Change:
    """A new row; columns in ``drawn`` get their values when it is made, and ``key`` is None where the key is one of them."""
    return Change(case_key, table, "insert", key, None, image(row), phase, dict(drawn))


def privileged(tables: Tables, users: Mapping[str, Values]) -> list[Blocker]:
    """The blocker of accounts (by key) that have a privileged column set."""
    columns = [name for name in tables.users.mapping.privileged if tables.users.has(name)]
    found = []
    for key, row in users.items():
        held = [name for name in columns if _set(tables, name, row.get(name))]
        if held:
            found.append(f"account {key} has {', '.join(held)}")
    return [Blocker("privileged", "; ".join(found))] if found else []


def _set(tables: Tables, name: str, value: str | None) -> bool:
    if value is None:
        return False
    kind = tables.users.kind(name)
    if kind.family in ("integer", "number"):
        return value.strip("-0.") != ""
    if kind.family == "boolean":
        return value not in (kind.truth[0], "f", "false")
    return value.strip().lower() not in ("", "f", "false")


def stopped_by_triggers(around: Surroundings, changes: Iterable[Change]) -> list[Blocker]:
    """The blocker of tables whose own triggers or rules could make of a change something else than it says."""
    asked = {(change.table, change.op) for change in changes}
    found = [
        f"{table}: {trigger.timing} {op} {trigger.name!r}"
        for table, op in sorted(asked)
        for trigger in around.relation(table).triggers
        if trigger.timing != "after" and op in trigger.events
    ]
    return [Blocker("trigger", "a trigger or rule may rewrite the rows: " + "; ".join(found))] if found else []


def without_key(around: Surroundings, changes: Iterable[Change]) -> list[Blocker]:
    """The blocker of changed tables in which nothing but its whole image names a row."""
    tables = sorted({change.table for change in changes if not around.tables[change.table].key})
    return [Blocker("no_key", f"no primary key names the rows of {', '.join(tables)}")] if tables else []
