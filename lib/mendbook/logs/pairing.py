"""Requests and the errors behind them: which line of a web server, which end of a request, belongs to which group.

Lines name neither constraint nor key. Those that tell of one request are tied first, by path, by process, by standing
beside a record. What then has no error is given one by time alone, and always as a whole: were its lines given out one
by one, two tiers might choose two errors, and one request would be two incidents.
"""

from __future__ import annotations

from collections.abc import Iterable

from mendbook.logs.group import WITHIN, Group, same_path
from mendbook.logs.observation import APPLICATION, DATABASE, Observation

#: Two tiers write of one request's end at the same time, but for this many seconds (a busy machine).
CLOSE = 0.1
#: An error may seem to come this much after the end of its request: clocks are rounded.
SLACK = 0.05
#: How many groups around a request are looked at.
LOOKED_AT = 256


def join_requests(requests: list[tuple[float, Observation]], groups: list[Group]) -> list[Group]:
    """Give each request's lines to the error behind it; make incidents of registrations' 5xx that have none."""
    spoken, units = _Near(filter(_spoken, groups)), _Near()
    for time, one in requests:
        alone = Group(one, time)
        best = _nearest(alone, [*spoken.around(time), *units.around(time)], CLOSE)
        if best is None:
            units.append(alone)
        else:
            best.add(one)
    return join_units(units.groups, groups)


def join_units(units: list[Group], groups: list[Group]) -> list[Group]:
    """The same, of requests whose lines are tied already."""
    spoken, left = _Near(filter(_spoken, groups)), _Near()
    for unit in sorted(units, key=lambda unit: unit.time):
        best = _nearest(unit, [*spoken.around(unit.time), *left.around(unit.time)], None)
        if best is None:
            left.append(unit)
        else:
            best.absorb(unit)
    failed = [unit for unit in left.groups if _failed(unit, 400)]
    open_groups = [group for group in groups if group.path is None]
    if len(open_groups) < len(failed):  # more failures than errors: a 400 alone proves nothing
        failed = [unit for unit in failed if _failed(unit, 500)]
    given = _join_by_time(failed, open_groups)
    alone = [unit for unit in left.groups if id(unit) not in given]
    rest = [(member.order, member) for unit in alone if not _failed(unit, 500) for member in unit.members]
    _told_by_success(rest, groups)
    return groups + [unit for unit in alone if _failed(unit, 500)]


def taken_apart(groups: list[Group]) -> tuple[list[Group], list[Group]]:
    """The requests whose errors nobody named (one that was found by time alone is none), and the other groups."""
    units, others = [], []
    for group in groups:
        if group.guess is not None:
            units.append(group.guess)
            others.append(group.without_guess())
        else:
            (units if group.fault is None else others).append(group)
    return units, others


class _Near:
    """Groups in time's order, asked for those around times that do not go back."""

    def __init__(self, groups: Iterable[Group] = ()) -> None:
        self.groups = sorted(groups, key=lambda group: group.time)
        self.begin = 0

    def append(self, group: Group) -> None:
        self.groups.append(group)

    def around(self, time: float) -> list[Group]:
        while self.begin < len(self.groups) and self.groups[self.begin].time < time - WITHIN - 1:
            self.begin += 1
        near = self.groups[self.begin : self.begin + LOOKED_AT]
        return [group for group in near if group.time <= time + WITHIN]


def _spoken(group: Group) -> bool:
    """Whether more is known of an error than the database's own words."""
    return group.path is not None or group.tiers != {DATABASE}


def _failed(unit: Group, least: int) -> bool:
    return unit.status is not None and unit.status >= least and any(member.registration for member in unit.members)


def _nearest(unit: Group, groups: list[Group], within: float | None) -> Group | None:
    """The group that tells of this request: of the same path, else of the same process, else beside it in the same
    file; of several the nearest, and of those in one second of a coarse clock the first."""
    best: tuple[tuple[int, float, float], Group] | None = None
    for group in groups:
        how = _how(unit, group)
        if how is None:
            continue
        gap = min(_gap(member, group) for member in unit.members)
        if (within is None or gap <= within) and (best is None or (how, gap, group.time) < best[0]):
            best = ((how, gap, group.time), group)
    return best[1] if best else None


