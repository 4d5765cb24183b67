"""The transaction of one batch, from its first lock to its row in the ledger. The only module that changes rows.

Everything that a repair relies on is checked inside the transaction that it is made in: that it may be done at all, that
every row is still as the reviewer saw it, that the server stored what was asked for, that nothing refers to what goes, that
the damage is gone and none is new. Whoever calls begins and ends the transaction; a rehearsal is the same, rolled back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook.damage.changes import values
from mendbook.damage.references import named_by, ways
from mendbook.dialects import Steps, Stored
from mendbook.digests import canonical
from mendbook.ledger import ledger
from mendbook.ledger.checkpoints import Checkpoint
from mendbook.ledger.ledger import Entry
from mendbook.mapping.surroundings import Reference
from mendbook.model import Case, Change
from mendbook.repairs.batch_work import Alike, CasesFail, Wanted, Work, seen
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


def make_batch(connection: Connection, wanted: Wanted, number: int, stale: Mapping[str, str], look_first: bool) -> Made:
    """Make the changes ``wanted`` as batch ``number`` inside the caller's transaction, up to its row in the ledger.

    ``stale`` are cases that have failed already, to be recorded with this batch. With ``look_first`` the damage that was
    there before is not taken for new. Raises AlreadyApplied, Refused, CasesFail, LooksLikeNew, and the driver's errors.
    """
    ground = wanted.ground
    reach("begun")
    ledger.claim(connection, ground.plan.id, number)
    reach("claimed")
    work = Work(connection, wanted, dict(stale))
    lock_tables(work)
    statements = allow(work)
    reach("allowed")
    lock_rows(work)
    reach("compared")
    before = harm_of(work) if look_first or ground.tally else None
    ground.dialect.defer_constraints(connection)
    _change_rows(work)
    work.changed = True
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


def _change_rows(work: Work) -> None:
    """Phase by phase, set by set; every row that the server says it stored is held against the one asked for."""
    for alike in work.wanted.alike:
        reach("changing")
        {"delete": _delete, "update": _update, "insert": _insert}[alike.op](work, alike)


def _names(work: Work, alike: Alike) -> list[str]:
    """By what the database finds each of the rows: its key, or its place."""
    return [work.places[place] if change.key is None else change.key for place, change, _ in alike.rows]


def _run(work: Work, steps: Steps) -> Sequence[Any]:
    """Make a change, in as many statements as the database needs; what the last one tells."""
    statements = [steps] if isinstance(steps, sa.TextClause) else steps
    for statement in statements[:-1]:
        work.connection.execute(statement)
    return work.connection.execute(statements[-1]).all()


def _delete(work: Work, alike: Alike) -> None:
    _check_unreferred(work, alike)
    keys = _names(work, alike)
    gone = {key for (key,) in _run(work, work.ground.tables.statements.delete(work.stored(alike.table), keys))}
    if not gone.issuperset(keys):
        raise CasesFail(
            {
                place[0]: f"the database did not let row {key} of {alike.table} go"
                for (place, _, _), key in zip(alike.rows, keys, strict=True)
                if key not in gone
            }
        )


def _check_unreferred(work: Work, alike: Alike) -> None:
    """Nothing refers to a row that goes but rows that go with it: so nothing cascades, and nothing is left hanging.

    Where the database lets a reference wait, what refers may go later in the same transaction.
    """
    table, rows = alike.table, alike.rows
    references = work.ground.around.to(table)
    if not references:
        return
    going = {(table, key) for key in alike.keys}
    some_time = {(each.table, key) for each in work.wanted.alike if each.op == "delete" for key in each.keys}
    before = [seen(str(change.before)) for _, change, _ in rows]
    reasons: dict[str, str] = {}
    for reference in references:
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
    staying = [change for _, _, change in work.wanted.changes if change.table == stored.name and change.op != "delete"]
    taken = [[seen(str(change.after)).get(name) for name in reference.target_columns] for change in staying]
    other = going | {(stored.name, change.key) for change in staying}
    places = list(wanted)
    same = work.ground.tables.statements.by_values(stored, reference.target_columns, [wanted[n] for n in places])
    named = {places[row.n] for row in work.connection.execute(same) if (stored.name, row.key) not in other}
    return named | {n for n in places if list(wanted[n]) in taken}


def _update(work: Work, alike: Alike) -> None:
    stored, table = work.stored(alike.table), alike.table
    keys = _names(work, alike)
    statement = work.ground.tables.statements.update(stored, alike.columns, keys, alike.afters, alike.drawn)
    other = {key: image for key, image in _run(work, statement)}  # noqa: C416
    if other == dict.fromkeys(keys) and not {*stored.key} & {*alike.columns}:
        return  # every row was told, and is the one asked for
    computed, reasons = {*alike.drawn, *stored.computed}, {}
    for (place, change, lenient), key in zip(alike.rows, keys, strict=True):
        if key not in other:
            reasons[place[0]] = f"the database did not let row {key} of {table} be changed"
            continue
        image = other[key] or str(change.after)
        if not lenient and not _as_asked(str(change.after), image, computed):
            reasons[place[0]] = f"the database made something else of row {key} of {table}"
        elif image != change.after or {*stored.key} & {*alike.columns}:
            work.made[place] = (_key_after(stored, alike.columns, change, image), _as_made(change, change.key, image))
    if reasons:
        raise CasesFail(reasons)


def _key_after(stored: Stored, columns: Sequence[str], change: Change, image: str) -> str | None:
    """The row's key after an update: a moved child of an inherited table has another one than before."""
    if change.key is None or not {*stored.key} & {*columns}:
        return change.key
    texts = [seen(image)[name] for name in stored.key]
    return texts[0] if len(texts) == 1 else canonical.text(texts)


def _insert(work: Work, alike: Alike) -> None:
    stored, reasons = work.stored(alike.table), {}
    computed = {*stored.computed, *alike.drawn}
    statement = work.ground.tables.statements.insert(stored, alike.afters, alike.drawn)
    told = _run(work, statement)
    for place, _, _ in alike.rows[len(told) :]:
        reasons[place[0]] = f"the database did not let a row of {alike.table} be added"
    for (place, change, lenient), (key, image) in zip(alike.rows, told, strict=False):
        if not lenient and not _as_asked(str(change.after), image, computed):
            reasons[place[0]] = f"the database made something else of the new row of {alike.table}"
        else:
            work.made[place] = (key, _as_made(change, key, image))
    if reasons:
        raise CasesFail(reasons)


def _as_asked(asked: str, stored: str, but: set[str]) -> bool:
    """Whether the row that the server stored is the one asked for, but for the columns that it computes or draws itself."""
    if asked == stored:
        return True
    if not but:
        return False
    one, other = seen(asked), values(stored)
    if one.items() <= other.items():
        return other.keys() - one.keys() <= but
    return _without(one, but) == _without(other, but)


def _without(row: Mapping[str, str | None], columns: set[str]) -> dict[str, str | None]:
    return {name: value for name, value in row.items() if name not in columns}


def _as_made(change: Change, key: str | None, image: str) -> Change:
    return Change(change.case_key, change.table, change.op, key, change.before, image, change.phase)


def _recorded(work: Work) -> tuple[list[Change], list[list[object]]]:
    """The changes as they were made, case by case in the order of their phases, and where each case's changes stand."""
    changes, listed = work.wanted.recorded
    made = work.made
    return [made[place][1] if place in made else change for place, change in changes], listed
