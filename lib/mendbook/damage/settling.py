"""Asks, before a proposal is told, what its rows would be: computed columns, the text of each value, checks that would fail.

A case whose rows the table would refuse or change is left with the reason, and so is one that removes a row while tables that
may refer to it cannot be read. Whoever applies the case then finds what was promised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps

from mendbook.damage.changes import Values, image, values
from mendbook.damage.proposals import Told
from mendbook.mapping.tables import Tables
from mendbook.model import Asking, Case, Change, Found, Left

Propose = Callable[[Tables, Sequence[Found]], Asking]


def settled(propose: Propose) -> Propose:
    """The same proposals, held against the tables that they are for."""

    @wraps(propose)
    def asking(tables: Tables, found: Sequence[Found]) -> Asking:
        answers = list((yield from propose(tables, found)))
        futures = yield from _futures(tables, [each for each in answers if isinstance(each, Case)])
        return [_settle(tables, each, futures) if isinstance(each, Case) else each for each in answers]

    return asking


#: What becomes of a change's row: its image, and the checks that it fails.
_Futures = Mapping[int, tuple[Values, Sequence[str]]]


def _futures(tables: Tables, cases: Sequence[Case]) -> Told[_Futures]:
    """By the identity of each change that writes a row, what the row would be."""
    written: dict[str, list[Change]] = {}
    for case in cases:
        for change in case.changes:
            if change.after is not None:
                written.setdefault(change.table, []).append(change)
    futures: dict[int, tuple[Values, Sequence[str]]] = {}
    for table, changes in written.items():
        stored = tables.surroundings.tables[table]
        for row in (yield tables.statements.becoming(stored, [str(change.after) for change in changes])):
            futures[id(changes[row.n])] = values(row.image), row.broken
    return futures


def _settle(tables: Tables, case: Case, futures: _Futures) -> Case | Left:
    closed = tables.surroundings.closed
    if closed and any(change.op == "delete" for change in case.changes):
        return _left(case, f"this role may not read {closed}, which may refer to the row: GRANT SELECT on it")
    changes = []
    for change in case.changes:
        if id(change) in futures:
            row, broken = futures[id(change)]
            if broken:
                return _left(case, f"the row would break the check {broken[0]} of {change.table}")
            columns = tables.surroundings.relation(change.table).columns
            wanted = values(str(change.after))
            lost = [name for name, value in wanted.items() if not columns[name].generated and row[name] != value]
            if lost:
                return _left(case, f"column {lost[0]} of {change.table} cannot hold what it would be given")
            change = replace(change, after=image({name: row[name] for name in row if name not in change.drawn}))
        changes.append(change)
    return replace(case, changes=tuple(changes))


def _left(case: Case, why: str) -> Left:
    return Left(case.kind, case.profile, case.case_key, why)
