"""The transaction of one batch, from its first lock to its row in the ledger. The only module that changes rows.

Everything that a repair relies on is checked inside the transaction that it is made in: that it may be done at all, that
every row is still as the reviewer saw it, that the server stored what was asked for, that nothing refers to what goes, that
the damage is gone and none is new. Whoever calls begins and ends the transaction; a rehearsal is the same, rolled back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.damage.references import named_by, ways
from mendbook.dialects import Steps, Stored
from mendbook.digests import canonical
from mendbook.ledger import ledger
from mendbook.ledger.checkpoints import Checkpoint
from mendbook.ledger.ledger import Entry
from mendbook.mapping.surroundings import Reference
from mendbook.model import Case, Change
from mendbook.repairs.batch_work import CasesFail, Ground, Place, Work, seen
from mendbook.repairs.consequences import check_gone, harm_of
from mendbook.repairs.failpoints import reach
from mendbook.repairs.preconditions import allow, lock_rows, lock_tables


@dataclass(frozen=True)
class Made:
    """What a batch did: the cases applied, those that were stale and why, the rows' changes as they were made, and how many
    cases of each kind of damage there are more or fewer, as far as that was looked at."""

    cases: tuple[Case, ...]
    stale: Mapping[str, str]
    changes: tuple[Change, ...]
    difference: Counter[str]
    checkpoint: Checkpoint


def make_batch(
    connection: Connection, ground: Ground, number: int, cases: Sequence[Case], stale: Mapping[str, str], look_first: bool
) -> Made:
    """Make the changes of ``cases`` as batch ``number`` inside the caller's transaction, up to its row in the ledger.

    ``stale`` are cases that have failed already, to be recorded with this batch. With ``look_first`` the damage that was
    there before is not taken for new. Raises AlreadyApplied, Refused, CasesFail, LooksLikeNew, and the driver's errors.
    """
    reach("begun")
    ledger.claim(connection, ground.plan.id, number)
    reach("claimed")
    work = Work(connection, ground, list(cases), dict(stale))
    lock_tables(work)
    statements = allow(work)
    reach("allowed")
    lock_rows(work)
    reach("compared")
    before = harm_of(work) if look_first or ground.tally else None
    ground.dialect.defer_constraints(connection)
    _change_rows(work)
    reach("changed")
    ground.dialect.check_constraints(connection)
    difference = check_gone(work, before)
    reach("checked")
    changes, listed = _recorded(work)
    details = {
        "plan": ground.plan.digest,
        "statements": list(statements),
        "cases": listed,
        "stale": [[name, why] for name, why in sorted(work.stale.items())],
    }
    if ground.plan.header.parent is not None:
        details["parent"] = ground.plan.header.parent
    entry = Entry(ground.plan.id, number, ground.plan.header.act, details)
    checkpoint = ledger.append(connection, entry, changes, claimed=True)
    reach("appended")
    return Made(tuple(work.cases), work.stale, tuple(changes), difference, checkpoint)


#: Within a phase, what goes goes first and what comes comes last.
OPERATIONS = ("delete", "update", "insert")
#: A change to make: where it stands, the change, and whether a trigger's own idea of the row was waived.
Asked = tuple[Place, Change, bool]


def _change_rows(work: Work) -> None:
    """Phase by phase, set by set; every row that the server says it stored is held against the one asked for."""
    sets: dict[tuple[int, int, str, tuple[str, ...]], list[Asked]] = defaultdict(list)
    lenient = {case.name for case in work.cases if any(blocker.name == "trigger" for blocker in case.blockers)}
    for case, place, change in work.changes():
        columns = work.columns(case, place, change) if change.op == "update" else ()
        order = (change.phase, OPERATIONS.index(change.op), change.table, columns)
        sets[order].append(((case.name, place), change, case.name in lenient))
    for (_, op, table, columns), rows in sorted(sets.items(), key=lambda each: each[0]):
        reach("changing")
        if OPERATIONS[op] == "update":
            _update(work, table, columns, rows)
        else:
            {"delete": _delete, "insert": _insert}[OPERATIONS[op]](work, table, rows)


def _named(work: Work, place: Place, change: Change) -> str:
    return work.places[place] if change.key is None else change.key


def _run(work: Work, steps: Steps) -> Sequence[Any]:
    """Make a change, in as many statements as the database needs; what the last one tells."""
    statements = [steps] if isinstance(steps, sa.TextClause) else steps
    for statement in statements[:-1]:
        work.connection.execute(statement)
    return work.connection.execute(statements[-1]).all()


def _delete(work: Work, table: str, rows: Sequence[Asked]) -> None:
    _check_unreferred(work, table, rows)
    keys = [_named(work, place, change) for place, change, _ in rows]
    gone = {row.key for row in _run(work, work.ground.tables.statements.delete(work.stored(table), keys))}
    kept = {
        place[0]: f"the database did not let row {key} of {table} go"
        for (place, _, _), key in zip(rows, keys, strict=True)
        if key not in gone
    }
    if kept:
        raise CasesFail(kept)
    work.made.update((place, (change.key, None)) for place, change, _ in rows)


def _check_unreferred(work: Work, table: str, rows: Sequence[Asked]) -> None:
    """Nothing refers to a row that goes but rows that go with it: so nothing cascades, and nothing is left hanging.

    Where the database lets a reference wait, what refers may go later in the same transaction.
    """
    going = {(table, change.key) for _, change, _ in rows}
    some_time = {(change.table, change.key) for _, _, change in work.changes() if change.op == "delete"}
    before = [seen(str(change.before)) for _, change, _ in rows]
    reasons: dict[str, str] = {}
    for reference in work.ground.around.to(table):
        wanted = [named_by(reference, row) for row in before]
        # as planning asks: a blank names nothing, and what a column cannot hold is in none of its rows
        columns, values = ways(work.ground.tables, reference, wanted)
        named = work.ground.tables.statements.naming(work.stored(reference.table), columns, values)
        held = some_time if reference.waits else going
        hanging = [found for found in work.connection.execute(named) if (reference.table, found.key) not in held]
        namesakes = _named_otherwise(work, reference, {found.n: wanted[found.n] for found in hanging}, some_time)
        for found in hanging:
            if found.n not in namesakes:
                what = f"row {found.key} of {reference.table}" if found.key else f"a row of {reference.table}"
                reasons[rows[found.n][0][0]] = f"{what} refers to row {rows[found.n][1].key} of {table}, which is to go"
    if reasons:
        raise CasesFail(reasons)


def _named_otherwise(
    work: Work, reference: Reference, wanted: Mapping[int, Sequence[str | None]], going: set[tuple[str, str | None]]
) -> set[int]:
    """Which of ``wanted`` name a row that stays, too: a merge's survivor has the same e-mail, say, or is to take it over."""
    stored = work.stored(reference.target)
    if not wanted or not reference.waits or reference.target_columns == stored.key:
        return set()
    staying = [change for _, _, change in work.changes() if change.table == stored.name and change.op != "delete"]
    taken = [[seen(str(change.after)).get(name) for name in reference.target_columns] for change in staying]
    other = going | {(stored.name, change.key) for change in staying}
    places = list(wanted)
    same = work.ground.tables.statements.by_values(stored, reference.target_columns, [wanted[n] for n in places])
    named = {places[row.n] for row in work.connection.execute(same) if (stored.name, row.key) not in other}
    return named | {n for n in places if list(wanted[n]) in taken}


