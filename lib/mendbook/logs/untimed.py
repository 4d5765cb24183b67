"""Groups whose own times are unknown, joined to timed ones that tell of the same.

A naive clock may be any whole number of quarter hours off; the shift of a file is the one that most of its records
agree on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from mendbook.logs.group import WITHIN, Group, link, same_fault


def match_untimed(timed: list[Group], untimed: list[Group]) -> list[Group]:
    """Join groups without a known time to timed ones that tell of the same; gives those that stay alone.

    A naive clock may be any whole number of quarter hours off: the shift of a file is the one that most of its
    records agree on.
    """
    index: dict[object, list[Group]] = defaultdict(list)
    for group in timed:
        fault = group.fault
        if fault is not None and (fault.key is not None or fault.constraint is not None):
            index[link(fault)].append(group)
        if group.path:
            index[group.path.rstrip("/")].append(group)
    shifts = _shifts(untimed, index)
    alone = []
    for group in sorted(untimed, key=lambda group: group.order):
        best: tuple[tuple[bool, bool, float, float], Group] | None = None
        shift = shifts.get(group.members[0].source)
        clocked = group.members[0].moment is not None
        for other in _candidates(group, index):
            if _same_voice(group, other) or not other.agrees(group.path, group.status, None):
                continue
            if group.fault is not None and other.fault is not None and not same_fault(group.fault, other.fault):
                continue
            distance = _distance(group.time - shift * 900, other) if clocked and shift is not None else 0.0
            if distance > WITHIN:
                continue
            # an error's own words first: the request that they may name as well is joined to the error after this
            unlike = other.fault is None or group.fault is None
            elsewhere = None not in (group.pid, other.pid) and group.pid != other.pid
            score = (unlike, elsewhere, distance, other.time)
            if best is None or score < best[0]:
                best = (score, other)
        if best is None:
            alone.append(group)
        else:
            best[1].absorb(group)
    return alone


def _distance(time: float, other: Group) -> float:
    """Seconds from a time to a group's; its clock's whole step is one time."""
    return max(other.time - time, time - other.time - other.step, 0.0)


def _same_voice(one: Group, other: Group) -> bool:
    """Whether one file's logger speaks in both: it tells of an event once. Two files may tell of it each."""
    spoken = {(member.voice, member.source) for member in one.members}
    return any((member.voice, member.source) in spoken for member in other.members)


def _candidates(group: Group, index: dict[object, list[Group]]) -> list[Group]:
    fault = group.fault
    found = (
        list(index.get(link(fault), ()))
        if fault is not None and (fault.key is not None or fault.constraint is not None)
        else []
    )
    if group.path:
        found += index.get(group.path.rstrip("/"), ())
    return found[:500]


def _shifts(untimed: Iterable[Group], index: dict[object, list[Group]]) -> dict[str, int]:
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    for group in untimed:
        if group.members[0].moment is None:
            continue
        source = group.members[0].source
        if sum(votes[source].values()) > 5_000:
            continue
        seen = set()
        for other in _candidates(group, index):
            difference = group.time - other.time
            shift = round(difference / 900)
            if abs(shift) <= 58 and abs(difference - shift * 900) <= WITHIN + other.step:
                seen.add(shift)
        votes[source].update(seen)
    return {source: counter.most_common(1)[0][0] for source, counter in votes.items() if counter}
