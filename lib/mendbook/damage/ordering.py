"""Puts the changes of a merge in order: nothing goes while a row names it, nothing takes a value that another still holds.

Pure: rows in, phases out. Victims go first, then rows are moved, then losers go, then survivors take over what those held;
where references ask for more (a victim that is named until others have moved), a row waits for a later phase.
"""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from mendbook.damage.held import Held, Merging

VICTIMS, COPIES, MOVES, COPIED, LOSERS, SURVIVORS = 0, 2, 3, 4, 5, 6

Before = list[tuple[Held, Held]]


def phases(merging: Merging) -> dict[Held, int] | None:
    """The phase of each row that goes or changes, copies among them (``Merging.copies``, filled here); None where
    references run in a circle that no order breaks."""
    merging.copies.clear()
    merging.copies.update({held: copy_of(held) for held in _copied(merging)})
    base = {held: _base(merging, held) for held in merging.rows.values() if held.gone or held.changes()}
    base |= dict.fromkeys(merging.copies.values(), COPIES)
    must, alike, should = _order(merging, base)
    try:
        return _numbered(base, [*must, *alike, *should])
    except CycleError:
        return _without_circles(base, must, alike, should)


def _without_circles(base: dict[Held, int], must: Before, alike: Before, should: Before) -> dict[Held, int] | None:
    """Rows of one table that name one another go in one statement; references that can wait are heeded where they can be."""
    together = _clusters(base, alike)
    leaders = {held: base[held] for held in set(together.values())}

    def among_leaders(before: Before) -> Before:
        pairs = ((together[first], together[then]) for first, then in before)
        return [(first, then) for first, then in pairs if first is not then]

    kept = among_leaders(must)
    try:
        _numbered(leaders, kept)
    except CycleError:
        return None
    for edge in among_leaders(should):
        try:
            _numbered(leaders, [*kept, edge])
            kept.append(edge)
        except CycleError:
            continue
    phase = _numbered(leaders, kept)
    return {held: phase[together[held]] for held in base}


def _clusters(base: dict[Held, int], alike: Before) -> dict[Held, Held]:
    """The row that stands for each: one of those that it is linked with."""
    leader = {held: held for held in base}

    def of(held: Held) -> Held:
        while leader[held] is not held:
            held = leader[held]
        return held

    for first, then in alike:
        one, other = of(first), of(then)
        low, high = (one, other) if base[one] <= base[other] else (other, one)
        leader[low] = high
    return {held: of(held) for held in base}


def copy_of(held: Held) -> Held:
    """A row beside ``held``, for what is about to become of it."""
    return Held(held.table, None, f"copy of {held.named}", held.image, held.row)


def _copied(merging: Merging) -> set[Held]:
    """The rows whose keys change while rows name them by keys that cannot wait: those are moved by way of a copy."""
    return {
        target
        for held in merging.changed()
        for reference, target in held.refers
        if not reference.waits and not target.gone and set(reference.target_columns) & target.changes().keys()
    }


def _base(merging: Merging, held: Held) -> int:
    if held in merging.copies:
        return COPIED
    if held.gone:
        return LOSERS if held.loser else VICTIMS
    return SURVIVORS if held.fills else MOVES


def _order(merging: Merging, base: dict[Held, int]) -> tuple[Before, Before, Before]:
    """(first, then) pairs: those that the database insists on, those of rows that one statement may remove together, and
    those that it can do without until the end of the transaction."""
    must: Before = []
    alike: Before = []
    should: Before = []
    for held in base:
        for reference, target in held.refers:
            stays = target.stays()
            if target.gone and target is not held:
                together = held.gone and held.table == target.table
                (should if reference.waits else alike if together else must).append((held, target))
            if held.gone or reference.waits or not set(reference.target_columns) & stays.changes().keys():
                continue
            if stays is not held:  # it names a key that is not there before
                must.append((merging.copies.get(stays, stays), merging.copies.get(held, held)))
            if target in merging.copies:
                must.append((held, target))
        if not held.gone:
            for first in held.follows:
                if first in base:
                    must += [(first, held), *([(first, merging.copies[held])] if held in merging.copies else [])]
    return must, alike, should


def _numbered(base: dict[Held, int], before: Iterable[tuple[Held, Held]]) -> dict[Held, int]:
    sorter: TopologicalSorter[Held] = TopologicalSorter()
    earlier: dict[Held, list[Held]] = {}
    for held in base:
        sorter.add(held)
    for first, then in before:
        sorter.add(then, first)
        earlier.setdefault(then, []).append(first)
    phase: dict[Held, int] = {}
    for held in sorter.static_order():
        phase[held] = max([base[held], *(phase[each] + 1 for each in earlier.get(held, ()))])
    return phase
