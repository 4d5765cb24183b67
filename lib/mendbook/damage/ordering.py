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
    must, should = _order(merging, base)
    whole = _together(should)
    if not whole:
        return _in_time(base, must, should)
    # rows of one table that name one another go at once
    ways = ([(whole.get(first, first), whole.get(then, then)) for first, then in each] for each in (must, should))
    must, should = ([(first, then) for first, then in each if first is not then] for each in ways)
    for held, one in whole.items():
        base[one] = max(base[one], base[held])
    found = _in_time(base, must, should)
    return None if found is None else {held: found[whole.get(held, held)] for held in base}


def _together(should: Before) -> dict[Held, Held]:
    """Rows that go and that name one another in a circle within their table, each with the first of its circle."""
    follow: dict[Held, set[Held]] = {}
    for first, then in should:
        if first.gone and first.table == then.table:
            follow.setdefault(first, set()).add(then)
    reached = {held: _reached(held, follow) for held in follow}
    whole: dict[Held, Held] = {}
    for held in follow:
        if held in reached[held]:
            circle = [other for other in follow if other in reached[held] and held in reached[other]]
            whole[held] = circle[0]
    return whole


def _reached(held: Held, follow: dict[Held, set[Held]]) -> set[Held]:
    reached: set[Held] = set()
    ahead = [held]
    while ahead:
        new = follow.get(ahead.pop(), set()) - reached
        reached |= new
        ahead += new
    return reached


def _in_time(base: dict[Held, int], must: Before, should: Before) -> dict[Held, int] | None:
    try:
        return _numbered(base, [*must, *should])
    except CycleError:
        kept = list(must)
        try:
            _numbered(base, kept)
        except CycleError:
            return None
        for edge in should:
            try:
                _numbered(base, [*kept, edge])
                kept.append(edge)
            except CycleError:
                continue
        return _numbered(base, kept)


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


def _order(merging: Merging, base: dict[Held, int]) -> tuple[Before, Before]:
    """(first, then) pairs: those that the database insists on, and those that it can do without in a transaction."""
    must: Before = []
    should: Before = []
    for held in base:
        for reference, target in held.refers:
            stays = target.stays()
            if target.gone and target is not held:
                # rows of one table go in one statement, which may name one another
                alone = held.gone and held.table == target.table
                (should if reference.waits or alone else must).append((held, target))
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
    return must, should


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
