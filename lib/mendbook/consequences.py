"""What must hold after a batch's changes, checked inside its transaction: the damage is gone, and none is new.

The finders run again over the touched rows, and what they find is held against what each case declared. It changes no row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mendbook.batch_work import CasesFail, LooksLikeNew, Work, differing, seen
from mendbook.model import Case
from mendbook.recheck import NOT_OF_ROWS, Asked, Harm, Recheck, Touched


def check_gone(work: Work, before: Sequence[Harm] | None) -> None:
    """The damage of each case is gone, and none is new but what the case declared."""
    reasons: dict[str, str] = {}
    known = {(harm.kind, harm.profile, harm.row_key) for harm in before or ()}
    rows, users = _whose(work)
    for harm in harm_of(work):
        concerned = [*rows.get((harm.table, harm.row_key), ()), *users.get(harm.user_key or "", ())]
        for case in {case.name: case for case in concerned}.values():
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


def harm_of(work: Work) -> list[Harm]:
    """What the finders say of the touched users and rows as they are now."""
    recheck = work.ground.recheck
    if recheck is None or not work.cases:
        return []
    rows, users = _whose(work)
    profiles = {table.profile: table.name for table in work.ground.tables.profiles}
    touched = {profile: frozenset(key for (changed, key) in rows if changed == table) for profile, table in profiles.items()}
    return recheck.find(work.connection, Touched(frozenset(users), touched, _asked(work, recheck)))


def _asked(work: Work, recheck: Recheck) -> frozenset[Asked]:
    """The kinds of damage that the batch is to mend, and those that its changes could make."""
    asked: set[Asked] = {(case.profile, case.kind) for case in work.cases if case.kind not in NOT_OF_ROWS}
    changed: set[tuple[str, str, tuple[str, ...]]] = set()
    for _, _, change in work.changes():
        columns = tuple(differing(str(change.before), str(change.after))) if change.op == "update" else ()
        changed.add((change.table, change.op, columns))
    for table, op, columns in changed:
        asked |= recheck.affected(table, op, columns)
    return frozenset(asked)


def _whose(work: Work) -> tuple[dict[tuple[str, str], list[Case]], dict[str, list[Case]]]:
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
            user = seen(image).get(of_user[table])
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
