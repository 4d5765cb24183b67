"""Sets the rows that grant rights apart: a merge never gives the survivor a right that it lacks, unless a reviewer says so.

The loser's row goes; where the survivor has the same right already that is all, else it is told as an option that moves
it instead. A conversation for many cases at once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from mendbook.damage.changes import Values, values
from mendbook.damage.held import Held, Merging
from mendbook.damage.references import named_by, naming
from mendbook.mapping.surroundings import Reference
from mendbook.mapping.tables import Tables
from mendbook.model import Blocker

Right = tuple[Merging, Held, Reference, Held]


def set_apart(tables: Tables, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], bool]:
    """Let no right move by itself. Tells whether a right turned out to be the survivor's already, so that more may follow."""
    rights = [right for merging in mergings if not merging.problem for right in _moved(tables, merging)]
    by_reference: dict[Reference, list[Right]] = {}
    for right in rights:
        by_reference.setdefault(right[2], []).append(right)
    more = False
    for reference, some in by_reference.items():
        own = [named_by(reference, loser.stays().row) for _, _, _, loser in some]
        held_already: dict[int, list[tuple[str | None, str]]] = {}
        for n, key, image in (yield from naming(tables, reference, own)):
            held_already.setdefault(n, []).append((key, image))
        for n, right in enumerate(some):
            more = _decide(tables, right, held_already.get(n, [])) or more
    return more


def block_rights_in_use(tables: Tables, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], None]:
    """The blocker ``cascade`` where rows refer to a right that goes, and none stays in its place."""
    removed = [(merging, held) for merging in mergings if not merging.problem for held in merging.rights]
    for table in {held.table for _, held in removed}:
        some = [(merging, held) for merging, held in removed if held.table == table]
        for reference in tables.surroundings.to(table):
            for n, _, _ in (yield from naming(tables, reference, [named_by(reference, held.row) for _, held in some])):
                merging, held = some[n]
                _block(merging, f"rows of {reference.table} refer to {held.name}, a right that goes")
    for merging in mergings:
        for held in merging.rows.values():
            for _, target in held.refers:
                if not held.gone and target.stays().removed:
                    _block(merging, f"{held.name} refers to {target.name}, a right that goes")


def _block(merging: Merging, why: str) -> None:
    blocker = Blocker("cascade", why)
    if blocker not in merging.blockers:
        merging.blockers.append(blocker)


def _moved(tables: Tables, merging: Merging) -> Iterator[Right]:
    """The rows of losers that grant rights and would move."""
    for held in list(merging.rows.values()):
        if held.table in tables.surroundings.rights and not held.gone and held.changes():
            for reference, target in held.refers:
                if target.loser and reference in _granting(tables, held.table):
                    yield merging, held, reference, target
                    break


def _granting(tables: Tables, table: str) -> list[Reference]:
    """The references of a table of rights that say whose right it is, not who gave it: those that a unique index holds."""
    to = [reference for reference in tables.surroundings.references if reference.table == table]
    indexes = tables.surroundings.relation(table).unique_indexes
    held = [reference for reference in to if any(set(reference.columns) <= set(index.columns) for index in indexes)]
    return held or to


def _decide(tables: Tables, right: Right, held_already: list[tuple[str | None, str]]) -> bool:
    merging, held, reference, loser = right
    apart = {*reference.columns, *tables.surroundings.tables[held.table].key}
    granted = _without(held.row, apart)
    for key, image in held_already:
        if _without(values(image), apart) == granted:
            held.place = merging.hold(held.table, key, image)
            held.why = f"{loser.stays().name} has the same right already ({held.place.name})"
            return True
    for other in merging.rights:
        if other.table == held.table and _without(other.row, apart) == granted:
            held.place, held.why = other, f"{other.name} grants the same right"
            return True
    merging.rights[held] = held.changes()
    held.removed, held.why = True, f"a right that {loser.stays().name} lacks; it moves only if a reviewer accepts it"
    return False


def _without(row: Values, columns: set[str]) -> Values:
    return {name: value for name, value in row.items() if name not in columns}
