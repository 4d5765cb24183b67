"""What must hold after a batch's changes, checked inside its transaction: the damage is gone, and none is new.

The finders run again over the touched rows, and what they find is held against what each case declared. It changes no row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from mendbook.model import Case
from mendbook.repairs.batch_work import CasesFail, LooksLikeNew, Work, seen
from mendbook.repairs.recheck import NOT_OF_ROWS, Asked, Harm, Recheck, Touched


def check_gone(work: Work, before: Sequence[Harm] | None) -> Counter[str]:
    """The damage of each case is gone, and none is new but what the case declared.

    Tells how many cases of each kind there are now more (or fewer) than before, as far as both were looked at.
    """
    harms = harm_of(work)
    if work.ground.mends and harms:
        _check_harms(work, harms, before)
    for case, place, change in work.changes():
        key, _ = work.made[case.name, place]
        if change.op != "delete" and key is not None:
            columns = work.columns(case, place, change) if change.op == "update" else ()
            work.ground.recheck.wrote(change.table, change.op, columns, key)
    difference = Counter(kind for kind, _, _ in _cases(harms))
    difference.subtract(kind for kind, _, _ in _cases(before or ()))
    return difference


def _cases(harms: Sequence[Harm]) -> set[tuple[str, str | None, str]]:
    return {(harm.kind, harm.profile, harm.case_key) for harm in harms}


def _check_harms(work: Work, harms: Sequence[Harm], before: Sequence[Harm] | None) -> None:
    reasons: dict[str, str] = {}
    known = {(harm.kind, harm.profile, harm.row_key) for harm in before or ()}
    of_rows, of_users = _by_rows_and_users(work)
    declared = {
        (kind, change.table, work.made[case.name, place][0]) for case, place, change in work.changes() for kind in case.leaves
    }
    for harm in harms:
        concerned = [*of_rows.get((harm.table, harm.row_key), ()), *of_users.get(harm.user_key or "", ())]
        for case in {case.name: case for case in concerned}.values():
            if harm.kind in case.leaves:
                continue
            if (harm.kind, harm.profile, harm.case_key) == (case.kind, case.profile, case.case_key):
                reasons[case.name] = "the damage would still be there"
            elif (harm.kind, harm.table, harm.row_key) in declared:
                continue  # another case of this user made that row, and said that it would leave it so
            elif before is None:
                raise LooksLikeNew
            elif (harm.kind, harm.profile, harm.row_key) not in known:
                reasons[case.name] = f"it would make new damage: {harm.kind} in row {harm.row_key} of {harm.table}"
    if reasons:
        raise CasesFail(reasons)


def harm_of(work: Work) -> list[Harm]:
    """What the finders say of the touched users and rows as they are now."""
    recheck = work.ground.recheck
    if not work.cases or not (work.ground.mends or work.ground.tally):
        return []
    rows: dict[str, set[str]] = {table.name: set() for table in work.ground.tables.profiles}
    users: set[str] = set()
    for _, table, key, user in _touched(work):
        if table in rows and key is not None:
            rows[table].add(key)
        if user is not None:
            users.add(user)
    by_profile = {table.profile: frozenset(rows[table.name]) for table in work.ground.tables.profiles}
    return recheck.find(work.connection, Touched(frozenset(users), by_profile, _asked(work, recheck)))


def _asked(work: Work, recheck: Recheck) -> frozenset[Asked]:
    """The kinds of damage that the batch is to mend, and those that its changes could make."""
    if work.ground.tally:
        return recheck.every()
    asked: set[Asked] = {(case.profile, case.kind) for case in work.cases if case.kind not in NOT_OF_ROWS}
    changed = {
        (change.table, change.op, work.columns(case, place, change) if change.op == "update" else ())
        for case, place, change in work.changes()
    }
    for table, op, columns in changed:
        asked |= recheck.affected(table, op, columns)
    return frozenset(asked)


def _touched(work: Work) -> Iterator[tuple[Case, str, str | None, str | None]]:
    """(case, table, key, user) of every mapped row that a case has to do with, as it was and as far as the batch has come."""
    tables = work.ground.tables
    users, of_user = tables.users.name, {table.name: table.mapping.user for table in tables.profiles}
    for case, place, change in work.changes():
        if change.table == users:
            yield case, users, change.key, change.key
        elif change.table in of_user:
            column = of_user[change.table]
            yield case, change.table, change.key, _value(change.before, column)
            key, after = work.made.get((case.name, place), (None, None))
            if change.op == "insert" or (change.op == "update" and column in work.columns(case, place, change)):
                yield case, change.table, key, _value(after, column)
    for case in work.cases:
        for row in case.kept:
            if row.table == users:
                yield case, users, row.key, row.key
            elif row.table in of_user:
                yield case, row.table, row.key, _value(row.image, of_user[row.table])


def _value(image: object, column: str) -> str | None:
    return seen(image).get(column) if isinstance(image, str) else None


def _by_rows_and_users(work: Work) -> tuple[dict[tuple[str, str], list[Case]], dict[str, list[Case]]]:
    """The cases by the mapped rows, and by the users, that they have to do with."""
    rows: dict[tuple[str, str], list[Case]] = defaultdict(list)
    users: dict[str, list[Case]] = defaultdict(list)
    for case, table, key, user in _touched(work):
        if key is not None:
            rows[table, key].append(case)
        if user is not None:
            users[user].append(case)
    return rows, users
