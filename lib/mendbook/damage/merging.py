"""Merges rows that stand for the same thing: one survives, its blanks are filled, and whatever named the others names it.

The repairs of duplicate_profile and duplicate_user (DAMAGE, "Merging"), for some hundred cases at once. A conversation that
returns cases; it changes nothing. What it does, in order: choose the survivors (survivors.py), fill their blanks, follow
every reference and find every collision (moving.py, collisions.py), set rights apart (rights.py), tell it (merged.py).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from mendbook.blanks import blank
from mendbook.damage.changes import privileged
from mendbook.damage.held import Group, Held, Merging
from mendbook.damage.merged import told
from mendbook.damage.moving import close
from mendbook.damage.references import naming
from mendbook.damage.rights import block_rights_in_use, set_apart
from mendbook.damage.survivors import Candidates, Facts, facts, measured, profile_survivors, user_survivors
from mendbook.damage.told_apart import leave_told_apart
from mendbook.mapping.surroundings import Reference
from mendbook.mapping.tables import MappedTable, ProfileTable, Tables
from mendbook.model import Asking, Blocker, Found

RISK_OF_PROFILES, RISK_OF_USERS = "medium", "high"


def merge_profiles(tables: Tables, found: Sequence[Found]) -> Asking:
    """One row of each user survives in the profile table."""
    profile = next(each for each in tables.profiles if each.profile == found[0].profile)
    mergings = [Merging(each) for each in found]
    yield from _hold(tables, profile, mergings)
    yield from _merge_rows(tables, profile, [Candidates(each, list(each.rows.values())) for each in mergings])
    for merging in mergings:
        merging.owns.append(f"profile/{profile.profile}/{merging.found.case_key}")
    yield from _close(tables, mergings)
    return (yield from told(tables, mergings, "merge", RISK_OF_PROFILES, {}))


def merge_users(tables: Tables, found: Sequence[Found]) -> Asking:
    """One account of each person survives, and one row of theirs in each profile table."""
    mergings = [Merging(each) for each in found]
    known = yield from choose_users(tables, mergings)
    for merging in mergings:
        if not merging.problem:
            _fill(tables, merging.groups[0], _fillable_of_user(tables))
    for profile in {profile.name: profile for profile in tables.profiles}.values():
        yield from _merge_profiles_of_users(tables, profile, mergings)
    yield from _close(tables, mergings)
    return (yield from told(tables, mergings, "merge", RISK_OF_USERS, known))


def choose_users(tables: Tables, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], dict[str, Facts]]:
    """Hold the accounts of each case, decide which one survives, and what blocks that; returns what is told of each."""
    users = tables.users
    yield from _hold(tables, users, mergings)
    yield from leave_told_apart(tables, mergings)
    candidates = [Candidates(each, list(each.rows.values())) for each in mergings if not each.problem]
    known = yield from facts(tables, users, [held.named for each in candidates for held in each.rows])
    for each in candidates:
        each.rows.sort(key=lambda held: known[held.named].age)
    rules = yield from user_survivors(tables, candidates, known)
    for each, rule in zip(candidates, rules, strict=True):
        merging, accounts = each.merging, {held.named: held.row for held in each.rows}
        merging.merge(users.name, each.rows[0], each.rows[1:], rule, None)
        merging.blockers += privileged(tables, accounts)
        used = sorted(name for name in accounts if known[name].used)
        if len(used) > 1:
            merging.blockers.append(Blocker("both_used", f"accounts {', '.join(used)} logged in within the last 90 days"))
        merging.owns += [f"profile/{profile.profile}/{name}" for profile in tables.profiles for name in accounts]
    return known


def _hold(tables: Tables, table: MappedTable, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], None]:
    """Hold the rows that were found."""
    case_of = {row.row_key: merging for merging in mergings for row in merging.found.rows}
    stored = tables.surroundings.tables[table.name]
    for row in (yield tables.statements.by_keys(stored, list(case_of))):
        case_of[row.key].hold(table.name, row.key, row.image)
    for merging in mergings:
        if len(merging.rows) < 2:
            merging.leave("its rows are not there any more")


def _merge_rows(tables: Tables, profile: ProfileTable, candidates: Sequence[Candidates]) -> Generator[Any, Sequence[Any], None]:
    """Choose the surviving row of each case, and fill its blanks."""
    candidates = [each for each in candidates if len(each.rows) > 1 and not each.merging.problem]
    if not candidates:
        return
    known = yield from facts(tables, profile, [held.named for each in candidates for held in each.rows])
    for each in candidates:
        each.rows.sort(key=lambda held: known[held.named].age)
    rules = yield from profile_survivors(tables, profile, candidates)
    for each, rule in zip(candidates, rules, strict=True):
        group = each.merging.merge(profile.name, each.rows[0], each.rows[1:], rule, profile.profile)
        _fill(tables, group, measured(profile))


def _merge_profiles_of_users(
    tables: Tables, profile: ProfileTable, mergings: Sequence[Merging]
) -> Generator[Any, Sequence[Any], None]:
    users, user = tables.users, profile.mapping.user
    reference = Reference(profile.name, (user,), users.name, (users.mapping.key,), "mapped")
    accounts = [(merging, held) for merging in mergings for held in merging.rows.values() if held.table == users.name]
    rows: dict[int, dict[Held, None]] = {}
    for n, key, image in (yield from naming(tables, reference, [[held.named] for _, held in accounts])):
        merging = accounts[n][0]
        rows.setdefault(id(merging), {})[merging.hold(profile.name, key, image)] = None
    yield from _merge_rows(tables, profile, [Candidates(each, list(rows.get(id(each), ()))) for each in mergings])


def _fill(tables: Tables, group: Group, columns: Sequence[str]) -> None:
    """Take for each blank column the value of the newest loser that has one."""
    survivor = group.survivor
    for column in columns:
        if blank(survivor.row[column]):
            for loser in reversed(group.losers):
                if not blank(loser.row[column]) and not _breaks(tables, survivor, loser, column):
                    survivor.fills[column] = loser
                    break


def _breaks(tables: Tables, survivor: Held, loser: Held, column: str) -> bool:
    """The value would make the row name itself, or name with its other columns what the loser does not."""
    for reference in _from(tables, survivor.table, column):
        own = reference.target == survivor.table and reference.columns == (column,)
        if own and loser.row[column] == survivor.row[reference.target_columns[0]]:
            return True
        if any(loser.row[name] != survivor.row[name] for name in reference.columns if name != column):
            return True
    return False


def _from(tables: Tables, table: str, column: str) -> Iterator[Reference]:
    return (each for each in tables.surroundings.references if each.table == table and column in each.columns)


def _fillable_of_user(tables: Tables) -> list[str]:
    """The e-mail and the columns that the mapping does not speak of."""
    mapping = tables.users.mapping
    required = {name for profile in tables.profiles for name in profile.mapping.required_for or ()}
    spoken_of = {mapping.key, mapping.username, mapping.created, mapping.last_login, mapping.active, mapping.password}
    apart = {*(spoken_of - {mapping.email}), *mapping.privileged, *required}
    return [name for name, column in tables.users.relation.columns.items() if name not in apart and not column.generated]


def _close(tables: Tables, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], None]:
    """Hold whatever the merges touch, and move no right."""
    more = True
    while more:
        yield from close(tables, mergings)
        more = yield from set_apart(tables, mergings)
    yield from block_rights_in_use(tables, mergings)
