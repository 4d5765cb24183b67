"""Finds where a row that moves or is filled would collide in a unique index, and with which row.

The loser's row is then a victim: it goes, and the row that it met stays in its place. The database itself works out the
keys (dialects), for many cases at once: one statement an index. A conversation; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mendbook.damage.changes import Values, image
from mendbook.damage.held import Held, Merging
from mendbook.damage.reasons import in_its_place
from mendbook.damage.references import fits
from mendbook.dialects import Index, Relation
from mendbook.mapping.tables import Tables

#: How an index's SQL names a whole row.
_WHOLE_ROW = ".*"

Rows = list[tuple[Merging, Held]]


@dataclass
class _Met:
    """Which rows have the same key in an index: those to be (by ``alike``), and those that are there."""

    alike: dict[int, int] = field(default_factory=dict)
    there: dict[int, list[tuple[str | None, str]]] = field(default_factory=dict)


def collide(tables: Tables, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], bool]:
    """Look at every row that changed since it was last looked at; tells whether that made victims."""
    made = False
    for table, rows in _unchecked(tables, mergings).items():
        stored, changes = tables.surroundings.tables[table], [held.changes() for _, held in rows]
        columns = {column for each in changes for column in each}
        afters = [image({**held.row, **new}) for (_, held), new in zip(rows, changes, strict=True)]
        met: dict[Index, _Met] = {}
        for index in stored.relation.unique_indexes:
            if not touches(stored.relation, index, columns):
                continue
            if _WHOLE_ROW in " ".join([*index.expressions, index.predicate or ""]):
                for merging, _ in rows:
                    merging.leave(f"index {index.name} of {table} holds whole rows: there is no telling what would meet in it")
            else:
                found = met[index] = _Met()
                for row in (yield tables.statements.colliding(stored, index, afters)):
                    found.alike[row.n] = row.alike
                    if row.image is not None:
                        found.there.setdefault(row.n, []).append((row.key, row.image))
        made = _settle(stored.relation, rows, met) or made
    return made


def touches(relation: Relation, index: Index, columns: set[str]) -> bool:
    """A change of ``columns`` may change what ``index`` holds; computed columns may depend on any."""
    if columns and any(column.generated for column in relation.columns.values()):
        return True
    keys = zip(index.expressions, index.columns, strict=True)
    sql = " ".join([*(each for each, name in keys if name is None), index.predicate or ""])
    return any(column in index.columns or _told(column) in sql for column in columns)


def _same(one: str | None, other: str | None) -> bool:
    """They name the same row, be it in another spelling."""
    return one == other or (one is not None and other is not None and one.strip().lower() == other.strip().lower())


def _told(column: str) -> str:
    return column.replace('"', '""')


def _unchecked(tables: Tables, mergings: Sequence[Merging]) -> dict[str, Rows]:
    """By table the changed rows of the cases in which one was not looked at as it would be now."""
    rows: dict[str, Rows] = {}
    for merging in mergings:
        if merging.problem:
            continue
        changed: dict[str, list[Held]] = {}
        fresh = set()
        for held in merging.rows.values():
            new = held.changes()
            if not new:
                continue
            changed.setdefault(held.table, []).append(held)
            if held.checked != new:
                held.checked = new
                fresh.add(held.table)
                _check_types(tables, merging, held, new)
        if not merging.problem:
            for table in fresh:
                rows.setdefault(table, []).extend((merging, held) for held in sorted(changed[table], key=_seniority))
    return rows


def _check_types(tables: Tables, merging: Merging, held: Held, new: Values) -> None:
    """A value that a column cannot hold would end the whole plan in an error, not this case alone."""
    kinds = tables.surroundings.relation(held.table).columns
    for column, value in new.items():
        # what it is filled with comes from the same column of another row
        if column in held.moves and not fits(kinds[column], value):
            merging.leave(f"{held.table}.{column} ({kinds[column].type}) cannot hold what {held.name} would have to name")


def _seniority(held: Held) -> tuple[bool, bool, int, str]:
    """Survivors before others, then the smaller key: of two rows that meet, the first stays."""
    number = held.key is not None and held.key.lstrip("-").isdecimal()
    return not held.survivor, not number, int(held.key) if number and held.key else 0, held.named


def _settle(relation: Relation, rows: Rows, met: dict[Index, _Met]) -> bool:
    """Make victims of the rows that meet one that stays; a row that meets a victim is looked at again."""
    places = {id(held): n for n, (_, held) in enumerate(rows)}
    for _, held in rows:
        held.follows.clear()
    meetings: list[tuple[Merging, Held, Held, Index]] = []
    for index, found in met.items():
        first: dict[tuple[int, int], Held] = {}
        for n, (merging, held) in enumerate(rows):
            if n not in found.alike:
                continue
            senior = first.setdefault((id(merging), found.alike[n]), held)
            there = _there(merging, held, found.there.get(n, ()), places)
            if there is not None:
                meetings.append((merging, held, there, index))
            elif senior is not held:
                meetings.append((merging, held, senior, index))
    juniors = {id(held) for _, held, _, _ in meetings}
    for merging, held, stays, index in meetings:
        if held.gone or merging.problem:
            continue
        if id(stays) in juniors:
            held.checked = None
            continue
        _meet(relation, merging, held, stays, index)
    return bool(meetings)


def _there(merging: Merging, held: Held, there: Sequence[tuple[str | None, str]], places: dict[int, int]) -> Held | None:
    """The row of the table that ``held`` would meet: one that neither goes nor changes in this case. Those that do are noted:
    they make way."""
    for key, met in there:
        known = merging.rows.get((held.table, key if key is not None else f"0 {met}"))
        if known is None:
            return merging.hold(held.table, key, met)
        if known is held:
            continue
        if not known.gone and id(known) not in places:
            return known
        held.follows.append(known)
    return None


def _meet(relation: Relation, merging: Merging, held: Held, stays: Held, index: Index) -> None:
    if not index.valid:
        merging.leave(f"{held.name} would meet {stays.name} in index {index.name}, which is invalid: drop it or build it again")
        return
    filled = [column for column in held.fills if touches(relation, index, {column})]
    if filled:
        for column in filled:
            del held.fills[column]
        merging.because.append(f"{held.table}: {', '.join(filled)} stays blank: {stays.name} has it already ({index.name})")
        return
    if held.survivor:
        merging.leave(f"{held.name} stays, but it would meet {stays.name} in the unique index {index.name}")
        return
    moved = [name for name in held.moves if name in index.columns]
    moved = moved or [name for name in held.moves if touches(relation, index, {name})]
    if not all(_same(stays.value(name), held.value(name)) for name in moved):
        merging.leave(f"{held.name} would meet {stays.name}, which is none of the survivor's, in {index.name}")
        return
    held.place = stays
    held.why = f"{in_its_place(stays.name)}both would have the same key in {index.name}"
