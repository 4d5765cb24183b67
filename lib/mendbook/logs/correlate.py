"""Observations -> incidents: one for each true event, however many tiers and traceback blocks tell of it.

Observations come roughly in time's order and are solved in stretches, so that memory does not grow. Database errors
open groups; an application's record joins the error it names; a web server's line, which names none, joins by
process, path and time. One error takes at most one record of each voice. Where nothing but a registration's 5xx is
there, that is the incident.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mendbook.logs.group import WITHIN, Group, link, same_fault
from mendbook.logs.observation import APPLICATION, DATABASE, Observation
from mendbook.logs.pairing import join_requests, join_units, taken_apart
from mendbook.logs.untimed import match_untimed
from mendbook.model import Incident

#: A stretch is solved when it spans this many seconds or holds this many observations; what is younger than SETTLED
#: stays.
SPAN, MOST, SETTLED = 20.0, 4_000, 5.0
#: Incidents held back for records whose own times are unknown.
HELD = 20_000
#: Where a file has no times at all its lines stand for them.
LINES_A_SECOND = 100.0


def time_of(observation: Observation) -> float:
    """Seconds since 1970 in UTC; of a naive time as if it were UTC; of none, lines."""
    moment = observation.moment
    if moment is None:
        return observation.line / LINES_A_SECOND
    if moment.at is not None:
        return moment.at.timestamp()
    wall = moment.wall
    return (wall.toordinal() - 719163) * 86400.0 + wall.hour * 3600 + wall.minute * 60 + wall.second + wall.microsecond / 1e6


class Correlator:
    """Takes observations, gives incidents in time's order; those without a time come last."""

    def __init__(self) -> None:
        self.stretches: dict[str, list[tuple[float, Observation]]] = {"": []}
        self.newest: dict[str, float] = {}
        self.timed: list[Group] = []
        self.untimed: list[Group] = []

    def add(self, observation: Observation) -> Iterator[Incident]:
        time = time_of(observation)
        observation.order = time
        lane = "" if observation.at is not None else observation.source
        stretch = self.stretches.setdefault(lane, [])
        newest = self.newest.get(lane, time)
        if stretch and time > newest + SETTLED:
            self._solve(lane, float("inf"))
            stretch = self.stretches[lane]
        elif len(stretch) >= MOST or (stretch and newest - stretch[0][0] > SPAN):
            limit = newest - SETTLED
            stretch.sort(key=_by_time)
            self._solve(lane, limit if stretch[len(stretch) // 2][0] < limit else float("inf"))
            stretch = self.stretches[lane]
        stretch.append((time, observation))
        self.newest[lane] = max(time, self.newest.get(lane, time))
        if len(self.timed) + len(self.untimed) > HELD:
            yield from self._flush(HELD // 2)

    def finish(self) -> Iterator[Incident]:
        for lane in list(self.stretches):
            self._solve(lane, float("inf"))
        yield from self._flush(None)

    def _solve(self, lane: str, limit: float) -> None:
        stretch = self.stretches[lane]
        stretch.sort(key=_by_time)
        groups, used = solve(stretch, limit)
        self.stretches[lane] = (
            [] if limit == float("inf") else [pair for pair in stretch if pair[0] > limit - WITHIN and id(pair[1]) not in used]
        )
        self.newest.pop(lane, None)
        if self.stretches[lane]:
            self.newest[lane] = self.stretches[lane][-1][0]
        (self.untimed if lane else self.timed).extend(groups)

    def _flush(self, keep: int | None) -> Iterator[Incident]:
        if self.untimed:
            # what was paired by time alone is paired anew, now that there is more to know of requests and of errors
            units, errors = taken_apart(self.timed)
            self.untimed = match_untimed([*errors, *units], self.untimed)
            known = [unit for unit in units if unit.fault is not None]
            self.timed = join_units([unit for unit in units if unit.fault is None], [*errors, *known])
        self.timed.sort(key=lambda group: group.order)
        if keep is None:
            going = [*self.timed, *self.untimed]
            self.timed, self.untimed = [], []
        else:
            count = len(self.timed) + len(self.untimed) - keep
            going, self.timed = self.timed[:count], self.timed[count:]
            rest = count - len(going)
            if rest > 0:
                going += self.untimed[:rest]
                self.untimed = self.untimed[rest:]
        for group in going:
            yield group.incident()


def _by_time(pair: tuple[float, Observation]) -> tuple[float, str, int]:
    return pair[0], pair[1].source, pair[1].rank


def solve(stretch: list[tuple[float, Observation]], limit: float) -> tuple[list[Group], set[int]]:
    """The groups of a stretch (sorted by time) that begin no later than ``limit``, and the observations they used."""
    database = [pair for pair in stretch if pair[1].tier == DATABASE]
    others = [pair for pair in stretch if pair[1].tier != DATABASE]
    requests: list[tuple[float, Observation]] = []
    groups: list[Group] = []
    links: dict[tuple[object, ...], list[Group]] = defaultdict(list)
    for time, one in database:
        _join_error(one, time, groups, links, exact=True)
    for time, one in others:
        # in time's order: 'Internal Server Error: /x' ends a request, and a worker's next words are another's
        if one.fault is not None:
            _join_error(one, time, groups, links, exact=False)
        elif not (one.tier == APPLICATION and one.pid is not None and _join_process(one, time, groups)):
            requests.append((time, one))
    if requests:
        groups = join_requests(requests, groups)
    groups = [group for group in groups if group.time <= limit]
    return groups, {id(member) for group in groups for member in group.members}


def _join_error(
    one: Observation, time: float, groups: list[Group], links: dict[tuple[object, ...], list[Group]], exact: bool
) -> None:
    fault = one.fault
    assert fault is not None
    key = link(fault)
    best: Group | None = None
    for group in reversed(links[key][-64:]):
        if time - group.time > WITHIN + 1:
            break
        if one.redelivered and _second_delivery(one, group):
            return
        if (
            group.fits(one, time)
            and (not exact or _same_process(one, group))
            and (best is None or abs(group.time - time) < abs(best.time - time))
        ):
            best = group
    loose = (fault.kind,)
    if best is None and not exact:
        best = _loose(one, time, links[loose])
    if best is not None:
        best.add(one)
        return
    group = Group(one, time)
    groups.append(group)
    links[key].append(group)
    links[loose].append(group)


def _join_process(one: Observation, time: float, groups: list[Group]) -> bool:
    """Give the end of a request to the last error that its own process told and that has no end yet."""
    best: Group | None = None
    for group in groups[-256:]:
        if group.pid == one.pid and group.status is None and group.time <= time + 0.001 and group.fits(one, time):
            best = group
    if best is not None:
        best.add(one)
    return best is not None


def _loose(one: Observation, time: float, groups: list[Group]) -> Group | None:
    """A report that lacks what the other names (terse logs, drivers that cut keys): nearest in time, nothing against
    it."""
    best: Group | None = None
    for group in reversed(groups[-64:]):
        if time - group.time > WITHIN + 1:
            break
        other = group.fault
        if other is None or one.fault is None or not same_fault(one.fault, other) or not group.fits(one, time):
            continue
        linked = one.fault.constraint is not None and one.fault.constraint == other.constraint
        if DATABASE not in group.tiers and not linked and not (one.pid is not None and one.pid == group.pid):
            continue
        if best is None or abs(group.time - time) < abs(best.time - time):
            best = group
    return best


def _same_process(one: Observation, group: Group) -> bool:
    other = group.members[0]
    return one.pid is None or other.pid is None or one.pid == other.pid


def _second_delivery(one: Observation, group: Group) -> bool:
    return any(
        m.voice == one.voice and m.at == one.at and m.pid == one.pid and m.redelivered and m.source == one.source
        for m in group.members
    )
