"""The cases of a plan as the ledger holds them: what was done to which row, batch by batch, and what was taken back since.

The ledger alone tells; the plan's folder may be gone. It keeps no more than one batch, and it only reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook import dialects
from mendbook.model import Change


@dataclass(frozen=True, slots=True)
class AppliedCase:
    """A case as it was applied: its changes in the order in which they are recorded, with the images that were stored.

    purged   whether the images of any of them are gone; then they cannot be told from changes without one
    """

    name: str
    kind: str
    profile: str | None
    case_key: str
    batch: int
    at: str
    changes: tuple[Change, ...]
    purged: bool


def names(connection: Connection, plan: str) -> Iterator[tuple[str, str]]:
    """(name, case_key) of every case of ``plan`` that was applied, in that order."""
    for batch in _batches(connection, plan):
        for name, _, _, case_key, *_ in _listed(_row(connection, plan, batch)):
            yield name, case_key


def applied_cases(connection: Connection, plan: str, wanted: Callable[[str], bool]) -> Iterator[list[AppliedCase]]:
    """The ``wanted`` cases (by name) of ``plan`` that were applied, a batch at a time."""
    for batch in _batches(connection, plan):
        row = _row(connection, plan, batch)
        listed = [each for each in _listed(row) if wanted(each[0])]
        if not listed:
            continue
        changes = _changes(connection, plan, batch)
        at = f"{row.at[:16].replace('T', ' ')} UTC"
        yield [_case(each, batch, at, changes[each[4] - 1 : each[5]]) for each in listed]


def undone(connection: Connection, plan: str, parent_of: Callable[[str], str | None]) -> dict[str, str]:
    """The cases of ``plan`` (by name) that were taken back and are so still, each with the plan that did it.

    ``parent_of`` knows what a plan undoes where the ledger does not say. A case whose undo was itself undone is in force.
    """
    done: dict[str | None, dict[str, set[str]]] = {}
    words = dialects.of(connection).ledger()
    ledger = words.tables["ledger"].c
    undoing = sa.select(ledger.plan, words.text(ledger.details).label("details")).where(ledger.act == "undo")
    for row in connection.execute(undoing.order_by(ledger.position)):
        details = json.loads(row.details)
        of = details.get("parent") or parent_of(row.plan)
        done.setdefault(of, {}).setdefault(row.plan, set()).update(each[0] for each in details.get("cases", ()))

    def back(of: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for by, cases in done.get(of, {}).items():
            again = back(by)
            found |= {name: by for name in cases if name not in again}
        return found

    return back(plan)


def _batches(connection: Connection, plan: str) -> Sequence[int]:
    ledger = dialects.of(connection).ledger().tables["ledger"].c
    return connection.execute(sa.select(ledger.batch).where(ledger.plan == plan).order_by(ledger.batch)).scalars().all()


def _row(connection: Connection, plan: str, batch: int) -> Any:
    words = dialects.of(connection).ledger()
    ledger = words.tables["ledger"].c
    told = words.text(ledger.details).label("details"), words.moment(ledger["at"]).label("at")
    return connection.execute(sa.select(*told).where(ledger.plan == plan, ledger.batch == batch)).one()


def _changes(connection: Connection, plan: str, batch: int) -> Sequence[Any]:
    words = dialects.of(connection).ledger()
    change = words.tables["change"].c
    told = [change[name] for name in ("seq", "table", "op", "key")]
    images = [words.text(change[name]).label(name) for name in ("before", "after")]
    of_batch = change.plan == plan, change.batch == batch
    asked = sa.select(*told, *images, change.salt.is_(None).label("purged")).where(*of_batch)
    return connection.execute(asked.order_by(change.seq)).all()


def _listed(row: Any) -> list[Any]:
    listed: list[Any] = json.loads(row.details).get("cases", [])
    return listed


def _case(listed: list[Any], batch: int, at: str, rows: Any) -> AppliedCase:
    name, kind, profile, case_key, *_ = listed
    changes = tuple(Change(case_key, row.table, row.op, row.key, row.before, row.after) for row in rows)
    return AppliedCase(name, kind, profile, case_key, batch, at, changes, any(row.purged for row in rows))