def _update(work: Work, table: str, columns: Sequence[str], rows: Sequence[Asked]) -> None:
    for drawn, group in _by_drawn(rows):
        _update_alike(work, table, columns, drawn, group)


def _by_drawn(rows: Sequence[Asked]) -> list[tuple[dict[str, str], list[Asked]]]:
    """The rows by what the database draws of them."""
    alike: dict[tuple[tuple[str, str], ...], list[Asked]] = defaultdict(list)
    for row in rows:
        alike[tuple(sorted(row[1].drawn.items()))].append(row)
    return [(dict(drawn), group) for drawn, group in sorted(alike.items())]


def _update_alike(work: Work, table: str, columns: Sequence[str], drawn: Mapping[str, str], rows: Sequence[Asked]) -> None:
    stored = work.stored(table)
    computed = {*drawn, *(name for name, column in stored.relation.columns.items() if column.generated)}
    keys = [_named(work, place, change) for place, change, _ in rows]
    afters = [str(change.after) for _, change, _ in rows]
    statement = work.ground.tables.statements.update(stored, columns, keys, afters, drawn)
    other = {row.key: row.image for row in _run(work, statement)}
    reasons = {}
    for (place, change, lenient), key in zip(rows, keys, strict=True):
        if key not in other:
            reasons[place[0]] = f"the database did not let row {key} of {table} be changed"
            continue
        image = other[key] or str(change.after)
        if not lenient and not _as_asked(str(change.after), image, computed):
            reasons[place[0]] = f"the database made something else of row {key} of {table}"
        else:
            work.made[place] = (_key_after(stored, columns, change, image), image)
    if reasons:
        raise CasesFail(reasons)


def _key_after(stored: Stored, columns: Sequence[str], change: Change, image: str) -> str | None:
    """The row's key after an update: a moved child of an inherited table has another one than before."""
    if change.key is None or not {*stored.key} & {*columns}:
        return change.key
    texts = [seen(image)[name] for name in stored.key]
    return texts[0] if len(texts) == 1 else canonical.text(texts)


def _insert(work: Work, table: str, rows: Sequence[Asked]) -> None:
    stored = work.stored(table)
    computed = {name for name, column in stored.relation.columns.items() if column.generated}
    for drawn, group in _by_drawn(rows):
        statement = work.ground.tables.statements.insert(stored, [str(change.after) for _, change, _ in group], drawn)
        stored_rows = _run(work, statement)
        reasons = {}
        for number, (place, change, lenient) in enumerate(group):
            if number >= len(stored_rows):
                reasons[place[0]] = f"the database did not let a row of {table} be added"
                continue
            new = stored_rows[number]
            if not lenient and not _as_asked(str(change.after), new.image, {*computed, *drawn}):
                reasons[place[0]] = f"the database made something else of the new row of {table}"
            else:
                work.made[place] = (new.key, new.image)
        if reasons:
            raise CasesFail(reasons)


def _as_asked(asked: str, stored: str, but: set[str]) -> bool:
    """Whether the row that the server stored is the one asked for, but for the columns that it computes or draws itself."""
    if asked == stored:
        return True
    if not but:
        return False
    return _without(seen(asked), but) == _without(seen(stored), but)


def _without(row: Mapping[str, str | None], columns: set[str]) -> dict[str, str | None]:
    return {name: value for name, value in row.items() if name not in columns}


def _recorded(work: Work) -> tuple[list[Change], list[list[object]]]:
    """The changes as they were made, case by case in the order of their phases, and where each case's changes stand."""
    changes: list[Change] = []
    listed: list[list[object]] = []
    for case in work.cases:
        first = len(changes) + 1
        for place, change in sorted(enumerate(case.changes), key=lambda each: each[1].phase):
            key, after = work.made[case.name, place]
            named = key if change.op == "insert" else change.key
            as_planned = named == change.key and after is change.after
            if not as_planned:
                change = Change(change.case_key, change.table, change.op, named, change.before, after, change.phase)
            changes.append(change)
        listed.append([case.name, case.kind, case.profile, case.case_key, first, len(changes)])
    return changes, listed
