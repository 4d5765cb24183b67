"""The transaction of one batch, from its first lock to its row in the ledger. The only module that changes rows.

Everything that a repair relies on is checked inside the transaction that it is made in: that it may be done at all, that
every row is still as the reviewer saw it, that the server stored what was asked for, that nothing refers to what goes, that
the damage is gone and none is new. Whoever calls begins and ends the transaction; a rehearsal is the same, rolled back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from mendbook import ledger
from mendbook.checkpoints import Checkpoint
from mendbook.damage.changes import Values, values
from mendbook.dialects import Dialect, Stored
from mendbook.errors import Refused
from mendbook.failpoints import reach
from mendbook.ledger import Entry
from mendbook.model import Case, Change
from mendbook.plan_files import PlanFile
from mendbook.recheck import Harm, Recheck, Touched
from mendbook.surroundings import Surroundings
from mendbook.tables import Tables

#: One change of one case: the case's name, and the change's place in it.
Place = tuple[str, int]


class CasesFail(Exception):
    """Some cases of the batch cannot be done, each with its reason; the transaction is to be rolled back."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = dict(reasons)


class LooksLikeNew(Exception):
    """Damage was found that may have been there before: the batch is to be made again, looking before it changes anything."""


@dataclass(frozen=True)
class Ground:
    """What all batches of one run stand on.

    verify      raises where the approvals do not hold at the given time (the database's); returns the statements' digests
    recheck     the finders over touched rows; None where the damage is meant to come back (an undo)
    """

    plan: PlanFile
    tables: Tables
    dialect: Dialect
    verify: Callable[[datetime], Sequence[str]]
    recheck: Recheck | None

    @property
    def around(self) -> Surroundings:
        return self.tables.surroundings


@dataclass(frozen=True)
class Made:
    """What a batch did: the cases applied, those that were stale and why, the rows' changes as they were made."""

    cases: tuple[Case, ...]
    stale: Mapping[str, str]
    changes: tuple[Change, ...]
    checkpoint: Checkpoint


@dataclass
class _Work:
    """A batch under way."""

    connection: Connection
    ground: Ground
    cases: list[Case]
    stale: dict[str, str] = field(default_factory=dict)
    #: physical places of rows that no key names
    places: dict[Place, str] = field(default_factory=dict)
    #: the rows as they are after their changes: (key, image)
    made: dict[Place, tuple[str | None, str | None]] = field(default_factory=dict)

    def stored(self, table: str) -> Stored:
        return self.ground.around.tables[table]

    def changes(self) -> Iterator[tuple[Case, int, Change]]:
        for case in self.cases:
            for place, change in enumerate(case.changes):
                yield case, place, change

    def drop(self, reasons: Mapping[str, str]) -> None:
        self.stale.update(reasons)
        self.cases = [case for case in self.cases if case.name not in reasons]


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
    work = _Work(connection, ground, list(cases), dict(stale))
    _lock_tables(work)
    statements = _allow(work)
    reach("allowed")
    _lock_rows(work)
    reach("compared")
    before = _harm(work) if look_first else None
    _change_rows(work)
    reach("changed")
    connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    _check_gone(work, before)
    reach("checked")
    changes, listed = _recorded(work)
    details = {
        "plan": ground.plan.digest,
        "statements": list(statements),
        "cases": listed,
        "stale": [[name, why] for name, why in sorted(work.stale.items())],
    }
    entry = Entry(ground.plan.id, number, ground.plan.header.act, details)
    checkpoint = ledger.append(connection, entry, changes)
    reach("appended")
    return Made(tuple(work.cases), work.stale, tuple(changes), checkpoint)


def _lock_tables(work: _Work) -> None:
    """Nobody alters the tables meanwhile; where a case relies on rows not being there, nobody writes either."""
    modes = {change.table: "ROW EXCLUSIVE" for _, _, change in work.changes()}
    modes |= {table: "SHARE ROW EXCLUSIVE" for case in work.cases for table in case.locks}
    for table in sorted(modes):
        if table not in work.ground.around.tables:
            raise Refused(f"The plan changes table {table!r}, which is not there any more.", "Make a new plan.")
        work.connection.execute(work.ground.tables.statements.lock_table(work.stored(table).relation, modes[table]))


