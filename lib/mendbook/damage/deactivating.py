"""Deactivates the accounts of a person beside the one that a merge would keep: the repair for those who must not merge.

A conversation that returns cases; it changes nothing. The accounts stay, and so does the finding.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from mendbook.damage.changes import image, stopped_by_triggers, without_key
from mendbook.damage.held import Merging
from mendbook.damage.merging import choose_users
from mendbook.damage.survivors import Facts
from mendbook.mapping.tables import Tables
from mendbook.model import Asking, Case, Change, Found, Left, Row

_FAMILIES = ("boolean", "integer", "number")


def deactivate_others(tables: Tables, found: Sequence[Found]) -> Asking:
    """The accounts of each person other than the one that stays are switched off."""
    users, active = tables.users, tables.users.mapping.active
    if active is None or not users.has(active):
        return [
            Left(each.kind, each.profile, each.case_key, "the mapping names no column 'active' to switch off") for each in found
        ]
    if users.kind(active).family not in _FAMILIES:
        why = f"{users.name}.{active} is {users.kind(active).type}: there is no saying what means inactive"
        return [Left(each.kind, each.profile, each.case_key, why) for each in found]
    mergings = [Merging(each) for each in found]
    known = yield from choose_users(tables, mergings)
    afters = yield from _afters(tables, mergings, active, known)
    return [_case(tables, merging, afters) for merging in mergings]


def _afters(
    tables: Tables, mergings: Sequence[Merging], active: str, known: dict[str, Facts]
) -> Generator[Any, Sequence[Any], dict[str, str]]:
    """The images of the accounts that are switched off, by key."""
    users = tables.users
    kind = users.kind(active)
    off = {active: kind.truth[0] if kind.family == "boolean" else "0"}
    losers = [held for merging in mergings for group in merging.groups for held in group.losers if known[held.named].active]
    if not losers:
        return {}
    stored = tables.surroundings.tables[users.name]
    rows = yield tables.statements.becoming(stored, [image({**held.row, **off}) for held in losers])
    return {losers[row.n].named: row.image for row in rows}


def _case(tables: Tables, merging: Merging, afters: dict[str, str]) -> Case | Left:
    found, users = merging.found, tables.users
    if merging.problem:
        return Left(found.kind, found.profile, found.case_key, merging.problem)
    (group,) = merging.groups
    changes = tuple(
        Change(found.case_key, users.name, "update", held.key, held.image, afters[held.named])
        for held in group.losers
        if held.named in afters
    )
    if not changes:
        return Left(found.kind, found.profile, found.case_key, "deactivated already")
    blockers = [*merging.blockers, *stopped_by_triggers(tables.surroundings, changes)]
    survivor = group.survivor
    blockers += without_key(tables.surroundings, changes)
    return Case(
        kind=found.kind,
        profile=found.profile,
        case_key=found.case_key,
        repair="deactivate",
        risk="medium",
        changes=changes,
        because=group.rule,
        blockers=tuple(blockers),
        leaves=("duplicate_user",),
        kept=(Row(survivor.table, survivor.named, survivor.image),),
    )
