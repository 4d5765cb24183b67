"""Decides which row of a group survives a merge, by DAMAGE's rules one after the other, and says why.

A conversation for many groups at once. References are counted only where the rules before leave it open.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mendbook.blanks import blank
from mendbook.damage.held import Held, Merging
from mendbook.damage.reasons import kept
from mendbook.damage.references import named_by, unreadable, ways
from mendbook.mapping.tables import ProfileTable, Tables, UserTable

#: How long ago a login still says that an account is in use: 90 days, in microseconds.
IN_USE = 90 * 24 * 3600 * 10**6

#: What is counted of rows, one and several.
_FILLED = ("filled column", "filled columns")
_REFERRING = ("row that refers to it", "rows that refer to it")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database tells of a row beside its image.

    age     the row's place among those asked for, the oldest first
    active  whether the account is active; None where the mapping does not say
    login   the last login (microseconds since 1970); None where there was none, or the mapping does not say
    used    whether that was within 90 days
    fits    for each profile, whether the user must have one
    """

    age: int
    active: bool | None = None
    login: int | None = None
    used: bool = False
    fits: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """The rows of one case and table of which one is to survive, oldest first."""

    merging: Merging
    rows: list[Held]


def facts(
    tables: Tables, table: UserTable | ProfileTable, keys: Sequence[str]
) -> Generator[Any, Sequence[Any], dict[str, Facts]]:
    """What is told of the rows with these keys."""
    key, text = table.mapping.key, tables.text
    wanted = text.listed("wanted", {"wanted_key": list(keys)}, ())
    native = text.typed(wanted.c.wanted_key, table.kind(key))
    source: Any = table.sql.join(wanted, table.column(key) == native)
    more: list[Any] = []
    if isinstance(table, ProfileTable):
        source = source.outerjoin(tables.users.sql, tables.same_user(table))
        moment = text.microseconds(tables.created(table))
    else:
        moment = text.microseconds(tables.created(None))
        more = [*_of_user(tables), *(_must_have(tables, profile) for profile in tables.profiles)]
    age = sa.func.row_number().over(order_by=(*text.in_order(moment), tables.order_key(table, key).asc()))
    rows = yield sa.select(wanted.c.wanted_key, age, *more).select_from(source)
    if not more:
        return {row[0]: Facts(row[1]) for row in rows}
    return {key: Facts(age, active, login, used, tuple(must)) for key, age, active, login, used, *must in rows}


def _must_have(tables: Tables, profile: ProfileTable) -> Any:
    """The user must have such a profile; one whose requirement names an absent column is for everybody."""
    return sa.true() if tables.lacks_requirement(profile) else tables.matches(profile.mapping.required_for)


def _of_user(tables: Tables) -> list[Any]:
    users, mapping, text = tables.users, tables.users.mapping, tables.text
    active: Any = sa.null()
    if mapping.active is not None and users.has(mapping.active):
        column = users.column(mapping.active)
        family = users.kind(mapping.active).family
        yes = (
            text.truth(column).is_(sa.true())
            if family == "boolean"
            else column != 0
            if family in ("integer", "number")
            else None
        )
        active = sa.null() if yes is None else sa.func.coalesce(yes, sa.false())
    login: Any = sa.null()
    name = mapping.last_login
    moment = text.moment(users.column(name), users.kind(name)) if name is not None and users.has(name) else None
    if moment is not None:
        login = text.microseconds(moment)
    now = text.microseconds(text.now())
    return [active, login, sa.func.coalesce(now - login <= IN_USE, sa.false()) if moment is not None else sa.false()]


def references(tables: Tables, table: str, rows: Sequence[Held]) -> Generator[Any, Sequence[Any], list[int]]:
    """How many rows of all referring tables name each of ``rows``."""
    counts = [0] * len(rows)
    by_table: dict[str, list[Any]] = {}
    for reference in tables.surroundings.to(table):
        if not unreadable(tables, reference):
            by_table.setdefault(reference.table, []).append(reference)
    for name, all_ways in by_table.items():
        asked = [ways(tables, reference, [named_by(reference, row.row) for row in rows]) for reference in all_ways]
        stored = tables.surroundings.tables[name]
        for n, number in (yield tables.statements.counted(stored, [way for way, _ in asked], [each for _, each in asked])):
            counts[n] += number
    return counts