def _allow(work: _Work) -> Sequence[str]:
    """Refused where this must not be done here or now, by the database's own word; else the statements it is done on."""
    header, dialect, around = work.ground.plan.header, work.ground.dialect, work.ground.around
    moment = dialect.moment(work.connection)
    if moment.replica:
        raise Refused("This is a replica: it follows its primary, and nothing can be repaired in it.", "Name the primary.")
    if moment.replication_role != "origin":
        raise Refused(
            f"session_replication_role is {moment.replication_role!r}: foreign keys and triggers would not be heeded.",
            "Use a role of which that is not set.",
        )
    if dialect.identity(work.connection) != dict(header.identity):
        raise Refused(
            f"Plan {work.ground.plan.id} was made for another database.",
            "It can be applied only where it was made: not to a copy, and not after a restore into another cluster.",
        )
    if moment.now >= datetime.fromisoformat(header.expires):
        raise Refused(f"Plan {work.ground.plan.id} expired at {header.expires}.", "Make a new one; rows have changed since.")
    oids = {name: around.relation(name).identity if name in around.tables else 0 for name in header.schema}
    now = dialect.schema_digests(work.connection, oids)
    other = [name for name, digest in header.schema.items() if now[name] != digest]
    if other:
        raise Refused(
            f"The schema has changed since plan {work.ground.plan.id} was made: {', '.join(sorted(other))}.",
            "Make a new plan: columns, constraints, indexes or triggers there are not what the reviewer relied on.",
        )
    return work.ground.verify(moment.now)


def _lock_rows(work: _Work) -> None:
    """Lock every row in the order of its keys; cases whose rows are not as the reviewer saw them are left alone."""
    seen: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    there: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    absent: dict[str, dict[str, str]] = defaultdict(dict)
    unnamed: dict[str, list[tuple[Place, str]]] = defaultdict(list)
    for case, place, change in work.changes():
        if change.op == "insert":
            if change.key is not None:
                absent[change.table][change.key] = case.name
        elif change.key is None:
            unnamed[change.table].append(((case.name, place), str(change.before)))
        else:
            seen[change.table][change.key].append((case.name, str(change.before)))
    for case in work.cases:
        for row in case.kept:
            if row.image is None:
                there[row.table][row.key].append(case.name)
            else:
                seen[row.table][row.key].append((case.name, row.image))
    reasons: dict[str, str] = {}
    for table in sorted({*seen, *there, *absent, *unnamed}):
        _compare(work, table, seen[table], reasons)
        _find_unnamed(work, table, unnamed[table], reasons)
        _find_held(work, table, there[table], absent[table], reasons)
    work.drop(reasons)


def _compare(work: _Work, table: str, seen: Mapping[str, list[tuple[str, str]]], reasons: dict[str, str]) -> None:
    if not seen:
        return
    statement = work.ground.tables.statements.by_keys(work.stored(table), list(seen), lock=True)
    now = {row.key: row.image for row in work.connection.execute(statement)}
    reach("locked")
    for key, wanted in seen.items():
        for name, image in wanted:
            if key not in now:
                reasons[name] = f"row {key} of {table} is gone"
            elif now[key] != image:
                reasons[name] = f"row {key} of {table} has changed since: {', '.join(_differing(image, now[key]))}"


def _differing(one: str, other: str) -> list[str]:
    left, right = values(one), values(other)
    return sorted(name for name in {*left, *right} if left.get(name) != right.get(name) or (name in left) != (name in right))


def _find_unnamed(work: _Work, table: str, rows: Sequence[tuple[Place, str]], reasons: dict[str, str]) -> None:
    """Rows that nothing but their image names: as many of them as there are changes must be there."""
    if not rows:
        return
    statement = work.ground.tables.statements.by_images(work.stored(table), sorted({image for _, image in rows}), lock=True)
    free: dict[str, list[str]] = defaultdict(list)
    for row in work.connection.execute(statement):
        free[row.image].append(row.place)
    for place, image in rows:
        if free[image]:
            work.places[place] = free[image].pop()
        else:
            reasons[place[0]] = f"a row of {table} that has no key is gone or has changed since"


def _find_held(
    work: _Work, table: str, there: Mapping[str, list[str]], absent: Mapping[str, str], reasons: dict[str, str]
) -> None:
    statements, stored = work.ground.tables.statements, work.stored(table)
    if there:
        found = set(work.connection.execute(statements.held(stored, sorted(there))).scalars())
        reasons.update(
            (name, f"row {key} of {table} is gone") for key, names in there.items() if key not in found for name in names
        )
    if absent:
        taken = work.connection.execute(statements.by_keys(stored, sorted(absent))).all()
        reasons.update((absent[row.key], f"row {row.key} of {table} is there already") for row in taken)


