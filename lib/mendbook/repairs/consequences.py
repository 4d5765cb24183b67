"""What must hold after a batch's changes, checked inside its transaction: the damage is gone, and none is new.

The finders run again over the touched rows, and what they find is held against what each case declared. It changes no row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from mendbook.model import Case
from mendbook.repairs.batch_work import CasesFail, LooksLikeNew, Work, value
from mendbook.repairs.recheck import NOT_OF_ROWS, Asked, Harm, Recheck, Touched


def check_gone(work: Work, before: Sequence[Harm] | None) -> Counter[str]:
    """The damage of each case is gone, and none is new but what the case declared.

    Tells how many cases of each kind there are now more (or fewer) than before, as far as both were looked at.
    """
    harms = harm_of(work)
    if work.ground.mends and harms:
        _check_harms(work, harms, before)
    for each in work.wanted.alike:
        if each.op != "delete":
            keys = (work.as_made(place, change)[0] for place, change, _ in each.rows)
            work.ground.recheck.wrote(each.table, each.op, each.columns, keys)
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
        (kind, change.table, work.as_made((case.name, place), change)[0])
        for case, place, change in work.wanted.changes
        for kind in case.leaves
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
    planned_users, planned_rows = work.wanted.touched
    users, rows = {*planned_users}, {table: {*keys} for table, keys in planned_rows.items()}
    of_user = {table.name: table.mapping.user for table in work.ground.tables.profiles}
    for key, change in work.made.values():
        if change.table in rows:
            rows[change.table].add(key)
            users.add(value(change.after, of_user[change.table]))
    by_profile = {table.profile: _named(rows[table.name]) for table in work.ground.tables.profiles}
    return recheck.find(work.connection, Touched(_named(users), by_profile, _asked(work, recheck)))


def _named(keys: set[str | None]) -> frozenset[str]:
    return frozenset([key for key in keys if key is not None])


def _asked(work: Work, recheck: Recheck) -> frozenset[Asked]:
    """The kinds of damage that the batch is to mend, and those that its changes could make."""
    if work.ground.tally:
        return recheck.every()
    asked: set[Asked] = {(case.profile, case.kind) for case in work.cases if case.kind not in NOT_OF_ROWS}
    for table, op, columns in {(each.table, each.op, each.columns) for each in work.wanted.alike}:
        asked |= recheck.affected(table, op, columns)
    return frozenset(asked)


def _touched(work: Work) -> Iterator[tuple[Case, str, str | None, str | None]]:
    """(case, table, key, user) of every mapped row that a case has to do with, as it was and as far as the batch has come."""
    tables = work.ground.tables
    users, of_user = tables.users.name, {table.name: table.mapping.user for table in tables.profiles}
    cases = {case.name: case for case in work.cases}
    for each in work.wanted.alike:
        for place, change, _ in each.rows:
            case = cases[place[0]]
            if change.table == users:
                yield case, users, change.key, change.key
            elif change.table in of_user:
                column = of_user[change.table]
                yield case, change.table, change.key, value(change.before, column)
                if change.op == "insert" or column in each.columns:
                    key, after = work.as_made(place, change)
                    yield case, change.table, key, value(after, column)
    for case in work.cases:
        for row in case.kept:
            if row.table == users:
                yield case, users, row.key, row.key
            elif row.table in of_user:
                yield case, row.table, row.key, value(row.image, of_user[row.table])


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