def profile_survivors(
    tables: Tables, profile: ProfileTable, groups: Sequence[Candidates]
) -> Generator[Any, Sequence[Any], list[list[str]]]:
    """Put the survivor first in each group's rows and the others after it, oldest first; returns the rules that decided."""
    filled = measured(profile)
    number = {held: sum(not blank(held.row[name]) for name in filled) for group in groups for held in group.rows}
    best = [_leading(group.rows, lambda held: number[held]) for group in groups]
    counted = yield from _counted(tables, profile.name, best)
    rules = []
    for group, leading in zip(groups, best, strict=True):
        survivor = max(leading, key=lambda held: counted.get(held, 0))  # of equals the first, who is the oldest
        told = [_rule(held, survivor, [(number, _FILLED), (counted, _REFERRING)]) for held in group.rows]
        rules.append(_said(group.rows, survivor, told))
    return rules


def user_survivors(
    tables: Tables, groups: Sequence[Candidates], known: dict[str, Facts]
) -> Generator[Any, Sequence[Any], list[list[str]]]:
    """The same for accounts."""

    def fact(held: Held) -> Facts:
        return known[held.named]

    best = [_leading(group.rows, lambda held: fact(held).active or False) for group in groups]
    best = [_leading(rows, lambda held: _logged_in(fact(held))) for rows in best]
    counted = yield from _counted(tables, tables.users.name, best)
    rules = []
    for group, leading in zip(groups, best, strict=True):
        survivor = max(leading, key=lambda held: counted.get(held, 0))
        told = [_rule_of_user(held, survivor, fact(held), fact(survivor), counted) for held in group.rows]
        rules.append(_said(group.rows, survivor, told))
    return rules


def measured(profile: ProfileTable) -> list[str]:
    """The columns by which profiles are measured, and which are filled: the mapped ones, else all but key, user and codes."""
    mapping = profile.mapping
    if mapping.filled:
        return [name for name in dict.fromkeys(mapping.filled) if profile.has(name)]
    apart = {mapping.key, mapping.user, *mapping.codes}
    return [name for name, column in profile.relation.columns.items() if name not in apart and not column.generated]


def _leading(rows: list[Held], measure: Any) -> list[Held]:
    most = max(measure(held) for held in rows)
    return [held for held in rows if measure(held) == most]


def _logged_in(fact: Facts) -> tuple[bool, int]:
    return fact.login is not None, fact.login or 0


def _counted(tables: Tables, table: str, groups: list[list[Held]]) -> Generator[Any, Sequence[Any], dict[Held, int]]:
    """The references to those rows among which the earlier rules did not decide."""
    open_rows = [held for rows in groups if len(rows) > 1 for held in rows]
    if not open_rows:
        return {}
    return dict(zip(open_rows, (yield from references(tables, table, open_rows)), strict=True))


def _rule(held: Held, survivor: Held, measures: Sequence[tuple[dict[Held, int], tuple[str, str]]]) -> str:
    for measure, what in measures:
        own, best = measure.get(held, 0), measure.get(survivor, 0)
        if own != best:
            return f"{_several(best, what)} against {own}"
    return "the older one"


def _rule_of_user(held: Held, survivor: Held, own: Facts, best: Facts, counted: dict[Held, int]) -> str:
    if bool(own.active) != bool(best.active):
        return "active, the other is not"
    if _logged_in(own) != _logged_in(best):
        return "the later login" if own.login is not None else "the only one of the two that ever logged in"
    return _rule(held, survivor, [(counted, _REFERRING)])


def _several(number: int, what: tuple[str, str]) -> str:
    return f"{number} {what[number != 1]}"


def _said(rows: list[Held], survivor: Held, told: list[str]) -> list[str]:
    """Each loser with the rule that decided against it; ``rows`` is put in order: the survivor, then the oldest first."""
    said = [
        f"{kept(survivor.key, survivor.table, held.key)}{why}"
        for held, why in zip(rows, told, strict=True)
        if held is not survivor
    ]
    rows.remove(survivor)
    rows.insert(0, survivor)
    return said
