"""Requests and the errors behind them: which line of a web server, which end of a request, belongs to which group.

Lines name neither constraint nor key; they join by path, by process, by standing beside a record, and last by time
alone.
"""

from __future__ import annotations

from collections.abc import Callable

from mendbook.logs.group import WITHIN, Group, same_path
from mendbook.logs.observation import APPLICATION, DATABASE, Observation

Choose = Callable[[Observation, float, list[Group]], Group | None]


def join_requests(requests: list[tuple[float, Observation]], groups: list[Group]) -> list[Group]:
    """Give each request's line to the error behind it; make incidents of registrations' 5xx that have none."""
    spoken = [group for group in groups if group.path is not None or group.tiers != {DATABASE}]
    left = _join_by(requests, spoken, _by_path_or_process)
    failed = [pair for pair in left if pair[1].status is not None and pair[1].status >= 400 and pair[1].registration]
    waiting = sum(1 for group in groups if group.path is None)
    if waiting < len(failed):  # more failures than errors: a 400 alone proves nothing
        failed = [pair for pair in failed if (pair[1].status or 0) >= 500]
    open_groups = [group for group in groups if group.path is None]
    unpaired = {id(pair[1]) for pair in _join_by(failed, open_groups, _by_time_alone)}
    done = {id(pair[1]) for pair in failed} - unpaired
    left = [pair for pair in left if id(pair[1]) not in done]
    # what another tier says of a request joins the error that this tier's line has just been given to
    left = _join_by(left, [group for group in open_groups if group.path is not None], _by_path_after)
    made: list[Group] = []
    rest = []
    for time, one in left:
        if one.registration and one.status is not None and one.status >= 500:
            same = next(
                (g for g in reversed(made[-64:]) if g.fits(one, time) and g.path and one.path and same_path(g.path, one.path)),
                None,
            )
            if same is not None:
                same.add(one)
            else:
                made.append(Group(one, time))
        else:
            rest.append((time, one))
    _told_by_success(rest, groups)
    return groups + made


def _join_by(requests: list[tuple[float, Observation]], groups: list[Group], choose: Choose) -> list[tuple[float, Observation]]:
    left = []
    begin = 0
    ordered = sorted(groups, key=lambda group: group.time)
    for time, one in requests:
        while begin < len(ordered) and ordered[begin].time < time - WITHIN - 1:
            begin += 1
        near = []
        for group in ordered[begin : begin + 256]:
            if group.time > time + WITHIN:
                break
            near.append(group)
        best = choose(one, time, near)
        if best is None:
            left.append((time, one))
        else:
            best.add(one)
    return left


def _by_path_or_process(one: Observation, time: float, groups: list[Group]) -> Group | None:
    """The group of the same path, else of the same process, else the record beside the line in the same file."""
    best: tuple[tuple[int, float], Group] | None = None
    for group in groups:
        if not group.fits(one, time):
            continue
        path = group.path is not None and one.path is not None and same_path(group.path, one.path)
        process = group.pid is not None and group.pid == one.pid
        beside = group.path is None and any(
            m.source == one.source and m.tier == APPLICATION and 0 <= m.line - one.line <= 3 for m in group.members
        )
        if not (path or process or beside) or (one.tier == APPLICATION and one.status is None):
            continue
        if (one.status or 0) < 400 and not path and not process:
            continue
        step = one.moment.step if one.moment else 0.001
        late = 0.0 if group.time <= time + step else 1.0
        score = (0 if path else 1, late + abs(group.time - time))
        if best is None or score < best[0]:
            best = (score, group)
    return best[1] if best else None


def _by_path_after(one: Observation, time: float, groups: list[Group]) -> Group | None:
    """The same among the errors that had happened by then: no request is answered before it fails."""
    step = one.moment.step if one.moment else 0.001
    return _by_path_or_process(one, time, [group for group in groups if group.time <= time + step + 0.05])


def _by_time_alone(one: Observation, time: float, groups: list[Group]) -> Group | None:
    """The first error of the line's own second that has no request yet, else the last one before it."""
    step = one.moment.step if one.moment else 0.001
    earlier: Group | None = None
    for group in groups:
        if group.path is None and group.handled is not True and group.fits(one, time) and group.time <= time + step + 0.05:
            if group.time >= time - 0.5:
                return group
            earlier = group
    return earlier


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
