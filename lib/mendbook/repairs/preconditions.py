"""What must hold before a batch changes anything, checked inside its transaction: that it may be done, and the rows as seen.

Locks tables and rows, so that what was checked stays true until the transaction ends. It changes no row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from mendbook.damage.told_apart import pairs_of
from mendbook.errors import Refused
from mendbook.repairs.batch_work import Place, Work, differing
from mendbook.repairs.failpoints import reach


def lock_tables(work: Work) -> None:
    """Nobody alters the tables meanwhile; where a case relies on rows not being there, nobody writes either."""
    alone = {each.table: False for each in work.wanted.alike}
    alone |= {table: True for case in work.cases for table in case.locks}
    for table in sorted(alone):
        if table not in work.ground.around.tables:
            raise Refused(f"The plan changes table {table!r}, which is not there any more.", "Make a new plan.")
        lock = work.ground.tables.statements.lock_table(work.stored(table).relation, alone[table])
        if lock is not None:
            work.connection.execute(lock)


def allow(work: Work) -> Sequence[str]:
    """Refused where this must not be done here or now, by the database's own word; else the statements it is done on."""
    header, around = work.ground.plan.header, work.ground.around
    oids = {name: around.relation(name).identity if name in around.tables else 0 for name in header.schema}
    standing = work.ground.dialect.standing(work.connection, sorted(oids.values()))
    moment = standing.moment
    if moment.replica:
        raise Refused("This is a replica: it follows its primary, and nothing can be repaired in it.", "Name the primary.")
    if moment.replication_role != "origin":
        raise Refused(
            f"session_replication_role is {moment.replication_role!r}: foreign keys and triggers would not be heeded.",
            "Use a role of which that is not set.",
        )
    if standing.identity != dict(header.identity):
        raise Refused(
            f"Plan {work.ground.plan.id} was made for another database.",
            "It can be applied only where it was made: not to a copy, and not after a restore into another cluster.",
        )
    if moment.now >= datetime.fromisoformat(header.expires):
        raise Refused(f"Plan {work.ground.plan.id} expired at {header.expires}.", "Make a new one; rows have changed since.")
    if standing.mark not in work.ground.marks:
        _check_schema(work, oids)
        work.ground.marks.add(standing.mark)
    return work.ground.verify(moment.now)


def _check_schema(work: Work, oids: Mapping[str, int]) -> None:
    header = work.ground.plan.header
    now = work.ground.dialect.schema_digests(work.connection, oids)
    other = [name for name, digest in header.schema.items() if now[name] != digest]
    if other:
        raise Refused(
            f"The schema has changed since plan {work.ground.plan.id} was made: {', '.join(sorted(other))}.",
            "Make a new plan: columns, constraints, indexes or triggers there are not what the reviewer relied on.",
        )


def lock_rows(work: Work) -> None:
    """Lock every row in the order of its keys; cases whose rows are not as the reviewer saw them are left alone."""
    reasons: dict[str, str] = {}
    for table, rows in work.wanted.to_lock.items():
        _compare(work, table, rows.seen, reasons)
        _find_unnamed(work, table, rows.unnamed, reasons)
        _find_held(work, table, rows.there, rows.absent, reasons)
    _check_told_apart(work, reasons)
    work.drop(reasons)


def _check_told_apart(work: Work, reasons: dict[str, str]) -> None:
    """Accounts that somebody has told apart since the plan was made are not one person any more. An undo parts them again."""
    tables = work.ground.tables
    if work.ground.plan.header.act != "apply" or tables.exceptions is None:
        return
    users: dict[str, set[str]] = defaultdict(set)
    for case, _, change in work.wanted.changes:
        if case.kind == "duplicate_user" and change.table == tables.users.name:
            users[str(change.key)].add(case.name)
    for case in work.cases:
        for row in case.kept if case.kind == "duplicate_user" else ():
            if row.table == tables.users.name:
                users[row.key].add(case.name)
    for one, other in work.connection.execute(pairs_of(tables, list(users))).all() if users else ():
        for name in users[one] & users.get(other, set()):
            reasons[name] = f"accounts {one} and {other} have been told apart since: they are not one person"


def _compare(work: Work, table: str, seen: Mapping[str, list[tuple[str, str]]], reasons: dict[str, str]) -> None:
    if not seen:
        return
    statement = work.ground.tables.statements.by_keys(work.stored(table), list(seen), lock=True)
    now = {key: image for key, image in work.connection.execute(statement)}  # noqa: C416
    reach("locked")
    if now == {key: wanted[0][1] for key, wanted in seen.items()} and not any(len(wanted) > 1 for wanted in seen.values()):
        return
    for key, wanted in seen.items():
        for name, image in wanted:
            if key not in now:
                reasons[name] = f"row {key} of {table} is gone"
            elif now[key] != image:
                reasons[name] = f"row {key} of {table} has changed since: {', '.join(differing(image, now[key]))}"


def _find_unnamed(work: Work, table: str, rows: Sequence[tuple[Place, str]], reasons: dict[str, str]) -> None:
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
    work: Work, table: str, there: Mapping[str, list[str]], absent: Mapping[str, str], reasons: dict[str, str]
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
