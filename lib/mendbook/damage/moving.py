"""Finds every row that names a row which goes or changes its key, and lets it name the one that stays.

A conversation for many cases at once: one statement a reference, however many cases. What a moved row may then collide with
is looked for in collisions.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from typing import Any

from mendbook.damage.collisions import collide
from mendbook.damage.held import Held, Merging
from mendbook.damage.references import named_by, naming, unreadable
from mendbook.mapping.surroundings import Reference
from mendbook.mapping.tables import Tables
from mendbook.model import Image

Wanted = list[tuple[Merging, Held]]


def close(tables: Tables, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], None]:
    """Hold every row that the merges touch, victims and what refers to them included, until nothing more follows."""
    if tables.surroundings.closed:
        for merging in mergings:
            merging.leave(f"this role may not read {tables.surroundings.closed}: GRANT SELECT on it")
    more = True
    while more:
        while (yield from follow(tables, mergings)):
            pass
        more = yield from collide(tables, mergings)


def follow(tables: Tables, mergings: Sequence[Merging]) -> Generator[Any, Sequence[Any], bool]:
    """One step: the rows that name what went or was renamed in the last one. Tells whether it asked for any."""
    wanted = _renamed(tables, mergings)
    for reference, asked in wanted.items():
        closed = unreadable(tables, reference)
        if closed:
            for merging, _ in asked:
                merging.leave(closed)
            continue
        old = [named_by(reference, held.row) for _, held in asked]
        copies: Counter[tuple[int, Image]] = Counter()
        for n, key, image in (yield from naming(tables, reference, old)):
            merging, target = asked[n]
            copies[n, image] += 1
            _move(merging, reference, target, merging.hold(reference.table, key, image, copies[n, image] - 1))
    return bool(wanted)


def _renamed(tables: Tables, mergings: Sequence[Merging]) -> dict[Reference, Wanted]:
    around, wanted = tables.surroundings, dict[Reference, Wanted]()
    references = {table: around.to(table) for table in around.tables}
    keys = {table: {name for each in to for name in each.target_columns} for table, to in references.items()}
    for merging in mergings:
        if merging.problem:
            continue
        for held in merging.rows.values():
            if held.place is None and not (held.moves and keys[held.table] & held.moves.keys()):
                continue
            for reference in references[held.table]:
                if (id(held), reference) not in merging.asked and held.renamed(reference.target_columns):
                    merging.asked.add((id(held), reference))
                    wanted.setdefault(reference, []).append((merging, held))
    return wanted


def _move(merging: Merging, reference: Reference, target: Held, row: Held) -> None:
    """Let ``row``, which names ``target``, name what stays in its place."""
    for column, name in zip(reference.columns, reference.target_columns, strict=True):
        new = target.stays().value(name)
        if new is None:
            merging.leave(f"{row.name} names {target.name} by its {name}, and {target.stays().name} has none")
        elif column in row.moves and not row.gone and row.value(column) != new:
            merging.leave(f"{row.name} names several rows by {column}, which would then have to differ")
        else:
            row.moves[column] = (target, name)
    row.refers.append((reference, target))
    taken_over = target.gone and not row.gone and any(name in target.stays().fills for name in reference.target_columns)
    if taken_over and not reference.waits and not set(reference.columns) & row.changes().keys():
        merging.leave(
            f"{row.name} names {target.name} by what {target.stays().name} would take over, and that reference cannot wait"
        )
