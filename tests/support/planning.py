"""Plans of small tables by small repairs: proposers that a test registers under a kind of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from mendbook import damage
from mendbook.damage.changes import deleted, inserted, updated, values
from mendbook.mapping.tables import Tables
from mendbook.model import Asking, Blocker, Case, Found, Left, Repair, Row

Propose = Callable[[Any, Sequence[Found]], Asking]


def case(found: Found, *changes: Any, **more: Any) -> Case:
    """A case of ``found`` with these changes."""
    given = {"repair": "mend", "risk": "low", **more}
    return Case(found.kind, found.profile, found.case_key, changes=tuple(changes), **given)


def rows_of(tables: Tables, founds: Sequence[Found]) -> Asking:
    """The rows of all findings by (table, key) as (key, image)."""
    images = {}
    for table in {row.table for found in founds for row in found.rows}:
        keys = [row.row_key for found in founds for row in found.rows if row.table == table]
        for row in (yield tables.statements.by_keys(tables.surroundings.tables[table], keys)):
            images[table, row.key] = row.image
    return images  # type: ignore[return-value]


def setting(**columns: str) -> Propose:
    """Sets columns of the first row of each case."""

    def propose(tables: Tables, founds: Sequence[Found]) -> Asking:
        images: Any = yield from rows_of(tables, founds)
        return [_set(found, images, columns) for found in founds]

    return propose


def _set(found: Found, images: Any, columns: dict[str, str]) -> Case:
    row = found.rows[0]
    change = updated(found.case_key, row.table, row.row_key, images[row.table, row.row_key], columns, 6)
    return case(found, change)


def removing(blocked: Callable[[str], bool] = lambda _: False, **more: Any) -> Propose:
    """Removes every row of each case; those whose case_key ``blocked`` names are blocked."""

    def propose(tables: Tables, founds: Sequence[Found]) -> Asking:
        images: Any = yield from rows_of(tables, founds)
        cases = []
        for found in founds:
            changes = [deleted(found.case_key, r.table, r.row_key, images[r.table, r.row_key], 5) for r in found.rows]
            blockers = (Blocker("cascade", "something refers to it"),) if blocked(found.case_key) else ()
            cases.append(case(found, *changes, blockers=blockers, **more))
        return cases

    return propose


def creating(**columns: str | None) -> Propose:
    """Makes a customer for each user, with the key drawn."""

    def propose(tables: Tables, founds: Sequence[Found]) -> Asking:
        yield from rows_of(tables, founds)
        cases = []
        for found in founds:
            row = {"user_id": found.case_key, **columns}
            change = inserted(found.case_key, "customer", None, row, 4, {"id": "default", "created_at": "now"})
            kept = (Row("auth_user", found.case_key),)
            owns = (f"profile/customer/{found.case_key}",)
            cases.append(case(found, change, kept=kept, owns=owns, locks=("customer",)))
        return cases

    return propose


def leaving(why: str) -> Propose:
    """No case at all."""

    def propose(_: Tables, founds: Sequence[Found]) -> Asking:
        return [Left(each.kind, each.profile, each.case_key, why) for each in founds]
        yield

    return propose


@contextmanager
def repairs(monkeypatch: pytest.MonkeyPatch, **proposers: Propose | Sequence[Repair]) -> Iterator[None]:
    """Meanwhile each named kind has one repair, "mend", or those given, and all other kinds have none."""
    kinds = {
        name: replace(kind, repairs=_repairs(proposers[name]) if name in proposers else ())
        for name, kind in damage.catalogue().items()
    }
    with monkeypatch.context() as patched:
        patched.setattr(damage, "catalogue", lambda: kinds)
        yield


def _repairs(given: Any) -> tuple[Repair, ...]:
    return tuple(given) if isinstance(given, (list, tuple)) else (Repair("mend", "Mend it", "low", given),)


def image(row: Any) -> dict[str, str | None]:
    return values(row)