def _change_rows(work: _Work) -> None:
    """Phase by phase, set by set; every row that the server says it stored is held against the one asked for."""
    phases: dict[int, dict[str, dict[str, list[tuple[Place, Change, bool]]]]] = defaultdict(
        lambda: {op: defaultdict(list) for op in ("delete", "update", "insert")}
    )
    for case, place, change in work.changes():
        lenient = any(blocker.name == "trigger" for blocker in case.blockers)
        phases[change.phase][change.op][change.table].append(((case.name, place), change, lenient))
    for phase in sorted(phases):
        reach("changing")
        for table, rows in sorted(phases[phase]["delete"].items()):
            _delete(work, table, rows)
        for table, rows in sorted(phases[phase]["update"].items()):
            _update(work, table, rows)
        for table, rows in sorted(phases[phase]["insert"].items()):
            _insert(work, table, rows)


def _named(work: _Work, place: Place, change: Change) -> str:
    return work.places[place] if change.key is None else change.key


def _delete(work: _Work, table: str, rows: Sequence[tuple[Place, Change, bool]]) -> None:
    _check_unreferred(work, table, rows)
    keys = [_named(work, place, change) for place, change, _ in rows]
    gone = {row.key for row in work.connection.execute(work.ground.tables.statements.delete(work.stored(table), keys))}
    kept = {
        place[0]: f"the database did not let row {key} of {table} go"
        for (place, _, _), key in zip(rows, keys, strict=True)
        if key not in gone
    }
    if kept:
        raise CasesFail(kept)
    work.made.update((place, (change.key, None)) for place, change, _ in rows)


def _check_unreferred(work: _Work, table: str, rows: Sequence[tuple[Place, Change, bool]]) -> None:
    """Nothing refers to a row that goes but rows that go with it: so nothing cascades, and nothing is left hanging."""
    going = {change.key for _, change, _ in rows}
    before = [values(str(change.before)) for _, change, _ in rows]
    reasons: dict[str, str] = {}
    for reference in work.ground.around.to(table):
        wanted = [[row[column] for column in reference.target_columns] for row in before]
        stored = work.stored(reference.table)
        named = work.ground.tables.statements.naming(stored, reference.columns, wanted, reference.only)
        for found in work.connection.execute(named):
            if reference.table != table or found.key not in going:
                what = f"row {found.key} of {reference.table}" if found.key else f"a row of {reference.table}"
                reasons[rows[found.n][0][0]] = f"{what} refers to row {rows[found.n][1].key} of {table}, which is to go"
    if reasons:
        raise CasesFail(reasons)


def _update(work: _Work, table: str, rows: Sequence[tuple[Place, Change, bool]]) -> None:
    stored = work.stored(table)
    computed = {name for name, column in stored.relation.columns.items() if column.generated}
    alike: dict[tuple[str, ...], list[tuple[Place, Change, bool]]] = defaultdict(list)
    for row in rows:
        changed = [name for name in _differing(str(row[1].before), str(row[1].after)) if name not in computed]
        alike[tuple(changed)].append(row)
    for columns, group in sorted(alike.items()):
        keys = [_named(work, place, change) for place, change, _ in group]
        afters = [str(change.after) for _, change, _ in group]
        statement = work.ground.tables.statements.update(stored, columns, keys, afters)
        now = {row.key: row.image for row in work.connection.execute(statement)}
        reasons = {}
        for (place, change, lenient), key in zip(group, keys, strict=True):
            if key not in now:
                reasons[place[0]] = f"the database did not let row {key} of {table} be changed"
            elif not lenient and not _as_asked(str(change.after), now[key], computed):
                reasons[place[0]] = f"the database made something else of row {key} of {table}"
            else:
                work.made[place] = (_key_after(stored, change, now[key]), now[key])
        if reasons:
            raise CasesFail(reasons)


def _key_after(stored: Stored, change: Change, image: str) -> str | None:
    """The row's key after an update: a moved child of an inherited table has another one than before."""
    if change.key is None or len(stored.key) != 1:
        return change.key
    return values(image)[stored.key[0]]