def _how(unit: Group, group: Group) -> int | None:
    """How surely a group tells of a request: 0 by its path, 1 by what is less, None not at all."""
    failed = (unit.status or 0) >= 400
    if group.fault is None and not (failed and (group.status or 0) >= 400):
        return None
    path = group.path is not None and unit.path is not None and same_path(group.path, unit.path)
    process = group.fault is not None and group.pid is not None and group.pid == unit.pid
    if not (path or process or (failed and _beside(unit, group))):
        return None
    if not all(group.fits(member, member.order) for member in unit.members):
        return None
    return 0 if path else 1


def _beside(unit: Group, group: Group) -> bool:
    """Whether an application's record follows a request's line in the same file at once."""
    return group.path is None and any(
        record.source == one.source and record.tier == APPLICATION and 0 <= record.line - one.line <= 3
        for record in group.members
        for one in unit.members
    )


def _gap(one: Observation, group: Group) -> float:
    """Seconds between a line and a group; within a clock's step there are none. Nothing is answered before it fails, so
    that a line before its error counts as further away."""
    step = one.moment.step if one.moment else 0.001
    late = group.time - one.order - step
    if late > 0:
        return late + (1.0 if late > SLACK else 0.0)
    return max(0.0, one.order - group.time - group.step)


def _join_by_time(units: list[Group], groups: list[Group]) -> set[int]:
    """Give requests to errors that have none. Gives the ids of those requests."""
    near = _Near(groups)
    pairs: list[tuple[Group, Group]] = []
    taken: set[int] = set()
    for unit in units:
        best = _by_time_alone(unit, [group for group in near.around(unit.time) if id(group) not in taken])
        if best is not None:
            taken.add(id(best))
            pairs.append((unit, best))
            _uncross(pairs)
    for unit, group in pairs:
        group.absorb(unit)
        group.guess = unit
    return {id(unit) for unit, _ in pairs}


def _uncross(pairs: list[tuple[Group, Group]]) -> None:
    """Of two requests that may have failed by either of two errors, the earlier has the earlier one."""
    for place in range(len(pairs) - 1, 0, -1):
        (one, first), (other, second) = pairs[place - 1], pairs[place]
        if first.time <= second.time or not (_possible(one, second) and _possible(other, first)):
            break
        pairs[place - 1], pairs[place] = (one, second), (other, first)


def _by_time_alone(unit: Group, groups: list[Group]) -> Group | None:
    """The error that a request most likely ended by: the last one before its end; where only the second of its end is
    known, the first of that second. One from before the request's own beginning is a last resort."""
    possible = [group for group in groups if _possible(unit, group)]
    began = max((member.order - member.seconds for member in unit.members if member.seconds is not None), default=None)
    if began is not None:
        possible = [group for group in possible if group.time >= began - SLACK] or possible
    end, step = _end(unit)
    if step >= 1:
        possible = [group for group in possible if group.time >= end - 0.5][:1] or possible
    return possible[-1] if possible else None


def _possible(unit: Group, group: Group) -> bool:
    end, step = _end(unit)
    if group.path is not None or group.handled is True or group.time > end + step + SLACK:
        return False
    return all(group.fits(member, member.order) for member in unit.members)


def _end(unit: Group) -> tuple[float, float]:
    """When a request ended, by the finest of its clocks, and how fine that is."""
    step, end = min((member.moment.step if member.moment else 0.001, member.order) for member in unit.members)
    return end, step


def _told_by_success(requests: list[tuple[float, Observation]], groups: list[Group]) -> None:
    """Errors beside registrations that all went well were handled; a single pair is one incident's two ends."""
    waiting = sorted((g for g in groups if g.handled is None and g.tiers == {DATABASE}), key=lambda group: group.time)
    registrations = [(time, one) for time, one in requests if one.registration and one.status is not None]
    begin = 0
    for index, group in enumerate(waiting):
        while begin < len(registrations) and registrations[begin][0] < group.time - 1.0:
            begin += 1
        near = []
        for time, one in registrations[begin : begin + 256]:
            if time > group.time + WITHIN:
                break
            near.append((time, one))
        if not near or any((one.status or 0) >= 400 for _, one in near):
            continue
        group.handled = True
        alone = all(abs(waiting[n].time - group.time) > 2 * WITHIN for n in (index - 1, index + 1) if 0 <= n < len(waiting))
        if alone and len(near) == 1 and group.fits(near[0][1], near[0][0]):
            group.add(near[0][1])