def _insert(work: _Work, table: str, rows: Sequence[tuple[Place, Change, bool]]) -> None:
    stored = work.stored(table)
    computed = {name for name, column in stored.relation.columns.items() if column.generated}
    alike: dict[tuple[tuple[str, str], ...], list[tuple[Place, Change, bool]]] = defaultdict(list)
    for row in rows:
        alike[tuple(sorted(row[1].drawn.items()))].append(row)
    for drawn, group in sorted(alike.items()):
        statement = work.ground.tables.statements.insert(stored, [str(change.after) for _, change, _ in group], dict(drawn))
        stored_rows = work.connection.execute(statement).all()
        reasons = {}
        for number, (place, change, lenient) in enumerate(group):
            row = stored_rows[number] if number < len(stored_rows) else None
            if row is None:
                reasons[place[0]] = f"the database did not let a row of {table} be added"
            elif not lenient and not _as_asked(str(change.after), row.image, {*computed, *dict(drawn)}):
                reasons[place[0]] = f"the database made something else of the new row of {table}"
            else:
                work.made[place] = (row.key, row.image)
        if reasons:
            raise CasesFail(reasons)


def _as_asked(asked: str, stored: str, but: set[str]) -> bool:
    """Whether the row that the server stored is the one asked for, but for the columns that it computes or draws itself."""
    if asked == stored:
        return True
    if not but:
        return False
    return _without(values(asked), but) == _without(values(stored), but)


def _without(row: Values, columns: set[str]) -> Values:
    return {name: value for name, value in row.items() if name not in columns}


def _check_gone(work: _Work, before: Sequence[Harm] | None) -> None:
    """The damage of each case is gone, and none is new but what the case declared."""
    reasons: dict[str, str] = {}
    known = {(harm.kind, harm.profile, harm.row_key) for harm in before or ()}
    rows, users = _whose(work)
    for harm in _harm(work):
        for case in {*rows.get((harm.table, harm.row_key), ()), *users.get(harm.user_key or "", ())}:
            if harm.kind in case.leaves:
                continue
            if (harm.kind, harm.profile, harm.case_key) == (case.kind, case.profile, case.case_key):
                reasons[case.name] = "the damage would still be there"
            elif before is None:
                raise LooksLikeNew
            elif (harm.kind, harm.profile, harm.row_key) not in known:
                reasons[case.name] = f"it would make new damage: {harm.kind} in row {harm.row_key} of {harm.table}"
    if reasons:
        raise CasesFail(reasons)


def _harm(work: _Work) -> list[Harm]:
    """What the finders say of the touched users and rows as they are now."""
    recheck = work.ground.recheck
    if recheck is None or not work.cases:
        return []
    rows, users = _whose(work)
    profiles = {table.profile: table.name for table in work.ground.tables.profiles}
    touched = {profile: frozenset(key for (changed, key) in rows if changed == table) for profile, table in profiles.items()}
    return recheck.find(work.connection, Touched(frozenset(users), {name: keys for name, keys in touched.items() if keys}))


def _whose(work: _Work) -> tuple[dict[tuple[str, str], list[Case]], dict[str, list[Case]]]:
    """The cases by the mapped rows, and by the users, that they have to do with, as far as the batch has come."""
    tables = work.ground.tables
    of_user = {table.name: table.mapping.user for table in tables.profiles}
    rows: dict[tuple[str, str], list[Case]] = defaultdict(list)
    users: dict[str, list[Case]] = defaultdict(list)

    def note(case: Case, table: str, key: str | None, image: object) -> None:
        if key is not None:
            rows[table, key].append(case)
            if table == tables.users.name:
                users[key].append(case)
        if table in of_user and isinstance(image, str):
            user = values(image).get(of_user[table])
            if user is not None:
                users[user].append(case)

    for case, place, change in work.changes():
        if change.table == tables.users.name or change.table in of_user:
            note(case, change.table, change.key, change.before)
            key, image = work.made.get((case.name, place), (None, None))
            note(case, change.table, key, image)
    for case in work.cases:
        for row in case.kept:
            note(case, row.table, row.key, row.image)
    return rows, users


def _recorded(work: _Work) -> tuple[list[Change], list[list[object]]]:
    """The changes as they were made, case by case in the order of their phases, and where each case's changes stand."""
    changes: list[Change] = []
    listed: list[list[object]] = []
    for case in work.cases:
        first = len(changes) + 1
        for place, change in sorted(enumerate(case.changes), key=lambda each: each[1].phase):
            key, after = work.made[case.name, place]
            changes.append(replace(change, key=key if change.op == "insert" else change.key, after=after, drawn={}))
        listed.append([case.name, case.kind, case.profile, case.case_key, first, len(changes)])
    return changes, listed


def of_the_database(error: sa.exc.DBAPIError) -> str:
    """What the database objected to, in its own words but without the row's values."""
    diagnosis = getattr(error.orig, "diag", None)
    primary = str(getattr(diagnosis, "message_primary", None) or error.orig).strip().splitlines()[0]
    return f"the database refused it: {primary}"
